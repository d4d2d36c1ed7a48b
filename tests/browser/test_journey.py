"""From a company's SAF-T file to a bank's limit on the dashboard, as people do it, with every process real."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from .conftest import SHARED

TOYEN = SHARED / "data/saft/skatteetaten_toyen_888888888_v1.10.xml"
NUMBER = "888888888"
LAST_DAY = date(2017, 4, 30)
BUTTON, HEADING = "Fakturafinansiering", "Tjenestetilbyder Buffer, levert av Sparebanken Vest"


def plain(text):
    """Thin and hard spaces as ordinary ones."""
    return re.sub(r"[\s\u2009\u00a0\u202f]+", " ", text)


@pytest.fixture(scope="module")
def toyen(product):
    """The real file, moved so that its last day is today; Dag leads the company, Rita and Rolf keep and audit its books."""
    if not TOYEN.exists():
        pytest.skip("needs ../shared, the folder with real files beside the project")
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Oslo")).date()
    product.manage("import_saft", str(TOYEN), "--shift-days", str((today - LAST_DAY).days))
    for subject, role in (
        ("ada", "administrator"), ("dag", "daglig_leder"), ("rita", "regnskapsforer"), ("rolf", "revisor"),
        ("stine", "standard"),
    ):  # fmt: skip
        product.manage("add_member", "--client", NUMBER, "--subject", subject, "--role", role)
    return today


def figures(page):
    """The widget's text."""
    heading = page.get_by_role("heading", name=BUTTON)
    card = page.locator("section, article").filter(has=heading).first
    return plain(card.inner_text())


def follows(page, *words):
    """The widget comes to say this by itself."""
    shown = ""
    for _ in range(120):  # a minute at most
        shown = figures(page)
        if all(one in shown for one in words):
            return
        page.wait_for_timeout(500)
    raise AssertionError(shown)


def pay(product, today, amount):
    """The open invoice of this amount is paid today, in full."""
    items = product.report("open-items", NUMBER, today)["currencies"]["NOK"]["items"]
    (item,) = [one for one in items if one["open_amount"] == amount]
    entries, matches = product.state / "payment.csv", product.state / "match.csv"
    entries.write_text(
        "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,"
        "due_date,currency,amount,currency_amount\n"
        f"bank-1,{item['customer_number']},{item['customer_name']},,payment,B1,,,{today},,,-{amount},\n",
        encoding="utf-8",
    )
    matches.write_text(
        f"debit_entry_id,credit_entry_id,amount,matched_on\n{item['entry_id']},bank-1,{amount},\n", encoding="utf-8"
    )
    product.manage("import_ledger", "--client", NUMBER, "--name", "Tøyen", str(entries), str(matches))


