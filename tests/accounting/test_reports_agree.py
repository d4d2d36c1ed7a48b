"""Page, JSON and CSV of a report say the same of any ledger and any question, under hypothesis."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.reports.filters import Filter, Status
from accounting.reports.options import AgeBy, Credits, Currency, Options
from accounting.reports.pages import address
from tests.accounting.test_reports_properties import days, ledger, many, stored

pytestmark = pytest.mark.django_db
NAMES = ("report_open_items", "report_aged_receivables", "report_unpaid_invoices")
options = st.builds(
    Options,
    as_of=days.filter(lambda day: day < date(2026, 11, 1)),
    age_by=st.sampled_from(AgeBy),
    bucket_days=st.sampled_from([(30, 60, 90), (7,), (14, 200)]),
    credits=st.sampled_from(Credits),
    currency=st.sampled_from(Currency),
    paid_after=st.booleans(),
    only=st.builds(
        Filter,
        customers=st.sampled_from(["", "", "1", "0-1", "2,0", "9-"]),
        entry_currency=st.sampled_from(["", "", "EUR"]),
        status=st.none() | st.sampled_from(Status),
        credit_balance=st.booleans(),
        search=st.sampled_from(["", "", "K1", "100"]),
    ),
)


def page_figures(name, shown):
    """By currency: the total, and every row with its figures as JSON writes them."""
    found = {}
    for part in shown.currencies:
        if name == "report_aged_receivables":
            rows = [
                [row.customer_number, *(str(cell.amount) for cell in row.cells), str(row.total)] for row in part.rows
            ]
        else:
            rows = [[line.entry_id, str(line.amount), str(line.open_amount)] for line in part.items]
        found[part.code] = (str(part.total), rows)
    return found


def json_figures(name, report):
    found = {}
    for code, part in report["currencies"].items():
        if name == "report_aged_receivables":
            rows = [[row["customer_number"], *row["amounts"], row["total"]] for row in part["rows"]]
        else:
            rows = [[item["entry_id"], item["amount"], item["open_amount"]] for item in part["items"]]
        found[code] = (part["total"], rows)
    return found


def csv_figures(name, text, columns):
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        if name == "report_aged_receivables":
            one = [row["customer_number"], *(row[column] for column in columns), row["total"]]
        else:
            one = [row["entry_id"], row["amount"], row["open_amount"]]
        found.setdefault(row["currency"], []).append(one)
    return {code: (str(sum(Decimal(row[-1]) for row in rows)), rows) for code, rows in found.items()}


@settings(many, max_examples=80)
@given(ledger, options, st.sampled_from(NAMES))
def test_page_json_and_csv_agree(make_client, make_member, client, ledger, options, name):
    with transaction.atomic():
        company = make_client()
        client.force_login(make_member(company, "rita", "regnskapsforer"))
        with stored(company, *ledger):
            url = address(name, company.organisation_number, options)
            shown = client.get(url).context_data["report"]
            report = json.loads(client.get(f"{url}&format=json").content)
            text = client.get(f"{url}&format=csv").content.decode()
        transaction.set_rollback(True)
    page, written = page_figures(name, shown), json_figures(name, report)
    assert page == written
    rows = {code: figures for code, figures in written.items() if figures[1]}
    assert csv_figures(name, text, report.get("columns", ())) == rows
    if name != "report_aged_receivables":
        for part in shown.currencies:
            assert part.item_count == len(written[part.code][1])
