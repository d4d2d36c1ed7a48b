"""The closed list of privileges, their levels, and the five roles that every company is created with."""

from dataclasses import dataclass
from enum import IntEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Level(IntEnum):
    """How far a role may go with a privilege. «Lesetilgang» sees, «Full tilgang» changes."""

    NONE = 0
    READ = 1
    FULL = 2


LEVEL_WORDS: dict[Level, str | Promise] = {
    Level.NONE: _("No access"),
    Level.READ: _("Read access"),
    Level.FULL: _("Full access"),
}


@dataclass(frozen=True)
class Category:
    """Several privileges that are often given together."""

    key: str
    label: str | Promise


@dataclass(frozen=True)
class Privilege:
    """One row of the role administration. `warning`: what whoever gives it must have thought of."""

    name: str
    category: Category
    label: str | Promise
    explanation: str | Promise
    levels: tuple[Level, ...] = (Level.NONE, Level.READ, Level.FULL)
    warning: str | Promise = ""


class UnknownPrivilege(Exception):
    """A privilege that is not on the closed list was named."""


REPORTS = "accounting.view_reports"
INVOICES = "accounting.view_invoices"
IMPORT = "accounting.import_files"
LOCK = "accounting.lock_books"
FINANCING = "financing.use_invoice_financing"
ROLES = "access.manage_roles"

_NONE_OR_FULL = (Level.NONE, Level.FULL)

REPORTS_AND_INVOICES = Category("reports", _("Reports and invoices"))
BOOKS = Category("books", _("Customer ledger"))
MONEY = Category("financing", _("Financing"))
PEOPLE = Category("people", _("Users and roles"))

PRIVILEGES: dict[str, Privilege] = {
    one.name: one
    for one in (
        Privilege(
            REPORTS,
            REPORTS_AND_INVOICES,
            _("Receivables reports"),
            _("Open items and aged receivables. With full access also to match items, note and mark them."),
        ),
        Privilege(
            INVOICES,
            REPORTS_AND_INVOICES,
            _("Unpaid invoices"),
            _("The list of invoices with something left to pay."),
        ),
        Privilege(
            IMPORT,
            BOOKS,
            _("Import"),
            _("May bring invoices, payments and whole ledgers into the books from files."),
            _NONE_OR_FULL,
        ),
        Privilege(
            LOCK,
            BOOKS,
            _("Lock the books"),
            _("May close the books through a day and open them again, and set what counts as a small difference."),
            _NONE_OR_FULL,
        ),
        Privilege(
            FINANCING,
            MONEY,
            _("Invoice financing"),
            _(
                "May give the provider access to the company's receivables, see limit, used and available,"
                " and open the agreement at the bank."
            ),
            _NONE_OR_FULL,
            _(
                "Whoever gets this can give the provider insight into the company's receivables. Give it to those who"
                " prepare or follow up the financing."
            ),
        ),
        Privilege(
            ROLES,
            PEOPLE,
            _("Users and roles"),
            _("May decide what every role of the company may do. Only administrators."),
            _NONE_OR_FULL,
            _("Can give anybody full access"),
        ),
    )
}


def privilege(name: str) -> Privilege:
    """The privilege of this name. Raises UnknownPrivilege."""
    try:
        return PRIVILEGES[name]
    except KeyError:
        raise UnknownPrivilege(name) from None


@dataclass(frozen=True)
class StandardRole:
    """A role that comes with every company (INTERFACES: «Rights as created»)."""

    key: str
    name: str
    levels: dict[str, Level]
    is_administrator: bool = False


ADMINISTRATOR = "administrator"
# Who keeps the books: «Full tilgang» to the reports is also to match what stands in them.
_BOOKS = {REPORTS: Level.FULL, INVOICES: Level.FULL, IMPORT: Level.FULL, LOCK: Level.FULL}

STANDARD_ROLES: tuple[StandardRole, ...] = (
    StandardRole(ADMINISTRATOR, "Administrator", {}, is_administrator=True),
    StandardRole("daglig_leder", "Daglig leder", {**_BOOKS, FINANCING: Level.FULL}),
    StandardRole("regnskapsforer", "Regnskapsfører", _BOOKS),
    StandardRole("revisor", "Revisor", {REPORTS: Level.READ, INVOICES: Level.READ}),
    StandardRole("standard", "Standard", {}),
)