def test_from_the_report_to_the_limit_on_the_dashboard(product, toyen, sign_in, shot):
    page = sign_in("Dag Leder", f"/klient/{NUMBER}/")
    expect(page.get_by_role("heading", name=BUTTON)).to_have_count(0)
    page.get_by_role("link", name="Aldersfordelte kundefordringer").first.click()
    assert "135 500,00" in plain(page.locator("main").inner_text())
    assert "31 800,00" in plain(page.locator("main").inner_text())
    shot(page, "report")

    page.get_by_role("button", name=BUTTON, exact=True).click()
    expect(page.get_by_role("heading", name=HEADING)).to_be_visible()
    check = page.get_by_role("button", name="Sjekk bedriftens Buffer")
    expect(check).to_be_disabled()
    page.get_by_role("checkbox", name="Jeg godtar at Buffer får tilgang til denne klienten").check()
    expect(check).to_be_enabled()
    shot(page, "consent")
    with page.context.expect_page() as opened:
        check.click()
    bank = opened.value
    bank.wait_for_load_state()
    assert bank.url.startswith(product.bank)
    expect(bank.get_by_role("heading", name="BankID test")).to_be_visible()
    shot(bank, "bankid")

    # the old tab follows along
    expect(page.get_by_text("Samtykke gitt av Dag Leder")).to_be_visible(timeout=15_000)
    shot(page, "following")
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    expect(bank.get_by_role("button", name="Godta og åpne konto")).to_be_visible(timeout=30_000)
    assert "62 000" in plain(bank.locator("body").inner_text())
    shot(bank, "bank-offer")
    expect(page.get_by_text("Tilbudet er klart")).to_be_visible(timeout=30_000)
    assert "62 000,00" in plain(page.locator("main").inner_text())
    shot(page, "offered")

    bank.get_by_role("button", name="Godta og åpne konto").click()
    bank.wait_for_url(product.url + "/**", timeout=30_000)
    assert "state=" not in bank.url
    expect(page.get_by_text("Bufferkontoen er åpnet")).to_be_visible(timeout=30_000)

    page.goto(f"{product.url}/klient/{NUMBER}/")
    shown = figures(page)
    for words in ("Kredittgrense 62 000,00", "Benyttet 0,00", "Tilgjengelig 62 000,00"):
        assert words in shown, shown
    shot(page, "dashboard-unused")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name=BUTTON, exact=False).and_(page.locator("h2 a")).click()
    bank = opened.value
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    bank.get_by_label("Beløp").fill("20000")
    bank.get_by_role("button", name="Overfør til bedriften").click()
    expect(bank.get_by_text(re.compile("42.000"))).to_be_visible()
    shot(bank, "bank-account")

    shown = ""
    for _ in range(45):  # 90 seconds at most
        page.reload()
        shown = figures(page)
        if "Benyttet 20 000,00" in shown:
            break
        page.wait_for_timeout(2000)
    for words in ("Kredittgrense 62 000,00", "Benyttet 20 000,00", "Tilgjengelig 42 000,00"):
        assert words in shown, shown
    shot(page, "dashboard")
    page.goto(f"{product.url}/klient/{NUMBER}/innstillinger/fakturafinansiering/")
    text = plain(page.locator("main").inner_text())
    for words in ("62 000,00", "20 000,00", "42 000,00", "78 375,00", "135 500,00"):
        assert words in text, text
    expect(page.get_by_role("button", name="Administrer avtale")).to_be_visible()
    shot(page, "settings")
    # The bank's own lines, read over its API, add up to what the page explains.
    page.get_by_role("link", name="Vis post for post").click()
    text = plain(page.locator("main").inner_text())
    for words in ("Leker på Nett", "263 500,00", "−195 125,00", "kunden samlet", "135 500,00", "78 375,00"):
        assert words in text, text
    shot(page, "analysis-lines")
    page.go_back()
    page.get_by_role("link", name="Historikk").click()
    expect(page.get_by_role("row").filter(has_text="Benyttet +20")).to_have_count(1)
    shot(page, "history")


def test_page_and_command_agree(product, toyen, sign_in):
    told = product.report("aged-receivables", NUMBER, toyen)["currencies"]["NOK"]
    assert told["totals"] == ["273500.00", "0.00", "0.00", "2000.00", "0.00", "0.00", "-140000.00"]
    page = sign_in("Rolf Revisor", f"/klient/{NUMBER}/rapporter/aldersfordelt/")
    text = plain(page.locator("main").inner_text())
    for words in ("273 500,00", "2 000,00", "−140 000,00", "135 500,00"):
        assert words in text


@pytest.mark.parametrize("person", ["Rita Regnskap", "Rolf Revisor"])
def test_those_without_the_privilege_have_no_button_no_widget_and_no_page(product, toyen, sign_in, person):
    page = sign_in(person, f"/klient/{NUMBER}/")
    expect(page.get_by_role("heading", name="Kundefordringer")).to_be_visible()
    expect(page.get_by_role("heading", name=BUTTON)).to_have_count(0)
    for report in ("rapporter/apne-poster", "rapporter/aldersfordelt", "fakturaer/ubetalte"):
        assert page.goto(f"{product.url}/klient/{NUMBER}/{report}/").status == 200
        expect(page.get_by_role("button", name=BUTTON)).to_have_count(0)
    for path in ("fakturafinansiering/", "innstillinger/fakturafinansiering/"):
        assert page.goto(f"{product.url}/klient/{NUMBER}/{path}").status == 403


