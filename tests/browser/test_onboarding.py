"""The way from the button through the bank, in every state that a person can come to; each with its picture."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from .test_pictures import SOUND

BUTTON, HEADING = "Fakturafinansiering", "Tjenestetilbyder Buffer, levert av Sparebanken Vest"
TICK, CHECK = "Jeg godtar at Buffer får tilgang til denne klienten", "Sjekk bedriftens Buffer"
REPORTS = ("rapporter/apne-poster/", "rapporter/aldersfordelt/", "fakturaer/ubetalte/")
JOINT = "310022225"  # Dag and Vera sign jointly; Ada may not sign
HEADER = (
    "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,due_date,"
    "currency,amount,currency_amount\n"
)


def with_check_digit(serial):
    """A nine-digit organisation number that nobody else in the tests has."""
    first = f"8{serial:07d}"
    digit = (11 - sum(int(a) * b for a, b in zip(first, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11) % 11
    return f"{first}{digit}" if digit < 10 else with_check_digit(serial + 100)


@pytest.fixture
def company(product, tmp_path, request):
    """company(debtors=6): a company of its own with so many debtors who owe 50,000 each; Dag leads it, Ada administers it."""

    def make(debtors=6, name="Fjordgløtt Rørlegger og Ventilasjon Sunnhordland AS", unnumbered=0):
        serial = 1000 + abs(hash(request.node.nodeid)) % 9_000_000
        number, today = with_check_digit(serial), datetime.now(UTC).date()
        rows = [
            f"{one},{100 + one},Kunde {one} AS,{'' if one <= unnumbered else 910000000 + one},invoice,{one},F{one},,"
            f"{today - timedelta(days=5)},{today + timedelta(days=20)},NOK,50000.00,"
            for one in range(1, debtors + 1)
        ]
        (tmp_path / "entries.csv").write_text(HEADER + "\n".join(rows) + "\n")
        product.manage("import_ledger", "--client", number, "--name", name, str(tmp_path / "entries.csv"))
        for subject, role in (("dag", "daglig_leder"), ("ada", "administrator")):
            product.manage("add_member", "--client", number, "--subject", subject, "--role", role)
        return number

    return make


def sound(page):
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SOUND) == [], f"{page.url} at {width}"
    page.set_viewport_size({"width": 1280, "height": 900})


def at_bank(page, act):
    """The window that `act` opens, once it is where it goes: Chromium may never close one that is still on its way."""
    with page.context.expect_page() as opened:
        act()
    opened.value.wait_for_url(lambda url: url != "about:blank")
    return opened.value


def start(page, product, number):
    """From the consent's page to the bank: (the old tab, the bank's window)."""
    page.goto(f"{product.url}/klient/{number}/fakturafinansiering/?ny=1")
    page.get_by_role("checkbox", name=TICK).check()
    bank = at_bank(page, page.get_by_role("button", name=CHECK).click)
    page.wait_for_url("**/status")
    return bank


def console(page, product, name, deed, **choice):
    """One deed in the bank's console on this company's application, the newest of several."""
    page.goto(product.bank + "/console/")
    case = page.get_by_role("article", name=name, exact=True).filter(has=page.get_by_role("button", name=deed)).first
    for label, value in choice.items():
        case.get_by_label(label.capitalize()).select_option(value)
    case.get_by_role("button", name=deed, exact=True).click()


@pytest.mark.parametrize("report", REPORTS)
def test_the_button_opens_a_dialog_for_keyboard_and_reader_alike(product, company, sign_in, shot, report):
    number = company()
    page = sign_in("Dag Leder", f"/klient/{number}/{report}")
    button = page.get_by_role("button", name=BUTTON, exact=True)
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=HEADING)
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Jeg handler på vegne av")).to_be_visible()
    for _ in range(14):  # the focus stays inside, or in the browser's own bar
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    expect(dialog.get_by_role("button", name=CHECK)).to_be_disabled()
    expect(dialog.get_by_text("Kryss av over for å gå videre.")).to_be_visible()
    if report == REPORTS[1]:
        shot(page, "dialog")
    sound(page)
    page.set_viewport_size({"width": 360, "height": 800})
    dialog.evaluate("(one) => Promise.all(one.getAnimations().map((animation) => animation.finished))")
    box = dialog.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 800)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    dialog.get_by_role("link", name="Avbryt").click()
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    assert "/fakturafinansiering" not in page.url


def test_from_the_dialog_the_window_really_opens_and_the_old_tab_follows(product, company, sign_in, shot):
    """Done under the page's real policy: a complaint of the browser about it fails the test."""
    number = company()
    page = sign_in("Dag Leder", f"/klient/{number}/rapporter/aldersfordelt/")
    page.get_by_role("button", name=BUTTON, exact=True).click()
    dialog = page.get_by_role("dialog", name=HEADING)
    dialog.get_by_role("checkbox", name=TICK).check()
    bank = at_bank(page, dialog.get_by_role("button", name=CHECK).click)
    assert bank.url.startswith(product.bank)
    assert bank.evaluate("[window.opener, document.referrer]") == [None, ""]
    page.wait_for_url("**/status")
    expect(page.get_by_role("heading", name="Fortsett hos Buffer i det nye vinduet")).to_be_visible()
    shot(page, "state-created")
    sound(page)
    # the same button now leads to what lives
    page.goto(f"{product.url}/klient/{number}/{REPORTS[0]}")
    page.get_by_role("button", name=BUTTON, exact=True).click()
    page.wait_for_url("**/fakturafinansiering/status")
    # a reader hears the step, and the list is left alone
    page.evaluate("window.heard = document.querySelector('[role=status]')")
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    expect(page.get_by_role("heading", name="Tilbudet er klart")).to_be_visible(timeout=30_000)
    assert page.evaluate(
        "window.heard === document.querySelector('[role=status]')"
    )  # the region itself was not replaced
    expect(page.get_by_role("status")).to_contain_text("Tilbudet er klart")
    assert "Samtykke gitt" not in page.get_by_role("status").inner_text() and "Tilbudet er klart" in page.title()
    main = re.sub(r"\s+", " ", page.locator("main").inner_text())
    for words in ("240 000,00", "Effektiv rente", "13,24 %", "Oppsigelsestid", "i 14 dager til", "Les vilkårene"):
        assert words in main, main
    shot(page, "state-offered")
    sound(page)
    # and who gives up now withdraws the offer
    page.get_by_text("Avbryt", exact=True).click()
    expect(page.get_by_text("Tilbudet trekkes da tilbake")).to_be_visible()
    page.get_by_role("button", name="Avbryt sjekken").click()
    expect(page.get_by_role("heading", name="Sjekken ble avbrutt")).to_be_visible(timeout=30_000)
    shot(page, "state-cancelled")
    sound(page)


