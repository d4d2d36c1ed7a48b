"""ANALYSIS.md reckoned a second time, in whole øre, from what GET /api/v1/receivables gives; knows nothing of the bank's code."""

import re
from collections import defaultdict
from datetime import date


def ore(text):
    """«-12.34» → -1234."""
    sign = -1 if text.startswith("-") else 1
    kroner, cents = text.lstrip("-").split(".")
    return sign * (int(kroner) * 100 + int(cents))


def kroner(amount):
    """-1234 → «-12.34»."""
    whole, cents = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{cents:02d}"


def days(later, earlier):
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days


def why_not(item, today):
    """Rule 1: the first reason to leave a receivable out, or None."""
    debtor = item["debtor"]
    due = item["due_date"] or item["entry_date"]
    if item["kind"] != "invoice":
        return "not_an_invoice"
    if days(item["entry_date"], today) > 0:
        return "not_yet_invoiced"
    for flag in ("assigned", "related_party"):
        if item[flag]:
            return flag
    if item["currency"] != "NOK":
        return "foreign_currency"
    if debtor["private_person"]:
        return "private_person"
    if debtor["organisation_number"] is None or not re.fullmatch("[0-9]{9}", debtor["organisation_number"]):
        return "missing_organisation_number"
    if debtor["country"] not in (None, "", "NO"):
        return "foreign_debtor"
    for flag in ("in_collection", "disputed"):
        if item[flag]:
            return flag
    if days(today, due) > 30:
        return "overdue"
    if days(due, item["entry_date"]) > 90:
        return "long_terms"
    return "below_minimum" if ore(item["open_amount"]) < 200_00 else None


def reckon(items, today):
    """{outstanding, eligible, limit, lines, exclusions} on this day, amounts as decimal strings; the limit of an onboarding
    that is to be rejected is «0.00». `lines` is a set of (receivable_id, debtor, amount, counted, reason)."""
    items = [one for one in items if ore(one["open_amount"])]
    lines, worth, credit = set(), defaultdict(int), defaultdict(int)
    for one in items:
        amount, debtor = ore(one["open_amount"]), one["debtor"]["id"]
        if amount < 0:
            credit[debtor] += -amount
            lines.add((one["id"], debtor, amount, amount, None))
        else:
            reason = why_not(one, today)
            worth[debtor] += 0 if reason else amount
            lines.add((one["id"], debtor, amount, 0 if reason else amount, reason))
    for debtor, taken in credit.items():  # rule 2
        surplus = max(0, taken - worth[debtor])
        worth[debtor] -= taken - surplus
        if surplus:
            lines.add((None, debtor, 0, surplus, "credit_note"))
    cap = (sum(worth.values()) * 25 + 50) // 100  # rule 3; half up, for no debtor is below zero
    for debtor, amount in worth.items():
        if amount > cap:
            lines.add((None, debtor, 0, cap - amount, "concentration"))
            worth[debtor] = cap
    eligible = sum(worth.values())
    limit = eligible * 80 // 100 // 1000_00 * 1000_00  # rule 4
    limit = 0 if limit < 25_000_00 else min(limit, 5_000_000_00)
    exclusions = {}
    for _, _, amount, counted, reason in lines:
        if reason:
            count, total = exclusions.get(reason, (0, 0))
            exclusions[reason] = (count + 1, total + amount - counted)
    return {
        "outstanding": kroner(sum(ore(one["open_amount"]) for one in items)),
        "eligible": kroner(eligible),
        "limit": kroner(limit),
        "lines": {
            (key, debtor, kroner(amount), kroner(counted), reason) for key, debtor, amount, counted, reason in lines
        },
        "exclusions": {(reason, count, kroner(total)) for reason, (count, total) in exclusions.items()},
    }
