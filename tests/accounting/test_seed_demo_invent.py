"""The invented history, without a database: that every property of a real one is in it, and that it is the same each time."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import mean

import pytest
from stdnum import luhn
from stdnum.no import orgnr

from access.models import check_bank_account, is_organisation_number
from accounting.models import Kind
from accounting.services.demo import shape
from accounting.services.demo.companies import COMPANIES
from accounting.services.demo.days import euro_rate
from accounting.services.demo.large import invent

TODAY = date(2026, 11, 24)
DAYS = [date(2026, month, 24) for month in range(1, 13)] + [date(2027, 1, 1), date(2027, 8, 1), date(2028, 2, 29)]


@pytest.fixture(scope="module")
def books():
    return invent(today=TODAY, entries=20_000)


def left(books):
    """What is open of each line."""
    found = {line: line.amount for line in books.lines}
    for one in books.settlements:
        found[one.debit] -= one.amount
        found[one.credit] += one.amount
    return found


def open_lines(books):
    return [line for line, amount in left(books).items() if amount]


def bucket(line, today):
    if line.amount < 0:
        return "credit"
    if line.due is None:
        return "no due date"
    late = (today - line.due).days
    return (
        "not due"
        if late <= 0
        else "1-30"
        if late <= 30
        else "31-60"
        if late <= 60
        else "61-90"
        if late <= 90
        else "91+"
    )


def test_the_same_day_gives_the_same_books(books):
    def written(of):
        return [
            (one.voucher, one.part, one.invoice_number, one.kid, one.on, one.due, one.amount, one.payer.buyer.name)
            for one in of.lines
        ]  # fmt: skip

    assert written(invent(today=TODAY, entries=20_000)) == written(books)


@pytest.mark.parametrize("entries", [1, 2, 3, 7, 30, 333, 5000])
def test_there_are_exactly_as_many_entries_as_were_asked_for(entries):
    assert len(invent(today=TODAY, entries=entries).lines) == entries


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_on_any_day_of_a_year_a_few_per_cent_are_open_in_every_bucket_and_few_for_long(today):
    books = invent(today=today, entries=20_000)
    assert len(books.lines) == 20_000
    still_open = open_lines(books)
    assert 0.045 < len(still_open) / 20_000 < 0.08  # most of it after a month's end, in December above all
    count = Counter(bucket(line, today) for line in still_open)
    assert count["not due"] > count["1-30"] > count["31-60"] > count["61-90"] >= 10
    assert 30 < count["91+"] < 0.07 * len(still_open)
    assert count["no due date"] and count["credit"]
    assert max(line.on for line in books.lines) <= today
    assert (today - books.start).days in range(390, 430)


def test_nothing_is_settled_beyond_its_amount_nor_across_customers(books):
    for line, amount in left(books).items():
        assert 0 <= amount <= line.amount or line.amount <= amount <= 0
    in_currency = {line: line.currency_amount for line in books.lines}
    for one in books.settlements:
        assert one.debit.amount > 0 > one.credit.amount and one.amount > 0 and one.currency_amount >= 0
        assert one.debit.payer is one.credit.payer
        in_currency[one.debit] -= one.currency_amount
        in_currency[one.credit] += one.currency_amount
    for line, amount in left(books).items():
        assert (amount == 0) == (in_currency[line] == 0) or line.kind == Kind.EXCHANGE_DIFFERENCE
    assert all(line.amount == line.amount.quantize(Decimal("0.01")) for line in books.lines)


def test_june_and_december_are_high_july_is_low_and_weekends_are_quiet(books):
    months, weekdays = Counter(), Counter()
    for line in books.lines:
        if line.kind == Kind.INVOICE and line.on >= date(2025, 11, 1):
            months[line.on.month] += line.on < date(2026, 11, 1)
            weekdays[line.on.weekday()] += 1
    ranked = [month for month, _ in months.most_common()]
    assert (set(ranked[:2]), ranked[-1]) == ({6, 12}, 7)
    assert months[7] < 0.6 * months[5]
    assert 0 < weekdays[5] + weekdays[6] < 0.03 * weekdays.total()
    banked = {line.on for line in books.lines if line.kind == Kind.PAYMENT and line.of}
    assert all(day.weekday() < 5 and (day.month, day.day) != (12, 25) for day in banked)


def test_each_customer_has_a_temper_that_stays(books):
    late = defaultdict(list)
    halves = defaultdict(lambda: ([], []))
    for one in books.settlements:
        paid = one.credit.kind == Kind.PAYMENT and one.debit.kind == Kind.INVOICE
        if paid and one.amount == one.debit.amount and one.debit.part == 1 and one.credit.on > one.debit.on:
            days = (one.credit.on - one.debit.due).days
            late[one.debit.payer].append(days)
            halves[one.debit.payer][one.debit.on > date(2026, 4, 30)].append(days)
    regular = {payer: days for payer, days in late.items() if len(days) >= 8 and payer.buyer.country == "NO"}
    assert len(regular) > 200
    average = {payer: mean(days) for payer, days in regular.items()}
    assert sum(days < 3 for days in average.values()) > 0.35 * len(average)  # prompt
    assert sum(days > 14 for days in average.values()) > 0.15 * len(average)  # slow
    for payer in regular:
        before, after = halves[payer]
        if len(before) >= 4 and len(after) >= 4:
            assert abs(mean(before) - mean(after)) < 22


def test_sizes_are_unequal_a_few_large_and_a_long_tail(books):
    invoiced = Counter()
    for line in books.lines:
        if line.kind == Kind.INVOICE:
            invoiced[line.payer.buyer.number] += line.amount
    assert len(books.buyers) == 400 and len(invoiced) > 380
    sizes = sorted(invoiced.values(), reverse=True)
    whole = sum(sizes)
    assert sum(sizes[:10]) > whole / 4
    assert sum(sizes[200:]) < whole / 6
    assert max(sizes) < whole / 8


def test_numbers_rise_with_the_date(books):
    vouchers = [line.voucher for line in books.lines]
    assert vouchers == sorted(vouchers) and [line.on for line in books.lines] == sorted(line.on for line in books.lines)
    invoices = [int(line.invoice_number) for line in books.lines if line.invoice_number]
    assert invoices == sorted(invoices)
    own = [line.invoice_number for line in books.lines if line.invoice_number and line.part == 1]
    assert len(own) == len(set(own))


def test_a_kid_has_its_check_digit_and_a_payment_that_of_the_invoice(books):
    with_kid = [line for line in books.lines if line.kid]
    assert len(with_kid) > 15_000 and all(luhn.is_valid(line.kid) for line in with_kid)
    for line in with_kid:
        invoice = line if line.kind == Kind.INVOICE else line.of
        assert line.kid == invoice.kid and line.kid[:-1] == line.payer.buyer.number + invoice.invoice_number
    one_of = [line for line in books.lines if line.kind == Kind.PAYMENT and line.of and line.of.kid]
    without = [line for line in one_of if not line.kid]
    assert 0.1 < len(without) / len(one_of) < 0.2
    assert all(line.cross_reference == line.of.invoice_number for line in without)


def test_the_customers_are_of_every_sort_and_invented(books):
    buyers = books.buyers
    assert len({one.name for one in buyers}) == len({one.number for one in buyers}) == 400
    numbers = [one.organisation_number for one in buyers if one.organisation_number]
    assert len(set(numbers)) == len(numbers)
    assert all(orgnr.is_valid(number) and number.startswith("31") for number in numbers)
    others = {one.organisation_number for company in COMPANIES for one in company.customers}
    assert not others & set(numbers) and shape.LARGE.number not in numbers
    private = [one for one in buyers if one.private_person]
    assert len(private) == shape.PERSONS and not any(one.organisation_number for one in private)
    without = [one for one in buyers if not one.organisation_number and not one.private_person and one.country == "NO"]
    assert len(without) == shape.WITHOUT_NUMBER
    assert [one.name for one in buyers if one.related_party] == ["Lysvarde Rimfrost Holding AS"]
    assert {one.country for one in buyers} == {"NO", "SE", "DK", "FI", "GB", "DE", "FR", "NL"}
    assert is_organisation_number(shape.LARGE.number)
    check_bank_account(shape.LARGE.bank_account)


@pytest.mark.parametrize("entries", [400, 20_000])
def test_every_sort_of_thing_has_happened(entries):
    books = invent(today=TODAY, entries=entries)
    still_open, of = left(books), defaultdict(list)
    for one in books.settlements:
        of[one.debit].append(one.credit)
    kinds = {line.kind for line in books.lines}
    assert kinds == {
        Kind.INVOICE, Kind.PAYMENT, Kind.CREDIT_NOTE, Kind.REMINDER_FEE, Kind.WRITE_OFF, Kind.ROUNDING,
        Kind.OPENING_BALANCE, Kind.EXCHANGE_DIFFERENCE,
    }  # fmt: skip

    def credits(line):
        return [one.kind for one in of[line]]

    invoices = [line for line in books.lines if line.kind == Kind.INVOICE]
    assert any(credits(line) == [Kind.PAYMENT] * 2 for line in invoices), "part payments"
    assert any(credits(line) == [Kind.CREDIT_NOTE] for line in invoices), "a credit note for all of it"
    assert any(credits(line) == [Kind.CREDIT_NOTE, Kind.PAYMENT] for line in invoices), "a credit note for a part"
    assert any(credits(line)[-1:] == [Kind.WRITE_OFF] for line in invoices), "written off"
    assert any(credits(line) == [Kind.PAYMENT, Kind.ROUNDING] for line in invoices), "rounded"
    assert any(one.on < line.on for line in invoices for one in of[line]), "paid before it was invoiced"
    waiting = {line for line, amount in still_open.items() if amount}
    assert any(line.kind == Kind.CREDIT_NOTE for line in waiting), "an open credit note"
    assert any(line.kind == Kind.PAYMENT for line in waiting), "a payment on account"
    assert any(line.disputed for line in waiting) and any(line.in_collection for line in waiting)
    together = Counter(one.credit for one in books.settlements if one.debit.kind == Kind.INVOICE)
    assert max(together.values()) > 1, "one payment of several invoices"
    parts = Counter(line.invoice_number for line in invoices)
    assert {3, 4} & set(parts.values()), "instalments"
    for number in (number for number, many in parts.items() if many > 1):
        same = [line for line in invoices if line.invoice_number == number]
        assert len({line.due for line in same}) == len(same)
        assert len({(line.voucher, line.on, line.kid, line.payer) for line in same}) == 1
    assert {line.payer.department for line in books.lines} == set(shape.DEPARTMENTS)
    projects = {line.project for line in books.lines}
    assert "" in projects and len(projects) > 10 and projects <= {"", *shape.PROJECTS}


def test_a_euro_invoice_is_at_the_rate_of_its_day_and_the_rate_moves(books):
    euro = [line for line in books.lines if line.payer.currency == "EUR"]
    rates = set()
    for line in euro:
        if line.kind in (Kind.INVOICE, Kind.PAYMENT):
            rate = euro_rate(line.on)
            rates.add(rate)
            assert abs(line.amount - line.currency_amount * rate) <= Decimal("0.005")
    assert len(rates) > 30 and max(rates) - min(rates) > Decimal("0.10")
    steps = [euro_rate(TODAY + timedelta(days=number)) for number in range(367)]
    assert max(abs(after - before) for before, after in pairwise(steps)) < Decimal("0.02")
    moved = [line for line in euro if line.kind == Kind.EXCHANGE_DIFFERENCE]
    assert {line.amount > 0 for line in moved} == {True, False}
