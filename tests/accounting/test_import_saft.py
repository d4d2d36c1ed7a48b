"""SAF-T: the real files as expected, read whole or refused whole, twice without effect, in parts as in one."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from access.models import Client, Role
from access.tenancy import client_scope
from accounting.imports.saft_reader import read_saft
from accounting.models import Customer, HeldPeriod, LedgerEntry
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.options import Options
from tests.accounting.saft_runner import books, refused, run

pytestmark = pytest.mark.django_db
TOYEN = "skatteetaten_toyen_888888888_v1.10.xml"
FILES = [
    TOYEN, "skatteetaten_999999999_v1.10.xml", "skatteetaten_v1.30_example.xml", "rubysaft_biggest_v1.30.xml",
    "financeops_saft_sample_v1.30.xml",
]  # fmt: skip


def codes(summary):
    return {one["code"] for one in summary["warnings"]}


def company(number="888888888"):
    return Client.objects.get(organisation_number=number)


@pytest.fixture
def toyen(shared):
    return shared / "data/saft" / TOYEN


@pytest.mark.parametrize("name", FILES)
def test_the_real_files_behave_as_expected(shared, name):
    expected = json.loads((shared / "data/saft/EXPECTED.json").read_text())[name]
    path, arguments = shared / "data/saft" / name, ()
    if expected["outcome"].startswith("refused without --client"):
        assert refused(path).startswith(f"error: {path}:10: ")
        assert not Client.objects.exists()
        arguments = ("--client", "310000000")
    summary = run(path, *arguments)
    assert set(expected["warnings_at_least"]) <= codes(summary)
    totals = expected["totals"] or dict.fromkeys(("opening", "debits", "credits", "computed"), "0.00")
    told = summary["totals"]["NOK"]
    for ours, theirs in (("opening", "opening"), ("debit", "debits"), ("credit", "credits"), ("closing", "computed")):
        assert Decimal(told[ours]) == Decimal(totals[theirs])
    client = company(summary["client"])
    with client_scope(client):
        for one in expected.get("per_customer", []):
            entries = LedgerEntry.objects.for_client(client).filter(customer__number=one["id"])
            assert sum(entry.amount for entry in entries) == Decimal(one["computed_closing"])
            assert Customer.objects.for_client(client).get(number=one["id"]).name == one["name"]
    again = run(path, *arguments)
    assert again["entries"] == {"created": 0, "unchanged": summary["entries"]["created"]}
    assert again["customers"]["created"] == again["customers"]["updated"] == again["matches"]["created"] == 0
    assert again["totals"] == summary["totals"]


def test_the_company_comes_with_its_roles_and_without_the_wrong_account(toyen):
    summary = run(toyen)
    client = company()
    assert client.name == "Tøyen Lekefabrikk AS" and client.bank_account == ""
    assert "bank_account_check_digit" in codes(summary)
    assert Role.objects.filter(client=client).count() == 5


def test_dates_are_moved_after_they_were_reckoned(toyen):
    run(toyen)
    with client_scope(company()):
        plain = list(
            LedgerEntry.objects.for_client(company()).order_by("pk").values_list("entry_date", "due_date", "closed_on")
        )
    Client.objects.filter(organisation_number="888888888").update(organisation_number="310011118")
    run(toyen, "--shift-days", "3493")
    by = timedelta(days=3493)
    with client_scope(company()):
        moved = list(
            LedgerEntry.objects.for_client(company()).order_by("pk").values_list("entry_date", "due_date", "closed_on")
        )
        period = HeldPeriod.objects.for_client(company()).get()
    assert moved == [tuple(day and day + by for day in row) for row in plain]
    assert (period.start, period.end) == (date(2017, 1, 1) + by, date(2017, 4, 30) + by)


# In parts


def cut(path: Path, folder: Path) -> tuple[Path, Path]:
    """Tøyen's file as two, at the end of February: the second with the opening balances of that day."""
    text = path.read_text(encoding="utf-8-sig")
    pieces = re.findall(r"<n1:Transaction>.*?</n1:Transaction>", text, re.S)
    early = [one for one in pieces if re.search(r"<n1:TransactionDate>2017-0[12]", one)]
    late = [one for one in pieces if one not in early]
    assert early and late
    read = read_saft(path)
    lines = [(voucher.date, line) for voucher in read.transactions for line in voucher.lines]

    def moved(day_limit, key, value):
        return sum((line.amount for day, line in lines if day <= day_limit and getattr(line, key) == value), Decimal(0))

    def balance(match, key, end, openings):
        block = match.group(0)
        number = re.search(rf"<n1:{'CustomerID' if key == 'customer' else 'AccountID'}>(.*?)<", block)[1]
        opening = openings[number]
        value = opening + (moved(date(2017, 2, 28), key, number) if key == "account" else customer_moved(number))
        which = "Opening" if end == "start" else "Closing"
        block = re.sub(rf"\s*<n1:{which}(Debit|Credit)Balance>.*?</n1:{which}(Debit|Credit)Balance>", "", block)
        side = "Debit" if value >= 0 else "Credit"
        added = f"<n1:{which}{side}Balance>{abs(value)}</n1:{which}{side}Balance>"
        other = "Closing" if which == "Opening" else "Opening"
        place = re.search(rf"<n1:{other}(Debit|Credit)Balance>", block)
        if which == "Opening":
            return block[: place.start()] + added + block[place.start() :]
        end_of = re.search(r"<n1:Opening(Debit|Credit)Balance>.*?</n1:Opening(Debit|Credit)Balance>", block).end()
        return block[:end_of] + added + block[end_of:]

    def customer_moved(number):
        return sum(
            (line.amount for day, line in lines if day <= date(2017, 2, 28) and line.customer == number), Decimal(0)
        )

    customer_openings = {number: one.balances[0].opening for number, one in read.customers.items()}
    account_openings = {number: one.opening for number, one in read.accounts.items()}

    def write(name, dropped, end, period):
        out = text
        for one in dropped:
            out = out.replace(one, "")
        out = out.replace(*period)
        out = re.sub(
            r"<n1:Customer>.*?</n1:Customer>", lambda m: balance(m, "customer", end, customer_openings), out, flags=re.S
        )
        out = re.sub(
            r"<n1:Account>.*?</n1:Account>", lambda m: balance(m, "account", end, account_openings), out, flags=re.S
        )
        (folder / name).write_text(out, encoding="utf-8")
        return folder / name

    first = write("first.xml", late, "end", ("<n1:PeriodEnd>04", "<n1:PeriodEnd>02"))
    second = write("second.xml", early, "start", ("<n1:PeriodStart>01", "<n1:PeriodStart>03"))
    return first, second


