"""A real file on six dates: Tøyen's columns as shared/data/saft/EXPECTED_toyen_asof.json has them, by page and command."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import Client

pytestmark = pytest.mark.django_db
ORGNR = "888888888"
DATES = ("2016-12-31", "2017-01-26", "2017-01-31", "2017-02-28", "2017-03-31", "2017-04-30")


@pytest.fixture
def toyen(shared):
    call_command("import_saft", str(shared / "data/saft/skatteetaten_toyen_888888888_v1.10.xml"), stdout=StringIO())
    return json.loads((shared / "data/saft/EXPECTED_toyen_asof.json").read_text())


def command(name, as_of):
    out = StringIO()
    call_command("report", name, "--client", ORGNR, "--as-of", as_of, stdout=out)
    return out.getvalue()


def test_the_columns_of_every_date_and_page_and_command_agree(toyen, client, make_member):
    company = Client.objects.get(organisation_number=ORGNR)
    client.force_login(make_member(company, "dag", "daglig_leder"))
    for as_of in DATES:
        written = command("aged-receivables", as_of)
        report = json.loads(written)
        assert report["columns"] == toyen["by_our_rules"]["columns"]
        assert report["currencies"]["NOK"]["totals"] == toyen["by_our_rules"][as_of]
        expected = {number: sum_ for number, sum_ in toyen["by_TransactionDate"][as_of].items() if sum_ != "0.00"}
        assert expected.pop("total") == report["currencies"]["NOK"]["total"]
        rows = report["currencies"]["NOK"]["rows"]
        assert {row["customer_number"]: row["total"] for row in rows if row["total"] != "0.00"} == expected
        for page, name in (
            ("rapporter/aldersfordelt", "aged-receivables"),
            ("rapporter/apne-poster", "open-items"),
            ("fakturaer/ubetalte", "unpaid-invoices"),
        ):
            response = client.get(f"/klient/{ORGNR}/{page}/", {"per": as_of, "format": "json"})
            assert response.content.decode() == command(name, as_of)


def test_the_control_account_differs_and_the_difference_is_shown(toyen):
    found = json.loads(command("aged-receivables", "2017-04-30"))["currencies"]["NOK"]
    assert (found["total"], found["reconciliation"]["difference"]) == ("135500.00", "31800.00")
    assert [one["account"] for one in found["reconciliation"]["accounts"]] == ["1500"]
