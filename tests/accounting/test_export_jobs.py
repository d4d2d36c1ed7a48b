"""Exports in the background: who may fetch what, what a dead worker leaves, what is removed, and what is refused."""

import hashlib
import io
from datetime import date, timedelta
from uuid import uuid4

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from access.models import AuditEntry
from access.services import add_member, change_role
from access.tenancy import client_scope
from accounting import tasks
from accounting.exports import files
from accounting.models import ExportJob
from accounting.reports.options import Options
from accounting.services import exports
from accounting.services.exports import ReportTooLarge, TooManyExports, ask_export, make_export, sweep_exports
from tests.accounting.factories import Books

URL = "/klient/310000000/eksporter/"
OPEN = "/klient/310000000/rapporter/apne-poster/"
AS_OF = date(2026, 6, 30)


@pytest.fixture
def woken(monkeypatch):
    """What a worker was woken for."""
    found = []
    monkeypatch.setattr(exports, "wake", lambda *what: found.append(what))
    return found


def fill(client):
    books = Books(client)
    books.invoice("10", "2026-01-10", "1000.00", due="2026-01-24", invoice_number="77")
    books.payment("9", "2026-03-02", "50.00")
    return books


def ask(client, person, report="open-items", wanted="xlsx", rows=2, **options):
    with client_scope(client):
        return ask_export(
            client=client, person=person, report=report, options=Options(as_of=AS_OF, **options), wanted=wanted, rows=rows,
            now=timezone.now(),
        )  # fmt: skip


def stored(client):
    with client_scope(client):
        return list(ExportJob.objects.for_client(client).order_by("pk"))


def make(client, job, now=None):
    return make_export(client=client, key=job.key, now=now or timezone.now())


@pytest.mark.django_db(transaction=True)
class TestMaking:
    """With real transactions: a lock and a commit are what it is about."""

    @pytest.fixture
    def company(self, make_client):
        return fill(make_client()).client

    @pytest.fixture
    def rita(self, company, make_member):
        return make_member(company, "rita", "regnskapsforer")

    def test_it_is_made_kept_with_its_hash_and_woken_for_after_the_commit(self, company, rita, woken):
        job = ask(company, rita)
        assert woken == [("accounting.tasks.make_export", company.pk, str(job.key))]
        assert (job.state, job.query) == ("waiting", "per=2026-06-30")
        tasks.make_export(company.pk, str(job.key))
        (done,) = stored(company)
        assert (done.state, done.attempts, done.size) == ("done", 1, len(done.content))
        assert done.sha256 == hashlib.sha256(bytes(done.content)).hexdigest()
        assert done.file_name == "apne-poster-kunder_310000000_2026-06-30.xlsx"
        assert done.expires_at - done.made_at == timedelta(days=7)
        sheet = openpyxl.load_workbook(io.BytesIO(bytes(done.content))).active
        assert [row[0] for row in sheet.iter_rows(values_only=True)][:2] == ["Furuly Lys AS", "Åpne poster kunder"]
        assert make(company, done) is False  # a task that comes twice
        with client_scope(company):
            (line,) = AuditEntry.objects.for_client(company).filter(action="export.asked")
        assert (line.actor, line.details["report"], line.details["rows"]) == (rita, "open-items", 2)

    def test_what_a_dead_worker_left_is_taken_up(self, company, rita, woken, monkeypatch):
        job = ask(company, rita)

        class Killed(BaseException):
            pass

        def die(*arguments, **options):
            raise Killed

        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(exports, "report_file", die)
            make(company, job)
        assert [one.state for one in stored(company)] == ["running"]
        woken.clear()
        assert sweep_exports(now=timezone.now()) == 1
        assert woken == [("accounting.tasks.make_export", company.pk, str(job.key))]
        assert make(company, job) is True
        assert [(one.state, one.attempts) for one in stored(company)] == [("done", 2)]
        assert sweep_exports(now=timezone.now()) == 0

    def test_while_one_makes_it_another_does_not(self, company, rita, woken):
        job = ask(company, rita)
        with other_connection() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"export {job.key}"])
            assert make(company, job) is False
            assert [one.state for one in stored(company)] == ["waiting"]
        assert make(company, job) is True

    def test_after_three_attempts_it_has_failed_and_says_so(self, company, rita, woken, monkeypatch, client):
        def break_down(*arguments, **options):
            raise RuntimeError("no")

        monkeypatch.setattr(exports, "report_file", break_down)
        job = ask(company, rita)
        states = []
        for _ in range(4):
            assert make(company, job) is False
            states.append(stored(company)[0].state)
        assert states == ["waiting", "waiting", "failed", "failed"]
        client.force_login(rita)
        page = client.get(URL).content.decode()
        assert "Den kunne ikke lages" in page and "hx-get" not in page

    def test_what_is_past_its_time_is_removed(self, company, rita, woken):
        now = timezone.now()
        old, young = ask(company, rita), ask(company, rita, wanted="pdf")
        make(company, old, now - timedelta(days=7, seconds=1))
        make(company, young, now - timedelta(days=6))
        sweep_exports(now=now)
        assert [one.key for one in stored(company)] == [young.key]

    def test_the_pdf_follows_the_language_and_the_filters_that_were_asked_for(self, company, rita, woken):
        from django.utils import translation
        from pypdf import PdfReader

        from accounting.reports.filters import Filter

        with translation.override("en"):
            job = ask(company, rita, wanted="pdf", only=Filter(customers="10"))
        make(company, job)
        (done,) = stored(company)
        text = PdfReader(io.BytesIO(bytes(done.content))).pages[0].extract_text()
        assert "Open items" in text and "Customer 10" in text and "Kunde 9" not in text and "by Rita" in text


