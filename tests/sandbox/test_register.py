"""Who may sign: the register's answers read as Brønnøysund's service gives them, and looked up again when it counts."""

import json
import re
from pathlib import Path

import pytest

from sandbox import register
from sandbox.people import PEOPLE

from .conftest import ROOT, Person

SHAPE = ROOT.parent / "shared" / "data" / "brreg" / "fullmakt_shape.json"


def said(case, person, *signed):
    found = register.authority(register.answer("900000000", case), set(signed), person)
    return found.verdict, found.basis, found.missing


@pytest.mark.parametrize(
    ("case", "person", "signed", "expected"),
    [
        ("unknown", "rolf", (), ("enough", "signature", ())),
        ("", "rolf", (), ("enough", "signature", ())),  # of a company that the register does not know
        ("alone", "dag", (), ("enough", "signature", ())),
        ("alone", "vera", (), ("none", "", ())),
        ("other_alone", "dag", (), ("none", "", ())),
        ("jointly", "dag", (), ("missing", "signature", ("Vera Vest",))),
        ("jointly", "vera", ("dag",), ("enough", "signature", ())),
        ("jointly", "dag", ("dag",), ("missing", "signature", ("Vera Vest",))),
        ("jointly", "ada", ("dag",), ("none", "", ())),
        ("two_of_board", "dag", (), ("missing", "signature", ("Ada Administrator", "Vera Vest"))),
        ("two_of_board", "ada", ("vera",), ("enough", "signature", ())),
        ("two_of_board", "rita", ("vera", "dag"), ("none", "", ())),
        ("procuration", "dag", (), ("enough", "procuration", ())),
        ("procuration", "vera", (), ("enough", "signature", ())),
        ("procuration", "ada", (), ("none", "", ())),
        ("nobody", "dag", (), ("none", "", ())),
        ("free_text", "dag", (), ("unresolved", "", ())),
        ("no_combination", "dag", (), ("unresolved", "", ())),
        ("silent", "dag", (), ("silent", "", ())),
        ("bankrupt", "dag", (), ("closed", "", ())),
        ("winding_up", "dag", (), ("closed", "", ())),
        ("forced_winding_up", "dag", (), ("closed", "", ())),
    ],
)
def test_what_the_register_says(case, person, signed, expected):
    assert said(case, person, *signed) == expected


def test_the_console_offers_every_answer_and_no_other():
    kept = json.loads((ROOT / "sandbox" / "register.json").read_text())
    assert set(register.CASES) == {"", "unknown", *kept["cases"]}
    assert set(kept["companies"]) == {"310000000", "310011118", "310022225"}


def changed(case, **flags):
    found = json.loads(json.dumps(register.answer("900000000", case)))
    found["enhet"] |= flags
    return found


def test_flags_are_texts_and_false_is_not_true():
    for flag in ("konkurs", "underAvvikling", "underTvangsavviklingEllerTvangsopplosning"):
        assert not register.is_closed(changed("alone", **{flag: "false"}))
        assert register.is_closed(changed("alone", **{flag: "true"}))


def test_a_namesake_born_on_another_day_is_somebody_else():
    answer = changed("alone")
    one = answer["signatur"]["signeringsKombinasjon"]["kombinasjon"][0]["personRolleKombinasjon"][0]
    assert register.authority(answer, set(), "dag").enough  # though the register writes DAG LEDER
    one["fodselsdato"] = "15.03.1975"
    assert register.authority(answer, set(), "dag").verdict == "none"


def test_a_combination_number_begins_anew_for_each_rule():
    """STYR 1 and R0012 1 are two combinations; parts with one and the same key are one."""
    answer = changed("jointly")
    pair = answer["signatur"]["signeringsKombinasjon"]["kombinasjon"][0]
    vera, dag = pair["personRolleKombinasjon"]
    split = [pair | {"personRolleKombinasjon": [vera]}, pair | {"personRolleKombinasjon": [dag]}]
    answer["signatur"]["signeringsKombinasjon"]["kombinasjon"] = split
    assert register.authority(answer, set(), "dag").missing == ("Vera Vest",)
    split[1] |= {"kode": "STYR"}
    assert register.authority(answer, set(), "dag").enough


