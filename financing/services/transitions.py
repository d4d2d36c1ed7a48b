"""Which state of an onboarding or an agreement may follow which, as one table (contract: Onboarding.status, Agreement.status).

What comes before the bank has heard of it is no row: the information shown, the tick. Our own states are `begun` (stored,
the bank not yet answered) and `failed` (it refused to begin). Of a page at the bank the contract tells nothing: whether its
window was blocked, or its link ran out, is said on the page (presenters/onboarding.py) and moves nothing.
"""

from collections.abc import Mapping

from financing.models import FINAL

_BREAKS = ("cancelled", "expired")  # can follow any state but the final ones

ONBOARDING: dict[str, tuple[str, ...]] = {
    "begun": ("created", "failed"),
    "created": ("identified", *_BREAKS),
    "identified": ("authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", *_BREAKS),
    "authority_missing": ("identified", *_BREAKS),  # another person comes by a new link
    "authority_unresolved": ("analysing", "rejected", *_BREAKS),  # a person at the bank has looked
    "awaiting_cosigner": ("analysing", *_BREAKS),
    "analysing": ("offered", "rejected", *_BREAKS),
    "offered": ("accepted", "declined", *_BREAKS),
    **dict.fromkeys(FINAL, ()),
}
AGREEMENT: dict[str, tuple[str, ...]] = {
    "offered": ("open", "terminated"),  # accepted; declined, expired or withdrawn
    "open": ("paused", "disconnected", "terminating", "terminated"),
    "paused": ("open", "disconnected", "terminating", "terminated"),
    "disconnected": ("open", "paused", "terminating", "terminated"),  # a new consent reconnects
    "terminating": ("terminated",),
    "terminated": (),
}


class ImpossibleMove(Exception):
    """The bank told of a state that cannot follow the one we know."""


def _reachable(table: Mapping[str, tuple[str, ...]], state: str) -> frozenset[str]:
    found: set[str] = set()
    ahead = [state]
    while ahead:
        for following in table[ahead.pop()]:
            if following not in found:
                found.add(following)
                ahead.append(following)
    return frozenset(found)


# We read now and then and may miss steps between: what counts is whether a way leads there.
_ONBOARDING_WAYS = {state: _reachable(ONBOARDING, state) for state in ONBOARDING}
_AGREEMENT_WAYS = {state: _reachable(AGREEMENT, state) for state in AGREEMENT}


def check_move(before: str, after: str) -> None:
    """Raise ImpossibleMove unless the onboarding's `after` is `before` or can follow it, also by steps that we did not see."""
    _check("onboarding", _ONBOARDING_WAYS, before, after)


def check_agreement_move(before: str, after: str) -> None:
    """The same of an agreement; an empty `before` (not known until now) may be followed by any state."""
    if before:
        _check("agreement", _AGREEMENT_WAYS, before, after)


def _check(what: str, ways: Mapping[str, frozenset[str]], before: str, after: str) -> None:
    if after != before and after not in ways[before]:
        raise ImpossibleMove(f"{what}: {before} → {after}")
