"""What the books ask of rooms to the left, without knowing them; each registers itself when the apps are ready."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from access.models import Client


class Draw(NamedTuple):
    """A loan that was paid out to the company: the day of it, and how much, positive."""

    day: date
    amount: Decimal
    currency: str


_draws: dict[str, Callable[[Client], list[Draw]]] = {}


def register_loan_draws(name: str, draws: Callable[[Client], list[Draw]]) -> None:
    """Tell by what function a provider's draws are known; called inside the client's scope."""
    _draws[name] = draws


def loan_draws(client: Client) -> list[Draw]:
    """All draws that are known of, in no order. Inside the client's scope."""
    return [one for draws in _draws.values() for one in draws(client)]
