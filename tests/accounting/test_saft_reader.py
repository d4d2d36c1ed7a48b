"""Reading SAF-T: every version's shapes, to the øre, without memory of what was read, and the rules for a line."""

import tracemalloc
from datetime import date
from decimal import Decimal

import pytest

from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_file import Balance, Terms
from accounting.imports.saft_reader import read_saft
from accounting.imports.saft_rules import due_by_terms, due_date_of, is_receivable, kinds_of
from tests.accounting.saft_builder import account, balance, customer, line, saft, sale, voucher

NONE = Decimal("0.00")


@pytest.fixture
def read(tmp_path):
    def reader(text, encoding="utf-8"):
        path = tmp_path / "file.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_saft(path)

    return reader


def only_voucher(saft_file):
    (found,) = saft_file.transactions
    return found


@pytest.mark.parametrize("prefix", ["n1", "nl", "", None])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_prefixes_namespaces_and_byte_order_marks_do_not_matter(read, prefix, mark):
    text = saft(customers=[customer("C1", balance(opening="12.50"))], vouchers=[sale("2026-01-05", "100")])
    if prefix is None:
        text = text.replace(' xmlns="urn:StandardAuditFile-Taxation-Financial:NO"', "")
    elif prefix:
        text = text.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        text = text.replace("xmlns=", f"xmlns:{prefix}=")
    found = read(mark + text)
    assert found.header.company_number == "310000000"
    assert found.customers["C1"].balances == (Balance("1500", Decimal("12.50"), None),)
    assert [one.amount for one in only_voucher(found).lines] == [Decimal("100.00"), Decimal("-100.00")]


def test_several_balances_of_a_customer_in_every_shape(read):
    several = customer("C1", balance("1500", "1", "2"), balance("1510", "-3"), balance(None, "4"))
    old = (
        "<Customer><Name>Old</Name><CustomerID>C2</CustomerID><AccountID>1500</AccountID>"
        "<OpeningDebitBalance>5</OpeningDebitBalance><AccountID>1510</AccountID>"
        "<OpeningCreditBalance>6</OpeningCreditBalance><ClosingDebitBalance>7</ClosingDebitBalance></Customer>"
    )
    twice = [customer("C3", balance("1500", "1")), customer("C3", balance("1500", "2"), balance("1510", "3"))]
    found = read(saft(customers=[several, old, *twice])).customers
    as_read = {n: [(b.account, b.opening, b.closing) for b in one.balances] for n, one in found.items()}
    assert as_read == {
        "C1": [("1500", 1, 2), ("1510", -3, None), (None, 4, None)],
        "C2": [("1500", 5, None), ("1510", -6, 7)],
        "C3": [("1500", 3, None), ("1510", 3, None)],
    }


def test_long_decimals_are_rounded_half_up_once(read):
    money = "<CurrencyCode>EUR</CurrencyCode><CurrencyAmount>10.0049999999999999999999999</CurrencyAmount>"
    text = saft(
        vouchers=[voucher("2026-01-05", line("100.005", money=money), line("-2.0049999999999999999", record="2"))]
    )
    first, second = only_voucher(read(text)).lines
    assert (first.amount, first.currency, first.currency_amount) == (Decimal("100.01"), "EUR", Decimal("10.00"))
    assert second.amount == Decimal("-2.00")


def test_a_repeated_or_absent_record_id_gives_the_position(read):
    lines = [line("1", record="a"), line("2", record="b"), line("-3", record="b"), line("4", record="")]
    found = only_voucher(read(saft(vouchers=[voucher("2026-01-05", *lines)])))
    assert [one.record_id for one in found.lines] == ["a", "#2", "#3", "#4"]


