"""The demo's small companies: figures, people, that a repeat changes nothing, that the look-alikes stay apart; the command."""

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from stdnum import luhn
from stdnum.no import orgnr

from access.models import AuditEntry, Client, Membership, User, check_bank_account
from access.services import add_member, create_client, known_person
from access.tenancy import client_scope
from accounting.models import ControlAccountMovement, Customer, HeldPeriod, LedgerEntry, Match
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.options import Options
from accounting.services.demo import seed_demo
from accounting.services.demo.shape import LARGE
from config.demo import move_people, seed_once

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)
FURULY, FURULIA, FJORDLYS = "310000000", "310011118", "310022225"


def everything():
    """Every row of the demo companies, as values."""
    found = {"people": list(User.objects.order_by("pk").values()), "members": list(Membership.objects.values())}
    for client in Client.objects.order_by("pk"):
        with client_scope(client):
            for model in (Customer, LedgerEntry, Match, HeldPeriod, ControlAccountMovement, AuditEntry):
                rows = model.objects.for_client(client).order_by("pk").values()
                found[f"{client.organisation_number} {model.__name__}"] = list(rows)
    return found


def aged(number, as_of):
    client = Client.objects.get(organisation_number=number)
    with client_scope(client, read_only=True):
        return aged_receivables(client, Options(as_of=as_of)).as_json()["currencies"]["NOK"]


def command(**options):
    """What the command printed, line by line."""
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_first_company_has_the_figures_it_was_drawn_with_whatever_the_day():
    seed_demo(today=TODAY, entries=0)
    report = aged(FURULY, TODAY)
    assert report["totals"] == [
        "614515.00", "110662.50", "31300.00", "13050.00", "23750.00", "7480.00", "-20800.00"
    ]  # fmt: skip
    assert (report["total"], len(report["rows"])) == ("779957.50", 11)
    assert report["reconciliation"] == {
        "accounts": [{"account": "1500", "balance": "778707.50"}], "balance": "778707.50", "difference": "1250.00",
    }  # fmt: skip
    client = Client.objects.get(organisation_number=FURULY)
    with client_scope(client):
        still_open = LedgerEntry.objects.for_client(client).filter(closed_on=None)
        assert still_open.count() == 22
        assert still_open.get(currency="EUR").open_currency_amount == Decimal("2400.00")
        assert still_open.filter(disputed=True).count() == still_open.filter(in_collection=True).count() == 1
        assert not LedgerEntry.objects.for_client(client).filter(entry_date__gt=TODAY).exists()


@pytest.mark.parametrize("number", [FURULIA, FJORDLYS])
def test_the_others_agree_with_their_general_ledger_also_in_the_past(number):
    seed_demo(today=TODAY, entries=0)
    for days in (0, 30, 90, 200, 327):
        assert aged(number, TODAY - timedelta(days=days))["reconciliation"]["difference"] == "0.00"


def test_a_repeat_changes_nothing_today_or_later():
    first = seed_demo(today=TODAY, entries=0)
    assert [(one.client, one.entries > 0) for one in first] == [(FURULY, True), (FURULIA, True), (FJORDLYS, True)]
    before = everything()
    for day in (TODAY, TODAY + timedelta(days=40)):
        assert {(one.customers, one.entries, one.matches, one.members) for one in seed_demo(today=day, entries=0)} == {
            (0, 0, 0, 0)
        }
        assert everything() == before


def test_what_the_user_did_to_the_demo_stays():
    client = create_client(organisation_number=FURULY, name="Mitt eget navn AS")
    rita = known_person(subject="rita")
    add_member(client=client, user=rita, role_key="revisor")
    with client_scope(client):
        customer = Customer.objects.for_client(client).create(number="10012", name="Min kunde")
        LedgerEntry.objects.for_client(client).create(
            customer=customer, entry_id="mine", source="ledger", kind="invoice", entry_date=TODAY, amount=1,
            open_amount=1, currency="NOK", currency_amount=1, open_currency_amount=1,
        )  # fmt: skip
    first = seed_demo(today=TODAY, entries=0)[0]
    assert (first.name, first.customers, first.entries, first.members) == ("Mitt eget navn AS", 0, 0, 4)
    assert Membership.objects.get(client=client, user=rita).role.key == "revisor"


