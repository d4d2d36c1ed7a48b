"""The frame and the choice of company by keyboard, at both widths, with scripts and without."""

import pytest
from playwright.sync_api import expect

CLIENT = "/klient/310000000/"


@pytest.fixture
def ada(sign_in):
    return sign_in("Ada Administrator", "/")


def focused(page):
    """What has the focus, as its visible words, and whether one can see that it has."""
    return page.evaluate(
        """() => {
          const one = document.activeElement, style = getComputedStyle(one);
          const visible = one.checkVisibility() && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
          return [one.innerText.trim().split("\\n")[0], visible];
        }"""
    )


def tab_through(page, most=60):
    """The words of all that Tab comes by, until it leaves the page; each of them must be seen to have the focus."""
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        words, visible = focused(page)
        if page.evaluate("document.activeElement === document.body"):
            break
        assert visible, words
        found.append(words)
    return found


def test_the_whole_frame_by_tab_in_the_order_of_the_eye(product, ada):
    ada.goto(product.url + CLIENT)
    found = tab_through(ada)
    assert found[:14] == [
        "Hopp til innholdet", "Regnskap", "Dashboard", "Åpne poster kunder", "Aldersfordelte kundefordringer",
        "Kunder", "Uidentifiserte innbetalinger", "Ubetalte fakturaer", "Import", "Eksporter", "Regnskap",
        "Fakturafinansiering", "Brukere og roller", "Logg",
    ]  # fmt: skip
    assert found[14].startswith("Furuly Lys AS") and found[15] == "AA"
    expect(ada.locator(".side [aria-current=page]")).to_have_text("Dashboard")


def test_the_skip_link_leads_past_the_menu(product, ada):
    ada.goto(product.url + CLIENT)
    link = ada.get_by_role("link", name="Hopp til innholdet")
    ada.keyboard.press("Tab")
    box = link.bounding_box()
    assert box["y"] >= 0 and box["x"] >= 0 and box["height"] > 20
    ada.keyboard.press("Enter")
    assert ada.evaluate("document.activeElement.id") == "content"
    ada.keyboard.press("Tab")
    assert ada.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(("width", "menu"), [(1280, ".person"), (360, ".person"), (360, ".topmenu")])
def test_escape_and_a_click_beside_it_close_an_open_menu(product, ada, width, menu):
    ada.set_viewport_size({"width": width, "height": 900})
    ada.goto(product.url + CLIENT)
    summary = ada.locator(f"{menu} > summary")
    summary.focus()
    ada.keyboard.press("Enter")
    expect(ada.locator(menu)).to_have_attribute("open", "")
    assert ada.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    ada.keyboard.press("Tab")
    assert focused(ada)[1]
    ada.keyboard.press("Escape")
    expect(ada.locator(menu)).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    summary.click()
    expect(ada.locator(menu)).to_have_attribute("open", "")
    ada.locator("h1").click(position={"x": 5, "y": 5})
    expect(ada.locator(menu)).not_to_have_attribute("open", "")


def test_where_there_is_one_company_there_is_no_switch(product, ada, sign_in):
    ada.goto(product.url + CLIENT)
    ada.get_by_role("link", name="Bytt foretak").click()
    expect(ada.get_by_role("heading", name="Velg foretak")).to_be_visible()
    expect(ada.locator(".side [aria-current=page]")).to_have_text("Velg foretak")
    stine = sign_in("Stine Standard", CLIENT)
    expect(stine.locator(".company")).to_contain_text("Furuly Lys AS")
    expect(stine.get_by_role("link", name="Bytt foretak")).to_have_count(0)


def test_the_list_follows_while_one_types_and_the_focus_stays(product, ada):
    ada.evaluate("window.same = true")
    field = ada.get_by_role("searchbox", name="Navn eller organisasjonsnummer")
    field.focus()
    ada.keyboard.type("310 022")
    expect(ada.locator("#companies")).not_to_contain_text("Furuly Lys AS")
    expect(ada.locator("#companies")).to_contain_text("Fjordlys Sveis AS")
    expect(ada.get_by_role("status")).to_have_text("1 foretak funnet")
    assert ada.url.endswith("/?sok=310+022") or ada.url.endswith("/?sok=310%20022")
    assert ada.evaluate("window.same") and field.evaluate("(one) => one === document.activeElement")
    ada.keyboard.type("x")
    expect(ada.get_by_role("heading", name="Ingen foretak passer med «310 022x»")).to_be_visible()
    field.fill("fjord")
    expect(ada.locator("#companies")).to_contain_text("Fjordlys Sveis AS")
    for _ in range(4):  # the button, the two views, the company
        ada.keyboard.press("Tab")
    assert focused(ada) == ["Fjordlys Sveis AS", True]
    # Nothing of what was found may lie in the browser when she has signed out.
    stored = ada.evaluate("Object.values({ ...localStorage, ...sessionStorage }).join()")
    assert "Fjordlys" not in stored and "<" not in stored


def test_type_arrow_enter(product, ada):
    ada.goto(product.url)
    expect(ada.get_by_role("searchbox")).to_be_focused()
    last = "Lysvarde Rimfrost Drift AS"
    for key, words in (("ArrowDown", "Fjordlys Sveis AS"), ("ArrowDown", "Furuly Lys AS"), ("ArrowDown", last),
                       ("ArrowDown", last), ("ArrowUp", "Furuly Lys AS"), ("ArrowUp", "Fjordlys Sveis AS")):  # fmt: skip
        ada.keyboard.press(key)
        assert focused(ada) == [words, True]
    ada.keyboard.press("ArrowUp")
    expect(ada.get_by_role("searchbox")).to_be_focused()
    ada.keyboard.type("furuly")
    expect(ada.locator("#companies")).not_to_contain_text("Fjordlys")
    ada.keyboard.press("ArrowDown")
    ada.keyboard.press("Enter")
    ada.wait_for_url("**/klient/310000000/")


def test_without_scripts_it_is_a_form(product, ada, browser, browser_context_args):
    context = browser.new_context(
        **browser_context_args, java_script_enabled=False, storage_state=ada.context.storage_state()
    )
    page = context.new_page()
    page.goto(product.url)
    page.get_by_role("searchbox").fill("fjord")
    page.get_by_role("button", name="Søk").click()
    expect(page.locator("#companies")).to_contain_text("Fjordlys Sveis AS")
    expect(page.locator("#companies")).not_to_contain_text("Furuly")
    page.get_by_role("link", name="Trenger oppfølging").click()
    assert "sok=fjord" in page.url and "vis=oppfolging" in page.url
    context.close()
