"""Writes a SAF-T Financial 1.30 file of a wanted size, always the same: `python -m bench.saft_file OUT --megabytes 200`.

A year of invoices, payments with and without a reference, part payments and credit notes, some in euro, valid by the
schema, and with totals and closing balances that agree. Amounts are reckoned in øre, as whole numbers.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

YEAR = date(2025, 1, 1)
DAYS = 365
COMPANY = "310000000"
RATE = 11  # kroner for a euro
ACCOUNTS = {
    "1500": "Kundefordringer", "1920": "Bankinnskudd", "2050": "Annen egenkapital", "2700": "Utgående merverdiavgift",
    "3000": "Salgsinntekt",
}  # fmt: skip


class Post(NamedTuple):
    """A line: `ore` in the company's currency, debits positive; in euro where `euro` says so."""

    account: str
    ore: int
    customer: str = ""
    fields: str = ""
    euro: bool = False


class Voucher(NamedTuple):
    """A transaction of a journal, with its lines."""

    journal: str
    id: str
    day: date
    text: str
    posts: list[Post]


def write_saft(out: Path, *, megabytes: float, customers: int = 2000) -> int:
    """Write a file of about `megabytes` (millions of bytes, never under what the customers take); how many vouchers.

    Memory does not grow with the size: the vouchers are made twice, first for the totals that stand before them.
    """
    heads = customers * len(_customer("10001", 0, 0))
    sample = sum(len(_rendered(one)) for journal in ("S", "B") for one in vouchers(journal, 2000, customers)) / 2000
    cases = max(int((megabytes * 1_000_000 - heads) / sample), 1)
    moved: Counter[str] = Counter()
    count = debit = 0
    for journal in ("S", "B"):
        for one in vouchers(journal, cases, customers):
            count += 1
            for post in one.posts:
                debit += max(post.ore, 0)
                moved[post.account] += post.ore
                if post.customer:
                    moved[post.customer] += post.ore
    with out.open("w", encoding="utf-8", newline="\n") as file:
        _head(file, moved, customers)
        file.write(
            f"<GeneralLedgerEntries>\n<NumberOfEntries>{count}</NumberOfEntries>\n"
            f"<TotalDebit>{_money(debit)}</TotalDebit>\n<TotalCredit>{_money(debit)}</TotalCredit>\n"
        )
        for journal, name in (("S", "Salg"), ("B", "Bank")):
            file.write(f"<Journal>\n<JournalID>{journal}</JournalID>\n<Description>{name}</Description>\n")
            file.write(f"<Type>{journal}</Type>\n")
            for one in vouchers(journal, cases, customers):
                file.write(_rendered(one))
            file.write("</Journal>\n")
        file.write("</GeneralLedgerEntries>\n</AuditFile>\n")
    return count


