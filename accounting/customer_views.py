"""The customers: found, one by one with what she owes, her statement, and her own data."""

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import ClientRequest, requires
from access.models import Client
from access.privileges import REPORTS, Level
from accounting.exports import pdf, xlsx
from accounting.exports.pdf import write_pdf
from accounting.exports.table import Table
from accounting.exports.xlsx import write_xlsx
from accounting.models import Customer
from accounting.notes import last_choice, notes_of_customer
from accounting.reports import customers as customer_list
from accounting.reports import statement as statements
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.customers import customers_page, days_to_pay
from accounting.reports.filters import Filter, Status
from accounting.reports.items import OPEN_ITEMS
from accounting.reports.items_page import items_page
from accounting.reports.options import Currency, Options
from accounting.reports.pages import Link, address, columns_of
from accounting.reports.position import AFTER, BEFORE, BadPosition, Position, read_position
from accounting.reports.shown import on_page
from accounting.reports.statement import page_of_statement, statement
from accounting.reports.statement_table import CSV_HEADER, csv_rows, first_of_year, statement_table
from accounting.reports.words import PAGE, OptionErrors, Words, parse
from accounting.services.customers import CustomerRefused, change_customer, has_doubtful_number

_CUSTOMER_WORDS = Words({name: PAGE.name(name) for name in ("as_of", "currency")}, currencies=PAGE.currencies)
_MOST_TEXT = 200
_FILES = {"xlsx": "Excel", "pdf": "PDF", "csv": "CSV"}
# What can be written while somebody waits.
_MOST_ROWS = {"xlsx": 20_000, "pdf": 1_000}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@requires(REPORTS, read_only=True)
@require_safe
def customers(request: ClientRequest, client: Client) -> HttpResponse:
    """Every customer by number, or those that are looked for, with what is open of each today."""
    search, errors = request.GET.get("sok", "").strip(), {}
    if len(search) > _MOST_TEXT or "\x00" in search:
        errors["sok"] = _("Write at most 200 ordinary characters.")
    position = _position(request, customer_list.KEYS, errors)
    page = None if errors else customers_page(client, search=search, today=timezone.localdate(), position=position)
    here = reverse("customers", args=[client.organisation_number])
    context = {"page": page, "search": search, "errors": errors, "around": page and _around(here, page, sok=search)}
    return TemplateResponse(request, "customers/customers.html", context, status=400 if errors else 200)


@requires(REPORTS, read_only=True)
@require_safe
def customer(request: ClientRequest, client: Client, number: str) -> HttpResponse:
    """What one customer owes, by age and item by item, how she pays, and what was noted of her."""
    one, today, errors = _customer(client, number), timezone.localdate(), {}
    try:
        options = parse(request.GET, _CUSTOMER_WORDS, today=today)
    except OptionErrors as wrong:
        errors, options = wrong.by_field, Options(as_of=today)
    hers = replace(options, only=Filter(customer_id=one.pk))
    aged = aged_receivables(client, hers)
    report = items_page(
        "report_open_items", OPEN_ITEMS, tuple(Status), client, hers, None, summary=False, reader=request.user
    )
    named = replace(options, only=Filter(customers=one.number))
    context = {
        **_head(request, one),
        "errors": errors,
        "options": options,
        "today": today,
        "columns": columns_of(options),
        "aged": [(code, part, aged.overdue(code)) for code, part in aged.currencies.items()],
        "report": report,
        "shown": on_page("open-items", (), paid_after=False),
        "all_items_url": address("report_open_items", client.organisation_number, named),
        "pays": days_to_pay(client, one, options.as_of),
        "notes": notes_of_customer(client, request.user, one)[:100],
        "note_shared": last_choice(client, request.user),
        "form": {"per": options.as_of.isoformat(), "valuta": request.GET.get("valuta", ""), "kunde": one.number},
        "tab": "overview",
    }
    return TemplateResponse(request, "customers/customer.html", context, status=400 if errors else 200)


