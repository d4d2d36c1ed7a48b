"""`make bench`: measures, prints a table and writes var/bench.json. `python -m bench [100k|1M]`."""

import argparse
import json
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from bench import server
from bench.timing import Measurement
from config import env

RESULT = env.ROOT / "var" / "bench.json"
HEADER = f"{'':54} {'ms':>9} {'held against':>13} {'ratio':>6} {'goal':>5}"


def main(arguments: list[str]) -> int:
    """0 always: whether a goal is met is a figure, and the machine may be busy."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("size", nargs="?", default="100k", type=entries, help="entries in the company: 100k, 1M")
    size = parser.parse_args(arguments).size
    started = server.start()
    from bench.data import Crowd  # Django is set up now

    run(started, size, runs=9, imports=3 if size <= 100_000 else 1, crowd=Crowd(), result=RESULT)
    return 0


def run(place: server.Server, size: int, *, runs: int, imports: int, crowd: Any, result: Path) -> None:
    """Measure everything; print each line as it comes, and write them all to `result`."""
    from bench import credit_sync, ledger_import, reports

    print(HEADER, flush=True)
    found = []
    for one in chain(
        credit_sync.measure(place, runs, companies=crowd.companies),
        reports.measure(place, size, runs, crowd),
        ledger_import.measure(place, size, imports),
    ):
        print(line(one), flush=True)
        found.append(one.as_json())
    result.parent.mkdir(exist_ok=True)
    result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def entries(text: str) -> int:
    """How many `100k` or `1M` is; a multiple of 100."""
    for letter, factor in (("k", 1_000), ("m", 1_000_000)):
        if text.lower().endswith(letter):
            return int(text[:-1]) * factor
    return int(text) // 100 * 100


def line(one: Measurement) -> str:
    """One row of the table."""
    goal, met = ("", "") if one.goal is None else (f"{one.goal:.2f}", "met" if one.met else "MISSED")
    return f"{one.name:54} {one.ms:9.1f} {one.reference_ms:13.1f} {one.ratio:6.2f} {goal:>5} {met:6} {one.reference}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
