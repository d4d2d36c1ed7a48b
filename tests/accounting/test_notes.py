"""Notes: whose they are, who sees them, and what may not stand in them."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import Note
from accounting.notes import last_choice, note_counts
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
HOME = "/klient/310000000/"
IDENTITY = "151086 95088"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def owed(company):
    return Books(company).invoice("10", "2026-01-01", "100.00", invoice_number="77")


@pytest.fixture
def people(company, make_member):
    roles = {"ada": "administrator", "rita": "regnskapsforer", "dag": "daglig_leder", "rolf": "revisor"}
    return {name: make_member(company, name, role) for name, role in roles.items()}


@pytest.fixture
def as_(client, people):
    """Do something as this person: as_("rita").get(…)."""

    def be(name):
        client.force_login(people[name])
        return client

    return be


def write(browser, target, text="Ringt i dag", **more):
    return browser.post(f"{HOME}notater/ny/", {**target, "tekst": text, **more})


def kept(company):
    with client_scope(company):
        return list(Note.objects.for_client(company).order_by("id"))


def shown(browser, owed):
    """What stands in the notes of the entry's page, of the customer's page, and the marks in both reports."""
    entry = browser.get(f"{HOME}poster/{owed.pk}/").context_data["notes"]
    customer = browser.get(f"{HOME}kunder/10/").context_data["notes"]
    marks = {
        line.notes
        for page in ("rapporter/apne-poster/", "fakturaer/ubetalte/")
        for part in browser.get(HOME + page).context_data["report"].currencies
        for line in part.items
    }
    return [one.text for one in entry], [one.text for one in customer], marks


def test_a_private_note_is_its_authors_alone(as_, owed, company):
    assert write(as_("rita"), {"post": owed.pk})["Location"] == f"{HOME}poster/{owed.pk}/#notater"
    assert shown(as_("rita"), owed) == (["Ringt i dag"], ["Ringt i dag"], {1})
    for other in ("dag", "ada", "rolf"):
        assert shown(as_(other), owed) == ([], [], {0})
        for page in (f"poster/{owed.pk}/", "kunder/10/", "rapporter/apne-poster/", "fakturaer/ubetalte/"):
            assert "Ringt" not in as_(other).get(HOME + page).content.decode()
    for page in ("rapporter/apne-poster/", "fakturaer/ubetalte/"):
        for form in ("csv", "json"):
            assert "Ringt" not in as_("rita").get(HOME + page, {"format": form}).content.decode()
    assert "Ringt" not in as_("rita").get(f"{HOME}kunder/10/kontoutskrift/?format=csv").content.decode()


def test_a_shared_note_is_seen_by_all_who_see_the_reports(as_, owed):
    write(as_("rita"), {"post": owed.pk}, synlig="on")
    for one in ("rita", "dag", "rolf"):
        assert shown(as_(one), owed) == (["Ringt i dag"], ["Ringt i dag"], {1})


def test_only_its_author_edits_and_an_administrator_deletes_what_is_shared(as_, owed, company):
    write(as_("rita"), {"post": owed.pk}, "delt", synlig="on")
    write(as_("rita"), {"post": owed.pk}, "egen")
    shared, private = kept(company)
    for other in ("dag", "ada"):
        for one in (shared, private):
            answer = as_(other).post(f"{HOME}notater/{one.pk}/", {"tekst": "endret"})
            assert answer.status_code == 404
    assert as_("dag").post(f"{HOME}notater/{shared.pk}/slett/").status_code == 404
    assert as_("ada").post(f"{HOME}notater/{private.pk}/slett/").status_code == 404
    assert [one.text for one in kept(company)] == ["delt", "egen"]
    assert as_("ada").get(f"{HOME}notater/{shared.pk}/slett/").status_code == 200
    assert as_("ada").post(f"{HOME}notater/{shared.pk}/slett/").status_code == 302
    assert as_("rita").post(f"{HOME}notater/{private.pk}/", {"tekst": "rettet"}).status_code == 302
    assert [(one.text, one.edited_at is not None) for one in kept(company)] == [("rettet", True)]
    assert as_("rita").post(f"{HOME}notater/{private.pk}/slett/").status_code == 302
    assert kept(company) == []


def test_a_note_may_stand_on_the_customer_herself(as_, owed, company):
    assert write(as_("rita"), {"kunde": owed.customer_id}, synlig="on")["Location"] == f"{HOME}kunder/10/#notater"
    assert shown(as_("dag"), owed) == ([], ["Ringt i dag"], {0})


def test_another_companys_things_cannot_be_noted_on_nor_its_notes_reached(
    as_, owed, company, make_client, make_member, client
):
    other = make_client("310011118", "Furulia Lys AS")
    theirs = Books(other).invoice("10", "2026-01-01", "5.00")
    assert write(as_("rita"), {"post": theirs.pk}).status_code == 404
    assert write(as_("rita"), {"kunde": theirs.customer_id}).status_code == 404
    write(as_("rita"), {"post": owed.pk}, synlig="on")
    (mine,) = kept(company)
    client.force_login(make_member(other, "vera", "administrator"))
    for page in (f"notater/{mine.pk}/", f"notater/{mine.pk}/slett/"):
        assert client.post(f"/klient/310011118/{page}", {"tekst": "x"}).status_code == 404
        assert client.post(HOME + page, {"tekst": "x"}).status_code == 404
    assert client.get(f"/klient/310011118/poster/{owed.pk}/").status_code == 404


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, f"fnr {IDENTITY}", "15108695088"])
def test_what_cannot_be_kept_comes_back_as_it_was_written(as_, owed, company, text):
    answer = write(as_("rita"), {"post": owed.pk}, text, synlig="on")
    assert (answer.status_code, answer.context_data["text"], answer.context_data["shared"]) == (400, text, True)
    assert str(answer.context_data["error"])
    assert kept(company) == []


def test_what_is_written_is_shown_as_text(as_, owed):
    write(as_("rita"), {"post": owed.pk}, "<b>fet</b>\n=1+1")
    page = as_("rita").get(f"{HOME}poster/{owed.pk}/").content.decode()
    assert "&lt;b&gt;fet&lt;/b&gt;<br>=1+1" in page


def test_the_last_choice_of_who_may_see_is_remembered_per_person(as_, owed, company, people):
    def choice(name):
        with client_scope(company):
            return last_choice(company, people[name])

    assert not choice("rita")
    write(as_("rita"), {"post": owed.pk}, synlig="on")
    assert (choice("rita"), choice("dag")) == (True, False)
    assert as_("rita").get(f"{HOME}kunder/10/").context_data["note_shared"]
    (note,) = kept(company)
    write(as_("rita"), {"post": owed.pk}, "egen")
    assert not choice("rita")
    as_("rita").post(f"{HOME}notater/{note.pk}/", {"tekst": "delt", "synlig": "on"})
    assert choice("rita")


def test_the_log_says_who_did_what_and_never_the_text(as_, owed, company):
    write(as_("rita"), {"post": owed.pk}, "hemmelig", synlig="on")
    (note,) = kept(company)
    as_("rita").post(f"{HOME}notater/{note.pk}/", {"tekst": "hemmelig 2"})
    as_("rita").post(f"{HOME}notater/{note.pk}/slett/")
    with client_scope(company):
        lines = list(AuditEntry.objects.for_client(company).filter(action__startswith="note.").order_by("at"))
    assert [(one.action, one.actor_name, one.object_id) for one in lines] == [
        (f"note.{what}", "Rita", str(note.pk)) for what in ("written", "edited", "deleted")
    ]
    assert "hemmelig" not in json.dumps([one.details for one in lines])


def test_counts_are_of_what_the_reader_may_see(as_, owed, company, people):
    write(as_("rita"), {"post": owed.pk})
    write(as_("rita"), {"post": owed.pk}, synlig="on")
    write(as_("dag"), {"post": owed.pk})
    with client_scope(company):
        assert note_counts(company, people["rita"], [owed.pk]) == {owed.pk: 2}
        assert note_counts(company, people["dag"], [owed.pk]) == {owed.pk: 2}
        assert note_counts(company, people["rolf"], [owed.pk]) == {owed.pk: 1}
        assert kept(company)[0].written_at > timezone.now() - timedelta(minutes=5)
