"""What the bank cannot mean is refused, from its bytes to our rows: the last good figure and its time stay."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from financing.models import Agreement, CreditSnapshot, Onboarding, ProviderSync
from financing.providers.base import AnswerRefused
from financing.services.credit import figures_from, follow_onboarding
from financing.services.sync import sync_credit

from .conftest import OFFER
from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db

NATIONAL_NUMBER = "15108695088"  # of nobody: python-stdnum's own example
GONE = object()
ANALYSIS = {
    "id": "ana-1", "as_of": "2026-01-01T00:00:00Z", "outstanding": "100000.00", "eligible": "77500.00",
    "advance_rate_percent": "80", "limit": "62000.00", "exclusions": [{"reason": "overdue", "count": 2, "amount": "22500.00"}],
}  # fmt: skip


@pytest.fixture
def agreed(company, begun, bank):
    walk_to_accepted(company, bank)
    bank.agreements["agr-1"]["analysis"] = json.loads(json.dumps(ANALYSIS))
    bank.agreements["agr-1"]["due"] = {"amount": "10.00", "date": "2026-12-01"}
    return bank.agreements["agr-1"]


def sync():
    return sync_credit(provider_name="buffer", now=timezone.now())


def put(value, path, new):
    """A copy with one field another, or gone."""
    copy = json.loads(json.dumps(value))
    at = copy
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    if new is GONE:
        del at[last]
    else:
        at[last] = new
    return copy


def kept(company):
    """Everything that stands of the agreement, but for the mark that an answer was refused."""
    with client_scope(company):
        row = Agreement.objects.for_client(company).values().get()
        row.pop("refused_at")
        return row, list(CreditSnapshot.objects.for_client(company).values())


TOO_LONG = "x" * 300
AMOUNTS = [
    "credit.limit",
    "credit.used",
    "credit.available",
    "credit.pending",
    "due.amount",
    "analysis.limit",
    "analysis.eligible",
]
NOT_AMOUNTS = [
    62000, 62000.5, "62000", "62000.0", "62000.000", "+62000.00", " 62000.00", "62 000.00", "62000,00", "6.2e4", "1e400", "NaN",
    "Infinity", "-Infinity", "٦٢٠٠٠.٠٠", "99999999999999999.00", "", None, True, [], {}, 10**400,
]  # fmt: skip
FAULTS = [
    *((path, value) for path in AMOUNTS for value in ("-1.00", "-0.01", 1, None, GONE)),
    *(("credit.limit", value) for value in NOT_AMOUNTS),
    *(
        (path, value)
        for path in ("id", "onboarding_id", "organisation_number", "status")
        for value in (GONE, None, "", 7, [], {}, TOO_LONG, "a\x00b", "a\nb", "\ud800", NATIONAL_NUMBER, "..")
    ),
    *(("sequence", value) for value in (GONE, None, -1, "2", 2.5, True, 2**63, 10**400)),
    *(("needs_grant", value) for value in (GONE, None, "false", 0, [])),
    *(("credit", value) for value in (GONE, None, [], "0.00")),
    *(("credit.currency", value) for value in (GONE, None, "EUR", "nok", "", 7)),
    *(("reason", value) for value in (7, "No data", NATIONAL_NUMBER, "a\x00b", TOO_LONG, ["no_data"])),
    *(("account_number", value) for value in (36241234567, "x" * 41, "a\x00b", ["1"])),
    *(("due", value) for value in ([], "2026-12-01", 7)),
    *(
        ("due.date", value)
        for value in (GONE, None, "", "20261201", "2026-W49-2", "2026-02-30", "01.12.2026", "0001-01-01", "9999-12-31", 7)
    ),
    *(
        ("as_of", value)
        for value in (
            GONE, None, "", "now", 0, "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "20260101T000000Z",
            "2026-W01-1T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01T00:00:00Z",
            "2099-01-01T00:00:00Z",
        )
    ),
    *(("analysis", value) for value in ([], "none", 7)),
    *(("analysis.id", value) for value in (GONE, None, "", NATIONAL_NUMBER, "a b")),
    *(("analysis.exclusions", value) for value in (GONE, None, {}, "x", [7], [None])),
    *(("analysis.exclusions.0.reason", value) for value in (GONE, None, "", "Over due", NATIONAL_NUMBER)),
    *(("analysis.exclusions.0.count", value) for value in (GONE, None, -1, "2", 2.5)),
    *(("analysis.exclusions.0.amount", value) for value in (GONE, None, "22500.01", 22500)),
    *(("analysis.advance_rate_percent", value) for value in (GONE, None, 80, "80 %", "-80", "1000", "80,5", "80.12345")),
    *(("analysis.as_of", value) for value in (GONE, None, "now")),
    ("analysis.outstanding", "100000.01"),
    ("status", "excellent"), ("status", "Open"), ("status", "open "),
    ("organisation_number", "310011118"), ("organisation_number", "31000000"), ("organisation_number", "NO310000000"),
    ("credit.available", "62000.01"), ("status", "paused"), ("status", "disconnected"),  # nothing is available unless open
    ("onboarding_id", "onb-9"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), FAULTS, ids=[f"{path}={str(value)[:30]!a}"[:60] for path, value in FAULTS])
def test_an_answer_that_cannot_be_right_changes_nothing(company, agreed, bank, path, value):
    agreed["sequence"] += 1
    sync()
    good, before = kept(company), only(Agreement, company)
    fault = agreed | {"sequence": agreed["sequence"] + 1}
    fault["credit"] = fault["credit"] | {"used": "1.00", "available": "61999.00"}
    bank.agreements["agr-1"] = put(fault, path, value)
    assert sync() == 0  # the list was read, and this one of it is not believed
    assert kept(company) == good
    assert ProviderSync.objects.get().failures == 0
    named = path not in ("id", "onboarding_id")  # of an answer that names nobody's agreement nothing can be marked
    agreement = only(Agreement, company)
    if named:
        assert figures_from(agreement, ProviderSync.objects.get()) == before.read_at
        with client_scope(company):
            assert AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").exists()
    if value == NATIONAL_NUMBER:
        assert not held(NATIONAL_NUMBER)
    bank.agreements["agr-1"] = fault
    fault["sequence"] += 1
    assert sync() == 1 and only(Agreement, company).used == 1  # and the next good one is


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("unheard_of", {"a": [1, "\ud800"]}), ("credit.unheard_of", "x"), ("analysis", None), ("due", None), ("due", GONE),
        ("analysis", GONE), ("reason", GONE), ("account_number", None), ("reason", "a_new_word"),
        ("as_of", "2026-01-01t00:00:00.123456789z"),
        ("analysis.exclusions.0.reason", "a_new_word"), ("account_number", NATIONAL_NUMBER),
    ],
)  # fmt: skip
def test_what_the_contract_allows_is_believed(company, agreed, bank, path, value):
    sync()
    with client_scope(company):
        Agreement.objects.for_client(company).update(as_of="2025-12-31T00:00:00Z")
    told = agreed | {
        "sequence": agreed["sequence"] + 1,
        "credit": {**agreed["credit"], "used": "1.00", "available": "0.00"},
    }
    bank.agreements["agr-1"] = put(told, path, value)
    assert sync() == 1
    assert only(Agreement, company).used == 1


def test_more_used_than_the_limit_is_no_fault(company, agreed):
    agreed["credit"] |= {"used": "62813.77", "available": "0.00"}
    agreed["sequence"] += 1
    assert sync() == 1
    assert str(only(Agreement, company).used) == "62813.77"


def test_a_clock_five_minutes_ahead_is_no_fault_and_six_is(company, agreed):
    for minutes, stored in ((4, 1), (6, 0)):
        agreed["as_of"] = (timezone.now() + timedelta(minutes=minutes)).isoformat()
        agreed["sequence"] += 1
        assert sync() == stored


def test_figures_older_than_those_we_have_are_refused(company, agreed):
    sync()
    agreed["as_of"] = (only(Agreement, company).as_of - timedelta(seconds=1)).isoformat()
    agreed["sequence"] += 5
    assert sync() == 0
    assert only(Agreement, company).refused_at is not None


def test_one_that_is_refused_keeps_nobody_else_waiting(company, agreed, bank):
    """The bad one first, the good one after it in the same list."""
    good = agreed | {
        "sequence": agreed["sequence"] + 1,
        "credit": {**agreed["credit"], "used": "1.00", "available": "61999.00"},
    }
    bank.agreements.clear()
    bank.agreements["bad"] = put(agreed, "credit.limit", "-1.00") | {"id": "agr-\x00"}
    bank.agreements["agr-1"] = good
    assert sync() == 1
    assert only(Agreement, company).used == 1


def test_an_agreement_of_one_company_cannot_pass_to_another(company, agreed, bank, make_client):
    """The number of the one with the onboarding and the organisation number of the other: right in itself, and refused."""
    other = make_client("310011118", "Furuly Lys AS")
    with client_scope(company):
        mine = Onboarding.objects.for_client(company).select_related("consent", "started_by").get()
    with client_scope(other):
        theirs = mine.consent
        theirs.pk, theirs.client = None, other
        theirs._state.adding = True
        theirs.save()
        Onboarding.objects.for_client(other).create(
            provider="buffer",
            consent=theirs,
            started_by=mine.started_by,
            started_at=timezone.now(),
            provider_reference="onb-2",
        )
    good = kept(company)
    bank.agreements["agr-1"] = agreed | {"onboarding_id": "onb-2", "organisation_number": "310011118", "sequence": 99}
    assert sync() == 0
    assert kept(company) == good
    with client_scope(other):
        assert not Agreement.objects.for_client(other).exists()
        assert AuditEntry.objects.for_client(other).filter(action="provider.answer_refused").exists()


BODIES = {
    "empty": b"", "truncated": b'{"items": [{"id": "agr-1"', "a list": b"[]", "a text": b'"items"', "null": b"null",
    "no items": b'{"next_cursor": null, "next_changed_since": "1"}', "items is an object": b'{"items": {}}',
    "no position": b'{"items": [], "next_cursor": null}',
    "a bad position": b'{"items": [], "next_cursor": null, "next_changed_since": "a\\u0000"}',
    "a bad cursor": b'{"items": [], "next_cursor": 7, "next_changed_since": "1"}', "deep": b'{"items": ' + b"[" * 100_000,
    "bom": b'\xef\xbb\xbf{"items": [], "next_cursor": null, "next_changed_since": "1"}',
    "latin-1": '{"items": [], "next_cursor": null, "next_changed_since": "æ"}'.encode("latin-1"),
    "twice": b'{"items": [], "items": [], "next_cursor": null, "next_changed_since": "1"}',
    "nan": b'{"items": [], "next_cursor": null, "next_changed_since": "1", "x": NaN}',
    "a circle": b'{"items": [], "next_cursor": "again", "next_changed_since": "1"}',
    "an identity number": b'{"items": [], "next_cursor": null, "next_changed_since": "15108695088"}',
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_list_that_is_none_moves_neither_figure_nor_position(company, agreed, bank, body):
    sync()
    good, before = kept(company), ProviderSync.objects.get()
    bank.answers[("GET", "/v1/agreements")] = (200, body)
    assert sync() is None
    after = ProviderSync.objects.get()
    assert (after.changed_since, after.complete_at, after.failures) == (before.changed_since, before.complete_at, 1)
    assert kept(company) == good


# Onboardings


ONBOARDING_FAULTS = [
    *((path, GONE) for path in ("id", "reference", "organisation_number", "status", "expires_at", "needs_grant", "sequence")),
    ("id", "onb-2"), ("reference", "another"), ("organisation_number", "310011118"), ("status", "approved"),
    ("expires_at", "2026-01-01"), ("needs_grant", 1), ("sequence", "9"), ("reason", "Too few!"), ("reason", NATIONAL_NUMBER),
    ("retry_after", "soon"), ("retry_after", "2026-01-01T00:00:00Z"), ("authority_basis", "hearsay"), ("identified_as", 7),
    ("identified_as", "Kari\x00"), ("identified_as", "x" * 201), ("missing_signatories", "Kari"), ("missing_signatories", [7]),
    ("missing_signatories", ["\udfff"]), ("missing_signatories", ["x"] * 101), ("agreement_id", NATIONAL_NUMBER),
    ("agreement_id", "a/ b"), ("offer", []), ("analysis", []),
    *((f"offer.{field}", GONE) for field in OFFER if field != "security"),
    *(
        (f"offer.{field}", value)
        for field in ("limit", "establishment_fee", "drawing_fee")
        for value in (1, "1", "-1.00", "1e400", None)
    ),
    *(
        (f"offer.{field}", value)
        for field in ("annual_interest_percent", "effective_annual_percent", "limit_commission_percent")
        for value in (12.5, "12,5", "12.5 %", "-1", "1e2", "NaN", "1000", None)
    ),
    ("offer.limit", "0.00"), ("offer.currency", "EUR"), ("offer.notice_days", -1), ("offer.notice_days", "30"),
    ("offer.notice_days", 10**30), ("offer.expires_at", "2026-01-01"), ("offer.security", []),
    ("offer.security", {"type": "pant"}),
    ("offer.security", {"type": "factoringpant", "max_amount": "-1.00"}),
    ("offer.security", {"type": "factoringpant", "max_amount": "1.00", "registered_on": "yesterday"}),
    *(
        ("offer.terms_url", value)
        for value in (
            "", None, "terms", "//bank.example/terms", "javascript:alert(1)", "data:text/html,x", "ftp://bank.example/",
            "http://bank.example/terms", "http://10.0.0.1/terms", "https://", "https://user@bank.example/", "https://[::1",
            "https://bank.example/a b", "https://bank.example\\@evil.example/", "https://bank.example/\u202etxt",
            f"https://bank.example/{NATIONAL_NUMBER}", "https://bank.example/" + "x" * 2000,
        )
    ),
]  # fmt: skip


def stands(company):
    with client_scope(company):
        return Onboarding.objects.for_client(company).values().get()


@pytest.mark.parametrize(
    ("path", "value"), ONBOARDING_FAULTS, ids=[f"{path}={str(value)[:30]!a}"[:60] for path, value in ONBOARDING_FAULTS]
)
def test_an_onboarding_that_cannot_be_right_does_not_move(company, begun, bank, path, value):
    bank.move("onb-1", "offered", offer=OFFER, identified_as="Dag Leder")
    before = stands(company)
    good = bank.onboardings["onb-1"]
    bank.onboardings["onb-1"] = put(good, path, value)
    try:
        follow_onboarding(client=company, onboarding=only(Onboarding, company))
        refused_when_stored = True
    except AnswerRefused:
        refused_when_stored = False
    after = stands(company)
    assert {**after, "read_at": None} == {**before, "read_at": None}
    if refused_when_stored:
        with client_scope(company):
            assert AuditEntry.objects.for_client(company).filter(action="provider.answer_refused").exists()
    if NATIONAL_NUMBER in str(value):
        assert not held(NATIONAL_NUMBER)
    bank.onboardings["onb-1"] = good
    follow_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).status == "offered"


def test_an_offer_is_kept_as_plain_text_under_the_contracts_names(company, begun, bank):
    security = {"type": "factoringpant", "max_amount": "100000.00", "registered_on": "2026-01-02"}
    bank.move("onb-1", "offered", offer={**OFFER, "security": security, "unheard_of": "x"})
    follow_onboarding(client=company, onboarding=only(Onboarding, company))
    assert only(Onboarding, company).offer == {**OFFER, "security": security}


# National identity numbers


def held(number):
    """The tables of the database in which that text stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute("SELECT set_config('app.client_ids', %s, false)", [every_client(cursor)])
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{number}%"])
            if cursor.fetchone()[0]:
                found.append(table)
        cursor.execute("SELECT set_config('app.client_ids', '', false)")
    return found


