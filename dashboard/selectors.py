"""How a person's dashboard is arranged: what she may see, in her order, and what of it is hidden."""

from dataclasses import dataclass

from access.models import Client, Rights, User
from dashboard.models import Arrangement
from dashboard.order import placed
from dashboard.widgets import registry
from dashboard.widgets.base import Widget


@dataclass(frozen=True)
class Place:
    """A widget where this person has it."""

    widget: Widget
    hidden: bool


def arrangement_of(client: Client, user: User) -> Arrangement:
    """As she left it, or one that says nothing and is not stored. One query inside the client's scope."""
    return Arrangement.objects.for_client(client).filter(user=user).first() or Arrangement(client=client, user=user)


def places(arrangement: Arrangement, rights: Rights) -> list[Place]:
    """Every widget that these rights let see, in her order; what she hid is among them, and says so."""
    widgets = {one.key: one for one in registry.permitted(rights)}
    order = placed(arrangement.order, registry.all_keys())
    return [Place(widgets[key], key in arrangement.hidden) for key in order if key in widgets]


def default_places(rights: Rights) -> list[Place]:
    """As for somebody who never arranged anything."""
    return [Place(one, hidden=False) for one in registry.permitted(rights)]
