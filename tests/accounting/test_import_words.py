"""The services' English messages are known again by their form, so that the page can say them in Norwegian."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.utils import translation

from accounting import import_words
from accounting.import_words import in_words

HAS_DOCUMENTS = all(find_spec(f"accounting.services.{one}_import") for one in ("invoice", "payment"))
ROOT = Path(import_words.__file__).parent


@pytest.mark.parametrize(
    ("message", "norwegian"),
    [
        ("the file is empty: export it anew", "Filen er tom: eksporter den på nytt"),
        ("line 12", "Linje 12"),
        ("e1 is held with another amount: posted books do not change, so correct it by a new entry and export anew",
         "e1 er ført her med noe annet (beløp): bokførte poster endres ikke, så rett med en ny post og eksporter på nytt"),
        ("the file is XML of another kind (html), which cannot be imported: give one of SAF-T, EHF, OCR giro, camt.053,"
         " camt.054 and the ledger CSV",
         "Filen er XML av et annet slag (html), som ikke kan importeres: gi SAF-T, EHF, OCR-giro, camt.053, camt.054 eller"
         " reskontro-CSV"),
        ("something that nobody has translated", "something that nobody has translated"),
    ],
)  # fmt: skip
def test_a_message_in_norwegian(message, norwegian):
    with translation.override("nb"):
        assert in_words(message) == norwegian


def test_what_stands_in_a_message_is_not_read_as_a_template():
    hostile = "customer {number.__class__} of voucher {0} is not in the master files"
    with translation.override("nb"):
        assert in_words(hostile) == "Kunde {number.__class__} på bilag {0} står ikke i kundelisten"


def test_every_text_is_one_that_the_services_say():
    """Their words are looked for in the code: a message that was changed there must be changed here."""
    said = " ".join(
        re.sub(r"\s+", " ", node.value)
        for path in [*(ROOT / "imports").glob("*.py"), *(ROOT / "services").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    lost = []
    for text in import_words._MESSAGES + (import_words._OF_DOCUMENTS if HAS_DOCUMENTS else ()):
        longest = max(re.split(r"\{\w+\}", text), key=len)
        if not any(part in said for part in _halves(longest)):
            lost.append(text)
    assert lost == []


def _halves(text):
    """The text, or either half: the code may put a message together of two."""
    words = text.strip(" ,:()").split(" ")
    return [" ".join(words), " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
