"""The access withdrawn and given again with every process real: the bank is refused within the second, and told."""

import re

import pytest
from playwright.sync_api import expect

from .test_journey import plain

NUMBER = "310000000"
SETTINGS = f"/klient/{NUMBER}/innstillinger/fakturafinansiering/"


@pytest.fixture(scope="module")
def opened(product, browser, browser_context_args):
    """Furuly Lys AS has an open Bufferkonto with something drawn."""
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.goto(product.url + f"/klient/{NUMBER}/fakturafinansiering/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")
    page.get_by_role("checkbox", name="Jeg godtar at Buffer får tilgang til denne klienten").check()
    with context.expect_page() as window:
        page.get_by_role("button", name="Sjekk bedriftens Buffer").click()
    bank = window.value
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    bank.get_by_role("button", name="Godta og åpne konto").click(timeout=60_000)
    bank.wait_for_url(product.url + "/**", timeout=60_000)
    page.goto(product.url + SETTINGS)
    with context.expect_page() as window:
        page.get_by_role("button", name="Administrer avtale").click()
    bank = window.value
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    bank.get_by_label("Beløp").fill("20000")
    bank.get_by_role("button", name="Overfør til bedriften").click()
    expect(bank.get_by_text(re.compile("Overf|overf")).first).to_be_visible()
    until(page, product.url + SETTINGS, "20 000,00")
    context.close()


def until(page, address, words, seconds=60):
    """Load the page until it says so."""
    text = ""
    for _ in range(seconds):
        page.goto(address)
        text = plain(page.locator("main").inner_text())
        if words in text:
            return text
        page.wait_for_timeout(1000)
    raise AssertionError(f"«{words}» never came: {text}")


def test_withdrawn_in_two_clicks_the_agreement_disconnects_and_the_history_stays(product, opened, sign_in, shot):
    page = sign_in("Dag Leder", SETTINGS)
    shot(page, "consent-settings")
    page.get_by_role("link", name="Trekk tilbake tilgangen").click()
    text = plain(page.locator("main").inner_text())
    assert re.search(
        r"Kredittgrensen blir 0\. Benyttet 20 000,00 kr må tilbakebetales innen \d\d\.\d\d\.\d{4}\. Å trekke tilbake"
        r" tilgangen er ikke å si opp avtalen\.", text,
    ), text  # fmt: skip
    shot(page, "consent-withdraw")
    page.get_by_role("button", name="Trekk tilbake tilgangen").click()
    expect(page.get_by_text("Trukket tilbake", exact=True).first).to_be_visible()
    shot(page, "consent-withdrawn")
    text = until(page, product.url + SETTINGS + "samtykker/", "Buffer har bekreftet det. Avtalen er ikke sagt opp.", 20)
    assert "Trukket tilbake av Dag Leder" in text
    shot(page, "consent-disconnected")
    text = until(page, product.url + SETTINGS, "Frakoblet")
    assert "20 000,00" in text
    page.get_by_role("link", name="Hva Buffer har lest").click()
    assert "Buffer leste" in plain(page.locator("main").inner_text())


def test_given_again_with_the_tick_the_agreement_opens_and_the_bank_reads_on(product, opened, sign_in, shot):
    page = sign_in("Ada Administrator", SETTINGS + "samtykker/")
    page.get_by_role("link", name="Gi tilgang på nytt").click()
    give = page.get_by_role("button", name="Gi tilgang på nytt")
    expect(give).to_be_disabled()
    shot(page, "consent-again")
    box = page.get_by_role("checkbox", name="Jeg godtar at Buffer får tilgang til denne klienten")
    box.focus()
    page.keyboard.press("Space")
    expect(give).to_be_enabled()
    give.click()
    expect(page.get_by_role("heading", name="Samtykket som gjelder")).to_be_visible()
    shot(page, "consent-given-again")
    until(page, product.url + SETTINGS + "samtykker/", "Buffer leser kundefordringene.")
    until(page, product.url + SETTINGS, "Aktiv")
    page.goto(product.url + SETTINGS + "samtykker/")
    shot(page, "consents")
    page.get_by_role("link", name=re.compile("Les teksten")).first.click()
    expect(page.get_by_text("Stemmer med teksten som vises her.")).to_be_visible()
    shot(page, "consent-one")


def test_what_was_read_is_shown_by_day_and_by_reading(product, opened, sign_in, shot):
    page = sign_in("Dag Leder", SETTINGS + "lest/")
    shot(page, "accesses")
    page.locator("tbody a").first.click()
    shot(page, "accesses-day")
    page.locator("tbody a").last.click()
    expect(page.get_by_role("columnheader", name="Kunde")).to_be_attached()
    shot(page, "access")


def test_the_pages_are_sound_without_a_script(product, opened, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(product.url + SETTINGS + "samtykker/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")
    page.get_by_role("link", name="Trekk tilbake tilgangen").click()
    page.get_by_role("button", name="Trekk tilbake tilgangen").click()
    page.get_by_role("link", name="Gi tilgang på nytt").click()
    page.get_by_role("button", name="Gi tilgang på nytt").click()
    expect(page.get_by_role("alert")).to_contain_text("Kryss av over")
    page.get_by_role("checkbox", name="Jeg godtar at Buffer får tilgang til denne klienten").check()
    page.get_by_role("button", name="Gi tilgang på nytt").click()
    expect(page.get_by_role("heading", name="Samtykket som gjelder")).to_be_visible()
    context.close()
