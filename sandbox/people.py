"""The people of BankID test, and the register of who may sign for which company."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who can identify herself."""

    sub: str
    name: str
    role: str  # a hint on the page, nothing that the bank relies on

    @property
    def given_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def family_name(self) -> str:
        return self.name.split(" ", 1)[1]

    @property
    def email(self) -> str:
        return f"{self.sub}@example.com"


PEOPLE = {
    one.sub: one
    for one in (
        Person("ada", "Ada Administrator", "administrator"),
        Person("dag", "Dag Leder", "daglig leder"),
        Person("rita", "Rita Regnskap", "regnskapsfører"),
        Person("rolf", "Rolf Revisor", "revisor"),
        Person("stine", "Stine Standard", "ansatt"),
        Person("otto", "Otto Operatør", "drift av regnskapssystemet"),
        Person("vera", "Vera Vest", "styreleder i andre foretak"),
    )
}

# Combinations that suffice, each a set of people. A company that is not here: anybody alone.
SIGNATORIES: dict[str, tuple[frozenset[str], ...]] = {
    "310000000": (frozenset({"dag"}),),
    "310011118": (frozenset({"vera"}),),
    "310022225": (frozenset({"dag", "vera"}),),
}


@dataclass(frozen=True)
class Authority:
    """What the register says: `enough`, or who is still `missing`; neither where the person may not sign at all."""

    enough: bool
    missing: tuple[str, ...] = ()


def authority(organisation_number: str, signed: set[str], person: str) -> Authority:
    """Whether those who have signed, with this person, may bind the company (Brønnøysund's combinations)."""
    combinations = SIGNATORIES.get(organisation_number)
    if combinations is None:
        return Authority(enough=True)
    fitting = [one for one in combinations if person in one]
    if not fitting:
        return Authority(enough=False)
    have = signed | {person}
    nearest = min(fitting, key=lambda one: len(one - have))
    missing = tuple(PEOPLE[sub].name for sub in sorted(nearest - have))
    return Authority(enough=not missing, missing=missing)
