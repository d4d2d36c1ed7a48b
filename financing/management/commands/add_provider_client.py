"""The credentials that a provider presents at our token endpoint, printed once."""

import json
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from oauth2_provider.models import get_application_model

from financing.providers.registry import provider


class Command(BaseCommand):
    """add_provider_client buffer"""

    help = "Give a provider its client id and a new secret; the former secret stops working at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["provider"]
        try:
            provider(name)
        except KeyError:
            raise CommandError(f"there is no provider «{name}»") from None
        model = get_application_model()
        application = model.objects.filter(name=name).first() or model(
            name=name, client_id=f"{name}-{secrets.token_hex(8)}"
        )
        secret = secrets.token_urlsafe(32)
        application.client_type = model.CLIENT_CONFIDENTIAL
        application.authorization_grant_type = model.GRANT_AUTHORIZATION_CODE
        application.client_secret = secret  # hashed when saved
        # Never used: the code goes from server to server. With exactly one the bank need not send it.
        application.redirect_uris = settings.PUBLIC_BASE_URL + reverse("financing_return")
        application.skip_authorization = True
        application.save()
        self.stdout.write(json.dumps({"client_id": application.client_id, "client_secret": secret}))
