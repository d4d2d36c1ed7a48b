"""What the bank is told: written where it becomes true, told until it is taken, and never in the wrong order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.signals import ledger_changed
from financing.consent_text import consent_text
from financing.models import Agreement, MessageKind, Onboarding, OutboxMessage
from financing.providers.registry import provider
from financing.services import outbox
from financing.services.consent import end_consent, give_consent, valid_until
from financing.services.messages import put_message, tell_of_ledger
from financing.services.outbox import LEASE, send_due, send_message
from financing.services.sync import sync_credit

from .test_credit import told
from .test_onboarding import only, walk_to_accepted

pytestmark = pytest.mark.django_db
NUDGE = "/v1/agreements/agr-1/receivables-changed"
DISCONNECT = "/v1/agreements/agr-1/disconnect"
GRANT = "/v1/agreements/agr-1/grant"


@pytest.fixture
def agreed(company, begun, bank, application):
    """An open agreement at a bank that knows what it was told."""
    walk_to_accepted(company, bank)
    one = bank.agreements["agr-1"]
    bank.answers[("POST", NUDGE)] = (202, b"", {})

    def disconnect(_request):
        told(one, limit="0.00", available="0.00")
        one["status"] = "disconnected"
        return 200, one

    def reconnect(_request):
        told(one, limit="62000.00", available="62000.00")
        one.update(status="open", needs_grant=False)
        return 200, one

    bank.answers[("POST", DISCONNECT)], bank.answers[("PUT", GRANT)] = disconnect, reconnect
    return one


@pytest.fixture
def while_telling(monkeypatch):
    """Do something while the bank is being told for the first time."""

    def arrange(deed):
        todo = [deed]

        class Told:
            def tell(self, message, *, key):
                if todo:
                    todo.pop()()
                return provider("buffer").tell(message, key=key)

        monkeypatch.setattr(outbox, "bank", lambda _name: Told())

    return arrange


def put(company, kind):
    with client_scope(company):
        agreement = Agreement.objects.for_client(company).get()
        return put_message(kind=kind, agreement=agreement, now=timezone.now())


def send():
    return send_due(provider_name="buffer", now=timezone.now())


def messages(company):
    with client_scope(company):
        return list(OutboxMessage.objects.for_client(company).order_by("created_at"))


def let_time_come(company, **values):
    with client_scope(company):
        OutboxMessage.objects.for_client(company).filter(closed_at=None).update(next_at=timezone.now(), **values)


def withdraw(company):
    with client_scope(company):
        consent = only_consent(company)
        end_consent(consent=consent, reason="withdrawn", now=timezone.now())
        return put(company, MessageKind.DISCONNECT)


def only_consent(company):
    from financing.models import Consent

    return Consent.objects.for_client(company).get(ended_at=None)


def consent_again(company, dag):
    last_day = valid_until(timezone.localdate())
    with client_scope(company):
        give_consent(
            client=company, provider="buffer", user=dag, role_name="Daglig leder", last_day=last_day, now=timezone.now(),
            text=consent_text(client_name=company.name, valid_until=last_day, language="nb"),
        )  # fmt: skip
        return put(company, MessageKind.GRANT)


def test_what_is_written_is_told_once_and_closed(company, agreed, bank):
    put(company, MessageKind.RECEIVABLES_CHANGED)
    assert send() == 1 and send() == 0
    (call,) = bank.calls("POST", NUDGE)
    (message,) = messages(company)
    assert message.outcome == "taken" and message.closed_at
    assert call["headers"]["Idempotency-Key"] == f"{message.pk}-1" and len(f"{message.pk}-1") <= 40


def test_what_waits_already_is_not_written_twice(company, agreed, bank):
    for _ in range(3):
        put(company, MessageKind.RECEIVABLES_CHANGED)
    assert len(messages(company)) == 1
    assert send() == 1 and len(bank.calls("POST", NUDGE)) == 1


def test_what_becomes_true_again_while_it_is_being_told_is_told_again_with_a_new_key(
    company, agreed, bank, while_telling
):
    """The bank may have read before the second change was there."""
    while_telling(lambda: put(company, MessageKind.RECEIVABLES_CHANGED))
    put(company, MessageKind.RECEIVABLES_CHANGED)
    send()
    (message,) = messages(company)
    assert message.closed_at is None and message.next_at > timezone.now()  # at least a second between two
    let_time_come(company)
    send()
    first, second = bank.calls("POST", NUDGE)
    assert first["headers"]["Idempotency-Key"] != second["headers"]["Idempotency-Key"]
    assert messages(company)[0].closed_at


def test_a_crash_between_the_banks_answer_and_ours_tells_the_same_with_the_same_key(company, agreed, bank, monkeypatch):
    withdraw(company)

    class Killed(BaseException):
        """As little to be caught as SIGKILL."""

    def die(*arguments):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_close", die)
        with pytest.raises(Killed):
            send()
    assert send() == 0  # its lease stands
    let_time_come(company, lease_until=None)
    assert send() == 1
    first, second = bank.calls("POST", DISCONNECT)
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]
    assert only(Agreement, company).status == "disconnected"


def test_a_new_code_has_a_new_key_and_the_former_code_is_dead(company, agreed, bank):
    bank.answers[("PUT", GRANT)] = (500, {"title": "oops"})
    put(company, MessageKind.GRANT)
    assert send() == 0
    let_time_come(company)
    assert send() == 0
    tries = bank.calls("PUT", GRANT)
    by_code = {(one["body"]["code"], one["headers"]["Idempotency-Key"]) for one in tries}
    assert (
        len(by_code) == 2 and len({key for _code, key in by_code}) == 2
    )  # within one call the same code, the same key
    from oauth2_provider.models import get_grant_model

    assert get_grant_model().objects.count() == 1


def test_a_bank_that_is_down_is_told_later_and_ever_later(company, agreed, bank):
    bank.answers[("POST", NUDGE)] = (503, {"title": "later"}, {"Retry-After": "600"})
    put(company, MessageKind.RECEIVABLES_CHANGED)
    assert send() == 0
    (message,) = messages(company)
    assert message.closed_at is None and message.next_at > timezone.now() + timedelta(minutes=9)
    bank.answers[("POST", NUDGE)] = (429, {"title": "later"}, {"Retry-After": "3"})
    waits = []
    for _ in range(6):
        let_time_come(company)
        send()
        waits.append(messages(company)[0].next_at - timezone.now())
    assert waits == sorted(waits) and waits[-1] > timedelta(minutes=5)


def test_a_no_is_closed_logged_and_audited(company, agreed, bank, caplog):
    bank.answers[("POST", NUDGE)] = (409, {"title": "terminated"})
    put(company, MessageKind.RECEIVABLES_CHANGED)
    assert send() == 0 and send() == 0
    assert messages(company)[0].outcome == "refused: 409" and "refused" in caplog.text
    with client_scope(company):
        line = AuditEntry.objects.for_client(company).get(action="provider.told.receivables_changed")
        assert line.details == {"outcome": "refused: 409"}


def test_another_sender_leaves_what_is_under_way_until_the_lease_runs_out(company, agreed, bank):
    message = put(company, MessageKind.RECEIVABLES_CHANGED)
    with client_scope(company):
        OutboxMessage.objects.for_client(company).update(
            lease_until=timezone.now() + LEASE, next_at=timezone.now() + LEASE
        )
    assert not send_message(client=company, message_id=message.pk)
    assert bank.calls("POST", NUDGE) == []


# Order of withdrawal and new consent


def test_a_withdrawal_that_waits_is_dropped_by_a_new_consent(company, dag, agreed, bank):
    bank.answers[("POST", DISCONNECT)] = (500, {"title": "oops"})
    withdraw(company)
    assert send() == 0
    consent_again(company, dag)
    let_time_come(company)
    assert send() == 1
    assert {one.kind: one.outcome for one in messages(company)} == {"disconnect": "overtaken", "grant": "taken"}
    assert only(Agreement, company).status == "open" and agreed["status"] == "open"


def test_a_withdrawal_under_way_is_followed_by_the_new_code_and_not_the_other_way_round(
    company, dag, agreed, while_telling
):
    """The new consent comes while the bank is being told of the withdrawal; the code waits for the end of that."""

    def meanwhile():
        grant = consent_again(company, dag)
        assert not send_message(client=company, message_id=grant.pk)

    while_telling(meanwhile)
    withdraw(company)
    assert send() == 1 and agreed["status"] == "disconnected"
    assert send() == 1
    assert agreed["status"] == "open" and only(Agreement, company).status == "open"


def test_a_withdrawal_whose_sender_died_is_not_told_after_a_new_consent(company, dag, agreed, bank, monkeypatch):
    withdraw(company)
    with client_scope(company):
        OutboxMessage.objects.for_client(company).update(
            lease_until=timezone.now() + LEASE, next_at=timezone.now() + LEASE
        )
    consent_again(company, dag)
    assert send() == 0  # it may be under way yet
    let_time_come(company, lease_until=None)
    assert send() == 1
    assert bank.calls("POST", DISCONNECT) == [] and agreed["status"] == "open"


def test_a_code_that_waits_is_dropped_by_a_withdrawal(company, agreed, bank):
    bank.answers[("PUT", GRANT)] = (503, {"title": "later"}, {"Retry-After": "3600"})
    put(company, MessageKind.GRANT)
    send()
    withdraw(company)
    assert send() == 1 and agreed["status"] == "disconnected"
    assert {one.kind: one.outcome for one in messages(company)} == {"grant": "overtaken", "disconnect": "taken"}


def test_nothing_is_told_of_an_agreement_that_is_over(company, agreed, bank):
    put(company, MessageKind.RECEIVABLES_CHANGED)
    with client_scope(company):
        Agreement.objects.for_client(company).update(status="terminated")
    assert send() == 0 and messages(company)[0].outcome == "not needed any more"
    assert bank.calls("POST", NUDGE) == []


# What is read that asks for an answer


def test_an_agreement_that_lost_its_access_gets_a_new_code(company, agreed):
    told(agreed)["needs_grant"] = True
    sync_credit(provider_name="buffer", now=timezone.now())
    assert send() == 1
    assert not only(Agreement, company).needs_grant


def test_a_bank_that_asks_on_is_not_told_at_every_reading(company, agreed, bank):
    bank.answers[("PUT", GRANT)] = lambda request: (200, told(agreed))
    told(agreed)["needs_grant"] = True
    sync_credit(provider_name="buffer", now=timezone.now())
    assert send() == 1
    for _ in range(3):
        told(agreed)
        sync_credit(provider_name="buffer", now=timezone.now())
        assert send() == 0
    assert messages(company)[-1].next_at > timezone.now() + timedelta(seconds=50)


def test_no_code_is_sent_without_a_consent_in_force(company, agreed, bank):
    with client_scope(company):
        end_consent(consent=only_consent(company), reason="withdrawn", now=timezone.now())
    told(agreed, limit="0.00", available="0.00") | {"status": "disconnected"}
    agreed |= {"status": "disconnected", "needs_grant": True}
    sync_credit(provider_name="buffer", now=timezone.now())
    send()
    assert bank.calls("PUT", GRANT) == []


def test_a_bank_that_did_not_hear_of_the_withdrawal_is_told_when_it_shows(company, agreed):
    with client_scope(company):
        end_consent(consent=only_consent(company), reason="withdrawn", now=timezone.now())
    told(agreed)
    sync_credit(provider_name="buffer", now=timezone.now())
    assert send() == 1 and only(Agreement, company).status == "disconnected"


# The books


@pytest.mark.parametrize("status", ["offered", "open", "paused"])
def test_who_may_read_is_told_that_the_ledger_changed(company, agreed, bank, status):
    with client_scope(company):
        Agreement.objects.for_client(company).update(status=status)
        ledger_changed.send(sender=None, client=company)
        ledger_changed.send(sender=None, client=company)
    assert send() == 1 and len(bank.calls("POST", NUDGE)) == 1


@pytest.mark.parametrize("status", ["disconnected", "terminating", "terminated"])
def test_who_reads_no_more_is_not(company, agreed, status):
    with client_scope(company):
        Agreement.objects.for_client(company).update(status=status)
        tell_of_ledger(client=company, now=timezone.now())
    assert messages(company) == []


def test_a_company_without_an_agreement_tells_nobody(company, begun):
    with client_scope(company):
        tell_of_ledger(client=company, now=timezone.now())
    assert messages(company) == []
    assert only(Onboarding, company).status == "created"


def test_an_import_tells_once_and_one_that_changes_nothing_does_not(company, agreed, tmp_path):
    from accounting.services.ledger_import import import_ledger

    head = (
        "entry_id,customer_number,customer_name,organisation_number,kind,voucher_number,invoice_number,kid,entry_date,"
    )
    file = tmp_path / "entries.csv"
    rows = [f"{n},1,Kunde AS,,invoice,{n},{n},,2026-01-0{n},2026-02-01,NOK,100.00,100.00" for n in range(1, 4)]
    file.write_text("\n".join([head + "due_date,currency,amount,currency_amount", *rows]) + "\n")
    for _ in range(2):
        import_ledger(client_orgnr=company.organisation_number, name=company.name, entries=file)
        assert len(messages(company)) == 1
        send()


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_undone_tells_nobody(company, agreed):
    class Undone(Exception):
        """Raised in the middle."""

    with pytest.raises(Undone), client_scope(company):
        ledger_changed.send(sender=None, client=company)
        raise Undone
    assert messages(company) == []
