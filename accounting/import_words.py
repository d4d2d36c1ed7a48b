"""What the page «Import» says of an import's outcome, in the reader's language.

The services speak English, which is what the commands print. A message is known again by its form: the texts below are
the services' own, with a name in braces for each part that changes. What is not known again is shown as it came.
"""

import re
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from accounting.imports.recognise import KNOWN_FORMATS

# What was odd, by its code (INTERFACES «Management commands»): what it means and what to do about it.
WARNINGS: dict[str, Any] = {
    "assumed_matches": gettext_lazy(
        "Some payments carry no reference. They were matched by amount or by age, are marked as assumed, and can be replaced."
    ),
    "opening_differs": gettext_lazy(
        "The file's opening balance is not the balance that we hold of that day. Look for entries that one side lacks."
    ),
    "closing_differs": gettext_lazy("A customer's closing balance is not what the file's own lines give."),
    "control_account_differs": gettext_lazy("The customers together are not the balance of the control account."),
    "header_totals_differ": gettext_lazy("The totals that the file gives of itself are not those of its lines."),
    "unknown_customer": gettext_lazy("A line names a customer who is not in the file's list of customers."),
    "line_without_customer": gettext_lazy(
        "An amount on a customers' account names no customer, so it stands in no customer's ledger."
    ),
    "customer_number_check_digit": gettext_lazy(
        "The organisation number of a customer has a wrong check digit. It is kept as written; correct it where it came from."
    ),
    "bank_account_check_digit": gettext_lazy("A bank account number is wrong and was left out."),
    "period_differs": gettext_lazy("A voucher is dated outside the period that the file says it covers."),
    "unbalanced_voucher": gettext_lazy("The debits of a voucher are not its credits."),
    "customer_repeated": gettext_lazy("A customer stands twice in the file; the balances were added."),
    "currency_not_read": gettext_lazy(
        "An amount in another currency could not be read; the amount in the company's currency counts."
    ),
    "national_identity_number": gettext_lazy(
        "A national identity number stood where it does not belong. It was not kept; take it out of the books."
    ),
    "company_name_differs": gettext_lazy("The company is known here by another name, which stays."),
    "customer_differs": gettext_lazy("The file says different things of one customer; the newest counts."),
    "entry_differs": gettext_lazy("A known entry is told differently in the file; what is held stays."),
    "held_line_differs": gettext_lazy("A line that we hold is told differently in the file; what is held stays."),
    "held_line_missing": gettext_lazy("An entry that we hold of the period is not in the file."),
    "opening_due_date": gettext_lazy("An opening balance had a due date, which it cannot have; it was left out."),
    "status_changed": gettext_lazy(
        "The file says otherwise than before whether an entry is disputed or in collection."
    ),
    "prepaid": gettext_lazy(
        "An invoice says that something was paid in advance, but no such payment stands open. What remains to pay was booked."
    ),
    "already_held": gettext_lazy("An invoice is in the books already by another file. It was not entered once more."),
    "negative_payable": gettext_lazy("An invoice has a negative amount, and was entered on the other side."),
    "corrected_invoice": gettext_lazy("An invoice corrects another, which stays open until it is credited."),
    "references_left_out": gettext_lazy(
        "A document names more invoices than can be kept. Match the last ones by hand."
    ),
    "other_account": gettext_lazy(
        "An invoice is to be paid to another account than the company's own. Find out whether the claim is sold or pledged."
    ),
    "amount_decimals": gettext_lazy("An amount has more than two decimals, and was rounded."),
    "unidentified_payment": gettext_lazy(
        "The customer of a payment is not known. It waits in «Unidentified payments» until somebody picks the customer."
    ),
    "statement_differs": gettext_lazy("A bank statement's lines do not add up to its own balances or totals."),
}

