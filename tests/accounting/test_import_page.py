"""The page «Import»: who gets in, what becomes of files of every kind, what the result says, and the history."""

import os
import re
import zipfile
from datetime import date
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Client, Membership
from access.tenancy import client_scope
from accounting.imports.progress import Progress, reached
from accounting.models import ImportStatus, LedgerEntry
from accounting.services import import_runs, ledger_import
from accounting.services.locking import lock_ledger
from tests.accounting import saft_builder
from tests.accounting.importing import MATCHES, PAGE, entries, invoice, named, runs, upload, words, work

pytestmark = pytest.mark.django_db

OTHER = "310011118"
HISTORY_QUERIES = 15  # savepoints of the test's own transaction included


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def rita(company, make_member, client):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


def lying(folder):
    return [one for one in folder.rglob("*") if one.is_file()]


def open_amounts(company):
    with client_scope(company):
        rows = LedgerEntry.objects.for_client(company).order_by("entry_id")
        return {one.entry_id: str(one.open_amount) for one in rows}


def saft_file(company="310000000", **more):
    customers, vouchers = [saft_builder.customer("C1")], [saft_builder.sale("2026-01-10", "100.00")]
    return saft_builder.saft(company=company, **{"customers": customers, "vouchers": vouchers} | more)


# Who gets in


def test_a_stranger_gets_404_and_who_lacks_the_right_403(company, make_client, make_member, client):
    other = make_client(OTHER, "Furulia Lys AS")
    for subject, of, role, status in (
        ("rolf", company, "revisor", 403), ("stine", company, "standard", 403), ("vera", other, "administrator", 404),
        ("dag", company, "daglig_leder", 200),
    ):  # fmt: skip
        client.force_login(make_member(of, subject, role))
        assert client.get(PAGE).status_code == status
        assert upload(client, named("a.csv", entries(invoice()))).status_code == (302 if status == 200 else status)
        assert len(runs(company)) == (1 if status == 200 else 0)
    run = runs(company)[0]
    client.force_login(make_member(other, "vera", "administrator"))
    assert client.get(f"/klient/{OTHER}/import/{run.pk}/").status_code == 404


def test_the_token_is_asked_for_and_nothing_is_kept_without_it(company, make_member, folder):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(make_member(company, "rita", "regnskapsforer"))
    assert upload(browser, named("a.csv", entries(invoice()))).status_code == 403
    assert (runs(company), lying(folder)) == ([], [])
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(PAGE).content.decode())[1]
    answer = upload(browser, named("a.csv", entries(invoice())), csrfmiddlewaretoken=token)
    assert answer.status_code == 302
    assert len(runs(company)) == 1


def test_the_menu_leads_there_whoever_may(company, rita, make_member, client):
    assert f'href="{PAGE}"' in rita.get("/klient/310000000/").content.decode()
    client.force_login(make_member(company, "rolf", "revisor"))
    assert f'href="{PAGE}"' not in client.get("/klient/310000000/").content.decode()


# From file to books


def test_a_ledger_file_comes_in_and_its_bytes_go(company, rita, folder):
    answer = upload(rita, named("poster.csv", entries(invoice("1"), invoice("2", "250.50"))))
    (file,) = lying(folder)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    page = rita.get(answer["Location"])
    assert "Importen venter på tur" in words(page)
    assert 'hx-trigger="every 1s"' in page.content.decode()
    (run,) = work(company)
    assert (run.status, run.kind, run.tries) == ("done", "ledger", 1)
    assert run.summary["entries"] == {"created": 2, "unchanged": 0}
    assert open_amounts(company) == {"1": "100.00", "2": "250.50"}
    assert lying(folder) == []
    page = rita.get(answer["Location"])
    assert "every 1s" not in page.content.decode()
    text = words(page)
    assert "Importert" in text
    assert "Nye poster 2" in text
    assert run.files[0]["sha256"] in text
    assert "350,50" in text


def test_the_same_file_again_changes_nothing_and_says_so(company, rita):
    for _ in range(2):
        answer = upload(rita, named("poster.csv", entries(invoice("1"))))
        *_, run = work(company)
    assert run.summary["entries"] == {"created": 0, "unchanged": 1}
    assert "Importert: alt var her fra før" in words(rita.get(answer["Location"]))
    assert open_amounts(company) == {"1": "100.00"}


def test_files_of_several_kinds_become_runs_in_their_order(company, rita):
    payment = "2,10,Kari Kunde,,payment,2,,,2026-01-20,,,-100.00,"
    files = (
        named("treff.csv", f"{MATCHES}\n1,2,100.00,\n"),
        named("poster.csv", entries(invoice("1"), payment)),
        named("rapport.xml", saft_file()),
    )
    upload(rita, *files)
    saft, ledger = runs(company)
    assert [one["name"] for one in ledger.files] == ["poster.csv", "treff.csv"]
    assert saft.upload == ledger.upload
    assert [run.status for run in work(company)] == ["done", "done"]
    assert open_amounts(company)["1"] == "0.00"
    assert "Lastet opp samtidig" in words(rita.get(f"{PAGE}{saft.pk}/"))


