"""The words of the consent: those that were agreed on, true to what is sent, and never changed without a new version."""

from datetime import date

import pytest

from financing.consent_text import VERSION, consent_text
from financing.services.onboarding import ask_bank

from .reading import add_entry, get
from .test_onboarding import begin

DAY = date(2027, 11, 24)
# A changed word is a new version: raise VERSION, and put the new hashes here.
HASHES = {
    ("2", "nb", "first"): "15a706f07237c213faf3853d53a4851651648b224c6a71edaf6c6be6be7a890c",
    ("2", "nb", "renewal"): "506aafc566b5317b87583e91134cb66f80102fbe522051296968b3b986e117b2",
    ("2", "nb", "reconnect"): "8190c186db14921b5e6a959ace6ba0af7e2823a0ff104c30de766dc66b0039f8",
    ("2", "en", "first"): "cd9aa7baf6bb4f44a3c432d54f6ae53a8f4cc651f348c95942a08832248b2860",
    ("2", "en", "renewal"): "1bc416bdbdd83522c1f9866d0fdcf8e10acd8272f06ecb385a7eb1b32513cd87",
    ("2", "en", "reconnect"): "f5e48b894e65553312ccbe96552088e2294ca4aed9d34d40685e4d24ab8c8049",
}


def text(language="nb", occasion="first"):
    return consent_text(client_name="Furuly Lys AS", valid_until=DAY, language=language, occasion=occasion)


@pytest.mark.parametrize(("version", "language", "occasion"), HASHES)
def test_no_word_of_a_version_changes(version, language, occasion):
    found = text(language, occasion)
    assert found.version == VERSION == version
    assert found.sha256 == HASHES[version, language, occasion]


@pytest.mark.parametrize("occasion", ["first", "renewal", "reconnect"])
def test_the_agreed_sentences_stand_word_for_word(occasion):
    words = text(occasion=occasion).full
    for sentence in (
        "Buffer får: foretakets navn, organisasjonsnummer, regnskapsvaluta og utbetalingskonto, og for hver åpen kundepost,"
        " og for poster som er gjort opp siden sist: kundens navn, organisasjonsnummer og land, posttype, fakturanummer,"
        " datoer, beløp, valuta og kilde, og om posten er omtvistet, til inkasso, overdratt eller gjelder en nærstående"
        " eller en privatperson. For privatpersoner sendes verken navn eller fakturanummer.",
        "Pris og gebyrer står i tilbudet.",
        "Buffer viser kredittgrense, benyttet og tilgjengelig her for brukere med tilgang til Fakturafinansiering.",
        "Jeg godtar at Buffer får tilgang til denne klienten",
        "Tilgangen gjelder i 12 måneder, til 24.11.2027. Du kan trekke den tilbake når som helst under Innstillinger ›"
        " Fakturafinansiering.",
        "Tjenestetilbyder Buffer, levert av Sparebanken Vest",
    ):
        assert sentence in words


def test_the_tick_means_automatic_activation_and_access_to_the_receivables():
    assert (
        "Integrasjonen mellom Buffer og Furuly Lys AS aktiveres da automatisk, og Buffer leser foretakets utestående"
        " kundefordringer for å beregne lånerammen." in text().meaning
    )


# Each field that leaves us, and the words of the text that name it.
NAMED = {
    "id": "nummer fra dette systemet", "debtor": "kundens navn", "debtor.id": "kunde følger et nummer",
    "debtor.name": "kundens navn", "debtor.organisation_number": "organisasjonsnummer og land",
    "debtor.country": "organisasjonsnummer og land", "debtor.private_person": "en privatperson", "kind": "posttype",
    "invoice_number": "fakturanummer", "entry_date": "datoer", "due_date": "datoer",
    "due_date_assumed": "om forfallsdatoen er antatt", "amount": "beløp", "open_amount": "beløp", "currency": "valuta",
    "currency_amount": "beløp, valuta", "source": "kilde", "in_collection": "til inkasso", "disputed": "omtvistet",
    "assigned": "overdratt", "related_party": "en nærstående", "changed_at": "datoer",
    "organisation_number": "foretakets navn, organisasjonsnummer", "name": "foretakets navn",
    "base_currency": "regnskapsvaluta",
}  # fmt: skip


@pytest.mark.django_db
def test_the_text_names_everything_that_is_read_and_nothing_that_is_not(company, token):
    add_entry(company, "1001", 1250, organisation_number="310001015", due_date=date(2026, 2, 1))
    (item,) = get("receivables", token).json()["items"]
    sent = {*item, *(f"debtor.{name}" for name in item["debtor"]), *get("company", token).json()}
    assert sent == set(NAMED)
    words = " ".join(one.body + " " + one.note for one in text().sections)
    for field, name in NAMED.items():
        assert name in words, field


@pytest.mark.django_db
@pytest.mark.parametrize("account", ["", "12345678903"])
def test_the_payout_account_is_sent_where_it_is_registered_here(company, dag, application, bank, account):
    company.bank_account = account
    company.save()
    ask_bank(client=company, begun=begin(company, dag))
    (call,) = bank.calls("POST", "/v1/onboardings")
    assert call["body"]["payout_account"] == (account or None)
    # What else goes with the request are addresses and numbers of the connection itself, and nothing about a person.
    assert set(call["body"]) == {
        "reference", "organisation_number", "organisation_name", "payout_account", "return_url", "state", "webhook_url",
        "grant",
    }  # fmt: skip