def test_without_javascript_it_is_a_page_and_the_server_answers(product, company, browser, browser_context_args):
    number = company()
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{product.url}/klient/{number}/rapporter/apne-poster/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.get_by_role("button", name=BUTTON, exact=True).click()
    expect(page.get_by_role("heading", name=HEADING)).to_be_visible()
    check = page.get_by_role("button", name=CHECK)
    expect(check).to_be_enabled()
    told = at_bank(page, check.click)
    expect(told.get_by_role("alert")).to_have_text("Kryss av over for å gå videre.")
    told.close()
    page.get_by_role("checkbox", name=TICK).check()
    bank = at_bank(page, check.click)
    assert bank.url.startswith(product.bank)
    page.goto(f"{product.url}/klient/{number}/fakturafinansiering/")
    expect(page.get_by_role("link", name="Se hvor saken står nå")).to_be_visible()
    context.close()


def test_a_window_that_is_stopped_after_the_post_ran_is_told_and_mended(
    product, company, browser, browser_context_args, shot
):
    """The policy without the bank's origin is what stops a window after the POST: exactly what Chromium does then."""
    number = company()
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.goto(f"{product.url}/klient/{number}/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")

    def without_the_bank(route):
        answer = route.fetch()
        policy = answer.headers["content-security-policy"]
        assert product.bank in policy
        headers = answer.headers | {"content-security-policy": policy.replace(product.bank, "")}
        route.fulfill(response=answer, headers=headers)

    page.route("**/fakturafinansiering/", without_the_bank)
    page.goto(f"{product.url}/klient/{number}/fakturafinansiering/")
    page.get_by_role("checkbox", name=TICK).check()
    page.get_by_role("button", name=CHECK).click()
    page.wait_for_url("**/status")
    assert not any(one.url.startswith(product.bank) for one in context.pages)
    expect(page.get_by_text("Kom det ikke noe vindu? Åpne det på nytt")).to_be_visible()
    bank = at_bank(page, page.get_by_role("button", name="Åpne vinduet på nytt").click)
    expect(bank.get_by_role("heading", name="BankID test")).to_be_visible()
    bank.close()
    page.get_by_role("button", name="Gå videre i denne fanen").click()  # and where no window opens at all
    expect(page.get_by_role("heading", name="BankID test")).to_be_visible()
    context.close()


