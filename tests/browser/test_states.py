"""Every state of the check and of the widget that a person may meet, driven by the bank's console; each with its picture.

The journey itself is in test_journey.py. What no console can hasten (a year's consent that runs out, a due date that the
calendar has passed, a bank that first reads) is put as rows, the same that tests/dashboard/widget_states.py checks.
"""

import json
import os
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from .test_journey import plain
from .test_onboarding import CHECK, HEADER, at_bank, sound, start, with_check_digit
from .test_pictures import SOUND

NAMES = {
    "blocked": "Åsnes Blikk AS", "way": "Fjordgløtt Rør AS", "jointly": "Lyngheim Snekkeri AS",
    "offer": "Havblikk Elektro AS", "account": "Solbakken Maling AS", "consent": "Tindveien Transport AS",
    "silent": "Ravnkollen Graving AS",
}  # fmt: skip
NUMBERS = {key: with_check_digit(7_100_000 + 1000 * place) for place, key in enumerate(NAMES)}
# State of widget_states.py: words that its card must show.
AS_ROWS = {
    "analysing": "Analyserer", "unknown": "Ikke tilgjengelig", "no_account": "Åpne Bufferkonto", "overdue": "Forfalt",
    "paused_no_data": "får ikke lest kundefordringene",
    "lapsed": "Tilgang utløpt", "consent_soon": "Forny tilgangen", "disconnected": "Ingenting er skyldig",
    "check_begun": "Sjekk påbegynt",
}  # fmt: skip
ROW_NUMBERS = {name: with_check_digit(7_200_000 + 1000 * place) for place, name in enumerate(AS_ROWS)}
PUT = """
import io, json, os
from django.core.management import call_command
from access.models import Client
given = json.loads(os.environ["GIVEN"])
for number, name, books in given["companies"]:
    quiet = io.StringIO()
    if books:
        call_command("import_ledger", books, client=number, name=name, stdout=quiet)
    else:
        call_command("add_client", number, name=name, stdout=quiet)
    for subject, role in (("dag", "daglig_leder"), ("ada", "administrator")):
        call_command("add_member", client=number, subject=subject, role=role, stdout=quiet)
if given["rows"]:
    from tests.dashboard.widget_states import STATES
    for name, number in given["rows"].items():
        STATES[name].put(Client.objects.get(organisation_number=number))
"""

AGE = """
import json, os
from datetime import timedelta
from django.utils import timezone
from access.models import Client
from access.tenancy import client_scope
from financing.models import Agreement, ProviderSync
client = Client.objects.get(organisation_number=json.loads(os.environ["GIVEN"])["number"])
then = timezone.now() - timedelta(hours=3, minutes=5)
ProviderSync.objects.filter(provider="buffer").update(complete_at=then)
with client_scope(client):
    Agreement.objects.for_client(client).update(read_at=then)
"""


def shell(product, code, given):
    product.environment["GIVEN"] = json.dumps(given)
    product.manage("shell", "--no-imports", "-c", code)


@pytest.fixture(scope="module")
def companies(product, tmp_path_factory):
    """Companies of their own, each with six customers who owe 50,000: the bank lends 240,000 on that. Dag leads them."""
    today = datetime.now(UTC).date()
    rows = [
        f"{one},{100 + one},Kunde {one} AS,{910000000 + one},invoice,{one},F{one},,"
        f"{today - timedelta(days=5)},{today + timedelta(days=40)},NOK,50000.00,"
        for one in range(1, 7)
    ]
    books = tmp_path_factory.mktemp("books") / "entries.csv"
    books.write_text(HEADER + "\n".join(rows) + "\n")
    put = [(NUMBERS[key], name, str(books)) for key, name in NAMES.items()]
    put += [(number, f"Bilde {name} AS", "") for name, number in ROW_NUMBERS.items()]
    shell(product, PUT, {"companies": put, "rows": ROW_NUMBERS})
    return books


@pytest.fixture
def pays(product, companies):
    """pays("offer", 1): customer 1 pays her invoice in full, in the books."""

    def pay(key, customer):
        today = datetime.now(UTC).date()
        entries, matches = companies.with_name(f"p{customer}.csv"), companies.with_name(f"m{customer}.csv")
        entries.write_text(
            HEADER
            + f"p{customer},{100 + customer},Kunde {customer} AS,{910000000 + customer},payment,{90 + customer},,,"
            f"{today},,NOK,-50000.00,\n"
        )
        matches.write_text(
            f"debit_entry_id,credit_entry_id,amount,matched_on\n{customer},p{customer},50000.00,{today}\n"
        )
        product.manage("import_ledger", "--client", NUMBERS[key], "--name", NAMES[key], str(entries), str(matches))

    return pay


