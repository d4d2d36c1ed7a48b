"""What a report's page offers to keep: which columns there are to choose from, and the person's views under a name."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from access.models import Client, User
from accounting.exports.item_columns import labels
from accounting.models import SavedView
from accounting.reports.options import Options
from accounting.reports.pages import Text
from accounting.reports.shown import ALWAYS, OFFERED, ItemColumn, shown_columns
from accounting.reports.words import PAGE, as_parameters
from accounting.services.saved_views import view_query


@dataclass(frozen=True)
class KeptView:
    """A view to open: as of the page's own date where that is not today."""

    pk: int
    name: str
    url: str
    current: bool


@dataclass(frozen=True)
class ColumnChoice:
    """A column to tick; `fixed` ones always stand there."""

    word: str
    label: Text
    ticked: bool
    fixed: bool


@dataclass(frozen=True)
class Keeping:
    """Everything that stands behind «Kolonner» and «Mine visninger» of one report's page.

    `query`: the page as it is, its date among it; `hidden`: its parameters but the columns, for the form that chooses them.
    """

    report: str
    columns: tuple[ColumnChoice, ...]
    chosen: bool
    unchosen_url: str
    hidden: dict[str, str]
    views: tuple[KeptView, ...]
    query: str

    @property
    def current(self) -> str:
        """The name of the view that the page shows; empty where it is none of them."""
        return next((view.name for view in self.views if view.current), "")


def keeping(
    client: Client, person: User, report: str, url_name: str, options: Options, more: dict[str, str], today: date
) -> Keeping:
    """In one query inside the client's scope. `more`: parameters of the page beside the options'."""
    address = reverse(url_name, args=[client.organisation_number])
    dated = {PAGE.name("as_of"): options.as_of.isoformat()} if options.as_of != today else {}
    here, whole = view_query(options, more), QueryDict(mutable=True)
    whole.update({**as_parameters(options), **more})

    def url(kept: str, values: dict[str, str]) -> str:
        found = QueryDict(kept, mutable=True)
        found.update(values)
        return f"{address}?{found.urlencode()}" if found else address

    views = SavedView.objects.for_client(client).filter(person=person, report=report).order_by("name", "pk")
    hidden = {**as_parameters(replace(options, shown=())), **more}
    return Keeping(
        report=report,
        columns=_columns(report, options) if report != "aged-receivables" else (),
        chosen=bool(options.shown),
        unchosen_url=url("", hidden),
        hidden=hidden,
        views=tuple(KeptView(one.pk, one.name, url(one.query, dated), one.query == here) for one in views),
        query=whole.urlencode(),
    )


def _columns(report: str, options: Options) -> tuple[ColumnChoice, ...]:
    shown, said = shown_columns(report, options.shown), labels()
    return tuple(
        ColumnChoice(one.value, said[one], one in shown, one in ALWAYS) for one in ItemColumn if one in OFFERED[report]
    )


def asked(query: QueryDict) -> dict[str, Any]:
    """The parameters of an address with several columns, as a form sends them, joined into one."""
    values = query.dict()
    name = PAGE.name("shown")
    if name in query:
        values[name] = ",".join(text for text in query.getlist(name) if isinstance(text, str))
    return values
