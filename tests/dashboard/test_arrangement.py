"""«Dashboard oppsett»: kept as arranged, by form and by menu; hidden stays hidden; rights decide first."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import Membership
from access.privileges import Level
from access.tenancy import client_scope
from dashboard.services import hide_widget
from financing.models import Agreement
from tests.dashboard.financed import agreement
from tests.dashboard.pages import ALL, BY_SCRIPT, HOME, SETUP, do, listed, save, set_financing, shown, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def dag(client, company, make_member):
    """Signed in, with every right that a widget asks for; the company has an agreement."""
    agreement(company)
    person = make_member(company, "dag", "daglig_leder")
    client.force_login(person)
    return person


# By the form


def test_an_order_and_what_is_hidden_are_kept(client, dag):
    assert shown(client) == ALL
    assert listed(client) == [(key, True) for key in ALL]
    save(client, ["unpaid_invoices", "financing", "receivables"], ["unpaid_invoices", "receivables"])
    assert shown(client) == ["unpaid_invoices", "receivables"]
    assert listed(client) == [("unpaid_invoices", True), ("financing", False), ("receivables", True)]


def test_nothing_is_stored_before_save(client, company, dag):
    for button in ({"opp": "receivables"}, {"ned": "financing"}, {"standard": "1"}):
        answer = client.post(SETUP, {"plass": ALL, "vis": ["financing"], **button})
        assert answer.status_code == 200
    assert stored(company, dag) is None
    assert shown(client) == ALL


@pytest.mark.parametrize(
    ("button", "wanted", "focus"),
    [
        ({"opp": "unpaid_invoices"}, ["financing", "unpaid_invoices", "receivables"], 'name="opp"'),
        ({"opp": "receivables"}, ["receivables", "financing", "unpaid_invoices"], 'name="ned"'),  # it is at the top now
        ({"ned": "financing"}, ["receivables", "financing", "unpaid_invoices"], 'name="ned"'),
        ({"opp": "financing"}, ALL, 'name="ned"'),
        ({"ned": "nothing"}, ALL, None),
    ],
)
def test_a_step_in_the_form_keeps_ticks_and_focus(client, dag, button, wanted, focus):
    page = client.post(SETUP, {"plass": ALL, "vis": ["receivables"], **button}).content.decode()
    assert re.findall(r'name="plass" value="(\w+)"', page) == wanted
    assert re.findall(r'name="vis" value="(\w+)"[^>]*checked', page) == ["receivables"]
    assert "Endringene er ikke lagret ennå" in page
    focused = re.findall(r"<button[^>]*autofocus[^>]*>", page)
    assert len(focused) == (1 if focus else 0)
    assert not focus or (focus in focused[0] and f'value="{next(iter(button.values()))}"' in focused[0])
    assert "disabled" not in "".join(focused)


def test_back_to_standard(client, company, dag):
    save(client, ALL[::-1], [])
    page = client.post(SETUP, {"plass": ALL[::-1], "standard": "1"}).content.decode()
    assert re.findall(r'name="plass" value="(\w+)"', page) == ALL and page.count("checked") == 3
    save(client, ALL, ALL)
    assert shown(client) == ALL
    assert stored(company, dag) == ([], [])  # as it comes, also when what comes changes


@pytest.mark.parametrize(
    "given",
    [
        {}, {"plass": ["roles", "", "<b>"], "vis": ["roles"]}, {"plass": ["receivables", "receivables"], "vis": ["x"]},
        {"plass": ["unpaid_invoices"], "vis": ["unpaid_invoices"]},
    ],
)  # fmt: skip
def test_a_form_that_says_something_else_breaks_nothing(client, company, dag, given):
    answer = client.post(SETUP, {**given, "lagre": "1"})
    assert answer.status_code == 302
    assert sorted(key for key, _ in listed(client)) == sorted(ALL)
    order, hidden = stored(company, dag)
    assert set(order) <= set(ALL)
    assert set(hidden) <= set(given.get("plass", []))  # what the form does not name is not hidden by it


def test_a_form_without_a_token_of_ours_is_refused(company, dag):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dag)
    assert strict.post(SETUP, {"plass": ALL, "lagre": "1"}).status_code == 403
    assert strict.post(f"{HOME}dashboard/receivables/endre", {"gjor": "skjul"}).status_code == 403
    assert stored(company, dag) is None


# By the menu


def test_hiding_by_the_menu_and_having_it_back(client, dag):
    answer = do(client, "receivables", "skjul")
    assert answer["Location"] == HOME + "?skjult=receivables"
    page = client.get(answer["Location"]).content.decode()
    assert "«Kundefordringer» er skjult" in page and "Vis igjen" in page
    assert shown(client) == ["financing", "unpaid_invoices"]
    do(client, "receivables", "vis")
    assert shown(client) == ALL
    assert "er skjult" not in client.get(HOME + "?skjult=receivables").content.decode()  # an address that was kept


def test_the_notice_names_nothing_that_is_not_hers(client, company, dag, make_member):
    hide_of = make_member(company, "rita", "regnskapsforer")
    with client_scope(company):
        hide_widget(client=company, user=hide_of, key="financing")
    client.force_login(hide_of)
    page = client.get(HOME + "?skjult=financing").content.decode()
    assert "er skjult" not in page


@pytest.mark.parametrize(
    ("key", "what", "wanted"),
    [
        ("receivables", "venstre", ["receivables", "financing", "unpaid_invoices"]),
        ("receivables", "hoyre", ["financing", "unpaid_invoices", "receivables"]),
        ("financing", "venstre", ALL),
        ("unpaid_invoices", "hoyre", ALL),
    ],
)
def test_moving_by_the_menu(client, dag, key, what, wanted):
    answer = do(client, key, what)
    assert (answer.status_code, answer["Location"]) == (302, f"{HOME}#widget-{key}")
    assert shown(client) == wanted


def test_a_step_goes_past_what_is_seen_over_what_is_not(client, company, dag):
    save(client, ALL, ["financing", "unpaid_invoices"])
    do(client, "unpaid_invoices", "venstre")
    assert shown(client) == ["unpaid_invoices", "financing"]
    with client_scope(company):  # nothing to show: it is no neighbour
        Agreement.objects.for_client(company).update(status="terminated", read_at=timezone.now() - timedelta(days=30))
    do(client, "receivables", "vis")
    assert shown(client) == ["unpaid_invoices", "receivables"]
    do(client, "receivables", "venstre")
    assert shown(client) == ["receivables", "unpaid_invoices"]


def test_the_first_cannot_go_left_nor_the_last_right(client, dag):
    page = client.get(HOME).content.decode()
    menus = re.findall(r'id="menu-(\w+)".*?</details>', page, re.S)
    assert menus == ALL
    for key, menu in zip(ALL, re.findall(r'<details class="menu".*?</details>', page, re.S), strict=True):
        hidden = set(re.findall(r'value="(\w+)" hidden', menu))
        assert hidden == {"financing": {"venstre"}, "unpaid_invoices": {"hoyre"}}.get(key, set())


def test_a_script_is_told_in_words_and_with_the_order(client, dag):
    answer = do(client, "receivables", "venstre", **BY_SCRIPT)
    assert answer.status_code == 200 and "Kundefordringer er nummer 1 av 3" in answer.content.decode()
    arranged = json.loads(answer["HX-Trigger-After-Settle"])["arranged"]
    assert arranged == {
        "key": "receivables", "did": "venstre", "order": ["receivables", "financing", "unpaid_invoices"]
    }  # fmt: skip
    answer = do(client, "receivables", "skjul", **BY_SCRIPT)
    assert "«Kundefordringer» er skjult" in answer.content.decode() and "<html" not in answer.content.decode()


def test_what_the_menu_does_not_say_is_refused(client, company, dag):
    assert do(client, "receivables", "slett").status_code == 400
    assert client.get(f"{HOME}dashboard/receivables/endre").status_code == 405
    assert stored(company, dag) is None


# Hidden stays hidden, and rights come first


def another_agreement(company):
    """A new one after one that was terminated, which is never opened again."""
    with client_scope(company):
        found = Agreement.objects.for_client(company).get()
        found.pk, found.provider_reference, found.status = uuid.uuid4(), "another", "open"
        found.save(force_insert=True)


def test_what_was_hidden_stays_hidden_when_it_would_appear_by_itself(client, company, dag):
    save(client, ALL, ["receivables", "unpaid_invoices"])
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="terminated")
    assert "financing" not in shown(client)
    another_agreement(company)
    assert "financing" not in shown(client)
    assert client.get(f"{HOME}dashboard/financing", headers=BY_SCRIPT).content.strip() == b""
    assert ("financing", False) in listed(client)


def test_a_widget_that_has_nothing_to_show_can_be_arranged_beforehand(client, company, dag):
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="terminated")
    assert listed(client)[0] == ("financing", True)
    save(client, ["receivables", "unpaid_invoices", "financing"], ALL)
    another_agreement(company)
    assert shown(client) == ["receivables", "unpaid_invoices", "financing"]


def test_without_the_right_it_is_not_even_listed_and_its_place_survives(client, company, dag, make_member):
    ada, rita = make_member(company, "ada", "administrator"), make_member(company, "rita", "regnskapsforer")
    client.force_login(rita)
    set_financing(company, ada, "regnskapsforer", Level.FULL)
    save(client, ["receivables", "financing", "unpaid_invoices"], ALL)
    set_financing(company, ada, "regnskapsforer", Level.NONE)
    assert "financing" not in str(listed(client))
    assert "Fakturafinansiering" not in client.get(SETUP).content.decode()
    save(client, ["unpaid_invoices", "receivables"], ["unpaid_invoices"])
    set_financing(company, ada, "regnskapsforer", Level.FULL)
    assert listed(client) == [("unpaid_invoices", True), ("financing", True), ("receivables", False)]


def test_what_she_hid_and_may_not_see_stays_hidden_when_the_right_comes_back(client, company, dag, make_member):
    ada, rita = make_member(company, "ada", "administrator"), make_member(company, "rita", "regnskapsforer")
    client.force_login(rita)
    set_financing(company, ada, "regnskapsforer", Level.FULL)
    save(client, ALL, ["receivables", "unpaid_invoices"])
    set_financing(company, ada, "regnskapsforer", Level.NONE)
    save(client, ["receivables", "unpaid_invoices"], ["receivables", "unpaid_invoices"])
    set_financing(company, ada, "regnskapsforer", Level.FULL)
    assert ("financing", False) in listed(client)


def test_a_form_cannot_arrange_what_she_may_not_see(client, company, make_member):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    save(client, ["unpaid_invoices", "financing", "receivables"], ["unpaid_invoices", "receivables"])
    order, hidden = stored(company, Membership.objects.get(client=company).user)
    assert order == ["financing", "unpaid_invoices", "receivables"] and hidden == []


# Empty


def test_when_all_is_hidden_the_page_says_where_it_went(client, dag):
    save(client, ALL, [])
    page = client.get(HOME).content.decode()
    assert shown(client) == [] and "Det er ingenting på dashboardet ditt nå" in page


def test_a_role_that_sees_nothing_has_nothing_to_arrange(client, company, make_member):
    client.force_login(make_member(company, "stine", "standard"))
    for address in (HOME, SETUP):
        assert "Det er ingenting å vise for din rolle" in client.get(address).content.decode()
    assert "Dashboard oppsett</button>" not in client.get(HOME).content.decode()
