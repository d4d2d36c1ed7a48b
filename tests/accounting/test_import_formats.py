"""Real files of every format by the page: told by their content, given to their service, and what becomes of them."""

import zipfile
from importlib.util import find_spec
from io import BytesIO

import pytest

from access.services import add_member, create_client, known_person
from accounting.imports.recognise import Content, recognise
from tests.accounting.importing import named, words, work

NSG = "/klient/20202020/import/"


def test_every_real_file_is_told_by_its_content(shared):
    found = {}
    for folder in ("ehf", "bank", "nsg"):
        for path in sorted((shared / "data" / folder).rglob("*")):
            if path.suffix.lower() in (".xml", ".txt"):
                found.setdefault(recognise(path), []).append(path.name)
    assert {one: len(names) > 2 for one, names in found.items()} == {Content.INVOICE: True, Content.PAYMENTS: True}
    ocr = "netsgiro_ocr_giro_transactions.txt"
    assert ocr in found[Content.PAYMENTS]
    assert not [name for name in found[Content.PAYMENTS] if "faktura" in name or "credit" in name.lower()]
    for path in (shared / "data" / "saft").rglob("*.xml"):
        assert recognise(path) == Content.SAFT


@pytest.fixture
def nsg(client, db, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    company = create_client(organisation_number="20202020", name="NSG Catering", country="DK", base_currency="DKK")
    person = known_person(subject="rita", name="Rita")
    add_member(client=company, user=person, role_key="regnskapsforer")
    client.force_login(person)
    return company


def test_invoices_in_a_zip_and_statements_come_in_by_the_page_in_one_go(shared, client, nsg):
    if not all(find_spec(f"accounting.services.{one}_import") for one in ("invoice", "payment")):
        pytest.skip("needs the imports of invoices and payments")
    files = sorted((shared / "data" / "nsg").rglob("*.xml"))
    invoices = [path for path in files if recognise(path) == Content.INVOICE]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in invoices:
            archive.write(path, path.name)
    statements = [named(path.name, path.read_bytes()) for path in files if path not in invoices]
    answer = client.post(NSG, {"files": [*statements, named("fakturaer.zip", packed.getvalue())]})
    first, second = work(nsg)
    assert [(run.kind, run.status) for run in (first, second)] == [("invoices", "done"), ("payments", "done")], (
        first.refusals, second.refusals,
    )  # fmt: skip
    assert first.summary["entries"]["created"] == len(invoices) == 14
    assert second.summary["matches"]["created"] > 0
    text = words(client.get(answer["Location"]))
    assert "506 800,00" in text.replace("\u2009", " ")
    page = client.get(f"{NSG}{second.pk}/")
    assert "Se uidentifiserte innbetalinger" in words(page)
