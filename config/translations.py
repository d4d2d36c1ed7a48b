"""Translations without GNU gettext: python -m config.translations extract|check|compile.

Django's own templatize() makes templates readable as Python; Babel reads and writes the files.
"""

import io
import sys
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
LOCALES = {"nb": ROOT / "locale/nb/LC_MESSAGES/django.po"}
APPS = ("access", "accounting", "financing", "dashboard", "config")
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def messages() -> Catalog:
    """Every message of the apps' Python and of the templates."""
    from django.utils.translation.template import templatize

    found = Catalog(charset="utf-8")
    sources = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    sources += sorted((ROOT / "templates").rglob("*.html"))
    for path in sources:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            text = templatize(text, origin=str(path))
        for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), KEYWORDS):
            found.add(message, context=context)
    return found


def existing(path: Path) -> Catalog:
    """What is translated already."""
    if not path.exists():
        return Catalog(locale=path.parts[-3], charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def update(path: Path) -> None:
    """Add new messages, drop those that nobody uses, keep the translations; sorted, with a header that does not move."""
    before, after = existing(path), Catalog(locale=path.parts[-3], charset="utf-8", header_comment="# Norwegian bokmål")
    for message in sorted(messages(), key=_key):
        if message.id:
            known = before.get(message.id, message.context)
            after.add(message.id, known.string if known else None, context=message.context, flags=message.flags)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    write_po(buffer, after, width=110, omit_header=True)
    plural = after.plural_forms
    header = (
        f'# Norwegian bokmål\nmsgid ""\nmsgstr ""\n"Language: nb\\n"\n"MIME-Version: 1.0\\n"\n'
        f'"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    )
    path.write_text(header + buffer.getvalue().decode().lstrip("\n"), encoding="utf-8")


def faults(path: Path) -> list[str]:
    """What is missing, untranslated, unsure or no longer used."""
    known, found = existing(path), []
    used = {(_id(message), message.context) for message in messages() if message.id}
    for message in messages():
        one = known.get(message.id, message.context) if message.id else None
        if message.id and one is None:
            found.append(f"missing: {_id(message)}")
    for message in known:
        if not message.id:
            continue
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if not all(strings) or message.fuzzy:
            found.append(f"not translated: {_id(message)}")
        if (_id(message), message.context) not in used:
            found.append(f"no longer used: {_id(message)}")
    return found


def _id(message) -> str:
    return message.id[0] if isinstance(message.id, (list, tuple)) else message.id


def _key(message) -> tuple[str, str]:
    return (_id(message), message.context or "")


def main(command: str) -> int:
    """0, or 1 where a check found faults; they are printed."""
    settings.configure(USE_I18N=True)
    django.setup()
    for path in LOCALES.values():
        if command == "extract":
            update(path)
        elif command == "compile":
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, existing(path))
        elif command == "check":
            found = faults(path)
            print("\n".join(found) or "translations are complete")  # noqa: T201
            if found:
                return 1
        else:
            print("usage: python -m config.translations extract|check|compile", file=sys.stderr)  # noqa: T201
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