# The services' messages, word for word, with names in braces. Said of a row, they may name any of its columns.
_MESSAGES = (
    # Any file
    _("the file is empty: export it anew"),
    _("the file cannot be read ({reason}): give another"),
    _("the file is {what}, which cannot be imported: give one of {formats}"),
    _("the file is XML of another kind ({root}), which cannot be imported: give one of {formats}"),
    _("the file is of no format that is known here: give one of {formats}"),
    _("the file has a DOCTYPE, which no format that is imported here uses: export it anew without"),
    _("the text is not in the encoding that the file names, or in one that is not read: export it in UTF-8"),
    _("the text is in UTF-16: save the file as CSV in UTF-8"),
    _("the text is not UTF-8: save the file as CSV in UTF-8"),
    _("the XML is broken ({reason}): export the file anew"),
    _("the XML holds nothing: give one of {formats}"),
    _("the file is larger than {most} MB, the limit of its kind: divide it"),
    _("the file holds something dated in the closed period, through {day}: open the books, or correct the date"),
    _("whoever uploaded the file may not import here any more: ask somebody who may"),
    # Zip archives
    _("the zip archive is broken: pack the files anew"),
    _("the zip archive holds no file: pack the files anew"),
    _("the zip archive holds more than {most} files: divide it"),
    _("the zip archive holds more than {most} MB unpacked: divide it"),
    _("the zip archive holds another archive: pack the files themselves"),
    _("the zip archive has a password: pack the files without"),
    _("the zip archive is packed in a way that is not read: pack the files anew"),
    _("the zip archive is packed suspiciously tight: give the files themselves"),
    _("a file in the zip archive is larger than {most} MB: give it by itself"),
    _("a file in the zip archive names a folder outside it: pack the files anew"),
    _("the file is an Office document, which cannot be imported: save it as CSV in UTF-8"),
    # SAF-T
    _("the file is of company {number}: open Import there, or ask for access to it"),
    _("the file carries no organisation number that is right: tick that it is this company's, if you know that it is"),
    _("there is no Header before the transactions: this is not a SAF-T Financial file"),
    _("the root is not AuditFile: this is not a SAF-T Financial file"),
    _("the period {first} to {last} is missing: import it first"),
    _("the file begins {start}, before the first period that is held ({held}): older periods cannot be added"),
    _("the file is in {one}, the company keeps its books in {other}: export it in that currency"),
    # The ledger CSV
    _("the file holds matches only: give the file of entries with it"),
    _("which entries the matches belong to is not plain: give one file of entries with its matches at a time"),
    _("{entry} is held with another {what}: posted books do not change, so correct it by a new entry and export anew"),
    _("the header has no column {columns}: add it, empty where there is nothing to say"),
    _("the columns are separated by semicolons: separate them by commas"),
    _("the row has fewer than the header's {count} columns: give every column, empty where nothing is"),
    _("the row has more than the header's {count} columns: put a text that holds a comma in quotation marks"),
    _("amount {amount} is no amount: write it as 1234.50, at most two decimals and sixteen digits before the point"),
    _("{column} {value} is no date: write it as 2026-01-31"),
    _("entry_id {entry} stands on line {line} already: leave one of the two out"),
    _("the debit {entry} is not known: import its entry first"),
    _("the credit {entry} is not known: import its entry first"),
    # Warnings
    _("{count} of {all} matches are assumed, by amount or age, not by a reference"),
    _("customer {number}: the organisation number {written} has a wrong check digit or length"),
    _("customer {number}: the file closes with {said}, its opening and lines give {found}"),
    _("customer {number}: the file opens with {said}, our balance of that day is {ours}"),
    _("account {number}: the file closes with {said}, its opening and lines give {found}"),
    _("the customers together are {ours}, the control accounts {ledger}: {difference} apart"),
    _("customer {number} of voucher {voucher} is not in the master files"),
    _("{amount} on account {account} of voucher {voucher} names no customer"),
    _("voucher {voucher} is dated {day}, outside {start} to {end}"),
    _("voucher {voucher} does not balance: its debits less its credits are {difference}"),
    _("the company is known as {name}: that name stays"),
    _("{count} more of the same"),
    # Where
    _("line {line}"),
)

# Of invoices and payments.
_OF_DOCUMENTS = (
    _(
        "{what} is not issued by {number} but by {other}: only what the company has issued itself becomes a claim, so"
        " leave it out"
    ),
    _("{what} is issued to the company itself, which owes itself nothing: leave it out"),
    _("{what} is in the books with another {fields}: what is booked does not change, so credit it and issue a new one"),
    _("{what} is dated {day}, and the books are locked through {locked}: open the period first, or leave it out"),
    _("this is {what}, no sales invoice ({profile}): leave it out"),
    _("the file has a DOCTYPE, which these files do not use: export it anew without"),
    _("this is an AvtaleGiro claim file, not OCR: give the OCR file that the bank sends"),
    _("the end record is missing: the file is cut off, get it anew"),
    _("the transmission ends before its last assignment: the file is cut off"),
    _("this is not a bank file that is known: give OCR giro, camt.053 or camt.054"),
    _("this is camt.052, which tells of what is not booked yet: give camt.053 or camt.054"),
    _("the XML is broken ({reason}): get the file anew"),
)

# Parts of messages that are words themselves.
_PARTS = {
    KNOWN_FORMATS: gettext_lazy("SAF-T, EHF, OCR giro, camt.053, camt.054 and the ledger CSV"),
    "a zip archive": gettext_lazy("a zip archive"),
    "an empty zip archive": gettext_lazy("an empty zip archive"),
    "packed by gzip": gettext_lazy("packed by gzip"),
    "packed by bzip2": gettext_lazy("packed by bzip2"),
    "a 7z archive": gettext_lazy("a 7z archive"),
    "a RAR archive": gettext_lazy("a RAR archive"),
    "a PDF": gettext_lazy("a PDF"),
    "a picture": gettext_lazy("a picture"),
    "a picture or a sound": gettext_lazy("a picture or a sound"),
    "an old Office document": gettext_lazy("an old Office document"),
    "a program": gettext_lazy("a program"),
    "credit note": gettext_lazy("credit note"),
    "invoice": gettext_lazy("invoice"),
    "amount": gettext_lazy("amount"),
    "currency": gettext_lazy("currency"),
    "customer": gettext_lazy("customer"),
    "entry date": gettext_lazy("entry date"),
    "due date": gettext_lazy("due date"),
}


def in_words(message: str) -> str:
    """The service's message in the reader's language; as it came where it is not known again."""
    for pattern, text in _patterns():
        if found := pattern.fullmatch(message):
            told = gettext(text).format_map({name: _part(value) for name, value in found.groupdict().items()})
            # What a message begins with may be somebody's number: that is left as it is written.
            return told if text.startswith("{") else told[:1].upper() + told[1:]
    return message


def _part(value: str) -> str:
    if value in _PARTS:
        return str(_PARTS[value])
    for word in ("credit note", "invoice"):  # followed by its number
        if value.startswith(f"{word} "):
            return str(_PARTS[word]) + value[len(word) :]
    return value


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    # The one with the most words of its own first: «the file is {what}…» fits others too.
    texts = sorted(_MESSAGES + _OF_DOCUMENTS, key=lambda text: len(re.sub(r"\{\w+\}", "", text)), reverse=True)
    return [(_pattern(text), text) for text in texts]


def _pattern(text: str) -> re.Pattern[str]:
    literal = re.split(r"\{(\w+)\}", text)
    parts = [re.escape(one) if n % 2 == 0 else f"(?P<{one}>.{{0,400}}?)" for n, one in enumerate(literal)]
    return re.compile("".join(parts), re.DOTALL)
