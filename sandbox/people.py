"""The people of BankID test."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Person:
    """Somebody who can identify herself. `born` is what the register of signatories knows her by, beside the name."""

    sub: str
    name: str
    role: str  # a hint on the page, nothing that the bank relies on
    born: date

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
        Person("ada", "Ada Administrator", "administrator", date(1983, 6, 21)),
        Person("dag", "Dag Leder", "daglig leder", date(1975, 3, 14)),
        Person("rita", "Rita Regnskap", "regnskapsfører", date(1979, 8, 2)),
        Person("rolf", "Rolf Revisor", "revisor", date(1966, 12, 19)),
        Person("stine", "Stine Standard", "ansatt", date(1994, 4, 27)),
        Person("otto", "Otto Operatør", "drift av regnskapssystemet", date(1981, 1, 5)),
        Person("vera", "Vera Vest", "styreleder i andre foretak", date(1968, 11, 2)),
    )
}
