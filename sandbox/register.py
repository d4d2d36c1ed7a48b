"""The register of signatories, with answers shaped like Brønnøysund's Fullmakt service: may this person bind the company?

register.json holds the companies that it knows, and the answers that the console can choose for any company. Persons are
told apart by name and date of birth, as in the open answers; nobody's national identity number is in it.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox.people import PEOPLE, Person

# What the console can choose, in the order in which it offers them; keys of register.json's `cases`, but for the first two.
CASES = {
    "": "som registeret har det",
    "unknown": "foretaket er ikke registrert: hvem som helst kan signere alene",
    "alone": "Dag Leder har signatur alene",
    "other_alone": "Vera Vest har signatur alene",
    "jointly": "Dag Leder og Vera Vest har signatur i fellesskap",
    "two_of_board": "to av Dag, Vera og Ada i fellesskap (eller en som ikke er i testbanken, alene)",
    "procuration": "Dag Leder har prokura, Vera Vest signatur",
    "nobody": "ingen i testbanken har signatur eller prokura",
    "free_text": "kan ikke avgjøres: regelen er fritekst (regelStatus RI)",
    "no_combination": "kan ikke avgjøres: kombinasjonen mangler (kombinasjonStatus IK)",
    "silent": "registeret svarer ikke nå (rutineStatus FEIL)",
    "bankrupt": "foretaket er konkurs",
    "winding_up": "foretaket er under avvikling",
    "forced_winding_up": "foretaket er under tvangsavvikling",
}
_FLAGS = ("konkurs", "underAvvikling", "underTvangsavviklingEllerTvangsopplosning")
_BASES = (("signatur", "signature"), ("prokura", "procuration"))

Somebody = tuple[str, str]  # name in lower case, date of birth as the register writes it


@dataclass(frozen=True)
class Authority:
    """What the register says of a person. `verdict`: enough, missing (others must sign too), none, unresolved (it cannot
    be decided by machine), silent (it did not answer; ask again) or closed (bankrupt or being wound up)."""

    verdict: str
    basis: str = ""
    missing: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        return self.verdict == "enough"


@lru_cache(maxsize=1)
def _kept() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "register.json").read_text(encoding="utf-8"))


def names() -> dict[str, str]:
    """Organisation number and name of the companies that the register knows by itself."""
    return {number: answer["enhet"]["navn"] for number, answer in _kept()["companies"].items()}


def answer(organisation_number: str, case: str = "") -> dict[str, Any] | None:
    """The register's answer, `case` being what the console chose for this company; None where it knows no such company."""
    if case == "unknown":
        return None
    if not case:
        return _kept()["companies"].get(organisation_number)
    found = _kept()["cases"][case]
    return found | {"enhet": found["enhet"] | {"organisasjonsnummer": organisation_number}}


def is_closed(found: dict[str, Any] | None) -> bool:
    """Bankrupt, or being wound up. The service writes its flags as the texts "true" and "false"."""
    return found is not None and any(found["enhet"].get(flag) == "true" for flag in _FLAGS)


def authority(found: dict[str, Any] | None, signed: set[str], person: str) -> Authority:
    """Whether those who have signed (`sub`), with this person, may bind the company: by signatur, else by prokura.

    A company that the register does not know may be signed for by anybody alone.
    """
    if found is None:
        return Authority("enough", "signature")
    if is_closed(found):
        return Authority("closed")
    verdicts = [(_judged(found[kind], kind, signed, person), basis) for kind, basis in _BASES]
    for wanted in ("enough", "silent", "missing", "unresolved"):
        for (verdict, missing), basis in verdicts:
            if verdict == wanted:
                return Authority(verdict, basis if verdict in ("enough", "missing") else "", missing)
    return Authority("none")


def _judged(right: dict[str, Any], kind: str, signed: set[str], person: str) -> tuple[str, tuple[str, ...]]:
    """(verdict, who is missing) by one kind of right."""
    status = {key: part.get("kode") for key, part in right["status"].items()}
    if status["rutineStatus"] != "OK":
        return "silent", ()
    if kind == "prokura" and right["signeringsGrunnlag"]["kode"] == "SI":
        return (
            "none",
            (),
        )  # nobody has prokura; signatur there always is, by law, though the register may not tell whose
    if (status["kombinasjonStatus"], status["regelStatus"]) != ("OK", "RF"):
        return "unresolved", ()
    me = _key(PEOPLE[person])
    have = {_key(PEOPLE[sub]) for sub in signed} | {me}
    fitting = [one for one in _combinations(right) if me in one]
    if not fitting:
        return "none", ()
    least = min(len(one.keys() - have) for one in fitting)
    if not least:
        return "enough", ()
    nearest = [one for one in fitting if len(one.keys() - have) == least]
    return "missing", tuple(sorted({name for one in nearest for key, name in one.items() if key not in have}))


def _combinations(right: dict[str, Any]) -> list[dict[Somebody, str]]:
    """Sets of people that suffice, with their names. kombinasjonsId begins anew for each kode, so that both are the key."""
    found: dict[tuple[str, str], dict[Somebody, str]] = {}
    for one in right["signeringsKombinasjon"]["kombinasjon"]:
        people = found.setdefault((one["kode"], one["kombinasjonsId"]), {})
        for part in one["personRolleKombinasjon"]:
            key = (_plain(part["navn"]), part["fodselsdato"])
            people[key] = _known_name(key) or part["navn"]
    return list(found.values())


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _key(person: Person) -> Somebody:
    return _plain(person.name), _written(person.born)


def _written(day: date) -> str:
    """dd.mm.yyyy, which is how this service writes a date of birth."""
    return day.strftime("%d.%m.%Y")


def _known_name(key: Somebody) -> str:
    return next((one.name for one in PEOPLE.values() if _key(one) == key), "")
