"""What holds for every ledger that is imported, under hypothesis, through the commands `import_ledger` and `report`."""

import tempfile
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.tenancy import client_scope
from accounting.models import LedgerEntry, Match
from tests.accounting.ledger_files import Folder, entry, match

pytestmark = pytest.mark.django_db
START = date(2026, 1, 1)
ORE = Decimal("0.01")
few = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

days = st.integers(0, 300).map(lambda number: START + timedelta(days=number))
amounts = st.one_of(st.integers(1, 900), st.integers(1, 500_000)).map(lambda ore: Decimal(ore) / 100)
rows = st.fixed_dictionaries(
    {
        "customer": st.integers(1, 2),
        "on": days,
        "due_in": st.none() | st.integers(-5, 120),
        "amount": amounts,
        "debit": st.booleans(),
        "kind": st.sampled_from(["invoice", "credit_note", "payment", "opening_balance", "refund", "journal"]),
        "currency": st.sampled_from(["", "NOK", "EUR", "USD"]),
        "rate": st.sampled_from([Decimal(1), Decimal("11.37"), Decimal("250")]),
        "name": st.sampled_from(["", " AS", " ANS"]),
    }
)
# Which two entries, how much of what is left of both in percent, how many days after, and whether a currency amount is
# given. Whole remainders are as frequent as parts, so that entries are closed.
pairs = st.tuples(
    st.integers(0, 30), st.integers(0, 30), st.sampled_from([100, 50, 33, 25, 1]), st.integers(0, 60), st.booleans()
)
ledgers = st.tuples(st.lists(rows, min_size=1, max_size=9), st.lists(pairs, max_size=14))


def half_up(value):
    return value.quantize(ORE, ROUND_HALF_UP)


def files_of(ledger):
    """The rows of ENTRIES.csv and MATCHES.csv; no two matches are alike, since two files with one each hold but one."""
    drawn, chosen = ledger
    entries = []
    for number, one in enumerate(drawn):
        sign = 1 if one["debit"] else -1
        foreign = one["currency"] not in ("", "NOK")
        entries.append(
            entry(
                f"e{number}", str(sign * one["amount"]), str(one["on"]), kind=one["kind"], currency=one["currency"],
                number=str(one["customer"]), name=f"Kunde {one['customer']}{one['name']}",
                currency_amount=str(sign * half_up(one["amount"] / one["rate"])) if foreign else "",
                due=str(one["on"] + timedelta(one["due_in"]))
                if one["due_in"] is not None and one["kind"] != "opening_balance" else "",
            )
        )  # fmt: skip
    debits = [number for number, one in enumerate(drawn) if one["debit"]]
    credits = [number for number, one in enumerate(drawn) if not one["debit"]]
    left = [one["amount"] for one in drawn]
    matches = {}
    for first, second, percent, later, is_given in chosen:
        if not (debits and credits):
            break
        debit, credit = debits[first % len(debits)], credits[second % len(credits)]
        amount = half_up(min(left[debit], left[credit]) * percent / 100)
        if not amount or drawn[debit]["customer"] != drawn[credit]["customer"]:
            continue
        on = max(drawn[debit]["on"], drawn[credit]["on"]) + timedelta(later)
        key = (debit, credit, amount, on)
        if key in matches:
            continue
        left[debit] -= amount
        left[credit] -= amount
        # Less than pro rata, and while something is left that can take the rest.
        whole = Decimal(entries[debit]["currency_amount"] or 0)
        share = half_up(whole * amount / drawn[debit]["amount"] / 2)
        told = (
            str(share)
            if is_given and share > 1 and left[debit] and entries[debit]["currency"] in ("EUR", "USD")
            else ""
        )
        date_told = str(on) if later else ""
        matches[key] = match(f"e{debit}", f"e{credit}", str(amount), date_told, debit_currency_amount=told)
    return entries, list(matches.values())


@contextmanager
def folder():
    """A company of its own in the database and a folder for its files, both gone after the block."""
    with tempfile.TemporaryDirectory() as name, transaction.atomic():
        yield Folder(Path(name))
        transaction.set_rollback(True)


def reports(of, as_of):
    """All reports of a day, in both currencies."""
    return [
        of.report(name, str(as_of), currency=currency, **({"credits": "aged"} if name == "aged-receivables" else {}))
        for name in ("aged-receivables", "open-items", "unpaid-invoices")
        for currency in ("base", "original")
    ]


