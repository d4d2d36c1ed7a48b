"""Invented names, and invented numbers with right check digits, for the demo's customers and what they pay with."""

from collections.abc import Iterator
from itertools import count, product
from random import Random

from stdnum import luhn
from stdnum.no import orgnr

from accounting.services.demo.companies import Buyer

_FIRST_NUMBER = 31_010_101  # 31xxxxxxx is given to nobody; the other demo companies' buyers stand below
_PLACES = tuple(
    first + last
    for first, last in product(
        ("Skodde", "Tusse", "Huldre", "Nøkke", "Jutul", "Rimfrost", "Draug", "Ravne", "Måltrost", "Rypelyng"),
        ("vik", "haug", "nes", "tangen", "bråten", "sletta", "åsen", "myra"),
    )
)
_TRADES = (
    "Rørservice", "Bygg", "Transport", "Mekaniske", "Eiendomsdrift", "Havbruk", "Anlegg", "Gartneri", "Kontorpartner",
    "Malerservice", "Trelast", "Renhold", "Båt og Brygge", "Bilglass", "Kulde og Varme", "Regulering",
)  # fmt: skip
_GIVEN = (
    "Ingrid", "Torbjørn", "Amina", "Håkon", "Sunniva", "Leif", "Marit", "Yusuf", "Åse", "Sindre", "Gro", "Øystein",
)  # fmt: skip
_SOLE_TRADES = ("Snekkerverksted", "Frisør", "Hagehjelp", "Keramikk", "Fotvern", "Sykkelverksted")
RELATED = "Lysvarde Rimfrost Holding AS"
ABROAD = (
    ("Dimmosse Byggvaror AB", "SE"), ("Ljungrödja Fastighetsservice AB", "SE"), ("Tågedal Teknik ApS", "DK"),
    ("Sumupuro Oy", "FI"), ("Mistholm Fixings Ltd", "GB"), ("Skyggelund Møbler A/S", "DK"),
)  # fmt: skip
IN_EURO = (
    ("Nebelhain Technik GmbH", "DE"), ("Moosquell Anlagenbau GmbH", "DE"), ("Brumeval Équipements SARL", "FR"),
    ("Mistveen Installatie BV", "NL"), ("Usvaranta Talotekniikka Oy", "FI"),
)  # fmt: skip


def norwegian_buyers(rng: Random, *, companies: int, without_number: int, persons: int) -> list[list[Buyer]]:
    """So many limited companies, sole traders without organisation number, and private persons; no name comes twice.

    The first company is a related party. Customer numbers are left empty: they are given when all are there.
    """
    names = [f"{place} {trade} AS" for place, trade in product(_PLACES, _TRADES)]
    names += [f"{place} {what}" for place, what in product(_PLACES[::4], ("kommune", "borettslag"))]
    people = [f"{given} {place}" for given, place in product(_GIVEN, _PLACES)]
    numbers = _organisation_numbers()
    firms = [RELATED, *rng.sample(names, companies - 1)]
    some = rng.sample(people, persons + without_number)
    return [
        [Buyer("", name, next(numbers), related_party=name == RELATED) for name in firms],
        [Buyer("", f"{name} {rng.choice(_SOLE_TRADES)}") for name in some[persons:]],
        [Buyer("", name, private_person=True) for name in some[:persons]],
    ]


def kid(digits: str) -> str:
    """A customer identification number with its mod 10 check digit, which the customer pays with."""
    return digits + luhn.calc_check_digit(digits)


def _organisation_numbers() -> Iterator[str]:
    for first in count(_FIRST_NUMBER, 13):
        for digit in "0123456789":  # mod 11: one number in eleven has none that fits
            if orgnr.is_valid(f"{first}{digit}"):
                yield f"{first}{digit}"
