"""The dashboard as people use it: arranged by mouse, by keyboard and without scripts; fresh without a reload."""

import re

import pytest
from playwright.sync_api import expect

CLIENT = "/klient/310000000/"
SETUP = CLIENT + "dashboard/oppsett"
LEDGER = (
    "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,"
    "due_date,currency,amount,currency_amount\n"
)


def plain(text):
    return re.sub(r"[\s\u2009\u00a0\u202f]+", " ", text)


def shown(page):
    """The headings of the widgets, from the first to the last on the screen."""
    return page.locator(".widget:not(.loading) h2").all_inner_texts()


def listed(page):
    return page.locator(".arrange li label").all_inner_texts()


def focused(page):
    return page.evaluate(
        "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText).trim()"
    )


@pytest.fixture
def rolf(sign_in, product):
    """An auditor: two widgets, and none of financing; as it comes, before and after."""
    page = sign_in("Rolf Revisor", CLIENT)
    reset(page, product)
    yield page
    reset(page, product)


def reset(page, product):
    page.goto(product.url + SETUP)
    page.get_by_role("button", name="Tilbake til standard").click()
    page.get_by_role("button", name="Lagre").click()
    page.wait_for_url(product.url + CLIENT)


def come_back(page):
    """What the browser tells a page whose window one comes back to; not twice at once."""
    page.wait_for_timeout(1600)
    page.evaluate("window.dispatchEvent(new Event('focus'))")


# Arranging


def test_by_keyboard_hide_show_move_and_it_is_kept(product, rolf):
    assert shown(rolf) == ["Kundefordringer", "Ubetalte fakturaer"]
    rolf.get_by_role("button", name="Dashboard oppsett").press("Enter")
    expect(rolf.get_by_role("heading", name="Dashboard oppsett", level=1)).to_be_visible()
    assert listed(rolf) == ["Kundefordringer", "Ubetalte fakturaer"]  # nothing that his role may not see

    told = rolf.locator("#arrange-told")
    rolf.get_by_role("button", name="Flytt Kundefordringer", exact=True).focus()
    rolf.keyboard.press("Space")
    expect(told).to_contain_text("Kundefordringer er løftet, nummer 1 av 2")
    rolf.keyboard.press("ArrowDown")
    expect(told).to_have_text("Kundefordringer er nummer 2 av 2")
    assert listed(rolf) == ["Ubetalte fakturaer", "Kundefordringer"] and focused(rolf) == "Flytt Kundefordringer"
    rolf.keyboard.press("Escape")
    expect(told).to_contain_text("Avbrutt. Kundefordringer er nummer 1 av 2")
    assert listed(rolf) == ["Kundefordringer", "Ubetalte fakturaer"] and focused(rolf) == "Flytt Kundefordringer"
    expect(rolf.get_by_text("Endringene er ikke lagret ennå.")).to_be_hidden()

    rolf.keyboard.press("Enter")
    rolf.keyboard.press("ArrowDown")
    rolf.keyboard.press("Space")
    expect(told).to_have_text("Kundefordringer er lagt ned som nummer 2 av 2")
    rolf.keyboard.press("ArrowDown")  # put down: the arrows move nothing any more
    rolf.keyboard.press("ArrowUp")
    assert listed(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]
    rolf.keyboard.press("Tab")
    rolf.keyboard.press("Space")  # the tick of the same line
    expect(rolf.get_by_text("Endringene er ikke lagret ennå.")).to_be_visible()
    rolf.keyboard.press("Enter")  # stores the form, whichever button comes first in it
    rolf.wait_for_url(product.url + CLIENT)
    assert shown(rolf) == ["Ubetalte fakturaer"]

    rolf.goto(product.url + SETUP)
    rolf.get_by_role("checkbox", name="Kundefordringer").press("Space")
    rolf.get_by_role("button", name="Flytt Kundefordringer opp").press("Enter")
    assert focused(rolf) == "Flytt Kundefordringer ned"  # at the top there is no way up
    expect(told).to_have_text("Kundefordringer er nummer 1 av 2")
    rolf.get_by_role("button", name="Lagre").press("Enter")
    rolf.wait_for_url(product.url + CLIENT)
    rolf.reload()
    assert shown(rolf) == ["Kundefordringer", "Ubetalte fakturaer"]


