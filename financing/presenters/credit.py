"""What the widget and the settings page say of an agreement: the bank's figures, always with their time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from access.models import Client
from access.templatetags.figures import HARD, THIN, money
from financing.models import Consent
from financing.presenters.analysis import ChangeRow, change_rows
from financing.presenters.shapes import Action, Note, Row, Step, address
from financing.presenters.states import Facts, state_of
from financing.services.consent import RENEWED_FROM


@dataclass(frozen=True)
class CreditView:
    """What is shown; amounts in `currency`, never without `read_at`.

    `available`, `used` and `limit` are as the bank said, None where there is no account; `headline` is what the widget
    says largest, `used_share` and `over_mark` are drawing only: percent of the gauge. `unavailable`: the bank has not
    told the figures. `reminder` is a quiet line about the consent.
    """

    state: str
    status_label: str
    status_color: str
    read_at: datetime
    stale: bool = False
    currency: str = "NOK"
    limit: Decimal | None = None
    used: Decimal | None = None
    available: Decimal | None = None
    pending: Decimal | None = None
    due: Row | None = None
    headline: Row | None = None
    alarming: bool = False
    rows: tuple[Row, ...] = ()
    used_share: int | None = None
    over_mark: int | None = None
    text: tuple[str, ...] = ()
    people: tuple[Step, ...] = ()
    working: bool = False
    unavailable: bool = False
    note: Note | None = None
    reminder: Note | None = None
    actions: tuple[Action, ...] = ()
    foot: str = ""
    manage_url: str | None = None
    tried_at: datetime | None = None
    consent: Consent | None = None


def credit_view(
    client: Client, facts: Facts, change: list[ChangeRow] | None = None, tried_at: datetime | None = None
) -> CreditView:
    """The agreement in the state that it is in. `change`: what moved the limit since she last saw it, where known.

    Over the limit is said as such, never as a negative «available»; old figures are said to be old, whatever they show.
    """
    state = state_of(facts)
    view = _OF_STATE[state](client, facts, state)
    if facts.since is not None and state == "changed":
        view = replace(view, note=_changed(client, facts, change), actions=view.actions[:1])
    view = replace(view, reminder=_reminder(client, facts), tried_at=tried_at, consent=facts.consent)
    return _old(client, facts, view) if facts.stale else view


def _opened(client: Client, facts: Facts, state: str) -> CreditView:
    """With an account: the three figures, and what the agreement's status says of them."""
    one = facts.agreement
    label, color = {
        "paused_no_data": (_("Paused"), "warning"),
        "paused_by_bank": (_("Paused"), "warning"),
        "paused": (_("Paused"), "warning"),
        "lapsed": (_("Access expired"), "danger"),
        "withdrawn": (_("Access withdrawn"), "danger"),
        "full": (_("Fully used"), "warning"),
    }.get(state, (_("Active"), "success"))
    rows = [Row(_("Used"), one.used), Row(_("Credit limit"), one.limit)]
    if one.pending:
        rows.append(Row(_("Draw on its way"), one.pending))
    share = int(one.used * 100 / one.limit) if one.limit else (100 if one.used else 0)
    return CreditView(
        state, label, color, facts.read_at, currency=one.currency, limit=one.limit, used=one.used,
        available=one.available, pending=one.pending, due=Row(_("Due"), one.due_amount, one.due_date) if one.due_date else None,
        headline=Row(_("Available"), one.available), rows=tuple(rows),
        used_share=min(share, 100), note=_note(client, facts, state), actions=_actions(client, facts, state),
        foot=_("Nothing is used.") if state == "unused" else "", manage_url=address("financing_manage", client),
    )  # fmt: skip


