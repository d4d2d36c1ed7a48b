"""Changes what a company has decided about its customer ledger."""

from typing import Any

from django.db import transaction

from access.models import Client, User
from access.services import write_audit
from accounting.services.settle import settings_of

CHOICES = ("rounding_tolerance", "bank_fee_tolerance", "cash_discount_percent", "kid_check", "kid_length")


@transaction.atomic
def change_settings(*, client: Client, actor: User, **values: Any) -> dict[str, list[str]]:
    """Set what is named of CHOICES; the rest stays. Inside the client's scope.

    Returns {choice: [before, after]} of what changed, as texts; one audit line where anything did. Raises ValidationError
    for a value that the company's books cannot have.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    chosen = settings_of(client)
    changes: dict[str, list[str]] = {}
    for name in CHOICES:
        if name in values and getattr(chosen, name) != values[name]:
            changes[name] = [_text(getattr(chosen, name)), _text(values[name])]
            setattr(chosen, name, values[name])
    if changes:
        chosen.clean_fields(exclude=["client"])
        chosen.validate_constraints()
        chosen.save()
        write_audit(
            action="ledger.settings_changed", client=client, actor=actor, about=chosen, details={"changes": changes}
        )
    return changes


def _text(value: Any) -> str:
    return "" if value is None else str(value)