def every_client(cursor):
    cursor.execute("SELECT array_agg(id)::text FROM access_client")
    return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        (f"Dag Leder {NATIONAL_NUMBER}", "Dag Leder"), (f"{NATIONAL_NUMBER}, Dag Leder", "Dag Leder"),
        ("Dag Leder (151086 95088)", "Dag Leder"), ("Dag 15.10.86 95088 Leder", "Dag Leder"), (NATIONAL_NUMBER, ""),
        ("Dag Leder 15108695089", "Dag Leder 15108695089"),  # no number of a person
        (f"Dag Leder 1{NATIONAL_NUMBER}", f"Dag Leder 1{NATIONAL_NUMBER}"),
        ("Æsa O’Brien-Ødegård jr.", "Æsa O’Brien-Ødegård jr."),
    ],
)  # fmt: skip
def test_a_national_identity_number_in_a_name_is_cut_out_and_the_onboarding_goes_on(
    company, begun, bank, caplog, said, stored
):
    bank.move("onb-1", "awaiting_cosigner", identified_as=said, missing_signatories=[said, "Vera Vest"])
    follow_onboarding(client=company, onboarding=only(Onboarding, company))
    onboarding = only(Onboarding, company)
    assert (onboarding.status, onboarding.identified_as) == ("awaiting_cosigner", stored)
    assert onboarding.missing_signatories == [stored, "Vera Vest"]
    if stored != said:
        assert not held(NATIONAL_NUMBER) and not held("151086")
        assert NATIONAL_NUMBER not in caplog.text and "national identity number" in caplog.text


def test_the_search_for_a_number_finds_one(company):
    """Or the tests above could not fail."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_client SET name = %s WHERE id = %s", [f"Firma {NATIONAL_NUMBER}", company.pk])
    assert held(NATIONAL_NUMBER) == ["access_client"]


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_number_in_the_text_of_a_no_reaches_neither_log_nor_database(company, begun, bank, caplog, status):
    bank.answers[("GET", "/v1/onboardings/onb-1")] = (
        status, {"type": "x", "title": f"no {NATIONAL_NUMBER}", "status": status, "detail": NATIONAL_NUMBER}
    )  # fmt: skip
    from financing.providers.base import ProviderRejected

    with pytest.raises(ProviderRejected) as no:
        follow_onboarding(client=company, onboarding=only(Onboarding, company))
    assert NATIONAL_NUMBER not in caplog.text + str(no.value) and not held(NATIONAL_NUMBER)
