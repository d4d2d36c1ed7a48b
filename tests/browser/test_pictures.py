"""Pictures of the main pages, wide and narrow, and what a picture cannot show: labels, names, widths, silent consoles."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

SOUND = (Path(__file__).parent / "soundness.js").read_text(encoding="utf-8")
CLIENT = "/klient/310000000/"
LAST_MONTH_END = datetime.now(ZoneInfo("Europe/Oslo")).date().replace(day=1) - timedelta(days=1)
PAGES = {
    "chooser": ("/", "Velg foretak"),
    "dashboard-demo": (CLIENT, None),
    "dashboard-setup": (CLIENT + "dashboard/oppsett", "Dashboard oppsett"),
    "open-items": (CLIENT + "rapporter/apne-poster/", "Åpne poster kunder"),
    "aged-receivables": (CLIENT + "rapporter/aldersfordelt/", "Aldersfordelte kundefordringer"),
    "unpaid-invoices": (CLIENT + "fakturaer/ubetalte/", "Ubetalte fakturaer"),
    "open-items-past": (CLIENT + f"rapporter/apne-poster/?per={LAST_MONTH_END}", "Åpne poster kunder"),
    "open-items-summary": (CLIENT + "rapporter/apne-poster/?visning=sammendrag", "Åpne poster kunder"),
    "open-items-large": ("/klient/310055557/rapporter/apne-poster/?status=forfalt", "Åpne poster kunder"),
    "aged-receivables-large": (
        f"/klient/310055557/rapporter/aldersfordelt/?per={LAST_MONTH_END}",
        "Aldersfordelte kundefordringer",
    ),
    "aged-receivables-past": (
        CLIENT + f"rapporter/aldersfordelt/?per={LAST_MONTH_END}",
        "Aldersfordelte kundefordringer",
    ),
    "reconciliation": (CLIENT + "rapporter/avstemming/", "Kundereskontro og samlekonti"),
}
ERRORS = {
    "403": (CLIENT + "fakturafinansiering/", "Du har ikke tilgang til dette"),
    "404": ("/klient/999999999/", "Her er det ingenting"),
}
TEMPLATES = {
    "400": "Det forstod vi ikke",
    "403_csrf": "Siden var for gammel",
    "500": "Noe gikk galt hos oss",
}


@pytest.fixture(scope="module")
def people(product, browser, browser_context_args):
    """people("Ada Administrator"): a page of hers, signed in once for the whole file."""
    pages = {}

    def page_of(person):
        if person not in pages:
            pages[person] = browser.new_context(**browser_context_args).new_page()
            pages[person].goto(product.url)
            pages[person].get_by_role("button", name=person, exact=True).click()
            pages[person].wait_for_url(product.url + "/**")
            pages[person].wait_for_load_state("networkidle")  # or leaving it would break off a request
        return pages[person]

    yield page_of
    for page in pages.values():
        page.context.close()


@pytest.fixture
def complaints():
    """complaints(page): what its console, its scripts and its requests complain of from now on."""
    undo = []

    def listen(page, status=200):
        said = []

        def on_console(message):
            # The browser itself says that an error page is an error.
            if message.type in ("error", "warning") and not (status >= 400 and message.location["url"] == page.url):
                said.append(message.text)

        handlers = {
            "console": on_console,
            "pageerror": lambda error: said.append(str(error)),
            "requestfailed": lambda request: said.append(f"{request.url}: {request.failure}"),
            "response": lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        }
        if status >= 400:
            del handlers["response"]
        for name, handler in handlers.items():
            page.on(name, handler)
            undo.append((page, name, handler))
        return said

    yield listen
    for page, name, handler in undo:
        page.remove_listener(name, handler)


def assert_sound(page):
    """At both widths."""
    before = page.viewport_size
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SOUND) == [], f"{page.url} at {width}"
    page.set_viewport_size(before)


@pytest.mark.parametrize("name", PAGES)
def test_a_page(product, people, complaints, shot, name):
    page = people("Ada Administrator")
    said = complaints(page)
    address, heading = PAGES[name]
    assert page.goto(product.url + address).status == 200
    expect(page.locator("h1")).to_have_text(heading or page.locator("h1").inner_text())
    assert_sound(page)
    shot(page, name, always=True)
    assert said == []


@pytest.mark.parametrize("name", ERRORS)
def test_a_refusal(product, people, complaints, shot, name):
    page = people("Rolf Revisor")
    said = complaints(page, status=int(name))
    address, heading = ERRORS[name]
    assert page.goto(product.url + address).status == int(name)
    expect(page.locator("h1")).to_have_text(heading)
    assert_sound(page)
    shot(page, f"error-{name}", always=True)
    assert said == []


@pytest.fixture(scope="module")
def failures(product):
    """The pages that a running product has no address for, as their handlers render them: {name: html}."""
    code = (
        "import json; from django.template.loader import render_to_string; from django.utils import timezone;"
        f"print(json.dumps({{name: render_to_string(name + '.html', {{'now': timezone.now(), 'support_url': 'mailto:a@b'}})"
        f" for name in {list(TEMPLATES)}}}))"
    )
    return json.loads(product.manage("shell", "--no-imports", "-c", code).splitlines()[-1])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_failure(product, people, complaints, shot, failures, name):
    page = people("Rolf Revisor")
    said = complaints(page)
    address = f"{product.url}/failed/{name}"
    page.route(address, lambda route: route.fulfill(body=failures[name], content_type="text/html; charset=utf-8"))
    page.goto(address)
    expect(page.locator("h1")).to_have_text(TEMPLATES[name])
    assert_sound(page)
    shot(page, f"error-{name}", always=True)
    assert said == []
    page.unroute(address)


def test_the_checks_see_what_is_wrong(product, people):
    """Each fault put into a sound page is found; a check that never fails says nothing."""
    page = people("Ada Administrator")
    page.goto(product.url + PAGES["aged-receivables"][0])
    assert page.evaluate(SOUND) == []
    for html, told in {
        "<input name='q'>": "no label",
        "<button></button>": "no name",
        "<img src='/static/img/mark.svg'>": "no alternative text",
        "<svg width='9' height='9'></svg>": "neither named nor hidden",
        "<h1>Another</h1>": "2 <h1>",
        "<h4>Deep</h4>": "to <h4>",
        "<p id='content'>Again</p>": "twice: #content",
        "<table><tbody><tr><td class='left'>1 000,00</td></tr></tbody></table>": "figures stand left",
        "<div class='card'><p class='wide'>x</p></div>": "stick out of",
        "<pre class='wide'>x</pre>": "too wide",
    }.items():
        page.evaluate(
            """(html) => {
              document.querySelector("main").insertAdjacentHTML("beforeend", `<div class="fault">${html}</div>`);
              document.querySelectorAll(".fault .left").forEach((one) => { one.style.textAlign = "left"; });
              document.querySelectorAll(".fault .wide").forEach((one) => { one.style.width = "3000px"; });
            }""",
            html,
        )
        faults = page.evaluate(SOUND)
        assert any(told in one for one in faults), (html, faults)
        page.evaluate("document.querySelector('.fault').remove()")
    assert page.evaluate(SOUND) == []
