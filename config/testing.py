"""`make test`: the tests in two runs, because Playwright and database tests cannot share a process.

docs/decisions/0008-browser-tests-in-a-run-of-their-own.md says why. Options given beside go to both runs, paths to the one
they belong to.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from config import env

RESULTS = env.ROOT / "var" / "tests"
NO_TESTS = 5  # pytest's exit code
# The second run must not read tests/conftest.py, which starts a database: confcutdir ends the search for such files.
BROWSER = "tests/browser"
RUNS = {
    "all but the browser": ("tests", [f"--ignore={BROWSER}"]),
    "browser": (BROWSER, ["-p", "no:django", f"--confcutdir={BROWSER}"]),
}


def main(more: list[str]) -> int:
    """Run both, also where the first fails, and sum up; 0 where neither failed."""
    install_chromium()
    # Where it is set pytest-django loads the settings before tests/conftest.py has a database to name.
    surroundings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    RESULTS.mkdir(parents=True, exist_ok=True)
    failed, total = False, {"passed": 0, "failed": 0, "skipped": 0}
    paths = [one for one in more if os.path.exists(one.partition("::")[0])]
    options = [one for one in more if one not in paths]
    for number, (name, (folder, arguments)) in enumerate(RUNS.items()):
        chosen = [one for one in paths if one.startswith(BROWSER) == (folder == BROWSER)]
        if paths and not chosen:
            continue
        sys.stdout.write(f"\n--- tests: {name}\n")
        sys.stdout.flush()
        report = RESULTS / f"{number}.xml"
        report.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"--junitxml={report}",
            *arguments,
            *options,
            *(chosen or [folder]),
        ]
        code = subprocess.run(command, cwd=env.ROOT, env=surroundings, check=False).returncode
        # A choice of tests may leave one of the runs without any; without a choice that is a fault.
        failed = failed or code not in ((0, NO_TESTS) if more else (0,))
        for kind, count in counts(report).items():
            total[kind] += count
    sys.stdout.write(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped\n")
    return 1 if failed or not total["passed"] else 0


def counts(report: Path) -> dict[str, int]:
    """How many tests passed, failed and were skipped by a JUnit file; nothing where the run did not get that far."""
    if not report.exists():
        return {}
    suites = ElementTree.parse(report).iter("testsuite")  # noqa: S314  written by our own pytest
    ran = [{name: int(one.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")} for one in suites]
    failed = sum(one["failures"] + one["errors"] for one in ran)
    skipped = sum(one["skipped"] for one in ran)
    return {"passed": sum(one["tests"] for one in ran) - failed - skipped, "failed": failed, "skipped": skipped}


def install_chromium() -> None:
    """Debian's browser, where there is none and it may be installed; else say that its tests will be skipped."""
    if shutil.which("chromium"):
        return
    why = "only root may install it here"
    if os.geteuid() == 0:
        why = "there is no apt-get"
        if shutil.which("apt-get"):
            sys.stdout.write("installing chromium for the browser tests\n")
            sys.stdout.flush()
            quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
                done = subprocess.run(
                    ["apt-get", "-qq", *command], env=quiet, capture_output=True, text=True, check=False
                )
                why = (done.stderr.strip().splitlines() or ["apt-get failed"])[-1]
            if shutil.which("chromium"):
                return
    sys.stdout.write(f"chromium is not installed ({why}): the browser tests will be skipped\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
