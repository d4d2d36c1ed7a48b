"""Every page, as the person who may see most, in both languages: nothing of the one stands on a page in the other."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from access.models import Client, Role, User
from access.services import add_member
from access.tenancy import client_scope
from accounting.models import Customer
from accounting.reports.words import PAGE
from financing.models import FINAL, Agreement, AgreementStatus, Consent, Onboarding, OnboardingStatus
from tests.access.test_urls_walk import everything, kind
from tests.dashboard.financed import OFFER, agreement, onboarding
from tests.languages import Catalog, spoken

pytestmark = pytest.mark.django_db
FURULY, FURULIA, FJORDLYS = "310000000", "310011118", "310022225"
CATALOG = Catalog()
# Of the product and the field, the same in every language (INTERFACES).
FIXED = ("Regnskap", "Sparebanken Vest", "Buffer", "Bufferkonto", "BankID", "Giver", "bokmål")
# Not pages that one reads: what sends elsewhere, and what machines read.
UNREAD = {"financing_manage", "oidc_authentication_init", "oidc_authentication_callback", "healthz", "readyz"}


@pytest.fixture
def ada(client, settings):
    """Ada, administrator of three companies: one with an agreement, one with an onboarding, one with neither."""
    call_command("seed_demo", entries=0, stdout=StringIO())
    clients = {number: Client.objects.get(organisation_number=number) for number in (FURULY, FURULIA, FJORDLYS)}
    person = User.objects.get(subject="ada")
    add_member(client=clients[FURULIA], user=person, role_key="administrator")
    agreement(clients[FURULY], used="70000.00", valid_days=10, account_number="36241234567")
    onboarding(clients[FJORDLYS], "offered", offer=OFFER, asked_again_at=timezone.now() + timedelta(hours=1))
    client.force_login(person)
    return client


def with_status(company, status):
    with client_scope(company):
        return Onboarding.objects.for_client(company).filter(status=status).exists()


def names():
    """Of people, companies, customers and roles."""
    found = [*User.objects.values_list("name", flat=True), *Role.objects.values_list("name", flat=True)]
    for one in Client.objects.all():
        with client_scope(one):
            found += [one.name, *Customer.objects.for_client(one).values_list("name", flat=True)]
    return [*FIXED, *found, *(part for name in User.objects.values_list("name", flat=True) for part in name.split())]


def addresses():
    """Of every page that Ada may open, for every company."""
    for pattern, name, view in everything():
        if name in UNREAD or kind(view) == "api" or name.startswith("admin:"):
            continue
        if "<str:organisation_number>" in pattern:
            for number in (FURULY, FURULIA, FJORDLYS):
                yield "/" + pattern.replace("<str:organisation_number>", number)
        elif "<" not in pattern:
            yield "/" + pattern
    yield from ("/?sok=nothing", "/?vis=oppfolging", "/tull", f"/klient/{FURULIA}/fakturafinansiering/?ny=1")
    for report in ("report_open_items", "report_aged_receivables", "report_unpaid_invoices"):
        url = reverse(report, args=[FURULY])
        yield from (url + query for query in ("?per=2001-01-01", "?per=x&valuta=y", "?format=pdf", "?valuta=original"))
        yield from (url + query for query in ("?innbetalt=ja&sok=zzz", "?innbetalt=ja&kunde=10012", "?kreditsaldo=ja"))
    items = reverse("report_open_items", args=[FURULY])
    yield from (items + f"?status={one}" for one in PAGE.statuses)
    yield from (items + f"?art={one}" for one in PAGE.kinds)
    yield items + "?kolonne=31-60&valutakode=NOK"
    yield reverse("report_aged_receivables", args=[FURULY]) + "?alder=bilagsdato&intervaller=x"
    yield reverse("report_aged_receivables", args=[FURULY]) + "?alder=bilagsdato&kreditposter=aldersfordelt"
    yield reverse("admin:index")
    role = Role.objects.get(client__organisation_number=FURULY, key="standard")
    for name in ("people", "facts", "roles", "role_new"):
        yield reverse(f"admin:{name}", args=[FURULY])
    for name in ("role_copy", "role_rename", "role_delete"):
        yield reverse(f"admin:{name}", args=[FURULY, role.pk])


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_page_speaks_one_language(ada, language):
    ada.cookies["django_language"] = language
    known, faults, read = names(), {}, []
    for address in addresses():
        answer = ada.get(address)
        if answer.status_code in (302, 303, 405) or "html" not in answer["Content-Type"]:
            continue
        html = answer.content.decode()
        assert re.search(rf'<html[^>]*lang="{language}', html), address
        read.append(address)
        if found := CATALOG.strangers(html, language, known):
            faults[address] = found
    assert faults == {}
    assert len(read) >= 30, read


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_state_of_an_onboarding_and_an_agreement_does(ada, language):
    ada.cookies["django_language"] = language
    known, faults = names(), {}
    company = Client.objects.get(organisation_number=FJORDLYS)
    for status in sorted(OnboardingStatus.values, key=lambda one: one in FINAL):
        with client_scope(company):  # an end is final: the next one is another's
            now, living = timezone.now(), Onboarding.objects.for_client(company).filter(ended_at=None)
            if not living.update(status=status, ended_at=now if status in FINAL else None):
                Consent.objects.for_client(company).filter(ended_at=None).update(ended_at=now, end_reason="withdrawn")
        if not with_status(company, status):
            onboarding(company, status, offer=OFFER)
        for address in (f"/klient/{FJORDLYS}/fakturafinansiering/status", "/"):
            if found := CATALOG.strangers(ada.get(address).content.decode(), language, known):
                faults[address, status] = found
    furuly = Client.objects.get(organisation_number=FURULY)
    for status in AgreementStatus.values:
        with client_scope(furuly):
            Agreement.objects.for_client(furuly).update(status=status)
        for address in (f"/klient/{FURULY}/innstillinger/fakturafinansiering/", f"/klient/{FURULY}/"):
            if found := CATALOG.strangers(ada.get(address).content.decode(), language, known):
                faults[address, status] = found
    assert faults == {}


@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_error_page_does(client, ada, language):
    known, faults = names(), {}
    with translation.override(language):
        context = {"now": timezone.localtime(), "support_url": "mailto:a@b.example", "too_large": False}
        pages = {
            f"{name}.html": render_to_string(f"{name}.html", context)
            for name in ("400", "403", "403_csrf", "404", "500")
        }
        pages["413"] = render_to_string("400.html", {"too_large": True})
    client.force_login(User.objects.get(subject="rolf"))
    client.cookies["django_language"] = language
    refused = client.get(f"/klient/{FURULY}/fakturafinansiering/")
    assert refused.status_code == 403
    pages["403"] = refused.content.decode()
    for name, html in pages.items():
        if found := CATALOG.strangers(html, language, known):
            faults[name] = found
    assert faults == {}


def test_the_search_finds_what_it_is_for():
    catalog = Catalog([
        ("Open items", "Åpne poster kunder"), ("Nothing is overdue.", "Ingenting er forfalt."), ("Reports", "Rapporter"),
        ("Open the report", "Se rapport"), ("As of %(day)s", "Per %(day)s"), ("Status", "Status"), ("Used", "Benyttet"),
        (("%(counter)s invoice", "%(counter)s invoices"), ("%(counter)s faktura", "%(counter)s fakturaer")),
    ])  # fmt: skip
    page = '<html lang="{}"><body>{}<p lang="xx">og the</p></body></html>'
    for language, html, wanted in (
        ("nb", "<h1>Open items</h1>", "Open items"),
        ("nb", "<p>Her: Nothing is overdue.</p>", "Nothing is overdue."),
        ("nb", '<a title="Open the report">Mer</a>', "Open the report"),
        ("nb", "<p><a>Fakturaer</a> <a>Reports</a></p>", "Reports"),
        ("nb", "<p>Hei <b>you</b></p>", "you: Hei you"),
        ("nb", "<p>As of 24.11.2026</p>", "As of %(day)s"),
        ("en", "<h1>Åpne poster kunder</h1>", "Åpne poster kunder"),
        ("en", "<p>3 fakturaer</p>", "%(counter)s fakturaer"),
        ("en", "<p>Benyttet</p>", "Benyttet"),
        ("en", "<p>Ada og Dag</p>", "og: Ada og Dag"),
    ):
        assert wanted in catalog.strangers(page.format(language, html), language)
    for language, html in (
        ("nb", "<h1>Åpne poster kunder</h1><p>Status</p><p>The And AS</p>"), ("en", "<p>Open items of Øyvang Og Er AS</p>")
    ):  # fmt: skip
        assert catalog.strangers(page.format(language, html), language, ["The And AS", "Øyvang Og Er AS"]) == []
    assert spoken('<p>a<b> b</b><br>c</p><script>x</script><img alt="d">') == (["a bc", "d"], ["a", "b", "c"])