@pytest.fixture(scope="module")
def dag(product, browser, browser_context_args, companies):
    """A page of Dag's, signed in once."""
    page = browser.new_context(**browser_context_args).new_page()
    page.goto(product.url)
    page.get_by_role("button", name="Dag Leder", exact=True).click()
    page.wait_for_url(product.url + "/**")
    yield page
    page.context.close()


class Console:
    """The forms of the bank's console, sent without a browser's page."""

    def __init__(self, product, requests):
        self.root, self.requests = product.bank + "/console/", requests

    def _send(self, path, form):
        told = self.requests.get(self.root).text()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', told)[1]
        answer = self.requests.post(self.root + path, form=form | {"csrfmiddlewaretoken": token})
        assert answer.ok, answer.text()
        notice = re.search(r'role="status">([^<]*)<', answer.text())
        assert notice, path
        return notice[1]

    def do(self, key, deed, **form):
        """One deed on the company's newest application; what the console says came of it."""
        page = self.requests.get(f"{self.root}foretak/{NUMBERS[key]}/").text()
        return self._send(f"{re.search(r'/console/([^/]+)/les', page)[1]}/{deed}", form)

    def register(self, key, case):
        assert self._send(f"foretak/{NUMBERS[key]}/fakta", {"register": case}) == "Lagret."

    def next_day(self):
        assert "flyttet 1 dag" in self._send("dato", {"days": "1"})

    def fault(self, kind, times):
        self._send("feil", {"kind": kind, "times": str(times)})

    def no_faults(self):
        self._send("feil/ingen", {})


@pytest.fixture(scope="module")
def bank(product, playwright):
    requests = playwright.request.new_context()
    console = Console(product, requests)
    yield console
    console.no_faults()
    requests.dispose()


@pytest.fixture
def seen(product, shot):
    """What a page of the company says once it says `words`; laid out soundly, pictured whole or as the widget's card."""

    def until(page, path, part, words, name, seconds=15):
        text, ends = "", time.monotonic() + seconds
        while time.monotonic() < ends:
            page.goto(product.url + path)
            text = plain(page.locator(part).first.inner_text()) if page.locator(part).count() else ""
            if all(one in text for one in words):
                break
            page.wait_for_timeout(300)
        else:
            raise AssertionError(f"{words} never came on {path}: {text}")
        folder = os.environ.get("PICTURES")
        for width in (1280, 360):
            if width != page.viewport_size["width"]:  # dear: about half a second
                page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(SOUND) == [], f"{path} at {width}"
            if folder and part == CARD:
                page.locator(CARD).screenshot(path=f"{folder}/state-{name}-{width}.png", caret="initial")
        page.set_viewport_size({"width": 1280, "height": 900})
        if part != CARD:
            shot(page, f"state-{name}")
        return text

    class Seen:
        @staticmethod
        def follow(page, number, name, *words):
            return until(page, f"/klient/{number}/fakturafinansiering/status", "main", words, name)

        @staticmethod
        def widget(page, number, name, *words):
            return until(page, f"/klient/{number}/", CARD, words, f"widget-{name}")

        @staticmethod
        def settings(page, number, name, *words):
            address = f"/klient/{number}/innstillinger/fakturafinansiering/"
            return until(page, address, "main", words, f"settings-{name}")

    return Seen


CARD = "main section:has(h2:has-text('Fakturafinansiering')), main article:has(h2:has-text('Fakturafinansiering'))"


def identify(page, product, key, name="Dag Leder"):
    """Begin a check and say who one is at the bank: the bank's window."""
    window = start(page, product, NUMBERS[key])
    with window.expect_navigation():  # Chromium may never close a window that is still on its way
        window.get_by_role("button", name=name, exact=True).click()
    return window


def open_account(page, product, key):
    window = identify(page, product, key)
    window.get_by_role("button", name="Godta og åpne konto").click(timeout=30_000)
    window.wait_for_url(product.url + "/**")
    window.close()


def manage(page, product, key):
    """The bank's page of the account, in a window of its own."""
    page.goto(f"{product.url}/klient/{NUMBERS[key]}/innstillinger/fakturafinansiering/")
    window = at_bank(page, page.get_by_role("button", name="Administrer avtale").click)
    window.get_by_role("button", name="Dag Leder", exact=True).click()
    expect(window.get_by_label("Beløp")).to_be_visible()  # before that the window is still on its way there
    return window


def move(window, amount, button="Overfør til bedriften"):
    window.reload()
    window.get_by_label("Beløp").fill(amount)
    window.get_by_role("button", name=button).click()
    expect(window.get_by_role("status")).to_be_visible()