def test_a_window_that_the_browser_blocks_is_told_and_nothing_was_sent(
    product, company, browser, browser_context_args, shot
):
    """A page that may open no windows, as under a blocker: the form is not sent then, and nothing is stored."""
    number = company()
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    page.goto(f"{product.url}/klient/{number}/")
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")

    def without_windows(route):
        answer = route.fetch()
        policy = answer.headers["content-security-policy"] + "; sandbox allow-forms allow-scripts allow-same-origin"
        route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})

    page.route("**/fakturafinansiering/", without_windows)
    posts = []
    context.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto(f"{product.url}/klient/{number}/fakturafinansiering/")
    page.get_by_role("checkbox", name=TICK).check()
    page.get_by_role("button", name=CHECK).click()
    expect(page.get_by_text("Nettleseren kan ha stoppet det.")).to_be_visible(timeout=20_000)
    assert len(context.pages) == 1 and posts == []
    expect(page.get_by_role("button", name=CHECK)).to_be_enabled()
    shot(page, "blocked")
    sound(page)
    page.unroute("**/fakturafinansiering/")
    page.get_by_role("button", name="Gå videre i denne fanen").click()
    expect(page.get_by_role("heading", name="BankID test")).to_be_visible()
    assert len(posts) == 1
    context.close()


def test_a_session_lost_at_the_bank_goes_on_after_signing_in(product, company, sign_in):
    number = company()
    page = sign_in("Dag Leder", f"/klient/{number}/")
    bank = start(page, product, number)
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    page.goto("about:blank")
    page.context.clear_cookies(domain="localhost")
    bank.get_by_role("button", name="Godta og åpne konto").click(timeout=30_000)
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    bank.wait_for_url(f"{product.url}/klient/{number}/fakturafinansiering/status")
    expect(bank.get_by_role("heading", name="Bufferkontoen er åpnet")).to_be_visible()


def test_jointly_it_waits_for_those_who_are_named(product, sign_in, shot):
    page = sign_in("Ada Administrator", f"/klient/{JOINT}/")
    bank = start(page, product, JOINT)
    bank.get_by_role("button", name="Ada Administrator", exact=True).click()
    expect(page.get_by_role("heading", name="Fullmakt mangler")).to_be_visible(timeout=30_000)
    send = page.get_by_role("link", name="Send til en som har signaturrett")
    assert send.get_attribute("href").startswith("mailto:?subject=Buffer%20for%20")
    address = page.get_by_label("Adressen til denne siden").input_value()
    assert address == f"{product.url}/klient/{JOINT}/fakturafinansiering/status"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Kopier lenken").click()
    expect(page.get_by_role("button", name="Kopiert")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == address
    shot(page, "state-authority-missing")
    sound(page)
    # a colleague opens the address, reads who began, and goes on with the same one
    dag = sign_in("Dag Leder", f"/klient/{JOINT}/fakturafinansiering/status")
    expect(dag.get_by_text("Pågår allerede, startet av Ada Administrator")).to_be_visible()
    bank = at_bank(dag, dag.get_by_role("button", name="Åpne vinduet på nytt").click)
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    for one in (dag, page):
        expect(one.get_by_role("heading", name="Venter på én signatur til")).to_be_visible(timeout=30_000)
        expect(one.get_by_text("Signert av Dag Leder")).to_be_visible()
        expect(one.get_by_text("Vera Vest mangler")).to_be_visible()
        expect(one.get_by_role("link", name="Send til Vera Vest")).to_be_visible()
    shot(dag, "state-awaiting-cosigner")
    sound(dag)


NAME = "Fjordgløtt Rørlegger og Ventilasjon Sunnhordland AS"


def test_the_other_states_are_told_in_plain_words(product, company, sign_in, browser, browser_context_args, shot):
    number = company(name=(name := NAME + " avd. Stord"), debtors=1, unnumbered=1)
    page = sign_in("Dag Leder", f"/klient/{number}/")
    desk = browser.new_context(**browser_context_args).new_page()

    def seen(heading, picture):
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=30_000)
        shot(page, picture)
        sound(page)

    start(page, product, number).close()
    console(desk, product, name, "BankID feilet")
    seen("BankID lyktes ikke", "state-bankid-failed")
    console(desk, product, name, "Registeret kan ikke svare")
    bank = at_bank(page, page.get_by_role("button", name="Åpne vinduet på nytt").click)
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    seen("En person hos Buffer ser på fullmakten", "state-authority-unresolved")
    console(desk, product, name, "Fullmakten er i orden")
    seen("Ikke noe tilbud nå", "state-rejected")
    expect(page.get_by_text("mangler 1 åpen faktura organisasjonsnummer")).to_be_visible()
    start(page, product, number).close()
    console(desk, product, name, "Avslå søknaden", grunn="")
    seen("Ikke noe tilbud nå", "state-rejected-without-reason")
    expect(page.get_by_text("har ikke oppgitt noen grunn")).to_be_visible()
    start(page, product, number).close()
    console(desk, product, name, "La søknaden utløpe")
    seen("Sjekken er utløpt", "state-expired")
    bank = start(page, product, number)
    bank.get_by_role("button", name="Avbryt", exact=True).click()
    seen("Sjekken ble avbrutt", "state-cancelled-at-the-bank")
    expect(page.get_by_text("Den ble avbrutt hos Buffer.")).to_be_visible()
    desk.context.close()
