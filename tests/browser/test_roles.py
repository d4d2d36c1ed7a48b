"""«Roller» in the admin site as the administrator meets it, while somebody else is signed in all along."""

import json

import pytest
from playwright.sync_api import expect

from .test_consent import until

FURULY = "310000000"
BUTTON = "Fakturafinansiering"
LOG = f"""
import json
from access.models import AuditEntry, Client
from access.tenancy import client_scope
client = Client.objects.get(organisation_number="{FURULY}")
with client_scope(client):
    found = AuditEntry.objects.for_client(client).filter(action="role.changed").order_by("at")
    print(json.dumps([[one.actor_name, one.actor_role, one.details] for one in found]))
"""


@pytest.fixture(scope="module")
def opened(product, browser, browser_context_args):
    """Furuly Lys AS has an account at the bank, so that there is a widget to see; opened here where it is not yet."""
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.goto(f"{product.url}/klient/{FURULY}/fakturafinansiering/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")
    tick = page.get_by_role("checkbox", name="Jeg godtar at Buffer får tilgang til denne klienten")
    if tick.count():
        tick.check()
        with context.expect_page() as window:
            page.get_by_role("button", name="Sjekk bedriftens Buffer").click()
        bank = window.value
        bank.get_by_role("button", name="Dag Leder", exact=True).click()
        bank.get_by_role("button", name="Godta og åpne konto").click(timeout=60_000)
        bank.wait_for_url(product.url + "/**", timeout=60_000)
    until(page, f"{product.url}/klient/{FURULY}/innstillinger/fakturafinansiering/", "Kredittgrense")
    context.close()


def roles(product, page):
    page.goto(f"{product.url}/admin/klient/{FURULY}/roller/")


def log(product):
    return json.loads(product.manage("shell", "--verbosity", "0", "-c", LOG).strip().splitlines()[-1])


def test_a_right_is_given_and_withdrawn_while_rita_is_signed_in(product, opened, sign_in, shot):
    rita = sign_in("Rita Regnskap", f"/klient/{FURULY}/rapporter/aldersfordelt/")
    expect(rita.get_by_role("button", name=BUTTON)).to_have_count(0)
    before = len(log(product))
    ada = sign_in("Ada Administrator", f"/admin/klient/{FURULY}/roller/")
    for level, was, count in (("Full tilgang", "Ingen tilgang", 1), ("Ingen tilgang", "Full tilgang", 0)):
        roles(product, ada)
        expect(ada.get_by_role("button", name="Se over endringene")).to_be_hidden()  # nothing to look over yet
        field = ada.get_by_label(f"{BUTTON}, Regnskapsfører")
        field.select_option(label=level)
        expect(ada.get_by_text("1 endring som ikke er lagret")).to_be_visible()
        expect(ada.get_by_text(f"Før: {was}").locator("visible=true")).to_have_count(1)
        shot(ada, f"roles-{count}")
        ada.get_by_role("button", name="Se over endringene").click()
        expect(ada.get_by_text("Gjelder 1 person: Rita Regnskap")).to_be_visible()
        rita.reload()
        expect(rita.get_by_role("button", name=BUTTON)).to_have_count(1 - count)  # nothing is saved yet
        shot(ada, f"roles-review-{count}")
        ada.get_by_role("button", name="Lagre endringen").click()
        expect(ada.get_by_text("1 rolle er endret.")).to_be_visible()
        rita.reload()
        expect(rita.get_by_role("button", name=BUTTON)).to_have_count(count)
        rita.goto(f"{product.url}/klient/{FURULY}/")
        expect(rita.get_by_role("heading", name=BUTTON)).to_have_count(count)
        rita.goto(f"{product.url}/klient/{FURULY}/rapporter/aldersfordelt/")
    assert rita.goto(f"{product.url}/klient/{FURULY}/fakturafinansiering/").status == 403
    given, withdrawn = log(product)[before:]
    privilege = "financing.use_invoice_financing"
    assert given == [
        "Ada Administrator", "Administrator",
        {"role": "Regnskapsfører", "changes": {privilege: [0, 2]}, "members": 1},
    ]  # fmt: skip
    assert withdrawn[2]["changes"] == {privilege: [2, 0]}


def test_a_category_opens_sets_its_parts_and_follows_them(product, sign_in, shot):
    page = sign_in("Ada Administrator", f"/admin/klient/{FURULY}/roller/")
    part = page.get_by_label("Import, Standard")
    expect(part).to_be_hidden()
    page.get_by_text("Reskontro", exact=True).click()
    expect(part).to_be_visible()
    whole = page.get_by_label("Reskontro, Standard")
    whole.select_option(label="Full tilgang")
    expect(part).to_have_value("2")
    expect(page.get_by_text("2 endringer som ikke er lagret")).to_be_visible()
    part.select_option(label="Ingen tilgang")
    expect(whole).to_have_value("")
    assert whole.locator("option:checked").inner_text() == "Egendefinert"
    page.get_by_label("Låse regnskapet, Standard").select_option(label="Ingen tilgang")
    expect(whole).to_have_value("0")
    expect(page.get_by_role("button", name="Se over endringene")).to_be_hidden()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot(page, "roles-open")


def test_without_a_script_a_category_sets_its_parts_too(product, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{product.url}/admin/klient/{FURULY}/roller/")
    page.get_by_role("button", name="Ada Administrator", exact=True).click()
    page.get_by_label("Reskontro, Standard").select_option(label="Full tilgang")
    page.get_by_role("button", name="Se over endringene").click()
    expect(page.get_by_role("row", name="Import")).to_contain_text("Full tilgang")
    expect(page.get_by_role("row", name="Låse regnskapet")).to_contain_text("Full tilgang")
    page.get_by_role("button", name="Tilbake til rollene").click()
    expect(page.get_by_label("Import, Standard")).to_have_value("2")
    page.get_by_role("link", name="Forkast").click()
    expect(page.get_by_label("Reskontro, Standard")).to_have_value("0")
    context.close()


def test_a_role_is_made_copied_renamed_and_deleted(product, sign_in, shot):
    page = sign_in("Ada Administrator", f"/admin/klient/{FURULY}/roller/")
    page.get_by_label("Valg for rollen Revisor").click()
    page.get_by_role("link", name="Kopier").click()
    page.get_by_label("Navn").fill("Controller")
    page.get_by_role("button", name="Lag kopien").click()
    expect(page.get_by_label("Rapporter og fakturaer, Controller")).to_have_value("1")
    shot(page, "roles-six")
    page.get_by_label("Valg for rollen Controller").click()
    page.get_by_role("link", name="Endre navn").click()
    page.get_by_label("Navn").fill("revisor")
    page.get_by_role("button", name="Lagre navnet").click()
    expect(page.get_by_role("alert")).to_contain_text("allerede en rolle")
    page.get_by_label("Navn").fill("Kontroll")
    page.get_by_role("button", name="Lagre navnet").click()
    page.get_by_label("Valg for rollen Kontroll").click()
    page.get_by_role("link", name="Slett").click()
    page.get_by_role("button", name="Slett rollen").click()
    expect(page.get_by_text("Rollen «Kontroll» er slettet.")).to_be_visible()
    page.get_by_label("Valg for rollen Standard").click()
    page.get_by_role("link", name="Slett").click()
    expect(page.get_by_text("Stine Standard")).to_be_visible()
    shot(page, "roles-delete")
    expect(page.get_by_role("button", name="Slett rollen")).to_have_count(0)
