"""Checks that no linter makes: files stay short, templates carry nothing inline, no machine or registry is named."""

import re
import subprocess
import sys

LIMIT = 400
OURS = (".py", ".html", ".css", ".js")
# Written so that this file does not find itself.
FORBIDDEN = (
    re.compile(r"pypi[.]org|python[h]osted|npm[j]s[.](?:com|org)|deb[.]debian[.]org"),
    re.compile(r"(?<![\w.])/(?:wo[r]k|ho[m]e|ro[o]t)/"),
)
INLINE = re.compile(r"<script>|<style>|\sstyle=\"|\son(?:click|change|submit|load|input)=\"")


def main() -> int:
    """0, or 1 with a line for each fault."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    faults = []
    for name in listed.stdout.splitlines():
        try:
            with open(name, encoding="utf-8") as file:
                text = file.read()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, or deleted and not yet committed
        lines = text.count("\n")
        if name.endswith(OURS) and "/migrations/" not in name and lines > LIMIT:
            faults.append(f"{name}: {lines} lines, more than {LIMIT}: is it still one room?")
        if name.endswith(".html") and INLINE.search(text):
            faults.append(f"{name}: inline script or style, which the Content-Security-Policy forbids")
        if any(one.search(text) for one in FORBIDDEN):
            faults.append(f"{name}: names a package registry's host or a path of a machine")
    print("\n".join(faults) or "tidy")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