@pytest.mark.parametrize("person", ["Vera Vest", "Otto Operatør"])
def test_a_stranger_and_the_operator_learn_nothing(product, toyen, sign_in, person):
    page = sign_in(person)
    for path in ("", "fakturafinansiering/", "rapporter/aldersfordelt/", "innstillinger/fakturafinansiering/"):
        assert page.goto(f"{product.url}/klient/{NUMBER}/{path}").status == 404
        assert "Tøyen" not in page.content()


def test_a_right_given_in_the_admin_site_counts_on_the_next_request(product, toyen, sign_in, shot):
    """Rita is signed in all along; Ada gives the privilege to her role, and takes it away again."""
    rita = sign_in("Rita Regnskap", f"/klient/{NUMBER}/rapporter/aldersfordelt/")
    expect(rita.get_by_role("button", name=BUTTON)).to_have_count(0)
    ada = sign_in("Ada Administrator", "/admin/")
    for level, count in (("Full tilgang", 1), ("Ingen tilgang", 0)):
        ada.goto(f"{product.url}/admin/klient/{NUMBER}/roller/")
        ada.get_by_label(f"{BUTTON}, Regnskapsfører").select_option(label=level)
        shot(ada, "role")
        ada.get_by_role("button", name="Se over endringene").click()
        ada.get_by_role("button", name="Lagre endringen").click()
        rita.reload()
        expect(rita.get_by_role("button", name=BUTTON)).to_have_count(count)
        widget = rita.request.get(f"{product.url}/klient/{NUMBER}/").text()
        assert ("Tilgjengelig" in widget) == bool(count)
    assert rita.goto(f"{product.url}/klient/{NUMBER}/fakturafinansiering/").status == 403


def test_from_a_payment_in_the_books_to_the_end_of_the_agreement(product, toyen, sign_in, shot):
    """The journey's second half, last because it changes the books that the others look at."""
    page = sign_in("Dag Leder", f"/klient/{NUMBER}/")
    follows(page, "Kredittgrense 62 000,00", "Benyttet 20 000,00", "Tilgjengelig 42 000,00")
    # An invoice is paid in the books, and the limit falls by what ANALYSIS.md says: without NYE LEKER's 10 000 the base
    # is 263 500, a quarter of it 65 875, 80 % of that 52 700, so whole thousands: 52 000.
    pay(product, toyen, "10000.00")
    follows(page, "Kredittgrense 52 000,00", "Benyttet 20 000,00", "Tilgjengelig 32 000,00")
    shot(page, "dashboard-paid")
    page.get_by_role("link", name=re.compile("Slik er kredittgrensen beregnet")).first.click()
    text = plain(page.locator("main").inner_text())
    for words in ("52 000,00", "65 875,00", "125 500,00"):
        assert words in text, text

    # Repaid and terminated at the bank; the widget follows without a reload, says so, and goes.
    page.goto(f"{product.url}/klient/{NUMBER}/")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=BUTTON, exact=False).and_(page.locator("h2 a")).click()
    bank = opened.value
    bank.get_by_role("button", name="Dag Leder", exact=True).click()
    bank.get_by_label("Beløp").fill("20000")
    bank.get_by_role("button", name="Tilbakebetal").click()
    follows(page, "Benyttet 0,00", "Tilgjengelig 52 000,00")
    shot(page, "dashboard-repaid")
    bank.get_by_role("button", name="Si opp avtalen").click()
    shot(bank, "bank-terminate")
    bank.get_by_role("button", name="Si opp avtalen").click()
    follows(page, "Avtalen er avsluttet")
    shot(page, "dashboard-ended")
    page.get_by_role("button", name="Legg bort").click()
    expect(page.get_by_role("heading", name="Kundefordringer")).to_be_visible()
    expect(page.get_by_role("heading", name=BUTTON)).to_have_count(0)
    page.goto(f"{product.url}/klient/{NUMBER}/innstillinger/fakturafinansiering/samtykker/")
    assert "Dag Leder" in plain(page.locator("main").inner_text())  # what was given stays to be read
