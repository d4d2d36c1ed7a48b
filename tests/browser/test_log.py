"""The page «Logg» in a browser: with the keyboard, without scripts, narrow, and as a file."""

from pathlib import Path

import pytest

SOUND = (Path(__file__).parent / "soundness.js").read_text(encoding="utf-8")
NUMBER = "310000000"
PATH = f"/klient/{NUMBER}/innstillinger/logg/"


@pytest.fixture(scope="module")
def company(product):
    product.manage("seed_demo")
    return NUMBER


def test_an_administrator_reads_narrows_and_takes_out_the_log(company, sign_in, shot):
    page = sign_in("Ada Administrator", PATH)
    page.get_by_role("heading", name="Logg", exact=True).wait_for()
    assert page.get_by_text("Lenken er hel").is_visible()
    assert (
        page.get_by_role("navigation", name="Hovedmeny")
        .first.get_by_role("link", name="Logg")
        .get_attribute("aria-current")
    )
    lines = page.locator("table.log tbody tr")
    assert lines.count() >= 3
    lines.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert lines.first.get_by_text("Kontrollsum for linjen før").is_visible()
    assert page.evaluate(SOUND) == []
    shot(page, "log")
    page.get_by_label("Type hendelse").select_option(label="Bokføring")
    page.get_by_label("Søk").fill("eksempel")
    page.get_by_label("Søk").press("Enter")
    page.wait_for_url("**gruppe=bokforing**")
    assert lines.count() >= 1 and "Eksempelregnskap laget" in lines.first.inner_text()
    shot(page, "log-narrowed")
    with page.expect_download() as started:
        page.get_by_role("button", name="Last ned som CSV").click()
    with open(started.value.path(), encoding="utf-8") as file:
        assert "demo.seeded" in file.read()
    page.goto(page.url.split("?")[0])
    assert "Logg eksportert" in lines.first.inner_text()
    page.get_by_label("Søk").fill("finnes ikke")
    page.get_by_role("button", name="Vis", exact=True).click()
    page.get_by_role("heading", name="Ingenting passer").wait_for()
    shot(page, "log-none")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_never_wider_than_its_window(company, sign_in, width):
    page = sign_in("Ada Administrator", PATH)
    page.set_viewport_size({"width": width, "height": 900})
    for line in page.locator("table.log details > summary").all()[:5]:
        line.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_works_without_scripts(company, product, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(product.url + PATH)
    page.get_by_role("button", name="Ada Administrator", exact=True).click()
    page.wait_for_url("**/logg/**")
    page.get_by_label("Type hendelse").select_option(label="Personer og roller")
    page.get_by_role("button", name="Vis", exact=True).click()
    page.wait_for_url("**gruppe=personer**")
    assert "Medlem lagt til" in page.locator("table.log").inner_text()
    context.close()