def _note(client: Client, facts: Facts, state: str) -> Note | None:
    one = facts.agreement
    if state == "pending":
        text = _("Buffer has not booked it yet. The amount is taken from what is available.")
        return Note("info", _("A draw of %(amount)s is ordered") % {"amount": written(one.pending)}, text)
    if state == "paused_no_data":
        why = _("Buffer could not read the receivables.")
        if facts.lapsed or (facts.consent and facts.consent.ended_at):
            why = _("Buffer could not read the receivables, because the access has expired.")
        return Note("warning", _("No new draws now"), why + " " + _("The credit limit stands."))
    if state in ("paused_by_bank", "paused"):
        text = _("Buffer has paused the account. Ask Buffer why.") if state == "paused_by_bank" else _(
            "Buffer has paused the account."
        )  # fmt: skip
        return Note("warning", _("No new draws now"), text + " " + _("The credit limit stands."))
    if state == "lapsed" and facts.consent:
        text = _("It expired on %(day)s. Give it anew, or Buffer pauses the account.")
        return Note(
            "danger", _("Buffer can no longer read the receivables"), text % {"day": day(facts.consent.valid_until)}
        )
    if state == "withdrawn" and facts.consent and facts.consent.ended_at:
        text = _("Withdrawn on %(day)s. Buffer is being told. The agreement is not terminated.")
        return Note(
            "danger", _("Buffer can no longer read the receivables"), text % {"day": day(facts.consent.ended_at)}
        )
    if state == "full":
        return Note("info", _("All of the credit limit is used"), _("What is repaid can be drawn again."))
    return None


def _actions(client: Client, facts: Facts, state: str) -> tuple[Action, ...]:
    manage = Action(_("Manage agreement"), address("financing_manage", client), new_window=True)
    renew = _renew(client, primary=True)
    if state in ("paused_no_data", "lapsed", "withdrawn"):
        return (renew, manage)
    explained = Action(_("How the credit limit is worked out"), address("financing_settings", client) + "#analysis")
    return (manage, explained) if facts.agreement.analysis else (manage,)


def _over(client: Client, facts: Facts, state: str) -> CreditView:
    """Used more than the limit: by how much in words, and what the bank asks for and when, as it said."""
    one, view = facts.agreement, _opened(client, facts, state)
    if one.due_amount and one.due_date:
        asked = _("Pay %(amount)s by %(day)s") % {"amount": written(one.due_amount), "day": day(one.due_date)}
    else:
        asked = _("Buffer has not said when it must be paid")
    return replace(
        view, status_label=_("Over the limit"), status_color="danger", alarming=True,
        headline=Row(_("Over the credit limit by"), one.used - one.limit), rows=(*view.rows, _available(facts)),
        over_mark=int(one.limit * 100 / one.used),
        note=Note("danger", asked, _("No new draws while the company is over the limit.")),
        actions=(
            _repay(client),
            Action(_("Why the limit fell"), address("financing_settings", client) + "#last-change"),
        ),
    )  # fmt: skip


def _overdue(client: Client, facts: Facts, state: str) -> CreditView:
    one, view = facts.agreement, _opened(client, facts, state)
    assert one.due_date is not None
    text = {
        "terminating": _("The agreement is terminated, and ends when all is repaid."),
        "disconnected": _("Buffer no longer reads the receivables. The agreement is not terminated."),
        "paused": _("Buffer has paused the account."),
    }.get(one.status, "")
    if not text and one.used > one.limit:
        over = _("The company is over the credit limit by %(amount)s.")
        text = over % {"amount": written(one.used - one.limit)}
    heading = _("Was to be paid by %(day)s") % {"day": day(one.due_date)}
    return replace(
        view, status_label=_("Overdue"), status_color="danger", alarming=True, headline=Row(_("Overdue"), one.due_amount),
        rows=(Row(_("Due date"), day=one.due_date), *view.rows, _available(facts)), used_share=None,
        note=Note("danger", heading, text), actions=_with_renewal(client, facts),
    )  # fmt: skip


