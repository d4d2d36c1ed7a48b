"""The exact words of the consent, by version and language. A changed word is a new version; old ones stay as they are.

These are not translations of one another in the .po files: what was shown is what was agreed, and it is kept with its hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from django.utils import formats

VERSION = "1"
SCOPE = "receivables:read"
VALID_MONTHS = 12


@dataclass(frozen=True)
class Section:
    """A heading, what it says, and a smaller note under it."""

    heading: str
    body: str
    note: str = ""


@dataclass(frozen=True)
class ConsentText:
    """What is shown and, word for word, what is stored."""

    version: str
    language: str
    lead: str
    sections: tuple[Section, ...]
    checkbox: str
    meaning: str

    @property
    def full(self) -> str:
        """All of it as plain text; this is what is kept."""
        parts = [self.lead]
        for section in self.sections:
            parts.append("\n".join(filter(None, (section.heading, section.body, section.note))))
        return "\n\n".join([*parts, self.checkbox, self.meaning])

    @property
    def sha256(self) -> str:
        """Of `full` in UTF-8, hexadecimal."""
        return hashlib.sha256(self.full.encode()).hexdigest()


def consent_text(*, client_name: str, valid_until: date, language: str) -> ConsentText:
    """The present version for this company; Norwegian unless English is asked for."""
    day = formats.date_format(valid_until, "d.m.Y")
    return _english(client_name, day) if language.startswith("en") else _norwegian(client_name, day)


def _norwegian(client_name: str, day: str) -> ConsentText:
    return ConsentText(
        VERSION,
        "nb",
        "Finansier det kundene skylder foretaket, rett fra regnskapet – uten søknadsskjema og uten at noen må gå gjennom"
        " fordringene for hånd.",
        (
            Section(
                "Hva det er",
                "Buffer er et lån med kredittgrense. Buffer regner ut en låneramme fra kundefordringene. Godtar dere"
                " tilbudet, åpnes en Bufferkonto, og dere kan overføre penger til foretakets bankkonto innenfor"
                " kredittgrensen. Grensen følger fordringene, opp og ned.",
            ),
            Section(
                "Dette får Buffer",
                "Buffer får: foretakets navn, organisasjonsnummer, regnskapsvaluta og utbetalingskonto, og for hver åpen"
                " kundepost, og for poster som er gjort opp siden sist: kundens navn, organisasjonsnummer og land,"
                " posttype, fakturanummer, datoer, beløp, valuta og kilde, og om posten er omtvistet, til inkasso,"
                " overdratt eller gjelder en nærstående eller en privatperson. For privatpersoner sendes verken navn"
                " eller fakturanummer.",
            ),
            Section(
                "Dette vises her",
                "Buffer viser kredittgrense, benyttet og tilgjengelig her for brukere med tilgang til Fakturafinansiering.",
            ),
            Section("Pris", "Pris og gebyrer står i tilbudet.", "Dere kan si nei til tilbudet."),
        ),
        "Jeg godtar at Buffer får tilgang til denne klienten",
        f"Integrasjonen mellom Buffer og {client_name} aktiveres da automatisk, og Buffer leser foretakets utestående"
        f" kundefordringer for å beregne lånerammen. Tilgangen gjelder i {VALID_MONTHS} måneder, til {day}.",
    )


def _english(client_name: str, day: str) -> ConsentText:
    return ConsentText(
        VERSION,
        "en",
        "Finance what the customers owe the company, straight from the books – with no application form, and without"
        " anybody going through the receivables by hand.",
        (
            Section(
                "What it is",
                "Buffer is a loan with a credit limit. Buffer works out a limit from the receivables. If you accept the"
                " offer, a Buffer account is opened, and you can transfer money to the company's bank account within the"
                " credit limit. The limit follows the receivables, up and down.",
            ),
            Section(
                "What Buffer gets",
                "Buffer gets: the company's name, organisation number, base currency and payout account, and for each open"
                " customer item, and for items settled since last time: the customer's name, organisation number and"
                " country, kind of item, invoice number, dates, amounts, currency and source, and whether the item is"
                " disputed, in collection, assigned, or concerns a related party or a private person. Of private persons"
                " neither name nor invoice number is sent.",
            ),
            Section(
                "What is shown here",
                "Buffer shows credit limit, used and available here to users who have access to Invoice financing.",
            ),
            Section("Price", "Price and fees are stated in the offer.", "You may say no to the offer."),
        ),
        "I accept that Buffer gets access to this client",
        f"The integration between Buffer and {client_name} is then activated automatically, and Buffer reads the"
        f" company's outstanding receivables to work out the limit. The access is valid for {VALID_MONTHS} months, until"
        f" {day}.",
    )
