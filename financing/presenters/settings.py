"""What the tab «Administrer» shows: the widget's own figures, how they came about, what changed, and the access."""

from datetime import datetime, timedelta
from typing import Any

from access.models import Client, User
from financing.models import Agreement, CreditSnapshot
from financing.presenters.analysis import analysis_view, change_rows
from financing.presenters.chart import chart_of
from financing.presenters.consent import access_view
from financing.presenters.shapes import address
from financing.presenters.widget import change_since, living_view
from financing.presenters.words import told
from financing.providers.registry import DEFAULT
from financing.selectors import last_told, latest_consent, latest_onboarding
from financing.selectors_credit import agreement_to_show, ended_at, limit_before, missing_numbers, snapshots

CHARTED = timedelta(days=90)
MOST_POINTS = 400


def settings_context(client: Client, user: User, now: datetime) -> dict[str, Any]:
    """The context of the page. Inside the client's scope; the number of queries follows nothing."""
    agreement = agreement_to_show(client, DEFAULT)
    living = agreement if agreement is not None and agreement.status != "terminated" else None
    credit = living_view(client, user, living, now) if living else None
    consent = credit.consent if credit else latest_consent(client, DEFAULT)
    context = {
        "credit": credit,
        "access": access_view(client, consent, living, last_told(client, DEFAULT), now),
        "history_url": address("financing_history", client),
    }
    if living is not None and credit is not None:
        return context | _of_living(client, living, opened=credit.limit is not None, now=now)
    onboarding = latest_onboarding(client, DEFAULT)
    return context | {
        "onboarding": onboarding,
        "check_told": told(onboarding)[1]
        if onboarding and onboarding.status in ("rejected", "declined", "expired")
        else "",
        "missing": missing_numbers(client) if onboarding and onboarding.status == "rejected" else None,
        "ended": ended_at(client, agreement) if agreement and agreement.onboarding.status == "accepted" else None,
    }


def _of_living(client: Client, agreement: Agreement, *, opened: bool, now: datetime) -> dict[str, Any]:
    analysis = analysis_view(agreement.analysis)
    lacking = analysis and any(one["reason"] == "missing_organisation_number" for one in analysis["exclusions"])
    return {
        "analysis": analysis,
        "limit_is_the_analysis": bool(analysis and analysis["limit"] == agreement.limit),
        "missing": missing_numbers(client) if lacking else None,
        "last_change": _last_change(client, agreement) if opened else None,
        "chart": chart_of(_points(client, agreement, now), now) if opened else None,
        "lines_url": address("financing_lines", client) if analysis else None,
    }


def _last_change(client: Client, agreement: Agreement) -> dict[str, Any] | None:
    """From which limit the present one came, when, and by what; None where there was no other."""
    before: CreditSnapshot | None = limit_before(client, agreement)
    if before is None:
        return None
    at = snapshots(client).filter(agreement=agreement, id__gt=before.pk).order_by("id").first()
    change = change_since(client, agreement, before.limit)
    return {
        "before": before.limit,
        "difference": agreement.limit - before.limit,
        "at": at.recorded_at if at else agreement.read_at,
        "rows": change_rows(change) if change else (),
    }


def _points(client: Client, agreement: Agreement, now: datetime) -> list[CreditSnapshot]:
    """Of this agreement with an account, oldest first, as far back as is drawn."""
    found = snapshots(client).filter(agreement=agreement, recorded_at__gt=now - CHARTED).exclude(status="offered")
    return list(reversed(found.defer("analysis")[:MOST_POINTS]))
