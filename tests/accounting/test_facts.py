"""Facts on items by hand: audited, told to the bank where it reads them, filtered by alike on page, JSON and CSV."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import LedgerEntry, Note
from accounting.receivables import receivables_page
from accounting.signals import ledger_changed
from tests.accounting.factories import Books
from tests.accounting.ledger_files import Folder, entry

pytestmark = pytest.mark.django_db
HOME = "/klient/310000000/"
UNPAID, OPEN = f"{HOME}fakturaer/ubetalte/", f"{HOME}rapporter/apne-poster/"


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(company):
    return Books(company)


@pytest.fixture
def rita(company, make_member, client):
    client.force_login(make_member(company, "rita", "regnskapsforer"))
    return client


@pytest.fixture
def told():
    heard = []

    def hear(sender, client, **more):
        heard.append(client)

    ledger_changed.connect(hear)
    yield heard
    ledger_changed.disconnect(hear)


@pytest.fixture
def owed(books):
    return books.invoice("10", "2026-01-01", "100.00", due="2026-01-15", invoice_number="77")


def fresh(one):
    with client_scope(one.client_id):
        return LedgerEntry.objects.for_client(one.client_id).get(pk=one.pk)


def audited(company):
    with client_scope(company):
        rows = AuditEntry.objects.for_client(company).filter(action="entry.facts_set").order_by("at")
        return [(one.object_id, one.details["changes"]) for one in rows]


def save(browser, one, **values):
    return browser.post(f"{HOME}poster/{one.pk}/fakta/", {"purretrinn": "0", "avtalt": "", **values})


def bulk(browser, rows, word, **values):
    return browser.post(
        f"{HOME}poster/sett/", {"post": [one.pk for one in rows], "sett": word, "neste": OPEN, **values}
    )


def later(days=30):
    return timezone.localdate() + timedelta(days)


def test_each_change_is_audited_with_before_and_after(rita, owed, company):
    save(rita, owed, purretrinn="2", avtalt="2027-02-01", omtvistet="on")
    one = fresh(owed)
    assert (one.reminder_stage, one.agreed_date, one.disputed, one.in_collection) == (2, date(2027, 2, 1), True, False)
    save(rita, owed, purretrinn="3", inkasso="on")
    save(rita, owed, purretrinn="3", inkasso="on")  # nothing changes
    key = str(owed.pk)
    assert audited(company) == [
        (key, {"reminder_stage": [0, 2], "agreed_date": [None, "2027-02-01"], "disputed": [False, True]}),
        (key, {"reminder_stage": [2, 3], "agreed_date": ["2027-02-01", None], "disputed": [True, False],
               "in_collection": [False, True]}),
    ]  # fmt: skip


@pytest.mark.parametrize(("values", "times"), [
    ({"purretrinn": "1"}, 0), ({"avtalt": "2027-02-01"}, 0), ({"omtvistet": "on"}, 1), ({"inkasso": "on"}, 1),
    ({"inkasso": "on", "omtvistet": "on"}, 1),
])  # fmt: skip
def test_the_bank_is_told_of_what_it_reads_and_of_nothing_else(rita, owed, told, values, times):
    save(rita, owed, **values)
    assert len(told) == times


def test_the_agreed_date_never_changes_the_due_date_that_the_bank_reads(rita, owed, company):
    def sent():
        with client_scope(company):
            (item,) = receivables_page(client=company, changed_since="", cursor="", page_size=10).items
        return item

    before = sent()
    save(rita, owed, avtalt="2027-02-01")
    after = sent()
    assert {name for name in after if after[name] != before[name]} <= {"changed_at"}
    assert after["due_date"] == "2026-01-15"
    save(rita, owed, omtvistet="on", inkasso="on")
    assert (sent()["disputed"], sent()["in_collection"]) == (True, True)


def test_a_reason_becomes_a_note_that_all_may_see(rita, owed, company):
    save(rita, owed, avtalt="2027-02-01", begrunnelse="Avtalt på telefon")
    with client_scope(company):
        (note,) = Note.objects.for_client(company)
    assert (note.text, note.shared, note.entry_id) == ("Avtalt på telefon", True, owed.pk)


@pytest.mark.parametrize(("values", "field"), [
    ({"purretrinn": "4"}, "purretrinn"), ({"purretrinn": ""}, "purretrinn"), ({"avtalt": "x"}, "avtalt"),
    ({"avtalt": "2026-02-30"}, "avtalt"), ({"avtalt": "2026-01-15"}, "avtalt"),
    ({"avtalt": "2027-02-01", "begrunnelse": "151086 95088"}, "begrunnelse"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_kept(rita, owed, company, values, field):
    answer = save(rita, owed, omtvistet="on", **values)
    assert (answer.status_code, list(answer.context_data["errors"])) == (400, [field])
    assert answer.context_data["facts"]["disputed"]
    assert (fresh(owed).disputed, audited(company)) == (False, [])


class TestSeveral:
    def test_they_are_set_at_once_with_a_line_each_and_the_bank_told_once(self, rita, books, owed, company, told):
        other = books.invoice("20", "2026-02-01", "50.00")
        answer = bulk(rita, [owed, other], "omtvistet")
        assert (answer.status_code, answer["Location"]) == (302, OPEN)
        assert [fresh(one).disputed for one in (owed, other)] == [True, True]
        assert [key for key, _changes in audited(company)] == [str(owed.pk), str(other.pk)]
        assert told == [company]

    @pytest.mark.parametrize(("word", "values", "expected"), [
        ("purring-1", {}, ("reminder_stage", 1)), ("inkassovarsel", {}, ("reminder_stage", 3)),
        ("inkasso", {}, ("in_collection", True)), ("utsatt", {"avtalt": "2027-02-01"}, ("agreed_date", date(2027, 2, 1))),
    ])  # fmt: skip
    def test_each_word_sets_one_fact(self, rita, owed, word, values, expected):
        bulk(rita, [owed], word, **values)
        assert getattr(fresh(owed), expected[0]) == expected[1]

    @pytest.mark.parametrize(
        ("word", "values"), [("", {}), ("x", {}), ("utsatt", {}), ("utsatt", {"avtalt": "2026-01-15"})]
    )
    def test_what_cannot_be_set_is_said_with_the_rows_kept(self, rita, owed, company, word, values):
        answer = bulk(rita, [owed], word, **values)
        assert (answer.status_code, answer.context_data["chosen"]) == (400, [owed.pk])
        assert audited(company) == []

    def test_one_that_fails_keeps_all_as_they_were(self, rita, books, owed, company):
        credit = books.payment("10", "2026-02-01", "5.00")
        assert bulk(rita, [owed, credit], "utsatt", avtalt="2027-02-01").status_code == 400
        assert (fresh(owed).agreed_date, audited(company)) == (None, [])

    def test_another_companys_rows_are_not_there(self, rita, make_client):
        theirs = Books(make_client("310011118", "Furulia Lys AS")).invoice("10", "2026-01-01", "5.00")
        assert bulk(rita, [theirs], "omtvistet").status_code == 400
        assert not fresh(theirs).disputed
        assert save(rita, theirs).status_code == 404

    @pytest.mark.parametrize("back", ["https://ond.example/", "//ond.example", "/klient/310011118/", ""])
    def test_it_leads_back_to_a_page_of_ours_only(self, rita, owed, back):
        assert bulk(rita, [owed], "omtvistet", neste=back)["Location"] == UNPAID

    def test_the_rows_can_be_ticked_without_scripts(self, rita, owed):
        for page, form in ((UNPAID, "sett-form"), (OPEN + "?per=2026-03-31", "sett-form"), (OPEN, "match-form")):
            text = rita.get(page).content.decode()
            assert f'name="post" value="{owed.pk}" form="{form}"' in text
            assert f'id="{form}"' in text
        # Where the boxes belong to the form for matching, «Sett …» is on the page that it leads to.
        chosen = rita.get(f"{HOME}poster/match/", {"post": owed.pk}).content.decode()
        assert 'id="sett-form"' in chosen and f'<input type="hidden" name="post" value="{owed.pk}">' in chosen


@pytest.fixture
def sorts(books, rita):
    """e1 reminded, e2 postponed, e3 whose agreed date has passed, e4 nothing."""
    for no in range(4):
        books.invoice("10", "2026-01-01", "100.00", due=f"2026-01-1{no}", invoice_number=str(no))
    with client_scope(books.client):
        rows = LedgerEntry.objects.for_client(books.client)
        rows.filter(entry_id="e1").update(reminder_stage=2)
        rows.filter(entry_id="e2").update(agreed_date=later())
        rows.filter(entry_id="e3").update(agreed_date=timezone.localdate() - timedelta(1))
    return books


@pytest.mark.parametrize(("word", "command_word", "expected"), [
    ("purret", "reminded", ["e1"]), ("utsatt", "postponed", ["e2"]),
])  # fmt: skip
@pytest.mark.parametrize(("page", "report"), [(OPEN, "open-items"), (UNPAID, "unpaid-invoices")])
def test_page_json_csv_and_command_choose_alike(rita, sorts, page, report, word, command_word, expected):
    query = {"status": word}
    (part,) = rita.get(page, query).context_data["report"].currencies
    found = json.loads(rita.get(page, {**query, "format": "json"}).content)["currencies"]["NOK"]["items"]
    table = list(csv.DictReader(io.StringIO(rita.get(page, {**query, "format": "csv"}).content.decode())))
    out = io.StringIO()
    call_command("report", report, client="310000000", as_of=str(timezone.localdate()), status=command_word, stdout=out)
    said = json.loads(out.getvalue())["currencies"]["NOK"]["items"]
    assert [one.entry_id for one in part.items] == expected
    for rows in (found, table, said):
        assert [one["entry_id"] for one in rows] == expected


def test_there_are_chips_and_the_agreed_date_stands_with_the_due_date(rita, sorts):
    answer = rita.get(UNPAID)
    report = answer.context_data["report"]
    chips = {str(chip.label): chip.count for chip in report.chips}
    assert (chips["Purret"], chips["Utsatt"]) == (1, 1)
    lines = {line.entry_id: line for part in report.currencies for line in part.items}
    assert str(lines["e1"].reminder) == "Purring 2"
    assert (str(lines["e2"].status_label), lines["e2"].agreed_date, lines["e3"].agreed_date) == (
        "Utsatt",
        later(),
        None,
    )
    text = answer.content.decode()
    assert f">{later():%d.%m.%Y}</i>" in text
    assert "forfall 11.01.2026" in text
    # On a day after the agreed one it has fallen back to the due date.
    past = rita.get(UNPAID, {"per": str(later(31))}).context_data["report"]
    assert {line.entry_id: line.agreed_date for part in past.currencies for line in part.items}["e2"] is None


class TestStory:
    def test_it_tells_what_happened_and_by_whom(self, rita, books, owed, company, make_member):
        credit = books.payment("10", "2026-02-01", "100.00", voucher_number="b9")
        dag = make_member(company, "dag", "daglig_leder")
        with client_scope(company):
            from accounting.services.settle import match_entries
            from accounting.services.undo import undo_matches

            match_entries(client=company, entry_ids=[owed.pk, credit.pk], actor=dag)
            undo_matches(client=company, entry_id=owed.pk, actor=dag)
            match_entries(client=company, entry_ids=[owed.pk, credit.pk], actor=dag)
        save(rita, owed, purretrinn="1")
        shown = rita.get(f"{HOME}poster/{owed.pk}/").context_data
        told = [(str(one.title), [str(text) for text in one.details], one.who) for one in shown["events"]]
        assert ("Matchet med innbetaling", ["For hånd"], "Dag") in told
        assert ("Match opphevet", [], "Dag") in told
        assert ("Satt for hånd", ["Purring 1"], "Rita") in told
        assert ("Lukket: ingenting står igjen", [], "") in told
        assert shown["events"][0].day == date(2026, 1, 1)
        assert [one.other.pk for one in shown["events"] if one.other] == [credit.pk]
        assert str(shown["status_label"]) == "Lukket"

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_number_of_queries_does_not_grow_with_what_happened(
        self, rita, books, owed, django_assert_num_queries, rows
    ):
        for no in range(rows):
            books.paid(owed, f"2026-02-0{no + 1}", "10.00")
            save(rita, owed, purretrinn=str(no + 1), begrunnelse=f"n{no}")
        rita.get(f"{HOME}poster/{owed.pk}/")
        with django_assert_num_queries(18):
            assert rita.get(f"{HOME}poster/{owed.pk}/").status_code == 200

    @pytest.mark.parametrize("key", ["99999999999999999999", "0"])
    def test_what_is_not_there_is_404(self, rita, owed, key):
        assert rita.get(f"{HOME}poster/{key}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_facts_of_an_import_are_shown_and_filtered_alike(tmp_path, make_member, client):
    folder = Folder(tmp_path)
    folder.load([
        entry("1", "100.00", disputed="true", in_collection=""), entry("2", "50.00", disputed="", in_collection="yes"),
    ])  # fmt: skip
    client.force_login(make_member(folder.company(), "rita", "regnskapsforer"))
    for word, expected in (("omtvistet", ["1"]), ("inkasso", ["2"])):
        (part,) = client.get(UNPAID, {"status": word}).context_data["report"].currencies
        assert [one.entry_id for one in part.items] == expected
