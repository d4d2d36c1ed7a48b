"""`make clean`: removes what set-up, runs and checks made in this copy. Run by any Python, with no package installed."""

import fcntl
import os
import runpy
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE = (
    ".venv", "node_modules", "static/vendor", "var", "test-results",
    ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", ".import_linter_cache",
)  # fmt: skip
OURS = ("access", "accounting", "bench", "config", "dashboard", "financing", "sandbox", "tests")


def main() -> int:
    """Remove it all, unless servers run on the default state folder; the exit code."""
    given = os.environ.pop("STATE_DIR", "")
    state = runpy.run_path(str(ROOT / "config" / "env.py"))["state_dir"]()
    if in_use(state):
        sys.stderr.write(f"error: the product runs on {state}: stop it first (Ctrl-C where it was started)\n")
        return 1
    for folder in (state, *(ROOT / name for name in MADE)):
        if folder.exists():
            shutil.rmtree(folder)
    for name in OURS:
        for cache in (ROOT / name).rglob("__pycache__"):
            shutil.rmtree(cache)
    for compiled in (ROOT / "locale").glob("*/LC_MESSAGES/*.mo"):
        compiled.unlink()
    if given:
        sys.stdout.write(f"STATE_DIR {given} was left as it is; remove it yourself when nothing of it is needed\n")
    return 0


def in_use(state: Path) -> bool:
    """Whether a process holds the embedded servers of this state folder."""
    if not (state / "use.lock").exists():
        return False
    with open(state / "use.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