def test_two_files_give_the_books_of_one(toyen, tmp_path):
    run(toyen)
    whole = books(company())
    Client.objects.filter(organisation_number="888888888").update(organisation_number="310011118")
    first, second = cut(toyen, tmp_path)
    run(first)
    summary = run(second)
    assert "opening_differs" not in codes(summary)
    assert books(company()) == whole
    with client_scope(company()):
        for day, total in (("2017-02-28", "585747.50"), ("2017-03-31", "-138000.00"), ("2017-04-30", "135500.00")):
            report = aged_receivables(company(), Options(as_of=date.fromisoformat(day)))
            assert str(report.currencies["NOK"].total) == total
        reconciliation = report.currencies["NOK"].reconciliation
        assert str(reconciliation.difference) == "31800.00"
    assert run(first)["entries"]["created"] == run(second)["entries"]["created"] == 0
    assert books(company()) == whole


def test_the_whole_file_after_its_first_part_is_an_overlap(toyen, tmp_path):
    first, _ = cut(toyen, tmp_path)
    created = run(first)["entries"]["created"]
    summary = run(toyen)
    assert summary["entries"] == {"created": 29 - created, "unchanged": created}
    with client_scope(company()):
        report = aged_receivables(company(), Options(as_of=date(2017, 4, 30)))
    assert str(report.currencies["NOK"].reconciliation.difference) == "31800.00"


def test_a_gap_is_refused_and_named(toyen, tmp_path):
    first, second = cut(toyen, tmp_path)
    first.write_text(first.read_text().replace("<n1:PeriodEnd>02", "<n1:PeriodEnd>01"))
    run(first)
    assert "2017-02-01 to 2017-02-28 is missing" in refused(second)


def test_a_period_before_the_first_is_refused(toyen, tmp_path):
    first, second = cut(toyen, tmp_path)
    run(second)
    assert "before the first period that is held (2017-03-01)" in refused(first)


