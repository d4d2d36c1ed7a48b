"""The page «Logg»: what stands on it and for whom, the filter, the pages, the file, and the state of the chain."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import audit_page
from access.audit_chain import keep_verified, verify_company
from access.models import AuditEntry, Membership, Role
from access.privileges import FINANCING, Level
from access.services import change_role, write_audit
from access.tenancy import client_scope
from tests.access.audit_lines import lines, owner_at_work

pytestmark = pytest.mark.django_db
URL = reverse("audit_log", args=["310000000"])
FILE = reverse("audit_log_file", args=["310000000"])


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def ada(client, company, make_member):
    """Ada, who administers the company, signed in."""
    client.ada = make_member(company, "ada", "administrator")
    client.force_login(client.ada)
    return client


def log(company, action="ledger.matched", *, at=None, count=1, **values):
    with client_scope(company):
        rows = AuditEntry.objects.for_client(company)
        for _ in range(count):
            rows.create(at=at or timezone.now(), action=action, **values)


def shown(client, query=""):
    """The actions on the page, from the top."""
    answer = client.get(URL + query)
    assert answer.status_code == 200, answer.context["errors"]
    return [line.entry.action for line in answer.context["page"].lines]


def text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


# Who may see it.


@pytest.mark.parametrize("role", ["daglig_leder", "regnskapsforer", "revisor", "standard"])
def test_members_without_the_right_to_roles_get_403(client, company, make_member, role):
    client.force_login(make_member(company, "per", role))
    assert client.get(URL).status_code == 403
    assert client.post(FILE).status_code == 403


def test_strangers_and_operators_get_404(client, company, make_client, make_member):
    other = make_client("310011118", "Furulia Lys AS")
    stranger = make_member(other, "ola", "administrator")
    client.force_login(stranger)
    assert (client.get(URL).status_code, client.post(FILE).status_code) == (404, 404)
    stranger.is_superuser = True
    stranger.save()
    assert client.get(URL).status_code == 404


def test_the_menu_leads_there_for_administrators_only(ada, company, make_member):
    assert f'href="{URL}"' in ada.get(reverse("dashboard", args=["310000000"])).content.decode()
    ada.force_login(make_member(company, "rita", "regnskapsforer"))
    assert URL not in ada.get(reverse("dashboard", args=["310000000"])).content.decode()


def test_no_line_of_another_company_and_none_without_one(ada, company, make_client, make_member):
    other = make_client("310011118", "Furulia Lys AS")
    make_member(other, "ada", "administrator")
    log(other, "ledger.locked", actor_name="Kjent Merke")
    write_audit(action="sign_in.refused", actor=ada.ada)
    assert shown(ada) == ["member.added", "client.created"]
    assert "Kjent Merke" not in ada.get(URL).content.decode()
    assert shown(ada, "?sok=Kjent") == []
    assert "Kjent Merke" not in ada.post(FILE).content.decode()


# What a line says.


def test_a_changed_role_stands_there_with_before_and_after_and_who(ada, company):
    role = Role.objects.get(client=company, key="regnskapsforer")
    change_role(role=role, levels={FINANCING: Level.FULL}, actor=ada.ada)
    said = text(ada.get(URL))
    assert (
        "Ada Administrator Rolle endret Rolle: Regnskapsfører Fakturafinansiering: Ingen tilgang → ble til Full tilgang"
        in said
    )
    assert "role.changed" in said  # in what unfolds
    assert lines(company)[-1].hash in said


def test_who_does_something_is_written_with_her_role_of_that_moment(ada, company):
    with client_scope(company):
        write_audit(action="ledger.locked", client=company, actor=ada.ada, details={})
        write_audit(action="ledger.locked", client=company, actor=ada.ada, role_name="Annen", details={})
        write_audit(action="ledger.locked", client=company)
    assert [line.actor_role for line in lines(company)[-3:]] == ["Administrator", "Annen", ""]
    Membership.objects.filter(user=ada.ada).update(role=Role.objects.get(client=company, key="administrator"))


def test_what_was_written_is_shown_as_text(ada, company):
    log(company, "ledger.imported", details={"file": "<script>alert(1)</script>"}, actor_name="<b>Per</b>")
    page = ada.get(URL).content.decode()
    assert "<script>alert" not in page and "<b>Per" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_action_without_words_is_shown_by_its_name(ada, company):
    log(company, "future.action", details={"a": [1]})
    said = text(ada.get(URL))
    assert "future.action" in said
    assert shown(ada, "?gruppe=annet") == ["future.action"]


# Filter and pages.


def test_kind_person_and_text_narrow_it(ada, company, make_member):
    rita = make_member(company, "rita", "regnskapsforer")
    log(
        company,
        "ledger.matched",
        actor=rita,
        actor_name="Rita",
        details={"matches": [["F-77_1", "B%2", "1.00", "2026-11-01"]]},
    )
    log(company, "ledger.imported", details={"file": "blåbær.xml"})
    log(company, "consent.given", actor=ada.ada, actor_name="Ada")
    assert shown(ada, "?gruppe=bokforing") == ["ledger.matched"]
    assert shown(ada, "?gruppe=filer") == ["ledger.imported"]
    assert shown(ada, f"?person={rita.pk}") == ["ledger.matched"]
    assert shown(ada, "?person=system") == ["ledger.imported", "member.added", "member.added", "client.created"]
    for words in ("F-77_1", "f-77", "B%252", "rita", "poster koblet"):
        found = shown(ada, f"?sok={words}")
        assert "ledger.matched" in found, words
    assert shown(ada, "?sok=BLÅBÆR") == ["ledger.imported"]
    assert shown(ada, "?sok=F-77x1") == []  # _ is no wildcard
    assert shown(ada, "?sok=%25") == ["ledger.matched"]
    assert shown(ada, "?gruppe=filer&sok=F-77") == []
    assert "Ingenting passer" in text(ada.get(URL + "?sok=finnesikke"))


def test_days_are_norwegian_days_first_and_last_among_them(ada, company):
    for moment in ("2026-03-01T22:59:59.999", "2026-03-01T23:00", "2026-03-02T22:59:59.999", "2026-03-02T23:00"):
        log(company, "ledger.locked", at=datetime.fromisoformat(moment).replace(tzinfo=UTC), object_id=moment)
    answer = ada.get(URL + "?fra=2026-03-02&til=2026-03-02")
    assert [line.entry.object_id[8:13] for line in answer.context["page"].lines] == ["02T22", "01T23"]
    assert len(shown(ada, "?til=2026-03-01")) == 1
    assert len(shown(ada, "?fra=2026-03-03&til=2026-03-03")) == 1


@pytest.mark.parametrize(
    "query",
    ["?gruppe=x", "?person=x", "?person=99999999999999999999", "?person=²", "?fra=x", "?til=0001-01-01", "?fra=9999-12-31",
     "?fra=2026-03-02&til=2026-03-01", "?etter=x", "?foran=-1", "?etter=9999999999999999999999", "?sok=" + "x" * 201],
)  # fmt: skip
def test_what_cannot_be_understood_is_said_and_shows_nothing(ada, query):
    answer = ada.get(URL + query)
    assert answer.status_code == 400
    assert answer.context["page"].lines == []
    assert "Loggen kan ikke vises slik" in text(answer)


def test_a_nul_in_the_search_harms_nothing(ada):
    assert ada.get(URL + "?sok=%00").status_code == 200


def test_the_pages_hold_every_line_once_there_and_back(ada, company, monkeypatch):
    monkeypatch.setattr(audit_page, "PAGE_ROWS", 3)
    log(company, "ledger.locked", count=6)  # 8 lines with the company's and Ada's own
    seen, address, pages = [], "", []
    while True:
        page = ada.get(URL + address).context["page"]
        pages.append([line.entry.number for line in page.lines])
        seen += pages[-1]
        log(company, "ledger.matched")  # what is written meanwhile moves nothing
        if not page.older:
            break
        address = page.older
    assert seen == [8, 7, 6, 5, 4, 3, 2, 1]
    assert page.newer
    back = [pages.pop()]
    while page.newer and len(back) < 3:
        page = ada.get(URL + page.newer).context["page"]
        back.append([line.entry.number for line in page.lines])
    assert back == [[2, 1], [5, 4, 3], [8, 7, 6]]


def test_the_pages_keep_the_filter(ada, company, monkeypatch):
    monkeypatch.setattr(audit_page, "PAGE_ROWS", 2)
    for _ in range(3):
        log(company, "ledger.locked", details={"reason": "æ & ø"})
        log(company, "ledger.imported")
    page = ada.get(URL + "?gruppe=bokforing&sok=%C3%A6 %26").context["page"]
    assert len(page.lines) == 2
    assert shown(ada, page.older) == ["ledger.locked"]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_takes_the_same_few_queries(ada, company, django_assert_num_queries, rows):
    log(company, "ledger.matched", actor=ada.ada, actor_name="Ada", count=rows)
    with django_assert_num_queries(17):
        assert len(shown(ada, "?gruppe=bokforing")) == rows


# As a file.


def test_the_file_has_the_lines_of_the_filter_and_is_itself_a_line(ada, company):
    log(company, "ledger.imported", actor_name="=cmd()", object_id="-1", details={"file": "a,b\n.xml"})
    log(company, "ledger.locked")
    answer = ada.post(FILE, {"gruppe": "filer"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="logg_310000000_{timezone.localdate()}.csv"'
    header, row = csv.reader(io.StringIO(answer.content.decode()))
    found = dict(zip(header, row, strict=True))
    line = lines(company)[2]
    assert found["person"] == "'=cmd()" and found["object_id"] == "'-1"
    assert (found["action"], found["what"], found["told"]) == (
        "ledger.imported",
        "Reskontro importert",
        "Fil: a,b\n.xml",
    )
    assert (found["number"], found["hash"], found["previous_hash"]) == ("3", line.hash, line.previous_hash)
    assert datetime.fromisoformat(found["at"]) == line.at
    last = lines(company)[-1]
    assert (last.action, last.actor_name, last.actor_role) == ("log.exported", "Ada", "Administrator")
    assert last.details == {"lines": 1, "narrowed": "gruppe=filer"}
    assert verify_company(company).fault is None


CUT = "Bare de nyeste 3 linjene er med i denne filen. Avgrens dagene for å få resten."


def test_a_file_that_would_be_too_long_says_so_on_the_page_and_in_itself(ada, company, monkeypatch):
    monkeypatch.setattr(audit_page, "FILE_ROWS", 3)
    monkeypatch.setattr(audit_page, "PAGE_ROWS", 2)
    monkeypatch.setattr("access.audit_views.FILE_ROWS", 3)
    log(company, count=2)
    assert "Avgrens dagene" in text(ada.get(URL))
    rows = list(csv.reader(io.StringIO(ada.post(FILE).content.decode())))
    assert [row[0] for row in rows[1:]] == [
        "4",
        "3",
        "2",
        CUT,
    ]
    assert lines(company)[-1].details["lines"] == 3
    assert "Avgrens dagene" not in text(ada.get(URL + "?gruppe=filer"))


def test_a_file_of_something_not_understood_is_refused_and_no_line_written(ada, company):
    before = len(lines(company))
    answer = ada.post(FILE, {"fra": "x"})
    assert answer.status_code == 400
    assert len(lines(company)) == before


def test_a_file_is_not_fetched_by_a_link(ada):
    assert ada.get(FILE).status_code == 405


def test_a_file_takes_the_same_few_queries(ada, company):
    counts = []
    for rows in (1, 30):
        log(company, count=rows)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ada.post(FILE)
        counts.append(len(seen))
    assert counts[0] == counts[1]


# The state of the chain.


def test_the_page_says_that_the_chain_holds_and_when_all_of_it_was_verified(ada, company):
    assert "Lenken er hel Linjene som vises her, henger sammen" in text(ada.get(URL))
    keep_verified(company, verify_company(company), timezone.now() - timedelta(hours=3))
    assert re.search(
        r"Lenken er hel Hele loggen ble kontrollert [0-9.]{10} kl\. [0-9:]{5}, til og med linje 2\.", text(ada.get(URL))
    )


@pytest.mark.django_db(transaction=True)
def test_the_page_says_that_the_chain_is_broken(make_client, make_member, client):
    company = make_client()
    client.force_login(make_member(company, "ada", "administrator"))
    with owner_at_work() as cursor:
        cursor.execute("UPDATE access_auditentry SET actor_name = 'Per' WHERE number = 1")
    assert "Lenken er brutt. Linje 1 ble endret etter at den ble skrevet." in text(client.get(URL))
    with owner_at_work() as cursor:
        cursor.execute("DELETE FROM access_auditentry WHERE number = 1")
    assert "Lenken er hel" in text(client.get(URL))  # what is shown fits; only a whole verification sees it
    keep_verified(company, verify_company(company), timezone.now())
    said = text(client.get(URL))
    assert "Lenken er brutt. Linje 2 kommer etter en linje som mangler." in said
    assert "Lenken er hel" not in said