@requires(REPORTS, read_only=True)
@require_safe
def customer_statement(request: ClientRequest, client: Client, number: str) -> HttpResponse:
    """«Kontoutskrift» over a period, page by page; as a file whole."""
    one, today = _customer(client, number), timezone.localdate()
    errors: dict[str, Any] = {}
    first = _day(request.GET.get("fra", ""), first_of_year(today), "fra", errors)
    last = _day(request.GET.get("til", ""), today, "til", errors)
    if not errors and first > last:
        errors["fra"] = _("The first day must not be after the last.")
    currency = PAGE.currencies.get(request.GET.get("valuta", "") or "regnskap")
    if currency is None:
        errors["valuta"] = _("Choose one of: {words}.").format(words=", ".join(PAGE.currencies))
    wanted = request.GET.get("format", "")
    if wanted and wanted not in _FILES:
        errors["format"] = _("This file format is not known. Choose Excel, PDF or CSV.")
    position = _position(request, statements.KEYS, errors)
    if wanted and not errors:
        found = statement(client, one, first=first, last=last, currency=currency or Currency.BASE)
        name = f"kontoutskrift_{client.organisation_number}_{_plain(one.number)}_{first}_{last}"
        if wanted == "csv":
            return _csv(found, name)
        if sum(part.sums.entries for part in found.parts) <= _MOST_ROWS[wanted]:
            table = statement_table(client, found, name, made_by=str(request.user), made_at=timezone.now())
            return _written(table, wanted)
        errors["format"] = _("There are too many entries for one file. Choose a shorter period, or CSV.")
    page = None
    if not errors:
        page = page_of_statement(
            client, one, first=first, last=last, currency=currency or Currency.BASE, position=position
        )
    here = reverse("customer_statement", args=[client.organisation_number, one.number])
    asked = {"fra": first.isoformat(), "til": last.isoformat()}
    if currency == Currency.ORIGINAL:
        asked["valuta"] = "original"
    context = {
        **_head(request, one),
        "errors": errors,
        "page": page,
        "original": currency == Currency.ORIGINAL,
        "around": page and _around(here, page, **asked),
        "form": {name: request.GET.get(name, "") or asked.get(name, "") for name in ("fra", "til", "valuta")},
        "files": [Link(label, f"{here}?{urlencode({**asked, 'format': wanted})}") for wanted, label in _FILES.items()],
        "tab": "statement",
    }
    return TemplateResponse(request, "customers/statement.html", context, status=400 if errors else 200)


@requires(REPORTS, level=Level.FULL)
@require_http_methods(["GET", "HEAD", "POST"])
def customer_edit(request: ClientRequest, client: Client, number: str) -> HttpResponse:
    """Her organisation number, country, whether she is a person, and whether she is related to the company."""
    one = _customer(client, number)
    values = {
        "organisation_number": one.organisation_number,
        "country": one.country,
        "private_person": one.private_person,
        "related_party": one.related_party,
    }
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {
            "organisation_number": request.POST.get("organisasjonsnummer", "").strip(),
            "country": request.POST.get("land", "").strip().upper(),
            "private_person": "privatperson" in request.POST,
            "related_party": "narstaende" in request.POST,
        }
        try:
            change_customer(client=client, customer_id=one.pk, values=values, actor=request.user)
            return redirect("customer", client.organisation_number, one.number)
        except CustomerRefused as refused:
            errors[refused.field] = _refused(refused.reason)
    context = {**_head(request, one), "values": values, "errors": errors}
    return TemplateResponse(request, "customers/edit.html", context, status=400 if errors else 200)


def _refused(reason: str) -> str:
    return {
        "identity_number": _(
            "This is a national identity number, which is not kept here. Tick «Private person» instead."
        ),
        "country": _("Write the country as two letters, for example NO."),
        "long": _("Write at most 40 ordinary characters."),
    }[reason]


def _customer(client: Client, number: str) -> Customer:
    found = Customer.objects.for_client(client).filter(number=number).first() if "\x00" not in number else None
    if found is None:
        raise Http404
    return found  # type: ignore[no-any-return]


def _head(request: ClientRequest, one: Customer) -> dict[str, Any]:
    return {
        "customer": one,
        "doubtful_number": has_doubtful_number(one),
        "may_change": request.rights.full(REPORTS),
        "is_administrator": request.rights.membership.role.is_administrator,
    }


def _position(request: HttpRequest, keys: int, errors: dict[str, Any]) -> Position | None:
    try:
        return read_position(request.GET.get(AFTER, ""), request.GET.get(BEFORE, ""), keys)
    except BadPosition:
        errors[AFTER] = _("This page of the report cannot be found again. Begin on the first page.")
        return None


def _around(here: str, page: Any, **asked: str) -> dict[str, str | None]:
    """The addresses of the pages round this one."""

    def url(**more: str) -> str:
        query = urlencode({name: value for name, value in {**asked, **more}.items() if value})
        return f"{here}?{query}" if query else here

    return {
        "first": url() if page.previous else None,
        "previous": url(**{BEFORE: page.previous.text()}) if page.previous else None,
        "following": url(**{AFTER: page.following.text()}) if page.following else None,
    }


def _day(text: str, default: date, name: str, errors: dict[str, Any]) -> date:
    if not text.strip():
        return default
    try:
        return parse({"per": text}, Words({"as_of": "per"})).as_of
    except OptionErrors as wrong:
        errors[name] = wrong.by_field["per"]
        return default


def _written(table: Table, wanted: str) -> HttpResponse:
    write, content_type = (write_pdf, pdf.CONTENT_TYPE) if wanted == "pdf" else (write_xlsx, xlsx.CONTENT_TYPE)
    headers = {"Content-Disposition": f'attachment; filename="{table.name}.{wanted}"'}
    return HttpResponse(write(table), content_type=content_type, headers=headers)


def _csv(found: statements.Statement, name: str) -> HttpResponse:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADER)
    for row in csv_rows(found):
        writer.writerow([f"'{cell}" if str(cell).startswith(_FORMULA) and as_text else cell for cell, as_text in row])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _plain(number: str) -> str:
    return "".join(sign for sign in number if sign.isascii() and sign.isalnum()) or "kunde"
