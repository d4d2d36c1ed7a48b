"""The reports in the browser: filters without a reload, chips, ticking rows, the keyboard, and all of it without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

OPEN, AGED = (f"/klient/310000000/rapporter/{page}/" for page in ("apne-poster", "aldersfordelt"))
UNPAID = "/klient/310000000/fakturaer/ubetalte/"


def plain(text):
    return re.sub(r"[\s\u2009\u00a0\u202f]+", " ", text)


@pytest.fixture
def marked(sign_in):
    """A page whose document can be told from one that was loaded anew."""

    def go(person, path):
        page = sign_in(person, path)
        page.evaluate("document.documentElement.dataset.same = 'yes'")
        return page

    return go


def same(page):
    return page.evaluate("document.documentElement.dataset.same") == "yes"


def test_a_filter_exchanges_the_report_and_keeps_its_address(marked):
    page = marked("Rita Regnskap", OPEN)
    rows = page.locator("tr[data-open]")
    expect(rows).to_have_count(22)
    page.get_by_label("Søk").press_sequentially("havblikk")
    expect(rows).to_have_count(3)
    assert same(page)
    assert page.get_by_label("Søk").evaluate("box => box === document.activeElement")
    expect(page).to_have_url(re.compile("sok=havblikk"))
    assert "110 300,00" in plain(page.locator("#report-head").inner_text())
    page.get_by_role("link", name=re.compile("^Delbetalt")).click()
    expect(rows).to_have_count(1)
    assert same(page)
    assert page.get_by_label("Søk").input_value() == "havblikk"
    page.get_by_text("Flere filtre").click()
    page.get_by_label("Bilagsart").select_option("kreditnota")
    expect(page.get_by_role("heading", name="Ingenting passer med det som er valgt")).to_be_visible()
    expect(page).to_have_url(re.compile("status=delbetalt"))  # the chip goes with the form
    page.reload()
    assert page.get_by_label("Bilagsart").input_value() == "kreditnota"
    page.go_back()
    expect(rows).to_have_count(1)


def test_a_wrong_option_is_said_where_one_looks(marked):
    page = marked("Rita Regnskap", AGED)
    page.get_by_label("Intervaller (dager)").fill("60,30")
    page.get_by_label("Intervaller (dager)").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("stigende")
    assert same(page)
    page.get_by_label("Intervaller (dager)").fill("10,20")
    page.get_by_label("Intervaller (dager)").press("Enter")
    expect(page.get_by_role("columnheader", name="11–20")).to_be_visible()


def test_ticked_rows_are_added_up_with_the_keyboard(marked):
    page = marked("Rita Regnskap", OPEN)
    page.get_by_role("checkbox", name="Velg 4252").focus()
    page.keyboard.press("Space")
    page.get_by_role("checkbox", name="Velg 1855").check()
    told = page.locator(".picked [role=status]")
    assert plain(told.inner_text()) == "Valgt: 2 · sum restbeløp 13 900,00 NOK"
    page.get_by_role("button", name="Fjern valget").click()
    expect(told).to_be_hidden()
    page.get_by_role("link", name=re.compile("^Åpne kreditposter")).click()
    expect(page.locator(".pick input")).to_have_count(3)
    for box in page.locator(".pick input").all():
        box.check()
    assert plain(told.inner_text()) == "Valgt: 3 · sum restbeløp −20 800,00 NOK"


def test_a_figure_leads_to_what_it_is_made_of_and_back(marked):
    page = marked("Rita Regnskap", AGED)
    page.get_by_role("row", name=re.compile("Havblikk")).get_by_role("link", name="18 900,00").click()
    expect(page.get_by_role("heading", name="Åpne poster kunder")).to_be_visible()
    expect(page.locator("tr[data-open]")).to_have_count(1)
    narrowed = page.locator(".narrowed")
    assert "Kunde 10027 Havblikk Kontorpartner AS" in narrowed.inner_text()
    narrowed.get_by_role("link", name=re.compile("31–60")).click()
    expect(page.locator("tr[data-open]")).to_have_count(3)


def test_a_session_that_ended_is_asked_to_sign_in_and_not_left_hanging(marked):
    page = marked("Rita Regnskap", UNPAID)
    page.context.clear_cookies()
    page.get_by_label("Søk").fill("hotell")
    page.get_by_label("Søk").press("Enter")
    expect(page.get_by_role("button", name="Rita Regnskap", exact=True)).to_be_visible()


def test_everything_works_without_javascript(product, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(product.url + OPEN)
    page.get_by_role("button", name="Rita Regnskap", exact=True).click()
    page.wait_for_url(product.url + "/**")
    expect(page.get_by_role("checkbox", name="Velg 4252")).to_have_count(1)  # one box: it belongs to «Sett …»
    page.get_by_label("Søk").fill("hotell")
    page.get_by_role("button", name="Vis", exact=True).click()
    expect(page.locator("tr[data-open]")).to_have_count(4)
    page.get_by_role("link", name=re.compile("^Omtvistet")).click()
    expect(page.locator("tr[data-open]")).to_have_count(1)
    page.get_by_text("Flere filtre").click()
    page.get_by_label("Kundenumre").fill("10031-")
    page.get_by_role("button", name="Vis", exact=True).click()
    assert "status=omtvistet" in page.url
    expect(page.locator("tr[data-open]")).to_have_count(1)
    page.get_by_role("link", name="Sammendrag").click()
    expect(page.get_by_role("columnheader", name="Eldste forfall")).to_be_visible()
    context.close()