def test_periods_as_months_and_the_periods_of_adjustments(read):
    months = "<PeriodStart>{}</PeriodStart><PeriodStartYear>2026</PeriodStartYear><PeriodEnd>{}</PeriodEnd>"
    text = saft(start="S", end="E")
    begin, end = text.index("<SelectionStartDate>"), text.index("</SelectionCriteria>")
    for first, last, expected in (("01", "02", (1, 28, 2)), ("0", "13", (1, 31, 12)), ("2", "2", (2, 28, 2))):
        criteria = months.format(first, last) + "<PeriodEndYear>2026</PeriodEndYear>"
        header = read(text[:begin] + criteria + text[end:]).header
        assert header.start == date(2026, expected[0], 1)
        assert header.end == date(2026, expected[2], expected[1])


def test_empty_dates_of_other_systems_are_no_dates(read):
    fields = "<DueDate>0001-01-01</DueDate>"
    found = only_voucher(read(saft(vouchers=[voucher("2026-01-05T00:00:00", line("1", fields=fields))])))
    assert (found.date, found.lines[0].due_date) == (date(2026, 1, 5), None)


def test_totals_of_source_documents_are_not_the_ledgers(read):
    text = saft().replace(
        "</AuditFile>", "<SourceDocuments><S><TotalDebit>9</TotalDebit></S></SourceDocuments></AuditFile>"
    )
    found = read(
        text.replace("<Journal>", "<NumberOfEntries>0</NumberOfEntries><TotalDebit>1.0</TotalDebit><Journal>", 1)
    )
    assert list(found.transactions) == []
    assert (found.declared.entries, found.declared.debit, found.declared.credit) == (0, 1, None)


def test_another_encoding(read):
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + saft().replace("Furuly Lys", "Tøyen Blåbær")
    assert read(text, "iso-8859-1").header.company_name == "Tøyen Blåbær AS"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (" ", "XML is broken"),
        ("<AuditFile/>", "no Header"),
        ("<Other><Header/></Other>", "not AuditFile"),
        (saft(customers=[customer("")]), "no CustomerID"),
        (saft(start="2026-02-01"), "ends before it begins"),
        (saft(start="2026-02-30"), "SelectionStartDate is '2026-02-30'"),
        (
            saft().replace("<SelectionCriteria>", "<Other>").replace("</SelectionCriteria>", "</Other>"),
            "no SelectionCriteria",
        ),
        (saft(accounts=[account(opening="1e30")]), "more than can be kept"),
        (saft(vouchers=[voucher("", line("1"))]), "no TransactionDate"),
        (saft(vouchers=[voucher("2026-01-05", line("1"), number="")]), "no TransactionID"),
        (saft(vouchers=[voucher("2026-01-05", "<Line/>")]), "a DebitAmount or a CreditAmount"),
        (saft(vouchers=[voucher("2026-01-05", "<Line><DebitAmount/></Line>")]), "no Amount"),
        (saft().replace("<Company>", "<Firm>").replace("</Company>", "</Firm>"), "no Company"),
        (saft(vouchers=[sale("2026-01-05", "1")]).replace("</Journal>", ""), "XML is broken"),
        (saft(customers=[customer("&e;")]), "XML is broken"),
    ],
)
def test_what_cannot_be_read_is_refused_and_says_what_to_do(read, text, told):
    with pytest.raises(ImportRefused) as refusal:
        list(read(text).transactions)
    assert told in str(refusal.value) and refusal.value.line >= 1


def test_the_line_of_a_fault_is_named(read):
    text = saft(vouchers=[voucher("2026-01-05", "\n\n", line("1").replace("<Amount>1", "<Amount>one"))])
    with pytest.raises(ImportRefused) as refusal:
        list(read(text).transactions)
    assert (refusal.value.line, str(refusal.value)) == (3, "Amount is 'one', which cannot be read: write it as 1234.50")


def test_a_doctype_is_refused_and_nothing_outside_is_read(read, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("310011118")
    for doctype in (f'<!DOCTYPE AuditFile [<!ENTITY s SYSTEM "{secret}">]>', f'<!DOCTYPE AuditFile SYSTEM "{secret}">'):
        with pytest.raises(ImportRefused, match="DOCTYPE"):
            read(doctype + saft(company="&s;" if "ENTITY" in doctype else "1"))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ImportRefused, match="cannot be read"):
        read_saft(tmp_path / "nothing.xml")


