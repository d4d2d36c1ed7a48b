"""What a person does with her own dashboard. It concerns nobody else: it is stored for her alone, without a line in the log."""

from collections.abc import Collection, Sequence

from django.db import transaction

from access.models import Client, User
from dashboard.models import Arrangement
from dashboard.order import moved, placed, rearranged
from dashboard.widgets import registry


def arrange_dashboard(*, client: Client, user: User, order: Sequence[str], hidden: Collection[str]) -> None:
    """Put the widgets of `order` in that sequence, and of them hide those in `hidden`.

    `order` is what she was shown: a widget that is not in it keeps its place, and stays hidden or not as it was. Of two
    at once the last one stands. Inside the client's scope.
    """
    with transaction.atomic():
        found = _locked(client, user)
        found.order = rearranged(placed(found.order, registry.all_keys()), order)
        found.hidden = [key for key in found.hidden if key not in order] + [key for key in order if key in hidden]
        _save(found)


def hide_widget(*, client: Client, user: User, key: str) -> None:
    """It stays hidden until she shows it, whatever happens to what it shows. Inside the client's scope."""
    with transaction.atomic():
        found = _locked(client, user)
        found.hidden = [one for one in found.hidden if one != key] + [key]
        _save(found)


def show_widget(*, client: Client, user: User, key: str) -> None:
    """Where it stood before. Inside the client's scope."""
    with transaction.atomic():
        found = _locked(client, user)
        found.hidden = [one for one in found.hidden if one != key]
        _save(found)


def move_widget(*, client: Client, user: User, key: str, past: str) -> None:
    """To the other side of the widget `past`. Inside the client's scope."""
    with transaction.atomic():
        found = _locked(client, user)
        found.order = moved(placed(found.order, registry.all_keys()), key, past)
        _save(found)


def _locked(client: Client, user: User) -> Arrangement:
    rows = Arrangement.objects.for_client(client)
    rows.bulk_create([Arrangement(user=user)], ignore_conflicts=True)  # two first times at once are one row
    return rows.select_for_update().get(user=user)


def _save(found: Arrangement) -> None:
    # Whoever has everything as it comes also has it so when that changes.
    if not found.hidden and found.order == registry.all_keys():
        found.order = []
    found.save(update_fields=["order", "hidden"])
