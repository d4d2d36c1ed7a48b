"""Which loans were paid out, as the credit's history shows them: what the books ask so that none passes for a payment."""

from decimal import Decimal

from django.utils import timezone

from access.models import Client
from accounting.hooks import Draw
from financing.models import CreditSnapshot

ZERO = Decimal("0.00")


def draws(client: Client) -> list[Draw]:
    """Every rise of what is used or on its way, on the day for which the bank told it. Inside the client's scope.

    Two draws between two readings are told as one, and interest as a draw that no payment equals; a draw is therefore
    proposed to a person, and never noted by itself.
    """
    rows = CreditSnapshot.objects.for_client(client).order_by("agreement", "sequence")
    found: list[Draw] = []
    before: dict[object, tuple[Decimal, Decimal]] = {}
    for agreement, used, pending, currency, as_of in rows.values_list(
        "agreement_id", "used", "pending", "currency", "as_of"
    ):
        used_before, pending_before = before.get(agreement, (ZERO, ZERO))
        day = timezone.localtime(as_of).date()
        rises = {used - used_before, pending - pending_before, used + pending - used_before - pending_before}
        found += [Draw(day, rise, currency) for rise in sorted(rises) if rise > ZERO]
        before[agreement] = used, pending
    return found