def test_memory_does_not_grow_with_the_transactions(tmp_path):
    peaks = []
    for count in (500, 10_000):
        path = tmp_path / f"{count}.xml"
        path.write_text(saft(vouchers=(sale("2026-01-05", "1", number=str(n)) for n in range(count))))
        tracemalloc.start()
        found = read_saft(path)
        assert sum(1 for _ in found.transactions) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 200_000


# The rules for a line


@pytest.mark.parametrize(
    ("entry", "terms", "due"),
    [
        ("2017-04-24", Terms(days=15), "2017-05-09"),
        ("2017-04-12", Terms(days=30, free_month=True), "2017-05-30"),
        ("2017-01-31", Terms(months=1), "2017-02-28"),
        ("2017-02-10", Terms(months=1, free_month=True), "2017-03-31"),
        ("2016-01-15", Terms(months=1, days=10, free_month=True), "2016-03-10"),
        ("2017-11-30", Terms(months=3), "2018-02-28"),
        ("2017-04-24", Terms(), "2017-04-24"),
    ],
)
def test_due_dates_by_terms(entry, terms, due):
    assert due_by_terms(date.fromisoformat(entry), terms) == date.fromisoformat(due)


def test_the_lines_own_due_date_comes_first_and_credits_get_none_by_terms(read):
    lines = [line("1", fields="<DueDate>2026-03-03</DueDate>"), line("1", record="2"), line("-2", record="3")]
    found = only_voucher(read(saft(vouchers=[voucher("2026-01-05", *lines)])))
    dues = [due_date_of(one, found.date, Terms(days=10)) for one in found.lines]
    assert dues == [(date(2026, 3, 3), False), (date(2026, 1, 15), True), (None, False)]
    assert due_date_of(found.lines[1], found.date, None) == (None, False)


@pytest.mark.parametrize(
    ("amount", "against", "type_", "kind"),
    [
        ("100", "3000", "", ("invoice", True)),
        ("100", "2700", "", ("invoice", True)),
        ("-100", "3000", "", ("credit_note", True)),
        ("-100", "1920", "", ("payment", True)),
        ("-100", "7830", "", ("write_off", True)),
        ("-100", "8160", "", ("exchange_difference", True)),
        ("-100", "8150", "", ("interest", True)),
        ("100", "1920", "", ("journal", True)),
        ("-100", "2400", "", ("journal", True)),
        ("100", "1920", "SI", ("invoice", False)),
        ("-100", "2400", "Credit note", ("credit_note", False)),
        ("100", "3000", "X9", ("invoice", True)),
    ],
)
def test_kinds(read, amount, against, type_, kind):
    fields = f"<VoucherType>{type_}</VoucherType>"
    lines = [line(amount), line(-Decimal(amount), against, record="2")]
    found = only_voucher(read(saft(vouchers=[voucher("2026-01-05", *lines, fields=fields)])))
    assert kinds_of(found)[Decimal(amount) > 0] == kind


def test_which_lines_are_receivable(read):
    customers = [customer("A", balance("1500")), customer("B", balance(None)), customer("C", balance("2965"))]
    cases = {
        ("A", "1500"): True, ("A", "1510"): False, ("A", "2965"): False, ("B", "2965"): True, ("B", "1510"): True,
        ("B", "1920"): False, ("C", "1500"): False, ("C", "2965"): True, ("X", "1500"): True, ("X", "1920"): False,
        ("", "1500"): False,
    }  # fmt: skip
    lines = [line("1", number, who, str(n)) for n, (who, number) in enumerate(cases)]
    found = read(saft(customers=customers, vouchers=[voucher("2026-01-05", *lines)]))
    named = frozenset(account for one in found.customers.values() for account in one.accounts)
    got = {
        (x.customer, x.account): is_receivable(x, found.customers.get(x.customer), named)
        for x in only_voucher(found).lines
    }
    assert got == cases
