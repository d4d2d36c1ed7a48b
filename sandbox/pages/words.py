"""How the bank writes and reads amounts, and what its codes are called in Norwegian."""

import re
from decimal import Decimal
from typing import Any

from sandbox.models import Analysis, Onboarding

REASONS = {
    "not_an_invoice": "ikke en faktura",
    "not_yet_invoiced": "ikke fakturert ennå",
    "assigned": "solgt eller pantsatt",
    "related_party": "nærstående",
    "foreign_currency": "annen valuta enn NOK",
    "private_person": "privatperson",
    "missing_organisation_number": "organisasjonsnummer mangler",
    "foreign_debtor": "utenlandsk kunde",
    "in_collection": "til inkasso",
    "disputed": "omtvistet",
    "overdue": "forfalt for mer enn 30 dager siden",
    "long_terms": "lengre betalingsfrist enn 90 dager",
    "below_minimum": "under 200 kr",
    "credit_note": "kreditposter utover fordringene",
    "concentration": "over 25 % hos én kunde",
    "too_few_receivables": "For lite av kundefordringene teller med til at vi kan tilby en låneramme.",
    "bankruptcy_registered": "Foretaket er registrert konkurs eller under avvikling.",
    "already_pledged": "Kundefordringene er allerede pantsatt.",
    "factoring_active": "Foretaket har allerede factoring.",
    "payout_account_not_owned": "Kontoen for utbetaling tilhører ikke foretaket.",
    "credit_check": "Kredittvurderingen ga ikke grunnlag for et tilbud.",
    "unsupported_currency": "Buffer tilbys bare foretak som fører regnskapet i norske kroner.",
}
KINDS = {"draw": "Uttak", "repayment": "Tilbakebetaling", "interest": "Renter", "fee": "Gebyr"}
ONBOARDING_STATUSES = {
    "created": "påbegynt",
    "identified": "identifisert",
    "authority_missing": "uten fullmakt",
    "authority_unresolved": "fullmakt avklares",
    "awaiting_cosigner": "venter på medsignatar",
    "analysing": "analyseres",
    "offered": "tilbud gitt",
    "accepted": "godtatt",
    "declined": "avslått av foretaket",
    "rejected": "avslått av banken",
    "cancelled": "avbrutt",
    "expired": "utløpt",
}
STATUSES = {
    "offered": "tilbudt",
    "open": "åpen",
    "paused": "satt på pause",
    "disconnected": "frakoblet regnskapet",
    "terminating": "sagt opp, gjeld gjenstår",
    "terminated": "avsluttet",
}
_AMOUNT = re.compile(r"(\d{1,3}(?:[ .]?\d{3})*|\d{1,12})(?:[.,](\d{1,2}))?", re.ASCII)
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")


class NotAnAmount(ValueError):
    """The text is for the person."""


def money(value: Decimal) -> str:
    """1 234,50 with hard spaces, a comma and a true minus; NOK."""
    text = f"{abs(value):,.2f}".replace(",", "\u00a0").replace(".", ",")
    return f"\u2212{text}" if value < 0 else text


def read_money(text: str) -> Decimal:
    """«20000», «20 000,00», «20.000,00», «20000.00» in NOK, above zero. Raises NotAnAmount."""
    found = _AMOUNT.fullmatch(_SPACES.sub(" ", text.strip().removesuffix("kr").strip()))
    if not found:
        raise NotAnAmount("Skriv et beløp i kroner, for eksempel 20 000,00.")
    whole = found[1].replace(" ", "").replace(".", "")
    value = Decimal(f"{whole}.{found[2] or '0'}").quantize(Decimal("0.01"))
    if value <= 0:
        raise NotAnAmount("Beløpet må være større enn null.")
    return value


def shown_lines(one: Onboarding, analysis: Analysis, most: int) -> tuple[list[dict[str, Any]], int]:
    """(the first lines with names and words, how many more there are)."""
    lines = analysis.lines[:most]
    keys, debtors = {line[0] for line in lines if line[0]}, {line[1] for line in lines}
    names: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for data in one.access.receivables.values_list("data", flat=True):
        if data["debtor"]["id"] in debtors:
            names[data["debtor"]["id"]] = data["debtor"].get("name") or "Privatperson"
        if data["id"] in keys:
            numbers[data["id"]] = data.get("invoice_number") or ""
    shown = [
        {
            "debtor": names.get(debtor, debtor),
            "text": "hele kunden" if key is None else numbers.get(key, ""),
            "amount": Decimal(amount),
            "counted": Decimal(counted),
            "reason": REASONS.get(reason, reason) if reason else "",
        }
        for key, debtor, amount, counted, reason in lines
    ]
    return shown, len(analysis.lines) - len(lines)
