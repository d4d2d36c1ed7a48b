"""Where in a report a page begins or ends: the keys of a row in the report's order, carried in the address.

Not a page's number: what is entered or matched meanwhile moves no row from one page to another.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

AFTER, BEFORE = "etter", "foran"  # names in an address
PAGE_ROWS = 100


class BadPosition(Exception):
    """The address carries a position that no page of ours gave."""


@dataclass(frozen=True)
class Position:
    """The rows after this one, or with `backwards` those before it. Keys are texts in the order of the report."""

    keys: tuple[str, ...]
    backwards: bool = False

    def text(self) -> str:
        """As the address carries it."""
        return base64.urlsafe_b64encode(json.dumps(self.keys).encode()).decode().rstrip("=")


def read_position(after: str, before: str, count: int) -> Position | None:
    """The position that an address carries; None where it carries none. Raises BadPosition. `count`: how many keys."""
    text = after or before
    if not text:
        return None
    try:
        keys = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise BadPosition from None
    if not isinstance(keys, list) or len(keys) != count or not all(isinstance(key, str) for key in keys):
        raise BadPosition
    if any("\x00" in key or len(key) > 500 for key in keys):
        raise BadPosition
    return Position(tuple(keys), backwards=not after)


def paged(position: Position | None, keys: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    """SQL that keeps the rows on the page's side of the position (a condition), that orders and limits, and parameters.

    `keys` are SQL expressions of text that compare as bytes. One row more than a page shows is asked for: it tells
    whether there are more. Backwards the rows come in reverse.
    """
    backwards = position is not None and position.backwards
    condition, values = "TRUE", {f"key_{no}": key for no, key in enumerate(position.keys)} if position else {}
    if position:
        names = ", ".join(f"%(key_{no})s" for no in range(len(keys)))
        condition = f"({', '.join(keys)}) {'<' if backwards else '>'} ({names})"
    order = ", ".join(f"{key}{' DESC' if backwards else ''}" for key in keys)
    return condition, f"ORDER BY {order} LIMIT {PAGE_ROWS + 1}", values


def cut(rows: list[Any], position: Position | None, keys_of: Any) -> tuple[list[Any], Position | None, Position | None]:
    """The page's rows in the report's order, and the positions of the page before and the page after, where there are."""
    more, rows = len(rows) > PAGE_ROWS, rows[:PAGE_ROWS]
    backwards = position is not None and position.backwards
    if backwards:
        rows = rows[::-1]
    if not rows:
        return rows, None, None
    is_first = not more if backwards else position is None
    is_last = False if backwards else not more
    previous = None if is_first else Position(tuple(keys_of(rows[0])), backwards=True)
    following = None if is_last else Position(tuple(keys_of(rows[-1])))
    return rows, previous, following
