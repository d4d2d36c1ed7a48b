"""Messages to the provider, written down in the transaction that makes them true."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from access.models import Client
from access.wake import wake
from financing.models import Agreement, MessageKind, Onboarding, OutboxMessage

SENDING = "financing.tasks.send_messages"
NOW = timedelta()
READING = ("offered", "open", "paused")  # and a limit that follows what is read
# The one makes the other untrue where they are about the same thing.
CONTRARY = {
    MessageKind.GRANT: (MessageKind.DISCONNECT, MessageKind.CANCEL),
    MessageKind.DISCONNECT: (MessageKind.GRANT,),
    MessageKind.CANCEL: (MessageKind.GRANT,),
}


def put_message(
    *,
    kind: MessageKind,
    now: datetime,
    onboarding: Onboarding | None = None,
    agreement: Agreement | None = None,
    pause: timedelta = NOW,
) -> OutboxMessage:
    """Write down what to tell, inside the client's scope and transaction; the worker is woken after the commit.

    One that waits already is enough; one that is being told at this moment is told once more, because the provider may
    have heard it too early. What it makes untrue is not told any more. `pause` is the least time since the same was last
    told, for what is written because the provider asks again and again.
    """
    about = {"agreement": agreement} if agreement is not None else {"onboarding": onboarding}
    (thing,) = about.values()
    assert thing is not None
    of_it = OutboxMessage.objects.for_client(thing.client_id).filter(**about)
    overtaken = of_it.filter(kind__in=CONTRARY.get(kind, ()), closed_at=None).filter(_not_under_way(now))
    overtaken.update(closed_at=now, outcome="overtaken")
    # Locked to our commit: a sender that came in between would tell what nobody can see yet.
    waiting = of_it.filter(kind=kind, closed_at=None).select_for_update(of=("self",)).first()
    if waiting is not None:
        if not pause and waiting.lease_until is not None and waiting.lease_until > now:
            waiting.version += 1
            waiting.save(update_fields=["version"])
        return waiting
    last = of_it.filter(kind=kind).exclude(closed_at=None).order_by("-closed_at").first() if pause else None
    soon = max(now, last.closed_at + pause) if last is not None and last.closed_at is not None else now
    message, _made = OutboxMessage.objects.for_client(thing.client_id).get_or_create(
        provider=thing.provider, kind=kind, closed_at=None, **about, defaults={"created_at": now, "next_at": soon}
    )
    if soon <= now:
        transaction.on_commit(lambda: wake(SENDING))
    return message


def tell_of_ledger(*, client: Client, now: datetime) -> None:
    """The company's receivables changed: whoever may read them is told, in the transaction that changed them."""
    reading = Agreement.objects.for_client(client).filter(status__in=READING)
    for agreement in reading.select_related("client"):
        put_message(kind=MessageKind.RECEIVABLES_CHANGED, agreement=agreement, now=now)


def _not_under_way(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=now)
