"""What rooms to the left ask of the ledger without reading a report."""

from django.db.models import Max

from access.models import Client
from accounting.models import LedgerEntry


def ledger_pulse(client: Client) -> str:
    """A text that changes when an entry or a match does: one look at the end of an index. Inside the client's scope."""
    last = LedgerEntry.objects.for_client(client).aggregate(last=Max("changed_at"))["last"]
    return last.isoformat() if last else ""
