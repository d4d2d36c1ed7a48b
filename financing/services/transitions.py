"""Which state of an onboarding may follow which, as one table (contract: Onboarding.status)."""

from financing.models import FINAL

_BREAKS = ("cancelled", "expired")  # can follow any state but the final ones

STEPS: dict[str, tuple[str, ...]] = {
    "begun": ("created", "failed"),
    "created": ("identified", *_BREAKS),
    "identified": ("authority_missing", "authority_unresolved", "awaiting_cosigner", "analysing", *_BREAKS),
    "authority_missing": ("identified", *_BREAKS),
    "authority_unresolved": ("analysing", "rejected", *_BREAKS),
    "awaiting_cosigner": ("analysing", *_BREAKS),
    "analysing": ("offered", "rejected", *_BREAKS),
    "offered": ("accepted", "declined", *_BREAKS),
    **dict.fromkeys(FINAL, ()),
}


class ImpossibleMove(Exception):
    """The bank told of a state that cannot follow the one we know."""


def _reachable(state: str) -> frozenset[str]:
    found: set[str] = set()
    ahead = [state]
    while ahead:
        for following in STEPS[ahead.pop()]:
            if following not in found:
                found.add(following)
                ahead.append(following)
    return frozenset(found)


# We read now and then and may miss steps between: what counts is whether a way leads there.
REACHABLE = {state: _reachable(state) for state in STEPS}


def check_move(before: str, after: str) -> None:
    """Raise ImpossibleMove unless `after` is `before` or can follow it, directly or by steps that we did not see."""
    if after != before and after not in REACHABLE[before]:
        raise ImpossibleMove(f"{before} → {after}")
