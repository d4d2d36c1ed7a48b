"""«Import» as people use it: files dropped and taken away, progress, the result in words, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

NUMBER = "314000005"
HOME = f"/klient/{NUMBER}/"
IMPORT = HOME + "import/"
HEADER = (
    "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,"
    "due_date,currency,amount,currency_amount\n"
)
MATCHES = "debit_entry_id,credit_entry_id,amount,matched_on\n"


def plain(text):
    return re.sub(r"[\s\u2009\u00a0\u202f]+", " ", text)


def row(number, amount, kind="invoice", due="2026-02-10"):
    return f"{number},10,Fjellheim Bygg AS,,{kind},{number},{number},,2026-01-10,{due},,{amount},\n"


def given(name, *rows, header=HEADER):
    return {"name": name, "mimeType": "text/csv", "buffer": (header + "".join(rows)).encode()}


@pytest.fixture(scope="module")
def company(product):
    """A company of this file's own, where Ada is administrator."""
    product.manage("add_client", NUMBER, "--name", "Tindefjell Import AS")
    product.manage("add_member", "--client", NUMBER, "--subject", "ada", "--role", "administrator")
    return product


def send(page):
    page.get_by_role("button", name="Last opp og importer").click()


def ended(page, heading):
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=40_000)


def test_a_file_is_chosen_taken_away_and_imported_and_the_result_is_read(company, sign_in, shot):
    page = sign_in("Ada Administrator", HOME)
    page.get_by_role("navigation", name="Hovedmeny").get_by_role("link", name="Import", exact=True).first.click()
    shot(page, "import-empty")
    files = page.get_by_label("Velg filer")
    files.set_input_files([given("poster.csv", row(1, "100.00"), row(2, "250.50")), given("feil.csv", "x")])
    chosen = page.get_by_role("list", name="Valgte filer").get_by_role("listitem")
    expect(chosen).to_have_count(2)
    shot(page, "import-chosen")
    page.get_by_role("button", name="Fjern feil.csv").press("Enter")
    expect(chosen).to_have_count(1)
    assert files.evaluate("input => input.files.length") == 1
    send(page)
    page.evaluate("document.documentElement.dataset.same = 'yes'")
    ended(page, "Importert")
    assert page.evaluate("document.documentElement.dataset.same") == "yes"  # no reload
    expect(page.get_by_role("status")).to_have_text("Importert")
    text = plain(page.locator("#content").inner_text())
    assert "Nye poster 2" in text
    assert "350,50" in text
    shot(page, "import-done")
    page.get_by_role("link", name="Se åpne poster").click()
    expect(page.locator("tr[data-open]")).to_have_count(2)


def test_progress_is_seen_while_a_large_file_comes_in(company, sign_in, shot):
    page = sign_in("Ada Administrator", IMPORT)
    many = [row(n, f"{n}.00") for n in range(1000, 60_000)]
    page.get_by_label("Velg filer").set_input_files([given("stor.csv", *many)])
    send(page)
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(page.get_by_text(re.compile("er lest|Alt er lest|Filen leses"))).to_be_visible(timeout=20_000)
    shot(page, "import-running")
    ended(page, "Importert")
    expect(bar).to_have_count(0)


def test_a_payment_that_comes_in_empties_another_screen_without_a_reload(company, sign_in):
    first = sign_in("Ada Administrator", IMPORT)
    first.get_by_label("Velg filer").set_input_files([given("ny.csv", row("a1", "7777.00", due="2030-01-10"))])
    send(first)
    ended(first, "Importert")
    other = sign_in("Ada Administrator", HOME)
    widget = other.locator(".widget", has=other.get_by_role("heading", name="Ubetalte fakturaer"))
    before = plain(widget.locator("footer").inner_text())
    other.evaluate("document.documentElement.dataset.same = 'yes'")
    first.goto(company.url + IMPORT)
    payment = row("a2", "-7777.00", "payment", "")
    first.get_by_label("Velg filer").set_input_files([
        given("betaling.csv", payment), given("utligning.csv", "a1,a2,7777.00,\n", header=MATCHES),
    ])  # fmt: skip
    send(first)
    ended(first, "Importert")
    expect(widget.locator("footer")).not_to_have_text(re.compile(re.escape(before[:12])), timeout=40_000)
    assert other.evaluate("document.documentElement.dataset.same") == "yes"


def test_a_refusal_says_file_line_and_what_to_do(company, sign_in, shot):
    page = sign_in("Ada Administrator", IMPORT)
    page.get_by_label("Velg filer").set_input_files([given("endret.csv", row(1, "900.00"))])
    send(page)
    ended(page, "Filen ble avvist, og ingenting av den er ført")
    text = plain(page.locator("#content").inner_text())
    assert "endret.csv, linje 2" in text
    assert "bokførte poster endres ikke" in text
    shot(page, "import-refused")
    page.get_by_role("link", name="Ny import").click()
    page.get_by_label("Velg filer").set_input_files([
        {"name": "bilde.xml", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(64)},
        {"name": "farlig.xml", "mimeType": "text/xml", "buffer": b'<!DOCTYPE a [<!ENTITY b "c">]><AuditFile/>'},
    ])  # fmt: skip
    send(page)
    ended(page, "Filene ble avvist, og ingenting av dem er ført")
    expect(page.get_by_text("Filen er et bilde, som ikke kan importeres")).to_be_visible()
    expect(page.get_by_text("Filen har en DOCTYPE")).to_be_visible()
    page.goto(company.url + IMPORT)
    shot(page, "import-history")


def test_without_scripts_it_is_a_form_and_a_link(company, product, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(product.url + IMPORT)
    page.get_by_role("button", name="Ada Administrator", exact=True).click()
    page.get_by_label("Velg filer").set_input_files([given("uten.csv", row("n1", "10.00"))])
    send(page)
    for _ in range(60):
        if page.get_by_role("heading", name="Importert", exact=True).count():
            break
        page.wait_for_timeout(500)
        page.reload()
    assert "Nye poster 1" in plain(page.locator("#content").inner_text())
    context.close()
