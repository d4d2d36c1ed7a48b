"""Orders of widgets by key, and what becomes of one when widgets are new, moved, or not all of them seen."""

from collections.abc import Sequence


def placed(stored: Sequence[str], known: Sequence[str]) -> list[str]:
    """The stored order, and each key it does not know where it stands by default: after the one before it in `known`."""
    order = list(stored)
    for place, key in enumerate(known):
        if key not in order:
            order.insert(order.index(known[place - 1]) + 1 if place else 0, key)
    return order


def rearranged(order: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The order with the keys of `wanted`, all of which it has, in that sequence; every other key stays where it is."""
    following = iter(wanted)
    return [next(following) if key in wanted else key for key in order]


def moved(order: Sequence[str], key: str, past: str) -> list[str]:
    """The order with `key` on the other side of `past`, right beside it."""
    rest = [one for one in order if one != key]
    beside = rest.index(past)
    was_before = order.index(key) < order.index(past)
    rest.insert(beside + 1 if was_before else beside, key)
    return rest