class other_connection:  # noqa: N801  reads as a verb
    """A session of its own at the same database."""

    def __enter__(self):
        import psycopg2

        self.own = psycopg2.connect(**connection.get_connection_params())
        return self.own.cursor()

    def __exit__(self, *_):
        self.own.cursor().execute("SELECT pg_advisory_unlock_all()")  # a close alone is heard a moment later
        self.own.close()


@pytest.mark.django_db
class TestAsking:
    @pytest.fixture
    def company(self, make_client):
        return fill(make_client()).client

    @pytest.fixture
    def rita(self, company, make_member):
        return make_member(company, "rita", "regnskapsforer")

    def test_the_same_twice_is_one_and_five_are_the_most(self, company, rita, woken):
        assert ask(company, rita).pk == ask(company, rita).pk
        for days in range(4):
            ask(company, rita, bucket_days=(days + 1,))
        with pytest.raises(TooManyExports):
            ask(company, rita, bucket_days=(77,))

    def test_more_rows_than_are_ever_written_are_refused(self, company, rita, woken):
        with pytest.raises(ReportTooLarge):
            ask(company, rita, wanted="pdf", rows=files.MOST["pdf"] + 1)

    def test_a_large_report_is_offered_in_the_background_and_a_small_one_is_not(
        self, company, rita, woken, client, monkeypatch, django_capture_on_commit_callbacks
    ):
        client.force_login(rita)
        assert client.get(OPEN, {"per": AS_OF, "format": "pdf"})["Content-Type"] == "application/pdf"
        monkeypatch.setitem(files.AT_ONCE, "pdf", 1)
        page = client.get(OPEN, {"per": AS_OF, "format": "pdf", "kunde": "9-10"})
        assert page["Content-Type"].startswith("text/html") and stored(company) == []
        assert "Den har 2 rader" in page.content.decode()
        form = {"rapport": page.context_data["report_name"], "format": "pdf", "sporring": page.context_data["query"]}
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(URL, form)
        assert (response.status_code, response["Location"]) == (302, URL)
        (job,) = stored(company)
        assert (job.report, job.format, job.rows, job.person) == ("open-items", "pdf", 2, rita)
        assert job.query == "per=2026-06-30&kunde=9-10"
        assert woken == [("accounting.tasks.make_export", company.pk, str(job.key))]
        page = client.get(URL).content.decode()
        assert 'hx-trigger="every 2s"' in page and "<noscript>" in page and "Venter" in page
        monkeypatch.setitem(files.MOST, "pdf", 1)
        assert "for stor" in client.get(OPEN, {"per": AS_OF, "format": "pdf"}).content.decode()

    @pytest.mark.parametrize("form", [
        {}, {"rapport": "x", "format": "pdf"}, {"rapport": "open-items", "format": "exe"},
        {"rapport": "open-items", "format": "pdf", "sporring": "per=x"}, {"rapport": "open-items", "format": "csv"},
    ])  # fmt: skip
    def test_a_form_that_is_not_ours_is_400(self, company, rita, client, form):
        client.force_login(rita)
        assert client.post(URL, form).status_code == 400
        assert stored(company) == []

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_number_of_queries_does_not_grow_with_the_exports(
        self, company, rita, woken, client, django_assert_num_queries, rows
    ):
        client.force_login(rita)
        for days in range(rows):
            ask(company, rita, bucket_days=(days + 1,))
        client.get(URL)
        with django_assert_num_queries(13):
            assert len(client.get(URL).context_data["jobs"]) == rows


