"""Moves people from one issuer to another: the demo's issuer contains the port of the bank."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from access.models import User


class Command(BaseCommand):
    """move_demo_people FORMER_ISSUER NEW_ISSUER"""

    help = (
        "For the demo only: people of the former issuer, unless the new one knows them already, become the new one's."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("former")
        parser.add_argument("new")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        known = User.objects.filter(issuer=options["new"]).values_list("subject", flat=True)
        moved = User.objects.filter(issuer=options["former"]).exclude(subject__in=list(known))
        self.stdout.write(f"moved {moved.update(issuer=options['new'])}")