def test_a_window_that_the_browser_stops(product, dag, shot, seen):
    """The page may open no window, as under a blocker."""

    def without_windows(route):
        answer = route.fetch()
        policy = answer.headers["content-security-policy"] + "; sandbox allow-forms allow-scripts allow-same-origin"
        route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})

    dag.route("**/fakturafinansiering/", without_windows)
    dag.goto(f"{product.url}/klient/{NUMBERS['blocked']}/fakturafinansiering/")
    dag.get_by_role("checkbox").check()
    dag.get_by_role("button", name=CHECK).click()
    expect(dag.get_by_text("Nettleseren kan ha stoppet det.")).to_be_visible(timeout=20_000)
    sound(dag)
    shot(dag, "state-blocked")
    dag.unroute("**/fakturafinansiering/")


def test_a_check_that_comes_to_nothing_is_told_with_why(product, dag, bank, seen):
    number = NUMBERS["way"]
    start(dag, product, number).close()
    seen.follow(dag, number, "created", "Fortsett hos Buffer i det nye vinduet")
    assert bank.do("way", "bankid-feilet") == "BankID feilet."
    seen.follow(dag, number, "bankid-failed", "BankID lyktes ikke", "Åpne vinduet på nytt")
    bank.register("way", "free_text")
    window = at_bank(dag, dag.get_by_role("button", name="Åpne vinduet på nytt").click)
    window.get_by_role("button", name="Dag Leder", exact=True).click()
    seen.follow(dag, number, "authority-unresolved", "En person hos Buffer ser på fullmakten")
    seen.widget(dag, number, "authority-unresolved", "Vurderes", "En person hos Buffer ser på fullmakten. ")
    window.close()
    bank.do("way", "avsla", reason="credit_check")
    text = seen.follow(dag, number, "rejected", "Ikke noe tilbud nå", "Bankens kredittvurdering")
    assert re.search(r"\d\d\.\d\d\.\d{4}", text) and "Start på nytt" not in text
    seen.widget(dag, number, "rejected", "Ikke tilbud")
    start(dag, product, number).close()
    bank.do("way", "avsla", reason="")
    seen.follow(dag, number, "rejected-without-reason", "Ikke noe tilbud nå", "har ikke oppgitt noen grunn")
    seen.widget(dag, number, "rejected-without-reason", "Ikke tilbud", "har ikke oppgitt noen grunn")
    window = start(dag, product, number)
    window.get_by_role("button", name="Avbryt", exact=True).click()
    seen.follow(dag, number, "cancelled", "Sjekken ble avbrutt", "Den ble avbrutt hos Buffer.")
    window.close()
    start(dag, product, number).close()
    bank.do("way", "utlop")
    seen.follow(dag, number, "expired", "Sjekken er utløpt")
    seen.widget(dag, number, "expired", "Utløpt", "Sjekken er utløpt. ")


def test_a_company_signed_for_jointly_waits_for_those_named(product, dag, bank, seen):
    number = NUMBERS["jointly"]
    bank.register("jointly", "other_alone")
    identify(dag, product, "jointly").close()
    seen.follow(dag, number, "authority-missing", "Fullmakt mangler", "Send til en som har signaturrett")
    seen.widget(dag, number, "authority-missing", "Fullmakt mangler")
    bank.register("jointly", "jointly")
    dag.goto(f"{product.url}/klient/{number}/fakturafinansiering/status")
    window = at_bank(dag, dag.get_by_role("button", name="Åpne vinduet på nytt").click)
    window.get_by_role("button", name="Dag Leder", exact=True).click()
    seen.follow(
        dag, number, "awaiting-cosigner", "Venter på én signatur til", "Signert av Dag Leder", "Vera Vest mangler"
    )
    seen.widget(dag, number, "awaiting-cosigner", "Dag Leder har signert", "Vera Vest mangler", "1 signatur mangler")
    window.close()


def test_an_offer_stands_is_replaced_ends_soon_and_ends(product, dag, bank, seen, pays):
    number = NUMBERS["offer"]
    identify(dag, product, "offer").close()
    seen.follow(dag, number, "offered", "Tilbudet er klart", "240 000,00", "i 14 dager til")
    seen.widget(dag, number, "offer", "Tilbud klart", "240 000,00")
    pays("offer", 1)
    bank.do("offer", "les")
    seen.follow(dag, number, "offer-replaced", "200 000,00", "240 000,00")
    seen.widget(dag, number, "offer-replaced", "Nytt tilbud", "200 000,00", "240 000,00")
    bank.do("offer", "utlop-snart")
    seen.follow(dag, number, "offer-soon", "Tilbudet utløper snart")
    seen.widget(dag, number, "offer-soon", "Utløper snart", "200 000,00")
    bank.do("offer", "utlop")
    text = seen.follow(dag, number, "offer-expired", "Tilbudet er utløpt", "Ingenting er lånt")
    assert "200 000,00" not in text
    seen.widget(dag, number, "offer-expired", "Tilbudet er utløpt. ", "Ingenting er lånt")
    window = identify(dag, product, "offer")
    window.get_by_role("button", name="Avslå", exact=True).click(timeout=30_000)
    seen.follow(dag, number, "declined", "Foretaket takket nei til tilbudet")
    seen.widget(dag, number, "declined", "Takket nei", "Foretaket takket nei til tilbudet. ")
    window.close()


