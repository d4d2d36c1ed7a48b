"""A customer's own data, as a person sets them by hand."""

from typing import Any

from django.db import transaction

from access.models import Client, User, is_organisation_number
from access.redaction import holds_identity_number
from access.services import write_audit
from accounting.models import Customer
from accounting.services.saft_checks import bare_number
from accounting.signals import ledger_changed

FIELDS = ("organisation_number", "country", "private_person", "related_party")


class CustomerRefused(Exception):
    """What was given cannot be kept. `field` names it; `reason`: identity_number, long or country."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@transaction.atomic
def change_customer(*, client: Client, customer_id: int, values: dict[str, Any], actor: User) -> list[str]:
    """Set the customer's data, named as in FIELDS; the names of what changed. Inside the client's scope.

    The organisation number is kept as written, whatever its check digit (INTERFACES), but never a person's identity
    number. Imports leave alone what was changed here. One audit line with before and after; the bank is told, since it
    reads the debtor. Raises CustomerRefused, Customer.DoesNotExist.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    customer = Customer.objects.for_client(client).select_for_update().get(pk=customer_id)
    values = {name: values[name] for name in FIELDS if name in values}
    number, country = values.get("organisation_number"), values.get("country")
    if number is not None and holds_identity_number(number):
        raise CustomerRefused("organisation_number", "identity_number")
    if number is not None and (len(number) > 40 or "\x00" in number):
        raise CustomerRefused("organisation_number", "long")
    if country is not None and not (
        len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()
    ):
        raise CustomerRefused("country", "country")
    changes = {
        name: [getattr(customer, name), value] for name, value in values.items() if getattr(customer, name) != value
    }
    if not changes:
        return []
    for name, (_before, value) in changes.items():
        setattr(customer, name, value)
    customer.set_by_hand = " ".join(sorted({*customer.set_by_hand.split(), *changes}))
    customer.save(update_fields=[*changes, "set_by_hand"])
    details = {"customer": customer.number, "changes": changes}
    write_audit(action="customer.changed", client=client, actor=actor, about=customer, details=details)
    ledger_changed.send(sender=None, client=client)
    return list(changes)


def has_doubtful_number(customer: Customer) -> bool:
    """Whether the organisation number has a wrong check digit or length; known of Norwegian companies only."""
    written = customer.organisation_number
    if not written or customer.private_person or customer.country != "NO":
        return False
    return not is_organisation_number(bare_number(written))