def test_a_later_opening_is_only_a_check(toyen, tmp_path):
    first, second = cut(toyen, tmp_path)
    run(first)
    text = second.read_text()
    second.write_text(text.replace("<n1:OpeningDebitBalance>449297.50<", "<n1:OpeningDebitBalance>449297.51<"))
    summary = run(second)
    told = [one["message"] for one in summary["warnings"] if one["code"] == "opening_differs"]
    assert len(told) == 1 and "customer 1001" in told[0]
    with client_scope(company()):
        assert LedgerEntry.objects.for_client(company()).filter(kind="opening_balance").count() == 4


# Refused whole


def nothing_is_stored():
    return not Client.objects.exists()


def test_a_file_broken_at_its_end_stores_nothing(toyen, tmp_path):
    broken = tmp_path / "broken.xml"
    broken.write_bytes(toyen.read_bytes()[:-400])
    told = refused(broken)
    assert re.match(r"error: .*/broken\.xml:\d+: the XML is broken", told)
    assert nothing_is_stored()


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY e "x">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_any_doctype_is_refused(toyen, tmp_path, doctype):
    bad = tmp_path / "bad.xml"
    text = toyen.read_text(encoding="utf-8-sig")
    bad.write_text(text.replace("<n1:AuditFile ", doctype + "<n1:AuditFile ", 1), encoding="utf-8")
    assert "DOCTYPE" in refused(bad)
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("<n1:Amount>203648.75</n1:Amount>", "<n1:Amount>much</n1:Amount>", "cannot be read"),
        ("<n1:TransactionDate>2017-01-27", "<n1:TransactionDate>2017-13-27", "cannot be read"),
        ("<n1:Amount>203648.75</n1:Amount>", "<n1:Amount>NaN</n1:Amount>", "cannot be read"),
        ("<n1:PeriodEnd>04", "<n1:PeriodEnd>april", "cannot be read"),
        ("<n1:PeriodStartYear>2017", "<n1:PeriodStartYear>0", "not a number from"),
        ("<n1:DefaultCurrencyCode>NOK", "<n1:DefaultCurrencyCode>KRONER", "three letters"),
        ("888888888</n1:RegistrationNumber>", "888888889</n1:RegistrationNumber>", "check digit"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(toyen, tmp_path, before, after, told):
    bad = tmp_path / "bad.xml"
    text = toyen.read_text(encoding="utf-8-sig")
    assert before in text
    bad.write_text(text.replace(before, after, 1), encoding="utf-8")
    message = refused(bad)
    assert told in message and re.match(r"error: .*/bad\.xml:\d+: ", message)
    assert nothing_is_stored()


@pytest.mark.parametrize("content", [b"", b"no xml", b"<a/>", b"\x00\x01", b"<AuditFile/>"])
def test_what_is_no_saft_file_is_refused(tmp_path, content):
    bad = tmp_path / "bad.xml"
    bad.write_bytes(content)
    refused(bad)
    assert nothing_is_stored()


def test_posted_books_do_not_change(toyen, tmp_path):
    run(toyen)
    whole = books(company())
    changed = tmp_path / "changed.xml"
    text = toyen.read_text(encoding="utf-8-sig")
    changed.write_text(
        text.replace("<n1:Amount>203648.75</n1:Amount>", "<n1:Amount>203648.76</n1:Amount>"), encoding="utf-8"
    )
    assert "posted books do not change" in refused(changed)
    assert books(company()) == whole


def test_a_file_of_another_company_is_not_taken_for_this_one(toyen):
    assert "is of company 888888888" in refused(toyen, "--client", "310000000")


def test_an_interrupted_import_leaves_nothing_and_is_made_good_by_the_next(toyen, monkeypatch):
    from accounting.services import saft_import

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(saft_import, "match_entries_after", stop)
        with pytest.raises(KeyboardInterrupt):
            run(toyen)
    assert nothing_is_stored()
    assert run(toyen)["entries"] == {"created": 29, "unchanged": 0}


# At once


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_give_the_books_of_one(toyen):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    def once(_):
        try:
            return run(toyen)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        summaries = list(pool.map(once, range(2)))
    assert sorted(one["entries"]["created"] for one in summaries) == [0, 29]
    whole = books(company())
    run(toyen)
    assert books(company()) == whole
