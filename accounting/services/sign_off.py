"""«Avstemt av … den …»: somebody stands by the sub-ledger as of a date, and says of each difference what it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from django.db import transaction

from access.models import Client, User
from access.redaction import holds_identity_number
from access.services import write_audit
from accounting.models import SignOff
from accounting.reports.item_sums import item_sums
from accounting.reports.items import OPEN_ITEMS
from accounting.reports.options import Options
from accounting.reports.reconciliation import DifferingDay, Reconciliation, differing_days, reconciliation

LONGEST = 1000


class CommentMissing(Exception):
    """A difference is not explained. `days` are those without a word; empty where the date is not covered at all."""

    def __init__(self, days: list[date]) -> None:
        super().__init__(f"{len(days)} differences are not explained")
        self.days = days


class CommentRefused(Exception):
    """A comment is too long, or holds a national identity number, which is not kept here."""


@dataclass(frozen=True)
class Standing:
    """The sub-ledger as of a date, beside the general ledger where that covers it, and the days that make them differ."""

    sub_ledger: Decimal
    found: Reconciliation | None
    days: list[DifferingDay]


def standing(client: Client, as_of: date) -> Standing:
    """What there is to reconcile. Inside the client's scope."""
    options = Options(as_of=as_of)
    sub_ledger = item_sums(client, options, OPEN_ITEMS).currencies[client.base_currency].open_amount
    found = reconciliation(client, options, sub_ledger)
    return Standing(sub_ledger, found, differing_days(client, as_of) if found else [])


@transaction.atomic
def sign_off(
    *, client: Client, as_of: date, comment: str, of_days: Mapping[date, str], pdf: bytes, actor: User
) -> SignOff:
    """Keep that the sub-ledger was reconciled, with the report as it was (`pdf`). Inside the client's scope.

    `comment` speaks for every difference that has none of its own in `of_days`, and is needed where the general ledger
    does not cover the date. Raises CommentMissing, CommentRefused. One audit line, with the file's hash.
    """
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    stands = standing(client, as_of)
    comment = comment.strip()
    said = {day: of_days.get(day, "").strip() for day in (one.day for one in stands.days)}
    missing = [day for day, text in said.items() if not text]
    if not comment and (missing or stands.found is None):
        raise CommentMissing(missing)
    if any(len(text) > LONGEST or holds_identity_number(text) for text in (comment, *said.values())):
        raise CommentRefused
    digest = sha256(pdf).hexdigest()
    made = SignOff.objects.for_client(client).create(
        as_of=as_of,
        sub_ledger=stands.sub_ledger,
        control_accounts=stands.found.balance if stands.found else None,
        comments=[
            {"day": str(one.day), "difference": str(one.difference), "comment": said[one.day]} for one in stands.days
        ],
        comment=comment,
        by=actor,
        by_name=str(actor),
        pdf=pdf,
        pdf_sha256=digest,
    )
    details = {"as_of": str(as_of), "sub_ledger": str(stands.sub_ledger), "pdf_sha256": digest}
    write_audit(action="ledger.signed_off", client=client, actor=actor, about=made, details=details)
    return made


def former_comments(signed: Iterable[SignOff]) -> dict[tuple[str, str], str]:
    """What was last said of a difference, by day and amount, the newest of `signed` first: most stand month after month."""
    found: dict[tuple[str, str], str] = {}
    for one in signed:
        for said in one.comments:
            if said["comment"]:
                found.setdefault((said["day"], said["difference"]), said["comment"])
    return found
