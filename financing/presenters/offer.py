"""An offer as the bank made it: the limit, what it costs, its security, and how long it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.templatetags.figures import HARD, THIN, money
from financing.models import Onboarding
from financing.presenters.shapes import Fact
from financing.presenters.words import clock, day

SOON = timedelta(days=3)


@dataclass(frozen=True)
class OfferView:
    """What the page says of an offer; amounts in NOK. `change` tells what it replaced, where it replaced another."""

    limit: Decimal
    facts: list[Fact]
    terms_url: str
    until: str
    soon: bool
    over: bool
    change: str


def offer_view(onboarding: Onboarding, now: datetime, origin: str) -> OfferView | None:
    """The offer of an onboarding, None where it has none. Only addresses at the bank's `origin`, or https, become links."""
    offer = onboarding.offer
    if not offer:
        return None
    expires_at = datetime.fromisoformat(offer["expires_at"])
    over = now >= expires_at
    return OfferView(
        limit=Decimal(offer["limit"]),
        facts=_facts(offer),
        terms_url=_address(offer.get("terms_url"), origin),
        until=_until(expires_at, now),
        soon=not over and expires_at - now <= SOON,
        over=over,
        change=_change(onboarding.replaced_offer, offer),
    )


def held(amount: Decimal) -> str:
    """An amount in running text: hard spaces, since it would break at thin ones."""
    return money(amount).replace(THIN, HARD)


def _facts(offer: dict[str, Any]) -> list[Fact]:
    def rate(name: str) -> str:
        return f"{Decimal(offer[name]).normalize():f}".replace(".", ",") + HARD + "%"

    def kroner(name: str) -> str:
        return held(Decimal(offer[name])) + HARD + "kr"

    days = int(offer["notice_days"])
    return [
        Fact(_("Interest a year"), rate("annual_interest_percent"), _("on what is used")),
        Fact(_("Effective interest"), rate("effective_annual_percent")),
        Fact(_("Commission on the limit"), rate("limit_commission_percent"), _("a year, on the whole limit")),
        Fact(_("Establishment fee"), kroner("establishment_fee")),
        Fact(_("Fee per draw"), kroner("drawing_fee")),
        Fact(_("Notice"), ngettext("%(count)d day", "%(count)d days", days) % {"count": days}),
        _security(offer.get("security")),
    ]


def _security(security: dict[str, Any] | None) -> Fact:
    if not security:
        return Fact(_("Security"), _("none"))
    text = _("pledge of the receivables, up to %(amount)s kr") % {"amount": held(Decimal(security["max_amount"]))}
    registered = parse_date(security.get("registered_on") or "")
    if registered is None:
        return Fact(_("Security"), text)
    return Fact(_("Security"), text, _("registered on %(date)s") % {"date": date_format(registered, "d.m.Y")})


def _until(expires_at: datetime, now: datetime) -> str:
    if now >= expires_at:
        return _("The offer ended on %(time)s. We wait for Buffer to confirm it.") % {"time": clock(expires_at)}
    left = (timezone.localdate(expires_at) - timezone.localdate(now)).days
    if left == 0:
        return _("The offer stands until %(time)s, today.") % {"time": clock(expires_at)}
    return ngettext(
        "The offer stands until %(date)s, %(count)d more day.", "The offer stands until %(date)s, %(count)d more days.", left
    ) % {"date": day(expires_at), "count": left}  # fmt: skip


def _change(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    if not before:
        return ""
    if Decimal(before["limit"]) == Decimal(after["limit"]):
        return _("This offer replaces a former one. The limit is the same; the terms have changed.")
    return _("This offer replaces a former one. The limit changed from %(before)s to %(after)s kr.") % {
        "before": held(Decimal(before["limit"])), "after": held(Decimal(after["limit"])),
    }  # fmt: skip


def _address(url: object, origin: str) -> str:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.netloc:
        return ""
    return str(url) if parts.scheme == "https" or f"{parts.scheme}://{parts.netloc}" == origin else ""
