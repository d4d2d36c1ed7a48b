"""Files given by the page «Import», and the worker's part of it done at once."""

import re
from io import BytesIO

from django.utils import timezone

from access.tenancy import client_scope
from accounting.models import ImportRun
from accounting.services import import_runs

PAGE = "/klient/310000000/import/"
HEADER = (
    "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,"
    "due_date,currency,amount,currency_amount"
)
MATCHES = "debit_entry_id,credit_entry_id,amount,matched_on"


def named(name, content):
    """A file as a browser sends it."""
    file = BytesIO(content if isinstance(content, bytes) else content.encode())
    file.name = name
    return file


def invoice(entry="1", amount="100.00", customer="10"):
    return f"{entry},{customer},Kari Kunde,,invoice,{entry},{entry},,2026-01-10,2026-01-24,,{amount},"


def entries(*rows):
    return "\n".join([HEADER, *rows]) + "\n"


def upload(browser, *files, **options):
    """Send the form; the answer."""
    return browser.post(PAGE, {"files": list(files), **options})


def runs(company):
    with client_scope(company):
        return list(ImportRun.objects.for_client(company).select_related("by").order_by("pk"))


def work(company):
    """What the worker does, until nothing waits; the runs as they ended."""
    while (found := import_runs.next_run(company)) and import_runs.run_import(
        client=company, run_id=found, clock=timezone.now
    ):
        pass
    return runs(company)


def words(answer):
    """A page's text, without marks and doubled spaces."""
    text = re.sub(r"(?s)<(script|style|head).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("&nbsp;", " "))