def test_matches_alone_are_refused_with_what_to_give(company, rita):
    answer = upload(rita, named("treff.csv", f"{MATCHES}\n1,2,100.00,\n"))
    assert "gi filen med poster sammen med den" in words(rita.get(answer["Location"]))


def test_a_refusal_names_file_line_and_remedy_in_norwegian(company, rita, folder):
    upload(rita, named("poster.csv", entries(invoice("1"))))
    answer = upload(rita, named("endret.csv", entries(invoice("0"), invoice("1", "900.00"))))
    *_, run = work(company)
    assert (run.status, run.refusals[0]["file"], run.refusals[0]["line"]) == ("refused", "endret.csv", 3)
    text = words(rita.get(answer["Location"]))
    assert "Filen ble avvist" in text
    assert "endret.csv , linje 3" in text or "endret.csv, linje 3" in text
    assert "bokførte poster endres ikke" in text
    assert open_amounts(company) == {"1": "100.00"}
    assert lying(folder) == []


def test_what_is_not_recognised_is_refused_at_once_and_the_rest_comes_in(company, rita, folder):
    answer = upload(rita, named("bilde.csv", b"\x89PNG\r\n\x1a\n" + bytes(100)), named("poster", entries(invoice("1"))))
    refused, _ledger = runs(company)
    assert (refused.status, refused.kind) == ("refused", "unknown")
    text = words(rita.get(answer["Location"]))
    assert "Filen er et bilde, som ikke kan importeres" in text
    assert len(lying(folder)) == 1
    assert work(company)[1].status == "done"
    assert lying(folder) == []


def test_a_locked_period_is_told_of(company, rita, make_member):
    with client_scope(company):
        lock_ledger(client=company, through=date(2026, 1, 31), actor=make_member(company, "ada", "administrator"))
    answer = upload(rita, named("poster.csv", entries(invoice("1"))))
    (run,) = work(company)
    assert run.status == "refused"
    assert "2026-01-31" in words(rita.get(answer["Location"]))
    assert open_amounts(company) == {}


def test_a_zip_of_files_is_unpacked(company, rita, folder):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mappe/a.csv", entries(invoice("1")))
        archive.writestr("__MACOSX/mappe/._a.csv", "rubbish")
        archive.writestr("b.csv", entries(invoice("2")))
    upload(rita, named("alt.zip", packed.getvalue()))
    assert [[one["name"] for one in run.files] for run in runs(company)] == [["a.csv"], ["b.csv"]]
    assert [run.status for run in work(company)] == ["done", "done"]
    assert open_amounts(company) == {"1": "100.00", "2": "100.00"}
    assert lying(folder) == []


def test_no_file_is_an_error_on_the_page(company, rita):
    answer = rita.post(PAGE, {})
    assert answer.status_code == 400
    assert "Velg minst én fil" in words(answer)


def test_a_name_with_paths_in_it_stays_in_the_folder(company, rita, folder):
    upload(rita, named("../../..\\utenfor<b>.csv", entries(invoice("1"))))
    (file,) = lying(folder)
    assert os.path.realpath(file).startswith(str(folder))
    (run,) = work(company)
    assert run.status == "done"
    assert "<b>" not in rita.get(PAGE).content.decode()


# Whose books a SAF-T file holds


def test_saft_of_this_company_comes_in(company, rita):
    upload(rita, named("saft.xml", saft_file()))
    (run,) = work(company)
    assert (run.status, run.summary["client"], run.founded) == ("done", "310000000", "")


def test_saft_of_another_company_founds_it_only_when_told_to(company, rita):
    file = saft_file(OTHER)
    answer = upload(rita, named("saft.xml", file))
    (run,) = work(company)
    assert run.status == "refused"
    assert not Client.objects.filter(organisation_number=OTHER).exists()
    assert OTHER in words(rita.get(answer["Location"]))
    answer = upload(rita, named("saft.xml", file), found_new="1")
    *_, run = work(company)
    assert (run.status, run.founded) == ("done", OTHER)
    founded = Membership.objects.get(client__organisation_number=OTHER)
    assert (founded.user.subject, founded.role.key) == ("rita", "administrator")
    assert f'href="/klient/{OTHER}/"' in rita.get(answer["Location"]).content.decode()
    assert open_amounts(company) == {}
    assert len(open_amounts(founded.client)) == 1


