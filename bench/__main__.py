"""`make bench`: measures, prints a table and writes var/bench.json. `python -m bench [100k|1M]`."""

import argparse
import json
import sys
from collections.abc import Iterable

from bench import server
from bench.timing import Measurement
from config import env

RESULT = env.ROOT / "var" / "bench.json"
RUNS = 9


def main(arguments: list[str]) -> int:
    """0 always: whether a goal is met is a figure, and the machine may be busy."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("size", nargs="?", default="100k", type=entries, help="entries in the company: 100k, 1M")
    size = parser.parse_args(arguments).size
    started = server.start()
    from bench import data, ledger_import, reports  # Django is set up now

    print(header(), flush=True)
    found = []
    for measurements in (
        reports.measure(started, size, RUNS, data.Crowd()),
        ledger_import.measure(started, size, runs=3 if size <= 100_000 else 1),
    ):
        for one in measurements:
            print(line(one), flush=True)
            found.append(one)
    write(found)
    return 0


def entries(text: str) -> int:
    """How many `100k` or `1M` is; a multiple of 100."""
    for letter, factor in (("k", 1_000), ("m", 1_000_000)):
        if text.lower().endswith(letter):
            return int(text[:-1]) * factor
    return int(text) // 100 * 100


def header() -> str:
    """Above the table."""
    return f"{'':44} {'ms':>9} {'held against':>13} {'ratio':>6} {'goal':>5}"


def line(one: Measurement) -> str:
    """One row of the table."""
    goal, met = ("", "") if one.goal is None else (f"{one.goal:.2f}", "met" if one.met else "MISSED")
    return f"{one.name:44} {one.ms:9.1f} {one.reference_ms:13.1f} {one.ratio:6.2f} {goal:>5} {met:6} {one.reference}"


def write(found: Iterable[Measurement]) -> None:
    """Write var/bench.json."""
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([one.as_json() for one in found], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
