"""Who an EHF document is from and to: that the company issued it, and which customer it is for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, Max, Value
from django.db.models.functions import Upper

from access.models import Client, is_organisation_number
from access.redaction import holds_identity_number, without_identity_numbers
from accounting.imports.ehf_file import Party
from accounting.models import Customer, Source
from accounting.services.saft_checks import Warnings, warn_of_identity_number

# Where numbers are given to customers that an invoice brings; beyond it, after the greatest there is.
FIRST_NUMBER, LAST_NUMBER = 10_000, 19_999


def bare_number(number: str, country: str) -> str:
    """An organisation number without what its forms add: spaces, points, the VAT number's country, MVA, the Swedish 01."""
    bare = re.sub("[^0-9A-Z]", "", number.upper())
    if country == "NO":
        return bare.removesuffix("MVA").removeprefix("NO")
    bare = bare.removeprefix(country)
    return bare[:-2] if country == "SE" and len(bare) == 12 and bare.endswith("01") else bare


def is_company(client: Client, party: Party) -> bool:
    """Whether the party is the company itself, by its number; a name proves nothing."""
    own = bare_number(client.organisation_number, client.country)
    return bool(party.number) and bare_number(party.number, client.country) == own


@dataclass(frozen=True)
class Buyer:
    """A buyer as he is kept: without national identity numbers. `bare` is what he is found by, empty where nothing is."""

    number: str
    bare: str
    name: str
    country: str
    person: bool

    @property
    def key(self) -> tuple[str, str]:
        """What tells him from others in one import."""
        return (self.bare, self.country) if self.bare else (f"name {self.name.casefold()}", self.country)


def buyer_of(party: Party, client: Client, where: str, warnings: Warnings) -> Buyer:
    """The buyer, with a warning for a national identity number, which is not kept, and for a wrong check digit."""
    country = party.country or client.country
    number, person = party.number[:40], party.person
    if holds_identity_number(number):
        warn_of_identity_number(where, "organisation number", warnings)
        number, person = "", True
    if holds_identity_number(party.name):
        warn_of_identity_number(where, "name", warnings)
    name = without_identity_numbers(party.name)[:300]
    bare = bare_number(number, country)
    if bare and country == "NO" and not is_organisation_number(bare):
        told = f"{name}: the organisation number {number} has a wrong check digit or length"
        warnings.add("customer_number_check_digit", told, where)
    return Buyer(number, bare, name, country, person)


class Customers:
    """The customers that documents are for: found where they are held, made where they are not. Inside the scope.

    Found by organisation number, else (who has none) by name and country among those that invoices made.
    """

    def __init__(self, client: Client, buyers: Iterable[Buyer]) -> None:
        self._client = client
        self._new: dict[tuple[str, str], Customer] = {}
        wanted = set(buyers)
        self._by_number: dict[tuple[str, str], Customer] = {}
        self._by_number_and_name: dict[tuple[str, str], Customer] = {}
        self._by_name: dict[tuple[str, str], Customer] = {}
        rows = Customer.objects.for_client(client).order_by("number_key")
        for one in _with_number(rows, wanted):
            bare = bare_number(one.organisation_number, one.country)
            self._by_number.setdefault((bare, one.country), one)
            # Of another country by mistake: ledgers often leave it at the first in the list.
            for country in {buyer.country for buyer in wanted}:
                key = bare_number(one.organisation_number, country), _folded(one.name)
                self._by_number_and_name.setdefault(key, one)
        if any(not one.bare for one in wanted):
            for one in rows.filter(organisation_number="", entries__source=Source.EHF).distinct():
                self._by_name.setdefault((_folded(one.name), one.country), one)

    def held(self, buyer: Buyer) -> Customer | None:
        """The customer in the books; None where he is not held yet."""
        if not buyer.bare:
            return self._by_name.get((_folded(buyer.name), buyer.country))
        found = self._by_number.get((buyer.bare, buyer.country))
        return found or self._by_number_and_name.get((buyer.bare, _folded(buyer.name)))

    def of(self, buyer: Buyer) -> Customer:
        """The customer, held or about to be made by `store`, with a number of his own."""
        if found := self.held(buyer):
            return found
        if buyer.key not in self._new:
            self._new[buyer.key] = Customer(
                client=self._client, name=buyer.name, organisation_number=buyer.number, country=buyer.country,
                private_person=buyer.person,
            )  # fmt: skip
        return self._new[buyer.key]

    def store(self) -> int:
        """Make the new ones, numbered in the order in which they were asked for; how many."""
        made = list(self._new.values())
        for one, number in zip(made, _numbers(self._client, len(made)), strict=True):
            one.number = str(number)
        Customer.objects.for_client(self._client).bulk_create(made)
        return len(made)


def _with_number(rows: Any, buyers: set[Buyer]) -> Any:
    """The customers whose number, however it is written, may be one of theirs."""
    forms = set()
    for one in buyers:
        if one.bare:
            forms |= {
                one.bare,
                f"{one.country}{one.bare}",
                f"{one.country}{one.bare}01",
                f"{one.bare}MVA",
                f"NO{one.bare}MVA",
            }
    if not forms:
        return []
    only = Func(Upper(F("organisation_number")), Value("[^0-9A-Z]"), Value(""), Value("g"), function="regexp_replace")
    return rows.exclude(organisation_number="").annotate(written=only).filter(written__in=forms)


def _numbers(client: Client, count: int) -> list[int]:
    """The next numbers of the series, after the greatest that is taken in it; past its end, after the greatest of all."""
    if not count:
        return []
    rows = Customer.objects.for_client(client).filter(number_key__lt="~")
    first, last = (f"{one:020d}" for one in (FIRST_NUMBER, LAST_NUMBER))
    taken = rows.filter(number_key__range=(first, last)).aggregate(last=Max("number_key"))["last"]
    start = int(taken) + 1 if taken else FIRST_NUMBER
    if start + count - 1 > LAST_NUMBER:
        start = max(int(rows.aggregate(last=Max("number_key"))["last"] or LAST_NUMBER), LAST_NUMBER) + 1
    return list(range(start, start + count))


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
