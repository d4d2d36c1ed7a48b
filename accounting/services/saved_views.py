"""Views of the reports under a name: each person's own, in each company."""

from django.db import transaction
from django.http import QueryDict

from access.models import Client, User
from accounting.models import SavedView
from accounting.reports.options import Options
from accounting.reports.words import PAGE, as_parameters

MOST_VIEWS = 30
MOST_NAME = 60


class TooManyViews(Exception):
    """The person has as many views of this report as she may."""


class NameMissing(Exception):
    """A view was to be kept under no name, or a name that is too long."""


@transaction.atomic
def save_view(
    *, client: Client, person: User, report: str, name: str, options: Options, more: dict[str, str]
) -> SavedView:
    """Keep these options, without their date, under the name; a view that has it already is replaced. Inside the scope.

    `more`: parameters of the page beside the options'. Raises NameMissing, TooManyViews.
    """
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME or "\x00" in name:
        raise NameMissing
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    mine = SavedView.objects.for_client(client).filter(person=person, report=report)
    if not mine.filter(name=name).exists() and mine.count() >= MOST_VIEWS:
        raise TooManyViews
    view, _created = SavedView.objects.for_client(client).update_or_create(
        person=person, report=report, name=name, defaults={"query": view_query(options, more)}
    )
    return view


def remove_view(*, client: Client, person: User, pk: int) -> None:
    """Forget one of the person's views; nothing happens where it is not hers or not there. Inside the scope."""
    SavedView.objects.for_client(client).filter(person=person, pk=pk).delete()


def view_query(options: Options, more: dict[str, str]) -> str:
    """How a view is kept: the page's parameters but the date."""
    said = {name: text for name, text in as_parameters(options).items() if name != PAGE.name("as_of")}
    found = QueryDict(mutable=True)
    found.update({**said, **more})
    return found.urlencode()
