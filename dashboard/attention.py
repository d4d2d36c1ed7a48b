"""What needs somebody in each of a person's companies, as far as her rights there allow her to know."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Client, Rights
from access.privileges import FINANCING, INVOICES, REPORTS
from accounting.models import HeldPeriod, LedgerEntry
from accounting.reports.overdue import overdue_invoices
from financing.models import Agreement, Consent, Onboarding

CONSENT_WARNED = timedelta(days=60)
OFFER_WARNED = timedelta(days=7)


@dataclass(frozen=True)
class Notice:
    """One thing to do: `color` is Designsystemet's, `amount` stands in `currency`, `url` is where to go on, if anywhere."""

    color: str
    text: str
    url: str | None = None
    amount: Decimal | None = None
    currency: str = ""


_Told = Iterator[tuple[int, Notice]]
# What presses most stands first.
_ORDER = ("danger", "warning", "success", "info", "neutral")


def notices_for(memberships: Sequence[Rights], *, today: date, now: datetime) -> dict[int, list[Notice]]:
    """By primary key of the client, the most pressing first. Inside the scope of all these clients.

    The number of queries does not follow the number of companies.
    """
    clients = {one.membership.client_id: one.membership.client for one in memberships}

    def allowed(*names: str) -> list[int]:
        return [one.membership.client_id for one in memberships if any(name in one for name in names)]

    found: dict[int, list[Notice]] = defaultdict(list)
    for tell in (_limits, _consents, _onboardings):
        for key, notice in tell(allowed(FINANCING), clients, now):
            found[key].append(notice)
    for key, overdue in overdue_invoices(allowed(INVOICES), today=today).items():
        client = clients[key]
        text = ngettext("%(count)d overdue invoice", "%(count)d overdue invoices", overdue.count)
        url = _url("report_unpaid_invoices", client)
        told = Notice("warning", text % {"count": overdue.count}, url, overdue.amount, client.base_currency)
        found[key].append(told)
    for key in _without_books(allowed(REPORTS, INVOICES)):
        found[key].append(Notice("neutral", _("No books imported yet")))
    return {key: sorted(notices, key=lambda one: _ORDER.index(one.color)) for key, notices in found.items()}


def _limits(keys: list[int], clients: dict[int, Client], now: datetime) -> _Told:
    """Accounts over their limit, by what the bank last said; an account on its way out has no limit to be over."""
    over = Agreement.objects.for_clients(keys).filter(status__in=("open", "paused"), used__gt=F("limit"))
    for one in over:
        url = _url("financing_settings", clients[one.client_id])
        yield one.client_id, Notice("danger", _("Over the limit at Buffer"), url, one.used - one.limit, one.currency)


def _consents(keys: list[int], clients: dict[int, Client], now: datetime) -> _Told:
    """Consents that nobody has ended and that time ends soon, or has ended."""
    for one in Consent.objects.for_clients(keys).filter(ended_at=None, valid_until__lt=now + CONSENT_WARNED):
        url, day = _url("financing_settings", clients[one.client_id]), {"date": _day(one.valid_until)}
        if one.valid_until <= now:
            yield one.client_id, Notice("danger", _("The consent to Buffer lapsed on %(date)s") % day, url)
        else:
            yield one.client_id, Notice("warning", _("The consent to Buffer runs out on %(date)s") % day, url)


def _onboardings(keys: list[int], clients: dict[int, Client], now: datetime) -> _Told:
    """Offers, and checks that stand still until somebody of the company does something."""
    for one in Onboarding.objects.for_clients(keys).filter(ended_at=None):
        url = _url("financing_status", clients[one.client_id])
        if one.status == "offered":
            yield one.client_id, _offer(one, url, now)
        elif one.status == "awaiting_cosigner":
            names = ", ".join(one.missing_signatories) or "–"
            text = _("The check at Buffer waits for the signature of %(names)s") % {"names": names}
            yield one.client_id, Notice("info", text, url)
        elif one.status == "authority_missing":
            text = _("The check at Buffer waits for somebody who may sign for the company")
            yield one.client_id, Notice("info", text, url)
        elif one.status == "created":
            yield one.client_id, Notice("info", _("The check at Buffer was begun and waits for BankID"), url)


def _offer(onboarding: Onboarding, url: str, now: datetime) -> Notice:
    offer = onboarding.offer or {}
    ends = parse_datetime(offer.get("expires_at") or "") or onboarding.expires_at
    amount = Decimal(offer["limit"]) if "limit" in offer else None
    if ends is None:
        return Notice("success", _("An offer from Buffer is ready"), url, amount, offer.get("currency", ""))
    color = "warning" if ends < now + OFFER_WARNED else "success"
    text = _("An offer from Buffer is ready, until %(date)s") % {"date": _day(ends)}
    return Notice(color, text, url, amount, offer.get("currency", ""))


def _without_books(keys: list[int]) -> Iterable[int]:
    # A company's books may be an imported period, or entries that came without one.
    entries, periods = (
        model.objects.for_clients(keys).filter(client=OuterRef("pk")) for model in (LedgerEntry, HeldPeriod)
    )
    return Client.objects.filter(~Exists(entries), ~Exists(periods), pk__in=keys).values_list("pk", flat=True)


def _day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d.%m.%Y")


def _url(name: str, client: Client) -> str:
    return reverse(name, args=[client.organisation_number])
