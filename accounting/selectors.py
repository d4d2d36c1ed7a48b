"""What is asked of the ledger besides its reports: when it changed, and who stood by it."""

from datetime import date

from django.db.models import Max

from access.models import Client
from accounting.models import LedgerEntry, SignOff


def ledger_pulse(client: Client) -> str:
    """A text that changes when an entry or a match does: one look at the end of an index. Inside the client's scope."""
    last = LedgerEntry.objects.for_client(client).aggregate(last=Max("changed_at"))["last"]
    return last.isoformat() if last else ""


def last_sign_off(client: Client, as_of: date) -> SignOff | None:
    """The newest of the date, without its file. Inside the client's scope."""
    return SignOff.objects.for_client(client).filter(as_of=as_of).defer("pdf").order_by("-id").first()


def sign_offs(client: Client) -> list[SignOff]:
    """The last fifty, the latest date first, without their files. Inside the client's scope."""
    return list(SignOff.objects.for_client(client).defer("pdf").order_by("-as_of", "-id")[:50])