@pytest.mark.parametrize("width", [1280, 360])
def test_by_mouse(product, rolf, width):
    rolf.set_viewport_size({"width": width, "height": 900})
    rolf.goto(product.url + SETUP)
    grip = rolf.get_by_role("button", name="Flytt Ubetalte fakturaer", exact=True).bounding_box()
    top = rolf.locator(".arrange li").first.bounding_box()

    def drag_up():
        rolf.mouse.move(grip["x"] + 5, grip["y"] + 5)
        rolf.mouse.down()
        rolf.mouse.move(top["x"] + 20, top["y"] + 10, steps=8)

    drag_up()
    assert listed(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]
    rolf.keyboard.press("Escape")
    rolf.mouse.up()
    assert listed(rolf) == ["Kundefordringer", "Ubetalte fakturaer"]
    drag_up()
    rolf.mouse.up()
    expect(rolf.locator("#arrange-told")).to_have_text("Ubetalte fakturaer er lagt ned som nummer 1 av 2")
    rolf.get_by_role("button", name="Lagre").click()
    rolf.wait_for_url(product.url + CLIENT)
    assert shown(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]
    rolf.reload()
    assert shown(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]


def test_by_the_menu_without_a_reload(product, rolf):
    rolf.evaluate("window.same = true")
    choices = rolf.get_by_label("Valg for Kundefordringer")
    choices.focus()
    rolf.keyboard.press("Enter")
    expect(rolf.get_by_role("button", name="Flytt til venstre")).to_have_count(0)  # it is the first
    rolf.get_by_role("button", name="Flytt til høyre").press("Enter")
    notice = rolf.locator("#dashboard-notice p")
    expect(notice).to_have_text("Kundefordringer er nummer 2 av 2")
    expect(notice).to_be_visible()  # out of sight, but not hidden: it is read aloud
    expect(rolf.locator("details.menu[open]")).to_have_count(0)
    expect(choices).to_be_focused()
    assert shown(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]

    rolf.keyboard.press("Enter")
    expect(rolf.get_by_role("button", name="Flytt til høyre")).to_have_count(0)  # now it is the last
    rolf.get_by_role("button", name="Skjul").press("Enter")
    expect(rolf.get_by_text("«Kundefordringer» er skjult.")).to_be_visible()
    expect(rolf.get_by_role("button", name="Vis igjen")).to_be_focused()
    assert shown(rolf) == ["Ubetalte fakturaer"]

    # slow, so that what is shown meanwhile can be seen
    rolf.route("**/dashboard/receivables", lambda route: (rolf.wait_for_timeout(700), route.continue_()))
    rolf.keyboard.press("Enter")
    loading = rolf.locator(".widget.loading")
    expect(loading).to_contain_text("Henter tall …")
    expect(loading).to_contain_text("Kundefordringer")
    expect(loading).to_have_count(0)
    expect(choices).to_be_focused()
    assert shown(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]
    rolf.unroute("**/dashboard/receivables")
    assert rolf.evaluate("window.same")
    rolf.reload()
    assert shown(rolf) == ["Ubetalte fakturaer", "Kundefordringer"]

    for _ in range(2):
        rolf.locator(".menu > summary").first.click()
        rolf.get_by_role("button", name="Skjul").click()
        rolf.wait_for_timeout(300)
    expect(rolf.get_by_role("heading", name="Det er ingenting på dashboardet ditt nå")).to_be_visible()


def test_the_menu_leads_to_the_setup_and_closes_with_escape(product, rolf):
    choices = rolf.get_by_label("Valg for Ubetalte fakturaer")
    choices.press("Enter")
    rolf.keyboard.press("Tab")
    rolf.keyboard.press("Escape")
    expect(rolf.locator("details.menu[open]")).to_have_count(0)
    assert focused(rolf) == "Valg for Ubetalte fakturaer"
    choices.press("Enter")
    rolf.get_by_role("link", name="Dashboard oppsett").click()
    rolf.wait_for_url(product.url + SETUP)


def test_without_scripts_it_is_forms(product, rolf, browser, browser_context_args):
    context = browser.new_context(
        **browser_context_args, java_script_enabled=False, storage_state=rolf.context.storage_state()
    )
    page = context.new_page()
    page.goto(product.url + CLIENT)
    page.get_by_role("button", name="Dashboard oppsett").click()
    assert page.get_by_role("button", name="Flytt Kundefordringer", exact=True).count() == 0
    page.get_by_role("button", name="Flytt Kundefordringer ned").click()
    assert listed(page) == ["Ubetalte fakturaer", "Kundefordringer"]
    expect(page.get_by_text("Endringene er ikke lagret ennå.")).to_be_visible()
    page.get_by_role("button", name="Lagre").click()
    assert page.url == product.url + CLIENT and shown(page) == ["Ubetalte fakturaer", "Kundefordringer"]
    page.locator(".menu > summary").first.click()
    page.get_by_role("button", name="Skjul").click()
    assert shown(page) == ["Kundefordringer"]
    page.get_by_role("button", name="Vis igjen").click()
    assert shown(page) == ["Ubetalte fakturaer", "Kundefordringer"]
    page.get_by_role("link", name="Ikke forfalt 9").click()
    expect(page.get_by_text("Sum ikke forfalt")).to_be_visible()
    context.close()