def _disconnected(client: Client, facts: Facts, state: str) -> CreditView:
    one, view = facts.agreement, _opened(client, facts, state)
    owed = one.due_amount or one.used
    ended = facts.consent.ended_at if facts.consent else None
    text = _("Withdrawn on %(day)s.") % {"day": day(ended)} + " " if ended else ""
    headline = Row(_("Must be repaid"), owed) if one.used else None
    rows = (Row(_("Deadline"), day=one.due_date), *view.rows) if one.due_date else view.rows
    return replace(
        view, status_label=_("Disconnected"), status_color="danger", headline=headline, used_share=None,
        rows=(*rows, _available(facts)), actions=_with_renewal(client, facts),
        note=Note(
            "danger", _("Buffer no longer reads the receivables"), text + _("The agreement is not terminated.")
        ),
        foot="" if one.used else _("Nothing is owed."),
    )  # fmt: skip


def _terminating(client: Client, facts: Facts, state: str) -> CreditView:
    one, view = facts.agreement, _opened(client, facts, state)
    rows = (Row(_("Deadline"), day=one.due_date), *view.rows) if one.due_date else view.rows
    return replace(
        view, status_label=_("Terminated"), status_color="neutral", headline=Row(_("Remains to be paid"), one.used),
        used_share=None, rows=(*rows, _available(facts)), note=None, actions=(_repay(client),),
        text=(_("The agreement is terminated. It ends when all is repaid, and then this card goes away."),),
        foot=_("No new draws."),
    )  # fmt: skip


def _terminated(client: Client, facts: Facts, state: str) -> CreditView:
    return CreditView(
        state, _("Ended"), "neutral", facts.read_at, currency=facts.agreement.currency,
        text=(_("The agreement is over and nothing is owed. Buffer no longer reads the receivables."),),
        actions=(
            Action(_("Put away"), address("financing_put_away", client), method="post"),
            Action(_("See the history"), address("financing_history", client)),
        ),
        foot=_("The card goes away by itself after 14 days."),
    )  # fmt: skip


def _offer(client: Client, facts: Facts, state: str) -> CreditView:
    ends, see = facts.offer_ends, Action(_("See the offer"), address("financing", client), primary=True)
    view = CreditView(
        state, _("Offer ready"), "info", facts.read_at, currency=facts.agreement.currency,
        headline=Row(_("Limit offered"), facts.agreement.limit), actions=(see,), foot=_until(ends, facts.now),
        text=(_("Buffer offers a limit by the receivables. Interest, fees and security are stated in the offer."),),
    )  # fmt: skip
    if state == "offer_soon" and ends:
        note = Note("warning", _("The offer ends soon"), _until(ends, facts.now))
        return replace(view, status_label=_("Ends soon"), status_color="warning", note=note, foot="")
    if state == "offer_expired" and ends:
        again = Action(_("Start a new check"), address("financing", client) + "?ny=1", primary=True)
        text = (_("The offer ended on %(day)s. Nothing is borrowed.") % {"day": day(ends)},)
        return replace(view, status_label=_("Offer ended"), status_color="neutral", headline=None, text=text, foot="",
                       actions=(again,))  # fmt: skip
    if state == "offer_replaced":
        before = Decimal((facts.onboarding.replaced_offer or {}).get("limit", facts.agreement.limit))
        other = before != facts.agreement.limit
        text_ = _("Buffer offered %(amount)s before.") % {"amount": written(before)} if other else ""
        return replace(
            view, status_label=_("New offer"), note=Note("info", _("A new offer has taken the former's place"), text_)
        )
    if state == "no_account":
        said = (
            _("The offer is accepted. The Buffer account is not opened, so nothing is borrowed."),
            _("Nothing can be transferred yet."),
        )
        open_ = Action(_("Open the Buffer account"), address("financing", client), primary=True)
        return replace(view, status_label=_("Connected"), text=said, actions=(open_,), foot="")
    return view


_OF_STATE: dict[str, Callable[[Client, Facts, str], CreditView]] = {
    "terminated": _terminated, "overdue": _overdue, "terminating": _terminating, "disconnected_debt": _disconnected,
    "disconnected": _disconnected, "over": _over,
    **dict.fromkeys(("no_account", "offer_expired", "offer_soon", "offer_replaced", "offer"), _offer),
    **dict.fromkeys(("paused_no_data", "paused_by_bank", "paused", "lapsed", "withdrawn", "pending", "changed", "full",
                     "unused", "partly"), _opened),
}  # fmt: skip


