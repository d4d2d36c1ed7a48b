"""What needs somebody in a company: each notice at its boundary, by the rights she has, and to the øre as the report says."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from access.models import Membership, Rights
from access.tenancy import client_scope
from accounting.reports.options import Options
from accounting.reports.overdue import Overdue, overdue_invoices
from accounting.reports.unpaid_invoices import unpaid_invoices
from dashboard.attention import notices_for
from tests.accounting.factories import Books
from tests.dashboard.financed import OFFER, agreement, onboarding

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def days(count):
    return TODAY + timedelta(days=count)


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def told(company, make_member):
    """told(): the notices of Dag, or of another role, as (color, text, amount)."""

    def tell(role="daglig_leder"):
        make_member(company, "dag", role)
        rights = Rights(Membership.objects.select_related("client", "role").get(client=company))
        with client_scope(company, read_only=True):
            found = notices_for([rights], today=TODAY, now=timezone.now()).get(company.pk, [])
        return [(one.color, one.text, one.amount) for one in found if one.color != "neutral"]

    return tell


def test_what_is_overdue_is_what_the_page_of_unpaid_invoices_says(make_client):
    """Every way in which an invoice may or may not count, in two companies at once, against the report."""
    clients = [make_client("310000000", "A AS"), make_client("310011118", "B AS", base_currency="EUR")]
    for place, client in enumerate(clients):
        books, cents = Books(client), Decimal("0.01") * (place + 1)
        books.invoice("1", days(-40), 100 + cents, due=days(-1))  # one day over
        books.invoice("1", days(-40), 200 + cents, due=days(0))  # the due day itself is in time
        books.invoice("1", days(-40), 400 + cents)  # without due date: by the entry date
        books.invoice("1", days(0), 800 + cents)
        books.invoice("1", days(5), 1600 + cents, due=days(-5))  # dated after today
        books.credit_note("1", days(-40), 3200 + cents, due=days(-30))
        books.entry("1", days(-40), 6400 + cents, kind="reminder_fee", due=days(-30))
        books.entry("1", days(-40), 12800 + cents, kind="opening_balance")
        books.paid(books.invoice("2", days(-40), 25600 + cents, due=days(-30)), days(-2))
        books.paid(books.invoice("2", days(-40), 51200 + cents, due=days(-30)), days(3))  # closed after today
        partly = books.invoice("2", days(-40), 102400 + cents, due=days(-30))
        books.paid(partly, days(-2), 1000)
        books.paid(partly, days(2), 500)  # matched after today
        books.invoice("2", days(-40), "0.00", due=days(-30))
        books.invoice("3", days(-9), 7 + cents, due=days(-3), currency="USD", currency_amount="5.00")
    with client_scope(*clients, read_only=True):
        found = overdue_invoices([one.pk for one in clients], today=TODAY)
    assert found[clients[0].pk] == Overdue(5, Decimal("153107.05"))
    for client in clients:
        with client_scope(client, read_only=True):
            items = unpaid_invoices(client, Options(as_of=TODAY)).currencies[client.base_currency].items
        late = [one.open_amount for one in items if (one.days_overdue or 0) > 0]
        assert found[client.pk] == Overdue(len(late), sum(late))


def test_a_company_that_was_not_asked_for_is_not_told_of(make_client):
    one, other = make_client("310000000", "A AS"), make_client("310011118", "B AS")
    for client in (one, other):
        Books(client).invoice("1", days(-40), 100, due=days(-1))
    with client_scope(one, other):
        assert set(overdue_invoices([one.pk], today=TODAY)) == {one.pk}
    with client_scope(one):  # PostgreSQL's own wall
        assert set(overdue_invoices([one.pk, other.pk], today=TODAY)) == {one.pk}


@pytest.mark.parametrize(
    ("valid_days", "wanted"),
    [(61, []), (59, [("warning", "Samtykket til Buffer går ut")]), (-1, [("danger", "Samtykket til Buffer gikk ut")])],
)
def test_a_consent_that_runs_out(company, told, valid_days, wanted):
    agreement(company, valid_days=valid_days)
    day = timezone.localtime(timezone.now() + timedelta(days=valid_days)).strftime("%d.%m.%Y")
    assert told() == [(color, f"{text} {day}", None) for color, text in wanted]


@pytest.mark.parametrize(
    ("status", "used", "over"),
    [
        ("open", "62000.00", None), ("open", "62000.01", "0.01"), ("paused", "63000.00", "1000.00"),
        ("terminating", "63000.00", None), ("terminated", "63000.00", None),
    ],
)  # fmt: skip
def test_an_account_over_its_limit(company, told, status, used, over):
    agreement(company, status, used=used)
    assert told() == ([("danger", "Over kredittgrensen hos Buffer", Decimal(over))] if over else [])


@pytest.mark.parametrize(("left", "color"), [(6, "warning"), (8, "success")])
def test_an_offer_that_is_ready(company, told, left, color):
    ends = timezone.now() + timedelta(days=left)
    onboarding(company, "offered", offer={**OFFER, "expires_at": ends.isoformat()})
    day = timezone.localtime(ends).strftime("%d.%m.%Y")
    assert told() == [(color, f"Et tilbud fra Buffer er klart, og gjelder til {day}", Decimal("62000.00"))]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("begun", None), ("identified", None), ("analysing", None), ("authority_unresolved", None), ("declined", None),
        ("created", "Sjekken hos Buffer er påbegynt og venter på BankID"),
        ("authority_missing", "Sjekken hos Buffer venter på en som har fullmakt for foretaket"),
        ("awaiting_cosigner", "Sjekken hos Buffer venter på signatur fra Vera Vest"),
    ],
)  # fmt: skip
def test_a_check_that_waits_for_somebody_of_the_company(company, told, status, text):
    onboarding(company, status, missing_signatories=["Vera Vest"])
    assert told() == ([("info", text, None)] if text else [])


def test_each_is_told_what_her_role_may_know(company, told):
    agreement(company, used="70000.00", valid_days=10)
    Books(company).invoice("1", days(-40), 100, due=days(-1))
    late, consent = "1 forfalt faktura", "Samtykket til Buffer"
    for role, wanted in (
        ("daglig_leder", ["Over kredittgrensen hos Buffer", consent, late]),
        ("regnskapsforer", [late]),
        ("revisor", [late]),
        ("standard", []),
    ):
        found = [text for _, text, _ in told(role)]
        assert len(found) == len(wanted)
        assert all(one.startswith(start) for one, start in zip(found, wanted, strict=True))


def test_no_books_yet(company, make_member):
    def notices(role):
        make_member(company, "dag", role)
        rights = Rights(Membership.objects.select_related("client", "role").get(client=company))
        with client_scope(company, read_only=True):
            return [one.text for one in notices_for([rights], today=TODAY, now=timezone.now()).get(company.pk, [])]

    assert notices("revisor") == ["Ingen regnskap importert ennå"]
    assert notices("standard") == []
    Books(company).period("2026-01-01", "2026-01-31")
    assert notices("revisor") == []


def test_entries_without_a_period_are_books_too(company, told, make_member):
    Books(company).payment("1", days(-1), 100)
    make_member(company, "dag", "revisor")
    rights = Rights(Membership.objects.select_related("client", "role").get(client=company))
    with client_scope(company, read_only=True):
        assert notices_for([rights], today=TODAY, now=timezone.now()) == {}
