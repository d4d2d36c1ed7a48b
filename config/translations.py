"""Translations without GNU gettext: `python -m config.translations extract|compile|check`.

docs/decisions/0007-translations-without-gettext.md says why. `extract` writes what the code says into the .po file and
keeps what was translated; `compile` makes the .mo files; `check` names what is missing, unsure or no longer said.
"""

import os
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
FILES = ROOT / "locale"
APPS = ("access", "accounting", "financing", "dashboard", "config")
KEYWORDS: dict[str, Any] = {
    name + late: spec
    for late in ("", "_lazy")
    for name, spec in {
        "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)
    }.items()
}  # fmt: skip
HEADER = "# The product's words. English is the key; `python -m config.translations extract` keeps this file in step."
# What changes by the day or the hand, and would change the file with every run.
UNSTABLE = re.compile(
    rb'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Report-Msgid-Bugs-To|Language-Team|Generated-By).*\n', re.M
)
TEMPLATE_CALL = re.compile(
    r"""\b(?:gettext|ngettext|pgettext|npgettext|_)\((?:\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?|\s*count\s*,?)+\)""",
    re.S,
)


def said(root: Path = ROOT) -> Catalog:
    """Every text that the code and the templates ask a translation for."""
    catalog = Catalog()
    for path, source in _sources(root):
        for _, message, comments, context in extract("python", BytesIO(source), KEYWORDS, ("Translators:",)):
            catalog.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalog


def _sources(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name and Python source of each file that may speak; of a template only the calls that Django makes of its tags."""
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            yield str(path.relative_to(root)), path.read_bytes()
    templates = [*(root / "templates").rglob("*.html"), *(root / "templates").rglob("*.txt")]
    templates += [path for app in APPS for path in (root / app).glob("templates/**/*.html")]
    for path in sorted(templates):
        # The rest of it is no Python that a tokenizer would take.
        calls = [one.group() for one in TEMPLATE_CALL.finditer(templatize(path.read_text(encoding="utf-8")))]
        yield str(path.relative_to(root)), "\n".join(calls).encode()


def extracted(held: Catalog, spoken: Catalog, language: str) -> Catalog:
    """What is said, with what was translated of it; sorted when written."""
    found = Catalog(locale=language, header_comment=HEADER, fuzzy=False, project="regnskap", version="1")
    for message in spoken:
        if message.id:
            old = held.get(_key(message), message.context)
            found.add(
                message.id,
                string=old.string if old else None,
                locations=message.locations,
                flags=message.flags | (old.flags if old else set()),
                auto_comments=message.auto_comments,
                user_comments=old.user_comments if old else (),
                context=message.context,
            )
    return found


def problems(held: Catalog, spoken: Catalog) -> list[str]:
    """What keeps the translation from being complete, one line each."""
    wanted, there = (
        {(_key(one), one.context): one for one in catalog if one.id} for catalog in (spoken, held)
    )  # fmt: skip
    found = [f"missing: {key[0]!r}" for key in wanted.keys() - there.keys()]
    found += [f"no longer said: {key[0]!r}" for key in there.keys() - wanted.keys()]
    for key in wanted.keys() & there.keys():
        texts = there[key].string
        if there[key].fuzzy:
            found.append(f"unsure (fuzzy): {key[0]!r}")
        elif not all(texts if isinstance(texts, (tuple, list)) else [texts]):
            found.append(f"not translated: {key[0]!r}")
        else:
            found += [f"{key[0]!r}: {error}" for error in there[key].check(held)]
    return sorted(found)


def read(path: Path) -> Catalog:
    """The catalog of one .po file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def write(path: Path, catalog: Catalog) -> None:
    """Write a .po file that is the same whoever writes it, whenever."""
    text = BytesIO()
    write_po(text, catalog, sort_output=True, include_lineno=False, width=110, ignore_obsolete=True)
    _replace(path, UNSTABLE.sub(b"", text.getvalue()))


def compile_all() -> None:
    """Write a .mo beside each .po."""
    for path in FILES.glob("*/LC_MESSAGES/django.po"):
        binary = BytesIO()
        write_mo(binary, read(path))
        _replace(path.with_suffix(".mo"), binary.getvalue())


def _replace(path: Path, content: bytes) -> None:
    """In one step: a process that is starting reads either the former file or the new one."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


def _key(message: Any) -> str:
    return message.id[0] if isinstance(message.id, (tuple, list)) else message.id


def main(command: str) -> int:
    """Run one command over every language; the exit code."""
    if command == "compile":
        compile_all()
        return 0
    spoken, bad = said(), 0
    for path in FILES.glob("*/LC_MESSAGES/django.po"):
        if command == "extract":
            write(path, extracted(read(path), spoken, path.parts[-3]))
            continue
        found = problems(read(path), spoken)
        bad += len(found)
        for line in found:
            sys.stderr.write(f"{path.relative_to(ROOT)}: {line}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("compile", "extract", "check"):
        sys.exit("usage: python -m config.translations compile|extract|check")
    sys.exit(main(sys.argv[1]))
