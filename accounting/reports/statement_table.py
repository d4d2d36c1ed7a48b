"""A statement as a table: the rows of its csv, and what the formats of accounting/exports are written from."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from access.models import Client
from access.templatetags.figures import organisation_number
from accounting.exports.table import Column, Kind, Row, RowKind, Section, Table
from accounting.reports.options import Currency
from accounting.reports.statement import Statement, StatementPart

CSV_HEADER = (
    "customer_number", "entry_id", "entry_date", "kind", "voucher_number", "invoice_number", "kid", "due_date",
    "description", "currency", "amount", "open_amount", "balance",
)  # fmt: skip


def first_of_year(today: date) -> date:
    """Where a statement begins that nobody chose a first day for."""
    return today.replace(month=1, day=1)


def csv_rows(found: Statement) -> Iterator[list[tuple[Any, bool]]]:
    """A row for each entry in the order of CSV_HEADER: the cell, and whether it is a text."""
    for part in found.parts:
        for line in part.lines:
            yield [
                (found.customer.number, True), (line.entry_id, True), (line.entry_date, False), (line.kind, False),
                (line.voucher_number, True), (line.invoice_number, True), (line.kid, True), (line.due_date or "", False),
                (line.description, True), (line.currency, False), (line.amount, False), (line.open_amount, False),
                (line.balance, False),
            ]  # fmt: skip


def statement_table(client: Client, found: Statement, name: str, *, made_by: str, made_at: datetime) -> Table:
    """The statement for xlsx and pdf, with opening and closing balance; one section for each currency.

    `name` is the file's, without a suffix. In the active language.
    """
    moment = timezone.localtime(made_at)
    made = {"day": date_format(moment, "d.m.Y"), "time": date_format(moment, "H.i"), "person": made_by}
    columns = (
        Column("dato", _("Entry date"), Kind.DATE, 11),
        Column("bilag", _("Voucher"), Kind.TEXT, 12),
        Column("art", _("Kind"), Kind.TEXT, 16),
        Column("fakturanr", _("Invoice no."), Kind.TEXT, 12),
        Column("forfall", _("Due date"), Kind.DATE, 11),
        Column("belop", _("Amount"), Kind.MONEY, 14),
        Column("rest", _("Open amount"), Kind.MONEY, 14),
        Column("saldo", _("Balance"), Kind.MONEY, 14),
    )
    customer = found.customer
    facts = [
        (_("Customer"), f"{customer.number} {customer.name}"),
        (_("Period"), f"{found.first:%d.%m.%Y}–{found.last:%d.%m.%Y}"),
    ]
    if customer.organisation_number:
        facts.insert(1, (_("Organisation number"), organisation_number(customer.organisation_number)))
    named = found.currency == Currency.ORIGINAL
    facts.append((_("Currency"), _("Each its own") if named else client.base_currency))
    return Table(
        name=name,
        title=_("Statement"),
        company=client.name,
        organisation_number=organisation_number(client.organisation_number),
        facts=tuple(facts),
        columns=columns,
        sections=tuple(Section(part.code if named else "", tuple(_rows(part, found))) for part in found.parts),
        notes=(_("Open amounts are as of the last day of the period."),),
        made=_("Made on {day} at {time} by {person}").format(**made),
        language=get_language() or "nb",
    )


def _rows(part: StatementPart, found: Statement) -> Iterator[Row]:
    nothing = (None,) * 5
    yield Row((_("Opening balance"), *nothing, None, part.sums.opening), RowKind.TOTAL)
    for line in part.lines:
        yield Row((
            line.entry_date, line.voucher_number, str(line.kind_label), line.invoice_number, line.due_date,
            line.amount, line.open_amount, line.balance,
        ))  # fmt: skip
    moved = part.sums.debit + part.sums.credit
    yield Row((_("Closing balance"), None, None, None, None, moved, None, part.sums.closing), RowKind.TOTAL)