@few
@given(ledgers, days, st.sampled_from(["base", "original"]), st.sampled_from(["separate", "aged"]))
def test_columns_add_up_to_totals_and_totals_to_the_customers_balance(db, ledger, as_of, currency, credits):
    entries, matches = files_of(ledger)
    with folder() as of:
        of.load(entries, matches)
        aged = of.report("aged-receivables", str(as_of), currency=currency, credits=credits)
        items = of.report("open-items", str(as_of), currency=currency)
    for code, part in aged["currencies"].items():
        for row in part["rows"]:
            assert sum(map(Decimal, row["amounts"])) == Decimal(row["total"])
            mine = [
                one for one in items["currencies"][code]["items"] if one["customer_number"] == row["customer_number"]
            ]
            assert sum(Decimal(one["open_amount"]) for one in mine) == Decimal(row["total"])
        for place, total in enumerate(part["totals"]):
            assert sum(Decimal(row["amounts"][place]) for row in part["rows"]) == Decimal(total)
        assert sum(Decimal(total) for total in part["totals"]) == Decimal(part["total"])
    # A match takes alike from both sides in the client's currency, so a customer's balance is all its entries to date.
    if currency == "base":
        for number in {one["customer_number"] for one in entries}:
            balance = sum(
                Decimal(one["amount"])
                for one in entries
                if one["customer_number"] == number and one["entry_date"] <= str(as_of)
            )
            found = {
                row["customer_number"]: row["total"] for row in aged["currencies"].get("NOK", {"rows": []})["rows"]
            }
            assert Decimal(found.get(number, "0.00")) == balance


@few
@given(ledgers, days)
def test_yesterdays_reports_do_not_change_when_payments_dated_today_are_entered(db, ledger, yesterday):
    entries, matches = files_of(ledger)
    today = str(yesterday + timedelta(days=1))
    with folder() as of:
        of.load(entries, matches)
        before = reports(of, yesterday)
        part = of.report("open-items", today)["currencies"].get("NOK", {"items": []})
        owed = [one for one in part["items"] if not one["open_amount"].startswith("-")]
        rows_of = {one["entry_id"]: one for one in entries}
        paid = [
            rows_of[one["entry_id"]]
            | {"entry_id": f"p{one['entry_id']}", "kind": "payment", "entry_date": today, "due_date": "", "currency": "",
               "currency_amount": "", "amount": f"-{one['open_amount']}", "customer_name": one["customer_name"]}
            for one in owed
        ]  # fmt: skip
        # A match that is held and dated later may have taken something already.
        with client_scope(of.company()):
            kept = dict(LedgerEntry.objects.for_client(of.company()).values_list("entry_id", "open_amount"))
        settled = [
            match(one["entry_id"], f"p{one['entry_id']}", str(kept[one["entry_id"]]))
            for one in owed
            if kept[one["entry_id"]] > 0
        ]
        assert of.load(paid, settled)["matches"]["created"] == len(settled)
        after = reports(of, yesterday)
    assert after == before


@few
@given(ledgers)
def test_the_kept_open_amounts_equal_those_derived_from_the_matches(db, ledger):
    entries, matches = files_of(ledger)
    with folder() as of:
        assert of.load(entries, matches)["matches"]["created"] == len(matches)
        with client_scope(of.company()):
            held = list(Match.objects.for_client(of.company()))
            for one in LedgerEntry.objects.for_client(of.company()):
                debits = [found for found in held if found.debit_id == one.pk]
                mine = debits or [found for found in held if found.credit_id == one.pk]
                taken = sum((found.amount for found in mine), Decimal(0))
                in_currency = sum(
                    (found.debit_currency_amount if debits else found.credit_currency_amount for found in mine),
                    Decimal(0),
                )
                assert abs(one.open_amount) == abs(one.amount) - taken
                assert abs(one.open_currency_amount) == abs(one.currency_amount) - in_currency
                assert one.open_amount or not one.open_currency_amount
                last = max((found.matched_on for found in mine), default=one.entry_date)
                assert one.closed_on == (None if one.open_amount else last)


@few
@given(ledgers, st.randoms(use_true_random=False), st.integers(2, 5), days)
def test_parts_in_any_order_give_the_books_of_the_whole(db, ledger, random, count, as_of):
    entries, matches = files_of(ledger)
    with folder() as of:
        of.load(entries, matches)
        latest = START + timedelta(days=400)
        whole = of.books(), reports(of, as_of), reports(of, latest)
    pieces = [("entry", one) for one in entries] + [("match", one) for one in matches]
    random.shuffle(pieces)
    with folder() as of:
        held, waiting = set(), []
        for at in range(count):
            part = pieces[at::count]
            new = [row for kind, row in part if kind == "entry"]
            held |= {row["entry_id"] for row in new}
            waiting += [row for kind, row in part if kind == "match"]
            ready = [row for row in waiting if {row["debit_entry_id"], row["credit_entry_id"]} <= held]
            waiting = [row for row in waiting if row not in ready]
            of.load(new, ready)
        assert not waiting
        assert (of.books(), reports(of, as_of), reports(of, latest)) == whole
        again = of.load(entries, matches)
        assert (again["entries"]["created"], again["matches"]["created"]) == (0, 0)
        assert of.books() == whole[0]