def _old(client: Client, facts: Facts, view: CreditView) -> CreditView:
    """Over every state that has figures: they are old, and what was asked for is still said in the rows."""
    hours = int((facts.now - facts.read_at).total_seconds()) // 3600
    age = ngettext("The figures are %(count)d hour old.", "The figures are %(count)d hours old.", hours) % {
        "count": hours
    }
    if not hours:
        age = _("The figures are more than half an hour old.")
    due = facts.agreement.due_date
    rows = view.rows
    if due and not any(one.day for one in rows):
        rows = (Row(_("Buffer asked for"), facts.agreement.due_amount), Row(_("Deadline"), day=due), *rows)
    retry = Action(_("Try again now"), address("financing_refresh", client), method="post")
    return replace(
        view, stale=True, status_label=_("Old figures"), status_color="warning", rows=rows, alarming=False,
        note=Note("warning", _("Buffer does not answer"), age + " " + _("We keep trying.")), foot="",
        actions=(retry, *[one for one in view.actions if one.new_window][:1]),
    )  # fmt: skip


def _changed(client: Client, facts: Facts, change: list[ChangeRow] | None) -> Note:
    since = facts.since
    assert since is not None
    rising = since.limit > since.before
    heading = _("The credit limit rose by %(amount)s") if rising else _("The credit limit fell by %(amount)s")
    text = _("From %(before)s to %(after)s since you last saw it, %(day)s.") % {
        "before": written(since.before), "after": written(since.limit), "day": day(since.before_at),
    }  # fmt: skip
    link = Action(_("How the credit limit is worked out"), address("financing_settings", client) + "#analysis")
    return Note(
        "success" if rising else "warning", heading % {"amount": written(abs(since.limit - since.before))}, text,
        change_rows(change or []), link, rising,
    )  # fmt: skip


def _reminder(client: Client, facts: Facts) -> Note | None:
    """One quiet line from sixty days before the consent ends by time."""
    consent = facts.consent
    if facts.agreement.status == "terminated" or consent is None or consent.ended_at is not None:
        return None
    if facts.lapsed or consent.valid_until - facts.now > RENEWED_FROM:
        return None
    text = _("Buffer's access to the receivables expires on %(day)s.") % {"day": day(consent.valid_until)}
    return Note("info", text, link=Action(_("Renew it"), address("financing_consent_renew", client)))


def _with_renewal(client: Client, facts: Facts) -> tuple[Action, ...]:
    """Repaying where something is owed, and giving the access anew where it is gone."""
    renew = _renew(client, primary=not facts.agreement.used) if facts.agreement.status == "disconnected" else None
    return (*([_repay(client)] if facts.agreement.used else []), *([renew] if renew else []))


def _repay(client: Client) -> Action:
    return Action(_("Repay"), address("financing_manage", client), new_window=True, primary=True)


def _renew(client: Client, *, primary: bool) -> Action:
    return Action(_("Give access again"), address("financing_consent_renew", client), primary=primary)


def _available(facts: Facts) -> Row:
    return Row(_("Available"), facts.agreement.available)


def _until(ends: datetime | None, now: datetime) -> str:
    if ends is None:
        return ""
    days = (timezone.localdate(ends) - timezone.localdate(now)).days
    if days <= 0:
        return _("The offer is valid until %(time)s today.") % {"time": timezone.localtime(ends).strftime("%H:%M")}
    left = ngettext(
        "The offer is valid until %(day)s, for %(count)d more day.", "The offer is valid until %(day)s, for %(count)d more days.",
        days,
    )  # fmt: skip
    return left % {"day": day(ends), "count": days}


def day(moment: date | datetime) -> str:
    """A date as people write it: `24.11.2026`, in Oslo."""
    return (timezone.localtime(moment) if isinstance(moment, datetime) else moment).strftime("%d.%m.%Y")


def written(amount: Decimal | None) -> str:
    """An amount in a sentence: it does not break between its thousands."""
    return money(amount).replace(THIN, HARD)