def test_a_person_who_may_see_nothing_has_nothing_to_arrange(sign_in):
    stine = sign_in("Stine Standard", CLIENT)
    expect(stine.get_by_role("heading", name="Det er ingenting å vise for din rolle")).to_be_visible()
    expect(stine.get_by_role("button", name="Dashboard oppsett")).to_have_count(0)


# Fresh without a reload


@pytest.fixture
def invoiced(product, tmp_path):
    """invoiced(serial, amount): an invoice more, overdue for long, in the books of a company of this test's own."""

    def invoice(serial, amount):
        file = tmp_path / f"{serial}.csv"
        line = (
            f"e{serial},10031,Kjelde Bok AS,,invoice,{serial},{serial},,2025-01-02,2025-01-31,NOK,{amount},{amount}\n"
        )
        file.write_text(LEDGER + line)
        product.manage("import_ledger", "--client", "310077771", "--name", "Kjelde Lys AS", str(file))

    invoice(1, "1000.00")
    product.manage("add_member", "--client", "310077771", "--subject", "rolf", "--role", "revisor")
    return invoice


def test_figures_follow_the_books_and_focus_and_menus_stay(product, sign_in, invoiced):
    page = sign_in("Rolf Revisor", "/klient/310077771/")
    page.evaluate("window.same = true")
    card, told = page.locator("#slot-receivables"), page.locator("#dashboard-told")
    link = card.get_by_role("link", name="Åpne rapporten", exact=True)
    page.get_by_label("Valg for Kundefordringer").click()
    link.focus()
    link.evaluate("(one) => { window.node = one }")

    with page.expect_response(lambda one: one.url.endswith("/dashboard/receivables")):
        come_back(page)
    page.wait_for_timeout(300)
    assert page.evaluate("window.node.isConnected")  # nothing had changed: nothing was replaced, and nothing is said
    expect(told).to_have_text("")

    invoiced(2, "500.50")
    come_back(page)
    expect(told).to_contain_text("Kundefordringer er oppdatert: Utestående 1 500,50 kr")
    expect(told).to_contain_text("Ubetalte fakturaer er oppdatert")
    expect(card.locator(".big a")).to_have_text("1\u2009500,50")
    expect(page.locator("#slot-unpaid_invoices .sum a")).to_have_text("1\u2009500,50")
    assert not page.evaluate("window.node.isConnected") and focused(page) == "Åpne rapporten"
    expect(page.locator("#menu-receivables")).to_have_attribute("open", "")
    assert page.evaluate("window.same")


def test_what_is_hidden_and_shown_in_another_window_goes_and_comes(product, rolf):
    other = rolf.context.new_page()
    other.goto(product.url + CLIENT)
    other.get_by_label("Valg for Kundefordringer").click()
    other.get_by_role("button", name="Skjul").click()
    expect(other.get_by_text("«Kundefordringer» er skjult.")).to_be_visible()
    told = rolf.locator("#dashboard-told")
    come_back(rolf)
    expect(told).to_have_text("Kundefordringer vises ikke lenger")
    assert shown(rolf) == ["Ubetalte fakturaer"]
    other.get_by_role("button", name="Vis igjen").click()
    expect(other.locator("#slot-receivables .content")).to_be_visible()
    come_back(rolf)
    expect(told).to_have_text("Kundefordringer vises nå")
    assert shown(rolf) == ["Kundefordringer", "Ubetalte fakturaer"]
    rolf.get_by_label("Valg for Kundefordringer").click()
    expect(rolf.get_by_role("button", name="Flytt til venstre")).to_have_count(0)
    expect(rolf.get_by_role("button", name="Flytt til høyre")).to_be_visible()


