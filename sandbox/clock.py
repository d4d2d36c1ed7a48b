"""What the bank does by itself: two threads that read and reckon every minute, let things expire, and send webhooks."""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Q

from sandbox import account_book, applications, bankday, changes, reckoning, webhooks
from sandbox.models import FINAL, Access, Agreement, Answer, Link, Onboarding, SignInCode, Token

log = logging.getLogger(__name__)

STEP = 2  # seconds between looks, when nobody wakes it
_woken = threading.Event()
_started = threading.Lock()


def wake() -> None:
    """There is something to do: look now. What it is stands in the database."""
    _woken.set()


def start() -> None:
    """Start the threads, once per process."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_tell_time, name="bank-clock", daemon=True).start()
        threading.Thread(target=_send_webhooks, name="bank-webhooks", daemon=True).start()


def _tell_time() -> None:
    last = time.monotonic()
    while True:
        _woken.wait(timeout=min(STEP, settings.REANALYSE_SECONDS))
        _woken.clear()
        whole = time.monotonic() - last >= settings.REANALYSE_SECONDS
        if whole:
            last = time.monotonic()
        _surely(tick, whole)


def _send_webhooks() -> None:
    while True:
        time.sleep(1)
        _surely(webhooks.deliver)


def _surely(work: Callable[..., None], *arguments: object) -> None:
    """The bank goes on, whatever one company's books did to it."""
    try:
        close_old_connections()
        work(*arguments)
    except Exception:
        log.exception("%s stumbled", work.__name__)


def tick(everything: bool) -> None:
    """One round: what expired, codes and nudges that wait; with `everything` also a new reading of every company."""
    now, today = bankday.now(), bankday.today()
    for one in Onboarding.objects.exclude(status__in=FINAL).filter(expires_at__lte=bankday.business_now()):
        _surely(_expire, one.pk)
    for one in Onboarding.objects.filter(status="identified"):
        _surely(applications.identify, one.pk, applications.who(one))  # the register did not answer; ask again
    ran_out = Access.objects.exclude(code="").filter(code_expires_at__lte=now)
    for onboarding_id in ran_out.values_list("onboarding_id", flat=True):
        _surely(_code_ran_out, onboarding_id)
    for agreement_id, closed_to in Agreement.objects.filter(status__in=account_book.WITH_ACCOUNT).values_list(
        "pk", "closed_to"
    ):
        if closed_to is not None and (today - closed_to).days > 1:
            _surely(_close_days, agreement_id)
    waiting = Access.objects.exclude(onboarding__status__in=[status for status in FINAL if status != "accepted"])
    if not everything:
        waiting = waiting.filter(~Q(code="") | Q(nudged=True) | Q(onboarding__status="analysing"))
    for onboarding_id in list(waiting.values_list("onboarding_id", flat=True)):
        Access.objects.filter(onboarding_id=onboarding_id).update(nudged=False)
        _surely(reckoning.attend, onboarding_id)
    if everything:
        _tidy()


@transaction.atomic
def _expire(onboarding_id: str) -> None:
    one = Onboarding.objects.get(pk=onboarding_id)
    if not one.is_final and one.expires_at <= bankday.business_now():
        applications.end(one, "expired")


@transaction.atomic
def _code_ran_out(onboarding_id: str) -> None:
    """Contract: needs_grant, «the code ran out»."""
    one = Onboarding.objects.select_related("access").get(pk=onboarding_id)
    if not one.access.code or one.access.code_expires_at > bankday.now():
        return
    Access.objects.filter(pk=one.access.pk).update(code="", code_expires_at=None)
    if one.access.works:
        return
    if not one.is_final and not one.needs_grant:
        one.needs_grant = True
        changes.save_onboarding(one)
    agreement = Agreement.objects.filter(onboarding=one).exclude(status__in=("terminating", "terminated")).first()
    if agreement is not None and not agreement.needs_grant:
        agreement.needs_grant = True
        changes.save_agreement(agreement)


def _close_days(agreement_id: str) -> None:
    account_book.close_days(agreement_id, today=bankday.today())


def _tidy() -> None:
    """What is over and of no use to anybody."""
    now = bankday.now()
    Token.objects.filter(expires_at__lt=now).delete()
    SignInCode.objects.filter(expires_at__lt=now - reckoning.OLD).delete()
    Link.objects.filter(expires_at__lt=now - reckoning.OLD).delete()
    Answer.objects.filter(created_at__lt=now - reckoning.OLD).delete()
