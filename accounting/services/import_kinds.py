"""Which service takes which kind of file, and how the files of one upload are divided into runs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from access.models import Client, User, is_organisation_number
from access.privileges import ADMINISTRATOR
from access.services import add_member
from accounting.imports.counted import Told, untold
from accounting.imports.received import Received
from accounting.imports.recognise import Content
from accounting.imports.refusal import ImportRefused
from accounting.imports.saft_reader import read_header
from accounting.models import ImportKind, ImportRun
from accounting.services.ledger_import import import_ledger
from accounting.services.saft_checks import bare_number
from accounting.services.saft_company import OF_ANOTHER_COMPANY
from accounting.services.saft_import import import_saft

NO_NUMBER = (
    "the file carries no organisation number that is right: tick that it is this company's, if you know that it is"
)
FOUND_NEW, OWN_FILE = "found_new", "own_file"  # the options of an upload


@dataclass(frozen=True)
class Imported:
    """What a run brought: the summary of INTERFACES, and the number of the company that it founded."""

    summary: dict[str, Any]
    founded: str = ""


@dataclass
class Group:
    """Files that are imported together, in the order given."""

    kind: ImportKind
    files: list[Received] = field(default_factory=list)


def groups_of(found: list[tuple[Received, Content]]) -> tuple[list[Group], list[tuple[Received, str]]]:
    """What is imported together, in the order in which it must be; and the files that cannot be, each with the reason.

    First what brings customers and invoices, then what pays them. SAF-T files go by their periods; invoices and payments
    go together, since their order must not matter.
    """

    def of(content: Content) -> list[Received]:
        return [received for received, one in found if one == content]

    groups = [Group(ImportKind.SAFT, [one]) for one in sorted(of(Content.SAFT), key=_begins)]
    entries, matches = of(Content.ENTRIES), of(Content.MATCHES)
    ledgers = [Group(ImportKind.LEDGER, [one]) for one in entries]
    refused: list[tuple[Received, str]] = []
    if matches and not entries:
        refused = [(one, "the file holds matches only: give the file of entries with it") for one in matches]
    elif len(matches) in (1, len(entries)):
        for group, one in zip(ledgers[-len(matches) :], matches, strict=True):
            group.files.append(one)
    else:
        told = "which entries the matches belong to is not plain: give one file of entries with its matches at a time"
        refused = [(one, told) for one in matches]
    groups += ledgers
    for kind, content in ((ImportKind.INVOICES, Content.INVOICE), (ImportKind.PAYMENTS, Content.PAYMENTS)):
        if files := of(content):
            groups.append(Group(kind, files))
    return groups, refused


def _begins(received: Received) -> tuple[date, str]:
    try:
        return read_header(received.path).start, received.name
    except ImportRefused:  # said by its own run
        return date.min, received.name


def bring_in(run: ImportRun, client: Client, actor: User | None, progress: Told) -> Imported:
    """Import the run's files into the company's books, in the transaction that is open. Raises ImportRefused."""
    files = [Received(one["name"], one["stored"], one["size"], one["sha256"]) for one in run.files]
    paths = [one.path for one in files]
    if run.kind == ImportKind.SAFT:
        return _bring_saft(paths[0], run.options, client, actor, progress)
    if run.kind == ImportKind.LEDGER:
        return Imported(
            import_ledger(
                client_orgnr=client.organisation_number,
                name=client.name,
                entries=paths[0],
                matches=paths[1] if len(paths) > 1 else None,
                actor=actor,
                progress=progress,
            )
        )
    service = _service(ImportKind(run.kind))
    return Imported(service(client=client, paths=_Read(paths, progress), actor=actor))


class _Read(Sequence[Path]):
    """The files' paths; how many of them were read is told as they are gone through the first time."""

    def __init__(self, paths: list[Path], progress: Told) -> None:
        self._paths, self._progress = paths, progress

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: Any) -> Any:
        return self._paths[place]

    def __iter__(self) -> Iterator[Path]:
        tell, self._progress = self._progress, untold
        for done, path in enumerate(self._paths):
            tell(done, len(self._paths))
            yield path
        tell(len(self._paths), len(self._paths))


def _service(kind: ImportKind) -> Callable[..., dict[str, Any]]:
    names = {
        ImportKind.INVOICES: "accounting.services.invoice_import.import_invoices",
        ImportKind.PAYMENTS: "accounting.services.payment_import.import_payments",
    }
    found: Callable[..., dict[str, Any]] = import_string(names[kind])
    return found


def _bring_saft(path: Path, options: dict[str, Any], client: Client, actor: User | None, progress: Told) -> Imported:
    """Into this company, or into a new one. Never into another that is known, whoever asks."""
    header = read_header(path)
    number, own = bare_number(header.company_number), client.organisation_number
    if number == own:
        return Imported(import_saft(path=path, actor=actor, founding=False, progress=progress))
    if not is_organisation_number(number):
        if not options.get(OWN_FILE):
            raise ImportRefused(NO_NUMBER, header.line)
        return Imported(import_saft(path=path, client_orgnr=own, actor=actor, founding=False, progress=progress))
    if not options.get(FOUND_NEW) or actor is None:
        # Word for word what is said of a company that is known here, so that nobody learns which are.
        raise ImportRefused(OF_ANOTHER_COMPANY.format(number=number), header.line)
    summary = import_saft(path=path, actor=actor, founding=True, progress=progress)
    founded = Client.objects.get(organisation_number=number)
    add_member(client=founded, user=actor, role_key=ADMINISTRATOR, actor=actor)
    return Imported(summary, founded=number)
