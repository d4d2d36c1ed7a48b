"""Views under a name: kept without their date, each person's own, opened by a link, replaced, deleted."""

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from access.services import add_member
from access.tenancy import client_scope
from accounting.models import SavedView
from accounting.services.saved_views import MOST_VIEWS
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
OPEN, AGED, UNPAID = (
    f"/klient/310000000/{page}"
    for page in ("rapporter/apne-poster/", "rapporter/aldersfordelt/", "fakturaer/ubetalte/")
)
SAVE = "/klient/310000000/visninger/"


@pytest.fixture
def company(make_client):
    books = Books(make_client())
    books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", department="1")
    return books.client


@pytest.fixture
def rita(company, make_member):
    return make_member(company, "rita", "regnskapsforer")


def save(client, address, name, **query):
    shown = client.get(address, query).context_data["keeping"]
    return client.post(SAVE, {"rapport": shown.report, "sporring": shown.query, "navn": name})


def views(client, address, **query):
    return {view.name: view for view in client.get(address, query).context_data["keeping"].views}


def stored(company):
    with client_scope(company):
        return [(one.report, one.name, one.query) for one in SavedView.objects.for_client(company).order_by("pk")]


def test_filters_and_columns_are_kept_and_the_date_is_not(company, rita, client):
    client.force_login(rita)
    query = {"per": "2026-03-31", "status": "forfalt", "kolonner": "rest,kid,faktura", "visning": "sammendrag"}
    response = save(client, OPEN, "  Forfalt   uten støy ", **query)
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {
        "per": ["2026-03-31"], "status": ["forfalt"], "kolonner": ["faktura,kid,rest"], "visning": ["sammendrag"],
    }  # fmt: skip
    assert stored(company) == [
        ("open-items", "Forfalt uten støy", "status=forfalt&kolonner=faktura%2Ckid%2Crest&visning=sammendrag")
    ]
    view = views(client, OPEN)["Forfalt uten støy"]
    assert not view.current and "per" not in parse_qs(urlsplit(view.url).query)
    opened = client.get(view.url).context_data
    assert (opened["report"].as_of, opened["report"].summary) == (timezone.localdate(), True)
    assert list(opened["shown"].columns) == ["faktura", "kid", "rest"]
    assert [one.current for one in opened["keeping"].views] == [True]


def test_on_another_date_it_opens_as_of_that_date(company, rita, client):
    client.force_login(rita)
    save(client, AGED, "Halvår", intervaller="180")
    url = views(client, AGED, per="2026-03-31")["Halvår"].url
    assert parse_qs(urlsplit(url).query) == {"per": ["2026-03-31"], "intervaller": ["180"]}
    assert client.get(url).context_data["report"].as_of == date(2026, 3, 31)


def test_the_same_name_replaces_and_each_report_has_its_own(company, rita, client):
    client.force_login(rita)
    save(client, OPEN, "Min", status="forfalt")
    save(client, OPEN, "Min", status="inkasso")
    save(client, UNPAID, "Min")
    assert stored(company) == [("open-items", "Min", "status=inkasso"), ("unpaid-invoices", "Min", "")]
    assert urlsplit(views(client, UNPAID)["Min"].url).query == ""


def test_nobody_else_sees_them_and_nobody_else_deletes_them(company, rita, make_member, make_client, client):
    client.force_login(rita)
    save(client, OPEN, "Min", status="forfalt")
    pk = views(client, OPEN)["Min"].pk
    other = make_client("310011118", "Furulia Lys AS")
    add_member(client=other, user=rita, role_key="regnskapsforer")
    assert client.get("/klient/310011118/rapporter/apne-poster/").context_data["keeping"].views == ()
    assert client.post(f"/klient/310011118/visninger/{pk}/slett", {"rapport": "open-items"}).status_code == 302
    dag = make_member(company, "dag", "administrator")
    client.force_login(dag)
    assert views(client, OPEN) == {}
    assert client.post(f"{SAVE}{pk}/slett", {"rapport": "open-items"}).status_code == 302
    assert len(stored(company)) == 1
    client.force_login(rita)
    response = client.post(f"{SAVE}{pk}/slett", {"rapport": "open-items", "sporring": "per=2026-03-31"})
    assert response["Location"] == f"{OPEN}?per=2026-03-31"
    assert stored(company) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"])
def test_without_a_proper_name_the_form_comes_back_and_says_so(company, rita, client, name):
    client.force_login(rita)
    response = save(client, OPEN, name, status="forfalt")
    assert response.status_code == 400
    assert "Gi visningen et navn på høyst 60 tegn." in response.content.decode()
    assert "status=forfalt" in response.context_data["query"]
    assert stored(company) == []


def test_there_is_an_end_to_how_many(company, rita, client):
    client.force_login(rita)
    with client_scope(company):
        SavedView.objects.for_client(company).bulk_create(
            SavedView(client=company, person=rita, report="open-items", name=str(no)) for no in range(MOST_VIEWS)
        )
    assert save(client, OPEN, "en til").status_code == 400
    assert save(client, OPEN, "7", status="forfalt").status_code == 302


def test_who_may_not_see_the_report_keeps_no_view_of_it(company, make_member, client):
    client.force_login(make_member(company, "stine", "standard"))
    form = {"rapport": "open-items", "navn": "x", "sporring": ""}
    assert client.post(SAVE, form).status_code == 403
    assert client.post(SAVE, {**form, "rapport": "hva som helst"}).status_code == 400
    assert client.get(SAVE).status_code == 405


def test_ticked_columns_come_as_several_and_stay_through_filters(company, rita, client):
    client.force_login(rita)
    context = client.get(OPEN, {"kolonner": ["faktura", "avdeling", "rest"]}).context_data
    assert [str(word) for word in context["shown"].columns] == ["faktura", "avdeling", "rest"]
    assert context["form"]["kolonner"] == "faktura,avdeling,rest"
    for chip in context["report"].chips:
        assert parse_qs(urlsplit(chip.url).query)["kolonner"] == ["faktura,avdeling,rest"]
    assert [column.word for column in context["keeping"].columns if column.ticked] == ["faktura", "avdeling", "rest"]
    assert 'type="checkbox" name="kolonner"' not in client.get(OPEN).content.decode()
    assert 'name="kolonner" value="avdeling"' in client.get(OPEN, {"velg": "kolonner"}).content.decode()
    page = client.get(OPEN, {"kolonner": "avdeling"}).content.decode()
    assert 'data-label="Avdeling"' in page and 'data-label="KID"' not in page and 'data-label="Restbeløp"' in page
    assert 'colspan="2"' in page  # the customer's head runs over invoice and department


def test_a_name_is_a_text_on_the_page(company, rita, client):
    client.force_login(rita)
    save(client, OPEN, "<script>alert(1)</script>")
    page = client.get(OPEN).content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
