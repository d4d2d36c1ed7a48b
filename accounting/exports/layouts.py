"""The three reports as tables, in words, as their pages show them: what xlsx and pdf are written from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from access.models import Client
from access.templatetags.figures import count, money, organisation_number
from accounting.exports.item_columns import Read, item_columns
from accounting.exports.table import Column, Kind, Row, RowKind, Section, Table
from accounting.reports.aged_page import Compared, share
from accounting.reports.aged_receivables import AgedCurrency, AgedReceivables, aged_receivables
from accounting.reports.item_report import ItemReport, ItemsOfCurrency
from accounting.reports.items import OPEN_ITEMS, Item
from accounting.reports.open_items import open_items
from accounting.reports.options import AgeBy, Credits, Currency, Options
from accounting.reports.pages import STATUS_LABELS, columns_of, narrowed_by
from accounting.reports.paid_after import PaidAfter, paid_after
from accounting.reports.query import ZERO
from accounting.reports.unpaid_invoices import unpaid_invoices

NAMES = {
    "open-items": "apne-poster-kunder",
    "aged-receivables": "aldersfordelte-kundefordringer",
    "unpaid-invoices": "ubetalte-fakturaer",
}


def report_table(
    client: Client, name: str, options: Options, *, made_by: str, made_at: datetime, grouped: bool
) -> Table:
    """The report of this name («open-items», …) in the active language. Inside the client's scope; reads all of it.

    `grouped`: open items stand under their customers with a sum for each, as on the page; else every line names its
    customer, so that a spreadsheet can sort and filter it.
    """
    if name == "aged-receivables":
        return _aged(client, options, made_by, made_at)
    report = open_items(client, options) if name == "open-items" else unpaid_invoices(client, options)
    return _items(client, report, made_by, made_at, grouped=grouped and name == "open-items")


def _table(
    client: Client,
    name: str,
    options: Options,
    columns: tuple[Column, ...],
    sections: Iterator[Section],
    made_by: str,
    made_at: datetime,
) -> Table:
    titles = {
        "open-items": _("Open items"), "aged-receivables": _("Aged receivables"), "unpaid-invoices": _("Unpaid invoices"),
    }  # fmt: skip
    moment = timezone.localtime(made_at)
    made = {"day": date_format(moment, "d.m.Y"), "time": date_format(moment, "H.i"), "person": made_by}
    return Table(
        name=f"{NAMES[name]}_{client.organisation_number}_{options.as_of}",
        title=titles[name],
        company=client.name,
        organisation_number=organisation_number(client.organisation_number),
        facts=tuple(_facts(client, name, options)),
        columns=columns,
        sections=tuple(sections),
        notes=tuple(_notes(options)),
        made=(_("Made on {day} at {time} by {person}") if made_by else _("Made on {day} at {time}")).format(**made),
        language=get_language() or "nb",
    )


def _facts(client: Client, name: str, options: Options) -> Iterator[tuple[str, str]]:
    yield _("As of"), date_format(options.as_of, "d.m.Y")
    if name == "aged-receivables":
        by_due_date = options.age_by == AgeBy.DUE_DATE
        yield _("Age by"), pgettext("what age counts from", "Due date") if by_due_date else _("Entry date")
        yield _("Intervals (days)"), ", ".join(map(str, options.bucket_days))
        yield _("Credits"), _("Own column") if options.credits == Credits.SEPARATE else _("By age")
    if options.currency == Currency.ORIGINAL:
        yield _("Currency"), _("Each its own")
    else:
        base = _("Base currency")
        yield _("Currency"), f"{base} ({client.base_currency})"
    only = [str(link.label) for link in narrowed_by("report_open_items", client.organisation_number, options, "")]
    if options.only.status:
        only.append(str(STATUS_LABELS[options.only.status]))
    if only:
        yield _("Shows only"), ", ".join(only)


def _notes(options: Options) -> Iterator[str]:
    yield _("As the books stood at the end of %(day)s. Payments after that date are not deducted.") % {
        "day": date_format(options.as_of, "d.m.Y")
    }
    if options.currency == Currency.BASE:
        yield _("Amounts in other currencies are at the rate they were booked.")


# Open items and unpaid invoices


def _items(client: Client, report: ItemReport, made_by: str, made_at: datetime, *, grouped: bool) -> Table:
    options = report.options
    chosen = item_columns(report.listing.name, options, with_customer=not grouped)
    titled = len(report.currencies) > 1 or options.currency == Currency.ORIGINAL
    sections = (
        Section(code if titled else "", _item_rows(report, part, [of for _column, of in chosen], grouped))
        for code, part in report.currencies.items()
    )
    columns = tuple(column for column, _of in chosen)
    return _table(client, report.listing.name, options, columns, sections, made_by, made_at)


def _item_rows(report: ItemReport, part: ItemsOfCurrency, of: list[Read], grouped: bool) -> Iterator[Row]:
    def lines(items: Any) -> Iterator[Row]:
        for item in items:
            yield Row(tuple(one(item) for one in of))

    if not grouped:
        yield from lines(part.items)
    else:
        for _number, found in groupby(part.items, key=lambda item: item.customer_number):
            items = list(found)
            yield Row(_group_head(items, of), RowKind.GROUP)
            yield from lines(items)
    number = len(part.items)
    if report.listing is OPEN_ITEMS:
        said = ngettext("Sum {number} open item", "Sum {number} open items", number)
    else:
        said = ngettext("Sum {number} invoice", "Sum {number} invoices", number)
    yield Row(_sums(said.format(number=count(number)), part.items, of), RowKind.TOTAL)


def _group_head(items: list[Item], of: list[Read]) -> tuple[Any, ...]:
    """The customer, and the sum of each column that is summed but the first, where the name stands."""
    first, number = items[0], len(items)
    said = ngettext("{number} item", "{number} items", number).format(number=count(number))
    return _sums(f"{first.customer_number} {first.customer_name} · {said}", items, of)


def _sums(said: str, items: Sequence[Item], of: list[Read]) -> tuple[Any, ...]:
    return (said, *(sum((one(item) for item in items), ZERO) if one.summed else None for one in of[1:]))


# Aged receivables


def _aged(client: Client, options: Options, made_by: str, made_at: datetime) -> Table:
    report, paid = aged_receivables(client, options), paid_after(client, options)
    columns = [
        Column("kunde", _("Customer no."), Kind.TEXT, 9),
        Column("navn", _("Customer"), Kind.TEXT, 34),
        *(Column(one.key, str(one.label), Kind.MONEY, 13) for one in columns_of(options)),
        Column("sum", _("Sum"), Kind.MONEY, 14),
    ]
    if paid:
        columns.append(Column("innbetalt", _("Paid after"), Kind.MONEY, 13))
    titled = len(report.currencies) > 1 or options.currency == Currency.ORIGINAL
    sections = (
        Section(code if titled else "", _aged_rows(code, part, paid), tuple(_reconciled(report, part)))
        for code, part in report.currencies.items()
    )
    whole = replace(options, paid_after=False)
    return _table(client, report.name, whole, tuple(columns), sections, made_by, made_at)


def _aged_rows(code: str, part: AgedCurrency, paid: PaidAfter | None) -> Iterator[Row]:
    for row in part.rows:
        after = (paid.of(code, row.customer_id),) if paid else ()
        yield Row((row.customer_number, row.customer_name, *row.amounts, row.total, *after))
    said = ngettext("Sum {number} customer", "Sum {number} customers", part.customers).format(
        number=count(part.customers)
    )
    after = (paid.total(code),) if paid else ()
    yield Row((said, None, *part.totals, part.total, *after), RowKind.TOTAL)
    if part.total > 0:
        shares = (share(amount, part.total) for amount in part.totals)
        yield Row((_("Share of the sum"), None, *shares, Decimal("100.0"), *((None,) if paid else ())), RowKind.SHARE)


def _reconciled(report: AgedReceivables, part: AgedCurrency) -> Iterator[str]:
    options = report.options
    if part.reconciliation is None:
        if options.currency == Currency.BASE and not options.only:
            yield _(
                "The general ledger does not cover this date, so the sub-ledger cannot be held against its control accounts."
            )
        return
    found = Compared.of(part.reconciliation, part.total)
    numbers = ", ".join(one.account for one in found.accounts)
    agrees = _("Agrees with account") if found.agrees else _("Does not agree with account")
    said, account, difference = _("Sub-ledger"), _("account"), _("difference")
    told = [f"{said} {money(found.subledger)}"]
    if not found.agrees:
        told += [f"{account} {one.account} {money(one.balance)}" for one in found.accounts]
        told.append(f"{difference} {money(found.difference)}")
    yield f"{agrees} {numbers}. {', '.join(told)}."
