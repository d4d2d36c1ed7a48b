"""The reports against hand-written SQL (bench/sql), in one company among others and again among ten times as many."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

from django.db import connections

from access.models import Client
from access.tenancy import client_scope
from accounting.reports.aged_receivables import AgedReceivables, aged_receivables
from accounting.reports.items import OPEN_ITEMS, page_of_items
from accounting.reports.options import Options
from accounting.reports.position import Position
from bench import data
from bench.server import Server, django_on
from bench.timing import Measurement, in_turn
from config import embedded

AGED = {  # the SQL it is held against, the date, the goal
    "aged report today": ("aged_today.sql", data.TODAY, 1.2),
    "aged report a year ago": ("aged_past.sql", data.YEAR_AGO, 1.3),
    "aged report two years ago": ("aged_past.sql", data.TWO_YEARS_AGO, 1.3),
}
ANY_PAGE, AMONG_MORE = 1.5, 1.15
Fetch = Callable[[str, date], list[tuple[Any, ...]]]


def measure(server: Server, size: int, runs: int, crowd: data.Crowd) -> Iterator[Measurement]:
    """Load `size` entries among the crowd, then the same among ten times the crowd, and time the reports on both."""
    with server.copy("bench") as few:
        data.add_crowd(server, few, crowd)
        data.add_company(server, few, size)
        data.settle(server, few)
        with server.copy("bench_more", of=few) as more:
            data.add_crowd(server, more, crowd.nine_more(), prefix="7")
            data.settle(server, more)
            with django_on(few, more) as made:
                connections["default"] = made[few]
                client = Client.objects.get(organisation_number=data.COMPANY)
                yield from aged(server, few, client, size, runs)
                yield from pages(client, size, runs)
                yield from among_more(made[few], made[more], client, size, runs)


def aged(server: Server, database: str, client: Client, size: int, runs: int) -> Iterator[Measurement]:
    """The report against that SQL as the application, and that SQL against itself as the superuser, who has no wall."""
    for name, (file, as_of, goal) in AGED.items():
        with (
            client_scope(client, read_only=True),
            by_hand(server, database, embedded.APPLICATION, client) as bound,
            by_hand(server, database, "postgres", client) as free,
        ):
            ours, theirs, without = in_turn(
                runs, partial(report, client, as_of), partial(bound, file, as_of), partial(free, file, as_of)
            )
        yield Measurement(name, size, ours, f"bench/sql/{file}", theirs, goal)
        yield Measurement(f"{name}: bench/sql/{file}", size, theirs, "without row-level security", without)


def pages(client: Client, size: int, runs: int) -> Iterator[Measurement]:
    """A page of the open items in the middle and the last one, against the first."""
    middle = Position(("NOK", str(data.FIRST_NUMBER + data.customers(size) // 2).zfill(20), "", "", ""))
    last = Position(("~", "", "", "", ""), backwards=True)
    options = Options(as_of=data.TODAY)
    with client_scope(client, read_only=True):
        ways = [partial(page_of_items, client, options, OPEN_ITEMS, position) for position in (None, middle, last)]
        first_ms, middle_ms, last_ms = in_turn(runs, *ways)
    yield Measurement("open items, a page in the middle", size, middle_ms, "the first page", first_ms, ANY_PAGE)
    yield Measurement("open items, the last page", size, last_ms, "the first page", first_ms, ANY_PAGE)


def among_more(few: Any, more: Any, client: Client, size: int, runs: int) -> Iterator[Measurement]:
    """The same company's reports among ten times as many rows of others, against themselves."""
    tried: dict[str, Callable[[], object]] = {
        name: partial(report, client, as_of) for name, (_file, as_of, _goal) in AGED.items()
    }
    tried["open items, the first page"] = partial(page_of_items, client, Options(as_of=data.TODAY), OPEN_ITEMS, None)
    for name, way in tried.items():
        ms, among_few = in_turn(runs, partial(on, more, client, way), partial(on, few, client, way))
        yield Measurement(f"{name}, 10 x others", size, ms, "itself among a tenth of them", among_few, AMONG_MORE)


def on(connection: Any, client: Client, way: Callable[[], object]) -> object:
    """What `way` gives on that connection, in a scope of its own: Django has one connection of a name at a time."""
    connections["default"] = connection
    with client_scope(client, read_only=True):
        return way()


def report(client: Client, as_of: date) -> AgedReceivables:
    """The aged report with its defaults."""
    return aged_receivables(client, Options(as_of=as_of))


@contextmanager
def by_hand(server: Server, database: str, role: str, client: Client) -> Iterator[Fetch]:
    """A function that runs a file of bench/sql as of a date, as that role, and fetches its rows."""
    connection = server.connect(database, role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.client_ids', %s, false)", [f"{{{client.pk}}}"])
        cursor.execute(data.sql("planner.sql"))

        def fetch(file: str, as_of: date) -> list[tuple[Any, ...]]:
            cursor.execute(data.sql(file), {"client": client.pk, "as_of": as_of})
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

        yield fetch
    connection.close()