def shape(value):
    """The names and kinds of a JSON value, without what it says."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_our_answers_have_the_shape_of_the_service():
    if not SHAPE.exists():
        pytest.skip("needs ../shared/data/brreg beside the project")
    theirs = json.loads(SHAPE.read_text())
    real = theirs["signatur"]
    for case, key in (("two_of_board", "signatur"), ("procuration", "prokura")):
        answer = register.answer("900000000", case)
        for part in ("status", "signeringsGrunnlag", "signeringsKombinasjon"):
            assert shape(answer[key][part]) == shape(real[part]), (case, part)
        assert shape(answer["enhet"]) == shape(real["enhet"])
    none = register.answer("900000000", "alone")["prokura"]
    assert set(none) == {"status", "signeringsGrunnlag"}
    assert none["signeringsGrunnlag"]["kode"] == theirs["prokura_none"]["signeringsGrunnlag"]["kode"] == "SI"
    codes = {name for group in theirs["role_codes"].values() for name in group} | set(theirs["role_codes"]["roles"])
    used = set(re.findall(r'"rolle": \{"kode": "(\w+)"', Path(ROOT / "sandbox" / "register.json").read_text()))
    assert used and used <= codes


def test_the_register_knows_the_people_of_bankid_by_the_same_day_of_birth():
    text = (ROOT / "sandbox" / "register.json").read_text()
    written = {
        (name.casefold(), born) for born, name in re.findall(r'"fodselsdato": "([\d.]+)",\s*"navn": "([^"]+)"', text)
    }
    for one in PEOPLE.values():
        assert {born for name, born in written if name == one.name.casefold()} <= {one.born.strftime("%d.%m.%Y")}
    assert {"dag leder", "vera vest", "ada administrator"} <= {name for name, _ in written}


# At the bank


@pytest.mark.parametrize(
    ("case", "sub", "status", "basis", "missing", "page"),
    [
        ("alone", "dag", "offered", "signature", [], "Låneramme"),
        ("jointly", "dag", "awaiting_cosigner", "signature", ["Vera Vest"], "signeres i fellesskap"),
        ("two_of_board", "dag", "awaiting_cosigner", "signature", ["Ada Administrator", "Vera Vest"], "i fellesskap"),
        ("procuration", "dag", "offered", "procuration", [], "Låneramme"),
        ("nobody", "dag", "authority_missing", None, [], "Du kan ikke signere"),
        ("free_text", "dag", "authority_unresolved", None, [], "Banken må avklare fullmakten"),
        ("no_combination", "dag", "authority_unresolved", None, [], "Banken må avklare fullmakten"),
        ("silent", "dag", "identified", None, [], "Vi slår opp hvem som kan signere"),
        ("bankrupt", "dag", "rejected", None, [], "konkurs eller under avvikling"),
        ("winding_up", "vera", "rejected", None, [], "konkurs eller under avvikling"),
    ],
)
def test_each_answer_at_sign_in(bank, person, case, sub, status, basis, missing, page):
    company = bank.company()
    bank.facts(company.number, register=case)
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], sub)
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["authority_basis"], found["missing_signatories"]) == (status, basis, missing)
    assert page in person.text
    if status == "rejected":
        assert (found["reason"], found["retry_after"]) == ("bankruptcy_registered", None)
    if status != "offered":
        assert company.codes and not company.reads  # nothing was redeemed, nothing read


def test_a_silent_register_is_asked_again(bank, person):
    company = bank.company()
    bank.facts(company.number, register="silent")
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], "dag")
    assert person.answer.headers["Refresh"] == "3"
    assert bank.onboarding(begun["id"])["status"] == "identified"
    bank.facts(company.number, register="alone")
    bank.until(lambda: bank.onboarding(begun["id"])["status"] == "offered")  # by the clock, nobody pressing anything


def test_authority_is_looked_up_again_at_every_draw_and_termination(bank):
    company = bank.company()
    bank.facts(company.number, register="alone")
    agreement, _ = bank.opened(company)
    manager = bank.manage(agreement)
    manager.press("Overfør til bedriften", amount="1000")
    bank.facts(company.number, register="other_alone")  # Dag is out of the register, his session still open
    page = manager.answer.text
    manager.press("Overfør til bedriften", amount="1000")
    assert manager.answer.status_code == 403 and "verken signaturrett eller fullmakt" in manager.text
    assert bank.agreement(agreement)["credit"]["used"] == "1000.00"
    ending = Person(bank)
    ending.session, ending.answer = manager.session, manager.answer
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    ended = ending.session.post(
        f"{bank.url}/konto/{agreement}/si-opp",
        data={"csrfmiddlewaretoken": token},
        headers={"Origin": bank.url},
        timeout=10,
    )
    assert ended.status_code == 403 and bank.agreement(agreement)["status"] == "open"
    for case, words in (
        ("jointly", None), ("free_text", "kan ikke svare på"), ("silent", "svarer ikke nå"), ("bankrupt", "konkurs"),
    ):  # fmt: skip
        bank.facts(company.number, register=case)
        refused = bank.manage(agreement)
        assert refused.answer.status_code == 403
        assert words is None or words in refused.text
    bank.facts(company.number, register="jointly")
    assert "bare handle sammen med Vera Vest" in bank.manage(agreement).text
    bank.facts(company.number, register="other_alone")
    vera = bank.manage(agreement, "vera")
    vera.press("Overfør til bedriften", amount="500")
    assert bank.agreement(agreement)["credit"]["used"] == "1500.00"


def test_authority_is_looked_up_again_when_the_offer_is_answered(bank, person):
    company = bank.company()
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], "dag")
    bank.facts(company.number, register="other_alone")
    person.press("Godta og åpne konto")
    assert person.answer.status_code == 403 and bank.onboarding(begun["id"])["status"] == "offered"


def test_one_whom_the_bank_let_sign_may_act_while_the_register_cannot_say(bank, person):
    company = bank.company()
    bank.facts(company.number, register="free_text")
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], "rita")
    bank.act(begun["id"], "avklar")
    person.open(f"/soknad/{begun['id']}/")
    person.press("Godta og åpne konto", follow=False)
    agreement = bank.onboarding(begun["id"])["agreement_id"]
    assert "Kredittgrense" in bank.manage(agreement, "rita").text
    assert bank.manage(agreement, "dag").answer.status_code == 403
    bank.facts(company.number, register="alone")  # now it can, and it is not Rita
    assert bank.manage(agreement, "rita").answer.status_code == 403
    assert "Kredittgrense" in bank.manage(agreement, "dag").text


def test_the_bank_says_no_once_a_person_has_looked(bank, person):
    company = bank.company()
    bank.facts(company.number, register="no_combination")
    begun = bank.begin(company)
    person.sign_in(begun["link"]["url"], "rita")
    bank.act(begun["id"], "avsla", reason="")
    found = bank.onboarding(begun["id"])
    assert (found["status"], found["reason"], found["retry_after"]) == ("rejected", None, None)
