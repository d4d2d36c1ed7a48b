"""Month's end: who stands by the sub-ledger, what she says of each difference, and the report as it was."""

import io
from datetime import date
from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import SignOff
from accounting.services.sign_off import CommentMissing, CommentRefused, sign_off
from tests.accounting.factories import Books

DAY = "2026-01-31"
PAGE = f"/klient/310000000/rapporter/avstemming/?per={DAY}"
AGED = f"/klient/310000000/rapporter/aldersfordelt/?per={DAY}"
POST = "/klient/310000000/rapporter/avstemming/avstem"


@pytest.fixture
def books(make_client):
    """Two customers who owe 300 together; the control account says 250, 50 less on the second day."""
    found = Books(make_client())
    found.invoice("10000", "2026-01-05", "100.00", due="2026-01-20")
    found.invoice("10001", "2026-01-09", "200.00", due="2026-02-20")
    found.period("2026-01-01", DAY)
    found.control("1500", "2026-01-05", "100.00")
    found.control("1500", "2026-01-09", "150.00")
    return found


@pytest.fixture
def rita(client, books, make_member):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    return client


def kept(books):
    with client_scope(books.client):
        return list(SignOff.objects.for_client(books.client).order_by("id"))


def text_of(pdf):
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_each_difference_needs_a_word_and_the_report_is_kept_as_it_was(rita, books):
    answer = rita.post(POST, {"per": DAY})
    assert answer.status_code == 400
    assert "Si hva hver differanse er" in answer.content.decode() and kept(books) == []
    answer = rita.post(POST, {"per": DAY, "kommentar-2026-01-09": "Bilag 7 mangler kunde."})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    [one] = kept(books)
    assert (str(one.sub_ledger), str(one.control_accounts), one.by_name) == ("300.00", "250.00", "Rita")
    assert one.comments == [{"day": "2026-01-09", "difference": "50.00", "comment": "Bilag 7 mangler kunde."}]
    assert one.pdf_sha256 == sha256(bytes(one.pdf)).hexdigest()
    assert "300,00" in text_of(bytes(one.pdf)) and "50,00" in text_of(bytes(one.pdf))
    with client_scope(books.client):
        audit = AuditEntry.objects.for_client(books.client).get(action="ledger.signed_off")
    assert audit.details == {"as_of": DAY, "sub_ledger": "300.00", "pdf_sha256": one.pdf_sha256}


def test_one_word_may_speak_for_all(rita, books):
    assert rita.post(POST, {"per": DAY, "kommentar": "Kjent fra i fjor."}).status_code == 302
    [one] = kept(books)
    assert (one.comment, one.comments[0]["comment"]) == ("Kjent fra i fjor.", "")


def test_what_was_said_of_a_difference_is_offered_again_next_month(rita, books):
    rita.post(POST, {"per": DAY, "kommentar-2026-01-09": "Bilag 7 mangler kunde."})
    books.period("2026-02-01", "2026-02-28")
    page = rita.get(PAGE.replace(DAY, "2026-02-28")).content.decode()
    assert 'value="Bilag 7 mangler kunde."' in page
    books.control("1500", "2026-01-10", "1.00")
    assert 'value="Bilag 7 mangler kunde."' in rita.get(PAGE).content.decode()


def test_both_pages_tell_who_it_was_and_when_the_figures_are_no_longer_those(rita, books):
    rita.post(POST, {"per": DAY, "kommentar": "Kjent."})
    for address in (PAGE, AGED):
        page = rita.get(address).content.decode()
        assert "Avstemt av Rita den " in page and "endret siden" not in page
    books.invoice("10000", "2026-01-30", "1.00")
    for address in (PAGE, AGED):
        assert "endret siden" in rita.get(address).content.decode()
    narrowed = rita.get(AGED + "&kunde=10000").content.decode()
    assert "Avstemt av" not in narrowed


def test_the_file_is_given_out_as_it_was_and_only_that(rita, books):
    rita.post(POST, {"per": DAY, "kommentar": "Kjent."})
    [one] = kept(books)
    address = f"/klient/310000000/rapporter/avstemming/{one.pk}.pdf"
    books.invoice("10000", "2026-01-30", "1.00")
    answer = rita.get(address)
    assert (answer["Content-Type"], answer.content) == ("application/pdf", bytes(one.pdf))
    assert rita.get(address.replace(f"/{one.pk}.", f"/{one.pk + 1}.")).status_code == 404
    with client_scope(books.client), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounting_signoff SET pdf = '' WHERE id = %s", [one.pk])


def test_without_the_general_ledger_she_says_what_she_held_it_against(rita, books):
    later = "2026-03-31"
    answer = rita.post(POST, {"per": later})
    assert answer.status_code == 400 and "Hovedboken dekker ikke" in answer.content.decode()
    assert rita.post(POST, {"per": later, "kommentar": "Mot bankens liste."}).status_code == 302
    [one] = kept(books)
    assert (one.control_accounts, str(one.sub_ledger)) == (None, "300.00")
    assert "Avstemt av Rita" in rita.get(AGED.replace(DAY, later)).content.decode()


def test_readers_see_it_and_cannot_sign(client, books, make_member):
    client.force_login(make_member(books.client, "rolf", "revisor"))
    page = client.get(PAGE)
    assert page.status_code == 200 and POST not in page.content.decode()
    assert client.post(POST, {"per": DAY, "kommentar": "x"}).status_code == 403
    client.force_login(make_member(books.client, "stine", "standard"))
    assert client.get(PAGE).status_code == 403


def test_another_companys_report_is_not_there(client, rita, books, make_client, make_member):
    rita.post(POST, {"per": DAY, "kommentar": "Kjent."})
    [one] = kept(books)
    client.force_login(make_member(make_client("310011118", "Furulia Lys AS"), "vera", "administrator"))
    assert client.get(f"/klient/310000000/rapporter/avstemming/{one.pk}.pdf").status_code == 404
    assert client.get(f"/klient/310011118/rapporter/avstemming/{one.pk}.pdf").status_code == 404


@pytest.mark.parametrize("comment", ["x" * 1001, "Kunden er 13097248022."])
def test_a_comment_that_cannot_be_kept(rita, books, comment):
    answer = rita.post(POST, {"per": DAY, "kommentar": comment})
    assert answer.status_code == 400 and kept(books) == []


def test_the_service_asks_for_every_difference(books, make_member):
    actor = make_member(books.client, "rita", "regnskapsforer")
    with client_scope(books.client):
        given = {"client": books.client, "as_of": date(2026, 1, 31), "pdf": b"%PDF", "actor": actor}
        with pytest.raises(CommentMissing) as missing:
            sign_off(comment=" ", of_days={date(2026, 1, 5): "another day"}, **given)
        assert missing.value.days == [date(2026, 1, 9)]
        with pytest.raises(CommentRefused):
            sign_off(comment="", of_days={date(2026, 1, 9): "x" * 1001}, **given)
        assert sign_off(comment="", of_days={date(2026, 1, 9): "x"}, **given).pk


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_queries_does_not_follow_the_number_of_days(rita, books, count, django_assert_num_queries):
    for number in range(count):
        books.control("1500", f"2026-01-2{number}", "7.00")
        rita.post(POST, {"per": DAY, "kommentar": "Kjent."})
    rita.get(PAGE)
    with django_assert_num_queries(19):
        rita.get(PAGE)