def test_the_widget_follows_the_account_to_its_end(product, dag, bank, seen, pays):
    number = NUMBERS["account"]
    open_account(dag, product, "account")
    seen.follow(dag, number, "accepted", "Bufferkontoen er åpnet")
    seen.widget(dag, number, "unused", "Aktiv", "Ingenting er benyttet", "240 000,00")
    window = manage(dag, product, "account")
    move(window, "100000")
    seen.widget(dag, number, "partly", "Benyttet 100 000,00", "140 000,00")
    bank.do("account", "uttak-venter")
    move(window, "40000")
    seen.widget(dag, number, "pending", "Uttak på 40 000,00 er bestilt", "Ikke bokført hos Buffer ennå")
    bank.do("account", "bokfor")
    bank.do("account", "uttak-venter")
    move(window, "100000")
    seen.widget(dag, number, "full", "Fullt benyttet", "240 000,00")
    bank.do("account", "pause")
    seen.widget(dag, number, "paused-by-bank", "Pauset", "Spør Buffer om grunnen")
    bank.do("account", "opphev-pause")
    move(window, "60000", "Tilbakebetal")
    seen.widget(dag, number, "partly-again", "Benyttet 180 000,00")
    pays("account", 1)
    bank.do("account", "les")
    seen.widget(dag, number, "changed", "Kredittgrensen er redusert med 40 000,00", "Endret siden du så den sist")
    seen.settings(dag, number, "changed", "200 000,00")
    pays("account", 2)
    bank.do("account", "les")
    seen.widget(dag, number, "over-without-due", "Over kredittgrensen med", "har ikke sagt når det må betales")
    bank.next_day()  # the bank says when once the day is closed
    seen.widget(dag, number, "over", "Over kredittgrensen med", "Betal 20 000,00 innen")
    seen.settings(dag, number, "over", "20 000,00")
    bank.do("account", "si-opp")
    seen.widget(dag, number, "terminating", "Sagt opp", "Gjenstår å betale", "Ingen nye uttak")
    seen.settings(dag, number, "terminating", "Sagt opp")
    window.reload()
    owed = re.search(r"Benyttet ([\d ]+,\d\d)", plain(window.locator("main").inner_text()))[1]
    move(window, owed, "Tilbakebetal")
    window.close()
    seen.widget(dag, number, "terminated", "Avsluttet", "Legg bort")
    dag.get_by_role("button", name="Legg bort").click()
    dag.wait_for_load_state()
    assert dag.locator(CARD).count() == 0


def test_an_access_withdrawn_leaves_the_debt(product, dag, bank, seen):
    number = NUMBERS["consent"]
    open_account(dag, product, "consent")
    window = manage(dag, product, "consent")
    move(window, "20000")
    seen.widget(dag, number, "before-withdrawal", "Benyttet 20 000,00")
    dag.goto(f"{product.url}/klient/{number}/innstillinger/fakturafinansiering/samtykker/trekk-tilbake")
    dag.get_by_role("button", name="Trekk tilbake tilgangen").click()
    dag.wait_for_load_state()
    seen.widget(dag, number, "disconnected-debt", "Frakoblet", "Må tilbakebetales", "20 000,00", "ikke sagt opp")
    seen.settings(dag, number, "disconnected-debt", "Frakoblet", "20 000,00")
    window.close()


@pytest.mark.parametrize("name", AS_ROWS)
def test_a_state_that_no_console_can_hasten(product, dag, seen, name):
    seen.widget(dag, ROW_NUMBERS[name], name.replace("_", "-"), AS_ROWS[name])


def test_a_bank_that_does_not_answer(product, dag, bank, seen):
    """Last: the bank rests, for all. Half an hour is not waited for: the time of the last answer is moved back."""
    bank.fault("unavailable", 50)
    number = NUMBERS["silent"]
    dag.goto(f"{product.url}/klient/{number}/fakturafinansiering/?ny=1")
    dag.get_by_role("checkbox").check()
    at_bank(dag, dag.get_by_role("button", name=CHECK).click).close()
    dag.wait_for_url("**/status")
    seen.follow(dag, number, "begun", "Vi leter etter svaret fra Buffer")
    shell(product, AGE, {"number": NUMBERS["consent"]})
    seen.widget(dag, NUMBERS["consent"], "stale", "Gamle tall", "Tallene er 3 timer gamle", "Prøv igjen nå")