def test_of_a_company_that_is_known_a_stranger_hears_no_more_than_of_one_that_is_not(company, rita, make_client):
    told = []
    for known in (False, True):
        if known:
            make_client(OTHER, "Furulia Lys AS")
        answer = upload(rita, named("saft.xml", saft_file(OTHER)))
        work(company)
        told.append(re.sub(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", "", words(rita.get(answer["Location"]))))
    assert told[0] == told[1]
    upload(rita, named("saft.xml", saft_file(OTHER)), found_new="1")
    assert work(company)[-1].status == "refused"
    assert open_amounts(Client.objects.get(organisation_number=OTHER)) == {}
    assert not Membership.objects.filter(client__organisation_number=OTHER).exists()


def test_who_may_import_in_the_other_company_is_led_there(company, rita, make_client, make_member):
    make_member(make_client(OTHER, "Furulia Lys AS"), "rita", "regnskapsforer")
    answer = upload(rita, named("saft.xml", saft_file(OTHER)))
    work(company)
    assert f'href="/klient/{OTHER}/import/"' in rita.get(answer["Location"]).content.decode()


def test_saft_without_a_number_wants_a_word_that_it_is_this_companys(company, rita):
    file = saft_file("123456789")
    upload(rita, named("saft.xml", file))
    assert work(company)[-1].status == "refused"
    upload(rita, named("saft.xml", file), own_file="1")
    run = work(company)[-1]
    assert (run.status, run.summary["client"]) == ("done", "310000000")


def test_saft_files_go_by_their_periods(company, rita):
    january = saft_file()
    february = saft_file(
        vouchers=[saft_builder.sale("2026-02-10", "50.00", number="2")], start="2026-02-01", end="2026-02-28"
    )
    upload(rita, named("a.xml", february), named("b.xml", january))
    assert [one.files[0]["name"] for one in runs(company)] == ["b.xml", "a.xml"]
    assert [one.status for one in work(company)] == ["done", "done"]


# Turns, tries and ends


def test_a_companys_imports_come_one_after_the_other(company, rita):
    for number in "12":
        upload(rita, named("poster.csv", entries(invoice(number))))
    first, second = runs(company)
    assert "venter på en annen import" in words(rita.get(f"{PAGE}{second.pk}/"))
    assert not import_runs.run_import(client=company, run_id=second.pk, clock=timezone.now)
    assert import_runs.runs_due() == [(company.pk, first.pk)]
    assert [run.status for run in work(company)] == ["done", "done"]
    assert import_runs.runs_due() == []


def test_how_far_a_run_has_come_is_shown_while_it_is_under_way(company, rita):
    upload(rita, named("poster.csv", entries(invoice("1"))))
    (run,) = runs(company)
    with client_scope(company):
        run.status, run.tries = ImportStatus.RUNNING, 1
        run.save(update_fields=["status", "tries"])
    page = f"{PAGE}{run.pk}/"
    Progress(run.pk).forget()
    assert "Filen leses" in words(rita.get(page))
    Progress(run.pk)(3 << 20, 12 << 20)
    answer = rita.get(page)
    assert "3,0 MB av 12,0 MB er lest" in words(answer)
    assert 'value="25" max="100"' in answer.content.decode()
    Progress(run.pk)(12 << 20, 12 << 20)
    assert "Alt er lest" in words(rita.get(page))
    assert work(company)[0].status == "done"
    assert reached(run.pk) is None


def test_a_run_that_has_ended_is_not_run_again(company, rita):
    upload(rita, named("poster.csv", entries(invoice("1"))))
    (run,) = work(company)
    assert not import_runs.run_import(client=company, run_id=run.pk, clock=timezone.now)
    assert runs(company)[0].finished_at == run.finished_at


def test_what_was_tried_three_times_has_failed_and_the_next_comes(company, rita, folder):
    upload(rita, named("poster.csv", entries(invoice("1"))))
    upload(rita, named("poster.csv", entries(invoice("2"))))
    dead, _ = runs(company)
    with client_scope(company):
        dead.status, dead.tries = ImportStatus.RUNNING, 3
        dead.save(update_fields=["status", "tries"])
    assert [run.status for run in work(company)] == ["failed", "done"]
    assert "feilet, og ingenting av den er ført" in words(rita.get(f"{PAGE}{dead.pk}/"))
    assert open_amounts(company) == {"2": "100.00"}
    assert lying(folder) == []


def test_a_fault_of_ours_ends_the_run_and_leaves_nothing(company, rita, folder, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr(ledger_import, "analyse_ledger", broken)  # its last step, after everything was stored
    upload(rita, named("poster.csv", entries(invoice("1"))))
    (run,) = work(company)
    assert run.status == "failed"
    assert (open_amounts(company), lying(folder)) == ({}, [])


def test_who_has_lost_the_right_meanwhile_imports_nothing(company, rita):
    upload(rita, named("poster.csv", entries(invoice("1"))))
    Membership.objects.filter(client=company).delete()
    (run,) = work(company)
    assert (run.status, open_amounts(company)) == ("refused", {})


# History


def test_the_history_costs_the_same_for_one_and_for_many(company, rita):
    counts = []
    for _ in range(2):
        for number in range(3):
            upload(rita, named(f"poster{number}.csv", entries(invoice("1"))))
        work(company)
        with CaptureQueriesContext(connection) as queries:
            answer = rita.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1] == HISTORY_QUERIES
    text = words(answer)
    assert "poster2.csv" in text
    assert "Rita" in text
    assert "0 nye poster, 1 uendret" in text


def test_the_history_is_paged(company, rita):
    for _ in range(26):
        upload(rita, named("bilde.png", b"\x89PNG" + bytes(10)))
    assert "Side 1 av 2" in words(rita.get(PAGE))
    assert "Side 2 av 2" in words(rita.get(PAGE + "?side=2"))
