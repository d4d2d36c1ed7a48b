"""The exact words of the consent, by version and language. A changed word is a new version; consents keep their own.

These are not translations of one another in the .po files: what was shown is what was agreed, and every consent keeps
it whole, with its hash. Version 1 (until 24.11.2026) said neither that the access can be taken back nor that what is
read is shown, and did not name the two small facts that the note of «Dette får Buffer» now names.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.utils import formats

VERSION = "2"
SCOPE = "receivables:read"
VALID_MONTHS = 12

# first: before there is anything. renewal: the access stands, and goes on. reconnect: it ended, and the agreement lives.
Occasion = Literal["first", "renewal", "reconnect"]


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
    occasion: Occasion
    provider_name: str
    heading: str
    lead: str
    sections: tuple[Section, ...]
    checkbox: str
    meaning: str
    purpose: str

    @property
    def data(self) -> str:
        """The categories of data, in the text's own words."""
        return self.sections[1].body

    @property
    def full(self) -> str:
        """All of it as plain text, in the order it is shown; this is what is kept."""
        parts = [self.heading, self.lead]
        for section in self.sections:
            parts.append("\n".join(filter(None, (section.heading, section.body, section.note))))
        return "\n\n".join([*parts, self.checkbox, self.meaning])

    @property
    def sha256(self) -> str:
        """Of `full` in UTF-8, hexadecimal."""
        return sha256_of(self.full)


def sha256_of(text: str) -> str:
    """The hash that is kept beside a text: of its UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def consent_text(*, client_name: str, valid_until: date, language: str, occasion: Occasion = "first") -> ConsentText:
    """The present version for this company; Norwegian unless English is asked for."""
    day = formats.date_format(valid_until, "d.m.Y")
    return (_english if language.startswith("en") else _norwegian)(client_name, day, occasion)


def _norwegian(client_name: str, day: str, occasion: Occasion) -> ConsentText:
    meaning = {
        "first": f"Integrasjonen mellom Buffer og {client_name} aktiveres da automatisk, og Buffer leser foretakets"
        " utestående kundefordringer for å beregne lånerammen.",
        "renewal": f"Integrasjonen mellom Buffer og {client_name} fortsetter uten opphold, og Buffer leser foretakets"
        " utestående kundefordringer for å beregne kredittgrensen.",
        "reconnect": f"Integrasjonen mellom Buffer og {client_name} aktiveres da automatisk på nytt, og Buffer leser"
        " foretakets utestående kundefordringer for å beregne kredittgrensen.",
    }[occasion]
    return ConsentText(
        VERSION,
        "nb",
        occasion,
        "Buffer, levert av Sparebanken Vest",
        "Tjenestetilbyder Buffer, levert av Sparebanken Vest",
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
                "Utbetalingskontoen sendes når den er registrert her. Med hver post og kunde følger et nummer fra dette"
                " systemet, og om forfallsdatoen er antatt. Buffer leser så ofte det trengs, så lenge tilgangen gjelder."
                " Alt Buffer leser, ser dere under «Hva Buffer har lest».",
            ),
            Section(
                "Dette vises her",
                "Buffer viser kredittgrense, benyttet og tilgjengelig her for brukere med tilgang til Fakturafinansiering.",
            ),
            Section(
                "Pris",
                "Pris og gebyrer står i tilbudet. Der står også om banken vil ha pant i kundefordringene. Dere kan si nei"
                " til tilbudet.",
            ),
        ),
        "Jeg godtar at Buffer får tilgang til denne klienten",
        f"{meaning} Tilgangen gjelder i {VALID_MONTHS} måneder, til {day}. Du kan trekke den tilbake når som helst under"
        " Innstillinger › Fakturafinansiering.",
        "Å beregne og følge opp lånerammen og kredittgrensen hos Buffer.",
    )


def _english(client_name: str, day: str, occasion: Occasion) -> ConsentText:
    meaning = {
        "first": f"The integration between Buffer and {client_name} is then activated automatically, and Buffer reads the"
        " company's outstanding receivables to work out the limit offered.",
        "renewal": f"The integration between Buffer and {client_name} goes on without a break, and Buffer reads the"
        " company's outstanding receivables to work out the credit limit.",
        "reconnect": f"The integration between Buffer and {client_name} is then activated again automatically, and Buffer"
        " reads the company's outstanding receivables to work out the credit limit.",
    }[occasion]
    return ConsentText(
        VERSION,
        "en",
        occasion,
        "Buffer, by Sparebanken Vest",
        "Service provider Buffer, by Sparebanken Vest",
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
                "The payout account is sent where it is registered here. With each item and customer goes a number of this"
                " system, and whether the due date is assumed. Buffer reads as often as needed while the access is valid."
                " Everything that Buffer reads is shown under “What Buffer has read”.",
            ),
            Section(
                "What is shown here",
                "Buffer shows credit limit, used and available here to users who have access to Invoice financing.",
            ),
            Section(
                "Price",
                "Price and fees are stated in the offer. So is whether the bank wants a pledge of the receivables. You may"
                " say no to the offer.",
            ),
        ),
        "I accept that Buffer gets access to this client",
        f"{meaning} The access is valid for {VALID_MONTHS} months, until {day}. You can withdraw it at any time under"
        " Settings › Invoice financing.",
        "To work out and keep up the limit offered and the credit limit at Buffer.",
    )