def test_it_asks_by_itself_while_it_is_seen_and_not_otherwise(product, sign_in):
    page = sign_in("Dag Leder", CLIENT)
    asked = []
    page.on("request", lambda one: asked.append(one.url) if "/dashboard/" in one.url else None)
    page.clock.install()
    page.reload()
    asked.clear()
    for _ in range(7):  # 61 seconds, with time for the answers
        page.clock.run_for(8_750)
        page.wait_for_timeout(200)
    counts = {key: sum(url.endswith(f"/dashboard/{key}") for url in asked) for key in ("financing", "receivables")}
    assert counts == {"financing": 7, "receivables": 1}
    page.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })")
    asked.clear()
    page.clock.run_for(200_000)
    assert asked == []
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); window.dispatchEvent(new Event('focus'))"
    )
    page.wait_for_timeout(300)
    assert len(asked) == 3  # each once, though two events told it


def test_a_chip_filters_the_widget_and_a_refresh_keeps_the_choice(product, rolf):
    rolf.evaluate("window.same = true")
    rolf.get_by_role("link", name=re.compile("^Ikke forfalt")).click()
    card = rolf.locator("#slot-unpaid_invoices")
    expect(card).to_contain_text("Sum ikke forfalt")
    assert rolf.evaluate("document.activeElement.id") == "unpaid-ikke-forfalt"
    assert rolf.url.endswith("?ubetalte=ikke-forfalt") and rolf.evaluate("window.same")
    with rolf.expect_response(lambda one: "/dashboard/unpaid_invoices" in one.url) as answer:
        come_back(rolf)
    assert answer.value.url.endswith("?ubetalte=ikke-forfalt")
    expect(card).to_contain_text("Sum ikke forfalt")
    rolf.reload()
    expect(card).to_contain_text("Sum ikke forfalt")


def test_when_the_figures_cannot_be_fetched_the_old_ones_stay_and_it_is_said(product, rolf):
    card = rolf.locator("#slot-receivables")
    total = card.locator(".big a").inner_text()
    for how in (lambda route: route.abort(), lambda route: route.fulfill(status=500, body="<h1>Feil</h1>")):
        rolf.route("**/dashboard/*", how)
        come_back(rolf)
        expect(card.locator(".failed")).to_contain_text("Tallene kunne ikke hentes nå. Sist hentet")
        expect(rolf.locator("#dashboard-told")).to_contain_text("Tallene kunne ikke hentes nå")
        assert card.locator(".big a").inner_text() == total
        rolf.unroute("**/dashboard/*")
        come_back(rolf)
        expect(card.locator(".failed")).to_have_count(0)


def test_whose_right_is_gone_loses_the_widget_and_who_is_signed_out_comes_to_sign_in(product, sign_in):
    rita = sign_in("Rita Regnskap", CLIENT)
    rita.route("**/dashboard/receivables", lambda route: route.fulfill(status=403, body="<h1>Nei</h1>"))
    come_back(rita)
    expect(rita.locator("#slot-receivables")).to_have_count(0)
    assert shown(rita) == ["Ubetalte fakturaer"]
    expect(rita.locator("#dashboard-told")).to_have_text("Kundefordringer vises ikke lenger")
    rita.unroute("**/dashboard/receivables")
    rita.context.clear_cookies()
    come_back(rita)
    expect(rita.get_by_role("heading", name="BankID test")).to_be_visible()
    rita.get_by_role("button", name="Rita Regnskap", exact=True).click()
    rita.wait_for_url(product.url + CLIENT)
    assert shown(rita) == ["Kundefordringer", "Ubetalte fakturaer"]


def test_how_long_ago_it_was_goes_on_counting(product, rolf):
    rolf.clock.install()
    rolf.reload()
    rolf.evaluate(
        """() => {
          const times = [[4, 'for 4 minutter siden'], [0, 'akkurat nå'], [4, '24.11.2026']];
          for (const [minutes, text] of times) {
            const time = document.createElement('time');
            time.dateTime = new Date(Date.now() - minutes * 60000).toISOString();
            time.textContent = text;
            document.querySelector('.head p').append(time, ' ');
          }
        }"""
    )
    times = rolf.locator(".head time")
    said = []
    for minutes in (0, 1, 3, 56, 120):
        rolf.clock.run_for(minutes * 60_000 + 5_000 * (minutes == 0))
        said.append(times.all_inner_texts())
    assert [one[0] for one in said] == [
        "for 4 minutter siden", "for 5 minutter siden", "for 8 minutter siden", "for 1 time siden", "for 3 timer siden",
    ]  # fmt: skip
    assert said[1][1] == "for 1 minutt siden"
    assert {one[2] for one in said} == {"24.11.2026"}  # a date in words stays one