def vouchers(journal: str, cases: int, customers: int) -> Iterator[Voucher]:
    """The vouchers of the sales journal (S) or the bank's (B): `cases` invoices over the year, and what came of them."""
    for case in range(cases):
        chance = case * 2_654_435_761 % 2**32
        customer = str(10_001 + chance // 64 % customers)
        day = YEAR + timedelta(days=case * DAYS // cases)
        net = (chance % 1_250_000 + 2_500) * 4
        gross, euro, number = net * 5 // 4, case % 25 == 7, str(200_000 + case)
        if journal == "S":
            yield _sale(f"F{number}", day, net, customer, f"<ReferenceNumber>{number}</ReferenceNumber>\n<CID>{number}0</CID>\n"
                        f"<DueDate>{day + timedelta(days=14)}</DueDate>\n", euro)  # fmt: skip
        for turn, (journal_of, after, part, fields) in enumerate(_fate(case % 20, number)):
            late = day + timedelta(days=after + chance // 4096 % 20)
            if journal_of != journal or late.year != YEAR.year:
                continue
            if journal == "S":
                yield _sale(f"K{number}", late, -net, customer, fields, euro)
            else:
                ore = gross * part // 100
                posts = [Post("1920", ore), Post("1500", -ore, customer, fields, euro)]
                yield Voucher("B", f"B{number}-{turn}", late, "Innbetaling", posts)


def _fate(turn: int, number: str) -> list[tuple[str, int, int, str]]:
    """What comes of an invoice: in which journal, days after, percent of the sum, and the line's reference."""
    kid = f"<CID>{number}0</CID>\n"
    if turn == 0:
        return []
    if turn == 1:
        return [("S", 10, 100, f"<CrossReference>{number}</CrossReference>\n")]
    if turn == 2:
        return [("B", 8, 40, kid), ("B", 30, 60, kid)]
    if turn == 3:
        return [("B", 12, 75, "")]
    return [("B", 6, 100, "" if turn < 7 else kid)]


def _sale(number: str, day: date, net: int, customer: str, fields: str, euro: bool) -> Voucher:
    tax = net // 4
    posts = [Post("1500", net + tax, customer, fields, euro), Post("3000", -net), Post("2700", -tax)]
    return Voucher("S", number, day, "Faktura" if net > 0 else "Kreditnota", posts)


def _rendered(voucher: Voucher) -> str:
    lines = "".join(_line(position, post, voucher.text) for position, post in enumerate(voucher.posts, start=1))
    return (
        f"<Transaction>\n<TransactionID>{voucher.id}</TransactionID>\n<Period>{voucher.day.month}</Period>\n"
        f"<PeriodYear>{voucher.day.year}</PeriodYear>\n<TransactionDate>{voucher.day}</TransactionDate>\n"
        f"<Description>{voucher.text} {voucher.id}</Description>\n<SystemEntryDate>{voucher.day}</SystemEntryDate>\n"
        f"<GLPostingDate>{voucher.day}</GLPostingDate>\n{lines}</Transaction>\n"
    )


def _line(position: int, post: Post, text: str) -> str:
    side = "Debit" if post.ore > 0 else "Credit"
    amount = abs(post.ore)
    money = f"<Amount>{_money(amount)}</Amount>\n"
    if post.euro:
        money += (
            f"<CurrencyCode>EUR</CurrencyCode>\n<CurrencyAmount>{_money(amount // RATE)}</CurrencyAmount>\n"
            f"<ExchangeRate>{RATE}</ExchangeRate>\n"
        )
    customer = f"<CustomerID>{post.customer}</CustomerID>\n" if post.customer else ""
    return (
        f"<Line>\n<RecordID>{position}</RecordID>\n<AccountID>{post.account}</AccountID>\n{customer}"
        f"<Description>{text}</Description>\n<{side}Amount>\n{money}</{side}Amount>\n{post.fields}</Line>\n"
    )


def _head(file: IO[str], moved: Counter[str], customers: int) -> None:
    openings = {str(10_001 + turn): 100_000 * (turn % 7) for turn in range(customers)}
    start = {"1500": sum(openings.values()), "2050": -sum(openings.values())}
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<AuditFile xmlns="urn:StandardAuditFile-Taxation-Financial:NO">\n'
        "<Header>\n<AuditFileVersion>1.30</AuditFileVersion>\n<AuditFileCountry>NO</AuditFileCountry>\n"
        "<AuditFileDateCreated>2026-01-15</AuditFileDateCreated>\n<SoftwareCompanyName>Bench</SoftwareCompanyName>\n"
        "<SoftwareID>bench</SoftwareID>\n<SoftwareVersion>1</SoftwareVersion>\n<Company>\n"
        f"<RegistrationNumber>{COMPANY}</RegistrationNumber>\n<Name>Furuly Lys AS</Name>\n"
        "<Address>\n<City>Bergen</City>\n<Country>NO</Country>\n</Address>\n<Contact>\n<ContactPerson>\n"
        "<FirstName>Rita</FirstName>\n<LastName>Regnskap</LastName>\n</ContactPerson>\n</Contact>\n</Company>\n"
        "<DefaultCurrencyCode>NOK</DefaultCurrencyCode>\n<SelectionCriteria>\n"
        f"<SelectionStartDate>{YEAR}</SelectionStartDate>\n"
        f"<SelectionEndDate>{YEAR + timedelta(days=DAYS - 1)}</SelectionEndDate>\n</SelectionCriteria>\n"
        "<TaxAccountingBasis>A</TaxAccountingBasis>\n<UserID>1</UserID>\n</Header>\n"
        "<MasterFiles>\n<GeneralLedgerAccounts>\n"
    )
    for number, name in ACCOUNTS.items():
        opening = start.get(number, 0)
        file.write(
            f"<Account>\n<AccountID>{number}</AccountID>\n<AccountDescription>{name}</AccountDescription>\n"
            f"<GroupingCategory>RF-1167</GroupingCategory>\n<GroupingCode>{number}</GroupingCode>\n"
            f"<AccountType>GL</AccountType>\n{_balances(opening, opening + moved[number])}</Account>\n"
        )
    file.write("</GeneralLedgerAccounts>\n<Customers>\n")
    for number, opening in openings.items():
        file.write(_customer(number, opening, opening + moved[number]))
    file.write("</Customers>\n</MasterFiles>\n")


def _customer(number: str, opening: int, closing: int) -> str:
    return (
        f"<Customer>\n<RegistrationNumber>{_organisation_number(int(number))}</RegistrationNumber>\n"
        f"<Name>Kunde {number}</Name>\n<Address>\n<City>Bergen</City>\n<Country>NO</Country>\n</Address>\n"
        f"<CustomerID>{number}</CustomerID>\n<BalanceAccount>\n<AccountID>1500</AccountID>\n"
        f"{_balances(opening, closing)}</BalanceAccount>\n<PartyInfo>\n<PaymentTerms>\n<Days>14</Days>\n</PaymentTerms>\n"
        "</PartyInfo>\n</Customer>\n"
    )


def _balances(opening: int, closing: int) -> str:
    found = ""
    for name, ore in (("Opening", opening), ("Closing", closing)):
        side = "Credit" if ore < 0 else "Debit"
        found += f"<{name}{side}Balance>{_money(abs(ore))}</{name}{side}Balance>\n"
    return found


def _organisation_number(turn: int) -> str:
    """One whose check digit (mod 11) is right, from 9xxxxxxx; the next where there is none for it."""
    for seed in islice(range(90_000_000 + turn * 11, 99_999_999), 11):
        rest = sum(int(digit) * weight for digit, weight in zip(str(seed), (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if rest != 1:
            return f"{seed}{(11 - rest) % 11}"
    raise ValueError(turn)


def _money(ore: int) -> str:
    return f"{'-' if ore < 0 else ''}{abs(ore) // 100}.{abs(ore) % 100:02d}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--customers", type=int, default=2000)
    given = parser.parse_args()
    count = write_saft(given.out, megabytes=given.megabytes, customers=given.customers)
    print(f"{given.out}: {given.out.stat().st_size / 1_000_000:.1f} MB, {count} vouchers")


if __name__ == "__main__":
    main()
