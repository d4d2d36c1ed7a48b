"""The reports against hand-written SQL (bench/sql), in one company among others and again among ten times as many."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db import connections

from access.models import Client
from access.tenancy import client_scope
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.options import Options
from bench import data
from bench.server import Server, django_on
from bench.timing import Measurement, in_turn

AGED = {
    "aged report today": ("aged_today.sql", data.TODAY, 1.2),
    "aged report a year ago": ("aged_past.sql", data.YEAR_AGO, 1.3),
    "aged report two years ago": ("aged_past.sql", data.TWO_YEARS_AGO, 1.3),
}
AMONG_MORE = 1.15


def measure(server: Server, size: int, runs: int, crowd: data.Crowd) -> Iterator[Measurement]:
    """Load `size` entries among the crowd, then the same among ten times the crowd, and time the reports on both."""
    with server.copy("bench") as few:
        data.add_crowd(server, few, crowd)
        data.add_company(server, few, size)
        data.settle(server, few)
        with server.copy("bench_more", of=few) as more:
            data.add_crowd(server, more, crowd.grown(9), prefix="7")
            data.settle(server, more)
            with django_on(few, more) as made:
                connections["default"] = made[few]
                client = Client.objects.get(organisation_number=data.COMPANY)
                for name, (file, as_of, goal) in AGED.items():
                    yield from aged(server, few, client, size, runs, name, file, as_of, goal)
                for name, (_, as_of, _) in AGED.items():
                    yield among_more(made[few], made[more], client, size, runs, name, as_of)


def aged(
    server: Server, database: str, client: Client, size: int, runs: int, name: str, file: str, as_of: date, goal: float
) -> Iterator[Measurement]:
    """Ours against that SQL as the application; and that SQL without the wall, for what the wall costs."""
    query = (data.SQL / file).read_text(encoding="utf-8")
    values = {"client": client.pk, "as_of": as_of}
    superuser = server.superuser(database)
    free = superuser.cursor()
    for cursor in (free,):
        cursor.execute(PLANNER)
    with client_scope(client, read_only=True), connections["default"].cursor() as bound:
        bound.execute(PLANNER)
        bound.execute("SHOW enable_nestloop")
        ms, reference_ms = in_turn(runs, lambda: ours(client, as_of), lambda: rows(bound, query, values))
        yield Measurement(name, size, ms, f"bench/sql/{file}", reference_ms, goal)
        ms, reference_ms = in_turn(runs, lambda: rows(bound, query, values), lambda: rows(free, query, values))
        yield Measurement(f"{name}: bench/sql/{file}", size, ms, "the same without row-level security", reference_ms)
    superuser.close()
