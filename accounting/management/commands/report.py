"""`report`: one of the receivables reports of a company on standard output or in a file."""

from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone, translation

from access.models import Client
from access.tenancy import client_scope
from accounting.exports.files import FORMATS, report_file
from accounting.reports.formats import REPORTS, WRITERS
from accounting.reports.options import Options
from accounting.reports.words import COMMAND, OptionErrors, parse

_LAYOUTS = (*WRITERS, *FORMATS)


class Command(BaseCommand):
    """Wrong input ends with exit code 1 and one `error: …` per fault on standard error."""

    help = "Prints a receivables report: " + ", ".join(REPORTS)
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        # Checked in handle, so that every fault ends in exit code 1 and says what to do.
        parser.add_argument("name", nargs="?", help=", ".join(REPORTS))
        parser.add_argument("--client", metavar="ORGNR", help="the company's organisation number")
        parser.add_argument("--as-of", metavar="DATE", help="inclusive, as 2026-06-30")
        parser.add_argument("--age-by", metavar="|".join(COMMAND.ages), help="default due_date")
        parser.add_argument("--buckets", metavar="30,60,90", help="last days of the buckets")
        parser.add_argument("--credits", metavar="|".join(COMMAND.credit_ways), help="default separate")
        parser.add_argument("--currency", metavar="|".join(COMMAND.currencies), help="default base")
        parser.add_argument("--customers", metavar="NUMBERS", help="numbers and ranges, as 10000-15999,12500,13000-")
        parser.add_argument("--kind", metavar="KIND", help=", ".join(COMMAND.kinds))
        parser.add_argument("--entry-currency", metavar="CODE", help="only entries in this currency")
        parser.add_argument("--department", metavar="CODE")
        parser.add_argument("--project", metavar="CODE")
        parser.add_argument("--status", metavar="|".join(COMMAND.statuses))
        parser.add_argument("--credit-balance", action="store_const", const="yes", help="customers who are owed")
        parser.add_argument("--search", metavar="TEXT", help="in names, numbers and amounts")
        parser.add_argument("--paid-after", action="store_const", const="yes", help="items with what was paid since")
        parser.add_argument("--format", metavar="|".join(_LAYOUTS), default="json", help="default json")
        parser.add_argument("--output", metavar="FILE", help="instead of standard output")

    def handle(self, *arguments: Any, **given: Any) -> None:
        with translation.override(None):
            self._report(given)

    def _report(self, given: dict[str, Any]) -> None:
        if given["name"] not in REPORTS:
            self._refuse(f"there is no report {given['name'] or 'without a name'}; choose one of: {', '.join(REPORTS)}")
        if given["format"] not in _LAYOUTS:
            self._refuse(f"--format: choose one of: {', '.join(_LAYOUTS)}")
        to_terminal = not given["output"] and self.stdout.isatty()
        if given["format"] in FORMATS and to_terminal:
            self._refuse(f"--format {given['format']} is no text for a terminal; give a file to --output")
        try:
            options = parse({f"--{name.replace('_', '-')}": value for name, value in given.items()}, COMMAND)
        except OptionErrors as wrong:
            self._refuse(*(f"{field}: {message}" for field, message in wrong.by_field.items()))
        if not given["client"]:
            self._refuse("--client: give the company's organisation number")
        client = Client.objects.filter(organisation_number=given["client"]).first()
        if client is None:
            self._refuse(f"no company has the number {given['client']}; import its books or make it with add_client")
        content = self._content(client, options, given)
        if not given["output"]:
            if given["format"] in FORMATS:
                self.stdout.flush()
                self.stdout.buffer.write(content)  # type: ignore[attr-defined]  # the wrapped stream's
            else:
                self.stdout.write(content.decode(), ending="")
            return
        try:
            Path(given["output"]).write_bytes(content)
        except OSError as fault:
            self._refuse(f"{given['output']} cannot be written: {fault.strerror}; give another file to --output")

    def _content(self, client: Client, options: Options, given: dict[str, Any]) -> bytes:
        with client_scope(client, read_only=True):
            if given["format"] in FORMATS:
                with translation.override(settings.LANGUAGE_CODE):
                    now = timezone.now()
                    return report_file(client, given["name"], options, given["format"], made_by="", made_at=now).content
            report = REPORTS[given["name"]](client, options)
        return WRITERS[given["format"]][0](report).encode()

    def _refuse(self, *messages: str) -> NoReturn:
        for message in messages:
            self.stderr.write(f"error: {message}")
        raise SystemExit(1)
