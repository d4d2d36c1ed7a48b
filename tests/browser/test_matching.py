"""Matching by hand in the browser: with the keyboard alone, from the match group, and without JavaScript."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

OPEN = "/klient/310000000/rapporter/apne-poster/"
SETTINGS = "/klient/310000000/innstillinger/regnskap/"


def plain(text):
    return re.sub(r"[\s\u2009\u00a0\u202f]+", " ", text)


def tick(page, name):
    """Tick a row with the keyboard."""
    page.get_by_role("checkbox", name=f"Velg {name}", exact=True).focus()
    page.keyboard.press("Space")


@pytest.fixture
def rows(product):
    """One customer's rows: the number, debits and credits, and what a debit and a credit are called that can be matched."""
    items = product.report("open-items", "310000000", date.today())["currencies"]["NOK"]["items"]
    by_customer = {}
    for one in items:
        by_customer.setdefault(one["customer_number"], []).append(one)
    for number, mine in by_customer.items():
        debits = [one for one in mine if not one["open_amount"].startswith("-")]
        credits = [one for one in mine if one["open_amount"].startswith("-")]
        whole = [
            next(
                (one["invoice_number"] or one["voucher_number"] for one in side if one["amount"] == one["open_amount"]),
                "",
            )
            for side in (debits, credits)
        ]
        if all(whole):  # of neither anything is matched yet
            return number, debits, credits, whole
    raise AssertionError("no customer of the demo has both sides open")


def test_two_rows_are_matched_with_the_keyboard_and_undone_and_the_filter_stays(sign_in, rows, shot, product):
    number, debits, credits, (debit, credit) = rows
    page = sign_in("Rita Regnskap", f"{OPEN}?kunde={number}")
    both = page.locator("tr[data-open]")
    expect(both).to_have_count(len(debits) + len(credits))
    tick(page, debit)
    expect(page.locator(".preview")).to_contain_text("minst én debetpost og én kreditpost")
    tick(page, credit)
    preview = page.locator(".preview")
    expect(preview).to_contain_text("Står igjen")
    expect(preview.get_by_role("button", name=re.compile("^Match"))).to_be_enabled()
    shot(page, "match-valgt")
    before = plain(page.locator("#report-head").inner_text())
    page.keyboard.press("Control+m")
    told = page.locator("#match-told")
    expect(told).to_contain_text("2 poster ble matchet")
    assert told.evaluate("one => one === document.activeElement")  # read aloud, and Tab goes on to «Angre»
    expect(page).to_have_url(re.compile(f"kunde={number}"))
    expect(both).to_have_count(len(debits) + len(credits) - 1)  # the smaller is gone
    shot(page, "match-gjort")
    page.locator(f"tr[data-name='{debit}'] a.chain").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("hva den er matchet med$"))).to_be_visible()
    expect(page.get_by_text("For hånd")).to_be_visible()
    shot(page, "matchgruppe")
    page.keyboard.press("Control+u")
    expect(page.locator("#match-told")).to_contain_text("opphevet")
    page.get_by_role("link", name="Åpne poster").first.focus()
    page.locator(".crumbs a").click()
    expect(both).to_have_count(len(debits) + len(credits))
    assert plain(page.locator("#report-head").inner_text()) == before


def test_undo_right_there_and_from_the_row(sign_in, rows):
    number, debits, credits, (debit, credit) = rows
    page = sign_in("Rita Regnskap", f"{OPEN}?kunde={number}")
    both = page.locator("tr[data-open]")
    tick(page, debit)
    tick(page, credit)
    page.keyboard.press("Control+m")  # pressed before the answer came: it waits for it
    expect(page.locator("#match-told")).to_contain_text("matchet")
    page.get_by_role("button", name="Angre").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#match-told")).to_contain_text("1 match ble opphevet")
    expect(both).to_have_count(len(debits) + len(credits))
    tick(page, debit)
    tick(page, credit)
    page.keyboard.press("Control+m")
    expect(page.locator("#match-told")).to_contain_text("matchet")
    tick(page, debit)
    expect(page.locator(".preview [data-key=u]")).to_be_enabled()
    page.keyboard.press("Control+u")
    expect(page.locator("#match-told")).to_contain_text("1 match ble opphevet")
    expect(both).to_have_count(len(debits) + len(credits))


def test_without_javascript_too(product, browser, browser_context_args, rows, shot):
    number, debits, credits, (debit, credit) = rows
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{product.url}{OPEN}?kunde={number}")
    page.get_by_role("button", name="Rita Regnskap", exact=True).click()
    page.get_by_role("checkbox", name=f"Velg {debit}", exact=True).check()
    page.get_by_role("checkbox", name=f"Velg {credit}", exact=True).check()
    page.get_by_role("button", name="Gå videre med de valgte postene").click()
    expect(page.get_by_role("heading", name="Match åpne poster")).to_be_visible()
    page.get_by_label(re.compile("^Bare en del")).fill("1,2,3")
    page.get_by_role("button", name=re.compile("^Match")).click()
    expect(page.get_by_text("høyst to desimaler")).to_be_visible()
    page.get_by_label(re.compile("^Bare en del")).fill("100")
    page.get_by_role("button", name=re.compile("^Match")).click()
    expect(page.locator("#match-told")).to_contain_text("2 poster ble matchet: 100,00 NOK.")
    expect(page).to_have_url(re.compile(f"kunde={number}"))
    page.get_by_role("button", name="Angre").click()
    expect(page.locator("#match-told")).to_contain_text("1 match ble opphevet")
    expect(page.locator("tr[data-open]")).to_have_count(len(debits) + len(credits))
    context.close()


def test_the_pages_have_room_on_a_narrow_screen_and_are_sound(sign_in, rows, shot):
    number, _debits, _credits, (debit, credit) = rows
    page = sign_in("Rita Regnskap", f"{OPEN}?kunde={number}")
    rows_ = [page.get_by_role("checkbox", name=f"Velg {one}", exact=True).input_value() for one in (debit, credit)]
    addresses = {
        "match-bekreft": f"/klient/310000000/poster/match/?post={rows_[0]}&post={rows_[1]}",
        "matchgruppe-tom": f"/klient/310000000/poster/{rows_[1]}/match/", "innstillinger-regnskap": SETTINGS,
    }  # fmt: skip
    for name, address in addresses.items():
        page.goto(page.url.split("/klient/")[0] + address)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        page.set_viewport_size({"width": 1280, "height": 900})
        shot(page, name)
