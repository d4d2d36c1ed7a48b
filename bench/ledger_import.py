"""`import_ledger` against a COPY of the same rows into the same table, with its keys and checks, as the superuser."""

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from django.core.management import call_command, get_commands
from django.db import connections

from bench import data
from bench.server import Server, django_on
from bench.timing import Measurement

NUMBER = "310000000"
GOAL = 2.0


def measure(server: Server, size: int, runs: int) -> Iterator[Measurement]:
    """Each run in a database with nothing in it; nothing where the command is not there yet."""
    if "import_ledger" not in get_commands():
        return
    with TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "entries.csv"
        write_csv(server, file, size)
        taken = [once(server, file, Path(folder) / "rows.copy", size) for _run in range(runs)]
    ours, theirs = (median(times) for times in zip(*taken, strict=True))
    yield Measurement("import_ledger", size, ours, "COPY of the same rows", theirs, GOAL)


def write_csv(server: Server, file: Path, size: int) -> None:
    """A ledger file (INTERFACES: «Ledger CSV») of the company that the reports are measured in."""
    with server.copy("bench_csv") as database:
        data.add_company(server, database, size)
        connection = server.connect(database)
        with connection.cursor() as cursor, open(file, "wb") as output:
            cursor.copy_expert(f"COPY ({data.sql('ledger_csv.sql')}) TO STDOUT (FORMAT csv, HEADER)", output)
        connection.close()


def once(server: Server, file: Path, rows: Path, size: int) -> tuple[float, float]:
    """Milliseconds of the import, and of the COPY of what it left into another database that has the customers."""
    with server.copy("bench_import") as database, django_on(database) as made:
        connections["default"] = made[database]
        began = perf_counter()
        with redirect_stdout(io.StringIO()):
            call_command("import_ledger", str(file), client=NUMBER, name="Furuly Lys AS")
        ours = (perf_counter() - began) * 1000
        made[database].close()
        connection = server.connect(database)
        with connection.cursor() as cursor:
            with open(rows, "wb") as output:
                cursor.copy_expert("COPY accounting_ledgerentry TO STDOUT", output)
            # Empty, with its files cut short, and its customers as they are.
            cursor.execute("TRUNCATE accounting_match, accounting_ledgerentry CASCADE")
            began = perf_counter()
            with open(rows, "rb") as source:
                cursor.copy_expert("COPY accounting_ledgerentry FROM STDIN", source)
            theirs = (perf_counter() - began) * 1000
            cursor.execute("SELECT count(*) FROM accounting_ledgerentry")
            if cursor.fetchone()[0] != size:
                raise AssertionError("the import left another number of rows than the file has")
        connection.close()
    return ours, theirs