def test_people_and_roles_are_those_of_the_surface():
    seed_demo(today=TODAY, entries=0)
    found = {
        (one.client.organisation_number, one.user.subject, one.user.name, one.role.key)
        for one in Membership.objects.select_related("client", "user", "role")
    }
    assert found == {
        (FURULY, "ada", "Ada Administrator", "administrator"), (FURULY, "dag", "Dag Leder", "daglig_leder"),
        (FURULY, "rita", "Rita Regnskap", "regnskapsforer"), (FURULY, "rolf", "Rolf Revisor", "revisor"),
        (FURULY, "stine", "Stine Standard", "standard"), (FURULIA, "vera", "Vera Vest", "administrator"),
        (FURULIA, "rita", "Rita Regnskap", "regnskapsforer"), (FJORDLYS, "ada", "Ada Administrator", "administrator"),
        (FJORDLYS, "dag", "Dag Leder", "daglig_leder"),
    }  # fmt: skip
    assert User.objects.get(is_superuser=True).subject == "otto"


def test_the_look_alikes_share_names_and_days_but_no_amount_and_no_number():
    seed_demo(today=TODAY, entries=0)
    books = {}
    for number in (FURULY, FURULIA):
        client = Client.objects.get(organisation_number=number)
        with client_scope(client):
            names = set(Customer.objects.for_client(client).values_list("number", "name", "organisation_number"))
            entries = list(LedgerEntry.objects.for_client(client))
            partial = {"10000.00", "20000.00"}  # payments of a part, the same in both
            books[number] = (
                names, {one.entry_date for one in entries}, {one.amount for one in entries if str(-one.amount) not in partial},
                {one.entry_id for one in entries}, {one.invoice_number for one in entries if one.invoice_number},
            )  # fmt: skip
    one, other = books[FURULY], books[FURULIA]
    assert one[:2] == other[:2]
    assert [a & b for a, b in zip(one[2:], other[2:], strict=True)] == [set(), set(), set()]


def test_numbers_are_right_to_the_check_digit():
    seed_demo(today=TODAY, entries=0)
    assert len({one.bank_account for one in Client.objects.all()}) == 3
    for client in Client.objects.all():
        check_bank_account(client.bank_account)
        with client_scope(client):
            for customer in Customer.objects.for_client(client).exclude(organisation_number=""):
                assert orgnr.is_valid(customer.organisation_number)
            for entry in LedgerEntry.objects.for_client(client).exclude(kid=""):
                assert luhn.is_valid(entry.kid)


def test_the_command_says_what_it_added_to_each_company_and_makes_the_large_one_with_so_many_entries():
    assert [(one["client"], one["entries"]) for one in command(entries=0)] == [
        (FURULY, 44), (FURULIA, 44), (FJORDLYS, 14)
    ]  # fmt: skip
    (large,) = command(entries=7)[3:]
    large.pop("matches")  # by the day on which the test runs
    assert large == {"client": LARGE.number, "name": LARGE.name, "customers": 400, "entries": 7, "members": 4}
    with pytest.raises(CommandError, match="give 0 or more"):
        command(entries=-1)


def test_make_run_makes_the_large_company_in_its_whole_size(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("accounting.management.commands.seed_demo.seed_demo", lambda **asks: asked.append(asks) or [])
    seed_once(tmp_path)
    seed_once(tmp_path)
    assert asked == [{"today": timezone.localdate(), "entries": 20_000}]


def test_people_follow_the_issuer_and_one_known_there_gets_what_she_lacks():
    seed_demo(today=TODAY, entries=0)
    former = User.objects.get(subject="dag").issuer
    new = "http://127.0.0.1:9999"
    twin = known_person(subject="rita", issuer=new)
    furuly = Client.objects.get(organisation_number=FURULY)
    add_member(client=furuly, user=twin, role_key="revisor")
    assert move_people(former=former, issuer=new) == 7
    assert set(User.objects.filter(issuer=former).values_list("subject", flat=True)) == {"rita"}
    assert User.objects.get(subject="dag").issuer == new
    roles = {one.client.organisation_number: one.role.key for one in twin.memberships.all()}
    assert roles == {FURULY: "revisor", FURULIA: "regnskapsforer"}
    assert User.objects.get(subject="otto", issuer=new).is_superuser