@pytest.mark.django_db(transaction=True)
class TestFetching:
    @pytest.fixture
    def company(self, make_client):
        return fill(make_client()).client

    @pytest.fixture
    def rita(self, company, make_member):
        return make_member(company, "rita", "regnskapsforer")

    @pytest.fixture
    def done(self, company, rita, woken):
        job = ask(company, rita)
        make(company, job)
        (job,) = stored(company)
        return job

    def test_who_asked_fetches_it(self, done, rita, client):
        client.force_login(rita)
        response = client.get(f"{URL}{done.key}/")
        assert response.content == bytes(done.content)
        assert response["Content-Disposition"] == f'attachment; filename="{done.file_name}"'
        assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        assert "no-store" in response["Cache-Control"]
        assert f"{URL}{done.key}/" in client.get(URL).content.decode()

    def test_another_person_of_the_company_gets_404_and_does_not_see_it(self, done, company, make_member, client):
        client.force_login(make_member(company, "dag", "administrator"))
        assert client.get(f"{URL}{done.key}/").status_code == 404
        assert str(done.key) not in client.get(URL).content.decode()

    def test_through_another_company_it_is_404(self, done, rita, make_client, client):
        other = make_client("310011118", "Furulia Lys AS")
        add_member(client=other, user=rita, role_key="regnskapsforer")
        client.force_login(rita)
        assert client.get(f"/klient/310011118/eksporter/{done.key}/").status_code == 404
        assert str(done.key) not in client.get("/klient/310011118/eksporter/").content.decode()

    def test_a_stranger_and_a_key_that_is_none_get_404(self, done, rita, make_client, make_member, client):
        client.force_login(rita)
        assert client.get(f"{URL}{uuid4()}/").status_code == 404
        other = make_client("310011118", "Furulia Lys AS")
        client.force_login(make_member(other, "vera", "administrator"))
        assert client.get(f"{URL}{done.key}/").status_code == 404
        assert client.get(URL).status_code == 404

    def test_who_lost_the_right_meanwhile_is_refused(self, done, company, rita, client, make_member):
        from access.models import Role
        from access.privileges import REPORTS, Level

        ada = make_member(company, "ada", "administrator")
        role = Role.objects.get(client=company, key="regnskapsforer")
        change_role(role=role, levels={REPORTS: Level.NONE}, actor=ada)
        client.force_login(get_user_model().objects.get(pk=rita.pk))
        assert client.get(f"{URL}{done.key}/").status_code == 403
        form = {"rapport": "open-items", "format": "pdf", "sporring": "per=2026-06-30"}
        assert client.post(URL, form).status_code == 403

    def test_the_unpaid_list_wants_the_right_to_invoices(self, company, woken, client, make_member):
        from access.models import Role
        from access.privileges import INVOICES, Level

        ada, rolf = make_member(company, "ada", "administrator"), make_member(company, "rolf", "revisor")
        change_role(role=Role.objects.get(client=company, key="revisor"), levels={INVOICES: Level.NONE}, actor=ada)
        client.force_login(rolf)
        form = {"format": "pdf", "sporring": "per=2026-06-30"}
        assert client.post(URL, {**form, "rapport": "unpaid-invoices"}).status_code == 403
        assert client.post(URL, {**form, "rapport": "aged-receivables"}).status_code == 302

    def test_what_is_not_ready_or_past_its_time_is_404(self, done, company, rita, client, woken):
        client.force_login(rita)
        waiting = ask(company, rita, wanted="pdf")
        assert client.get(f"{URL}{waiting.key}/").status_code == 404
        with client_scope(company):
            ExportJob.objects.for_client(company).filter(pk=done.pk).update(
                made_at=timezone.now() - timedelta(days=8), expires_at=timezone.now() - timedelta(days=1)
            )
        assert client.get(f"{URL}{done.key}/").status_code == 404
