"""Who may do what at every address: `python -m tests.access.matrix write` writes the table that the test holds us to.

One row for each address, method and company; one column for each kind of person; in it the status of the answer, or
«sign in» where one is sent to sign in. Companies: `own`; `own, foreign ids` (the own number in the address, every other id in
path, query and body another company's); `other`; `none` (a number that nobody has); `-` for an address that names none.
Read the difference as text before it goes in: each cell says what somebody may do to other people's money.
"""

import csv
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

TABLE = Path(__file__).with_name("matrix.csv")
ROLES = ("administrator", "daglig_leder", "regnskapsforer", "revisor", "standard")
PEOPLE = ("anonymous", *ROLES, "operator", "provider")  # the provider: with a token of the own company
HEAD = ("address", "method", "company", *PEOPLE)
FOREIGN = "own, foreign ids"
UNKNOWN_NUMBER = "987654325"

# Parts of an address that are no company's row; a new one that is must be named `<model>_id`, or stand in MODELS.
FIXED = {
    "key": "receivables", "app_label": "financing", "url": "whatever/", "object_id": "1", "day": "2026-01-02",
}  # fmt: skip
MODELS = {"access_id": "DataAccess", "entry_id": "LedgerEntry", "receipt_id": "BankReceipt", "run_id": "ImportRun"}
# What an address knows a row by where that is not its id.
KNOWN_BY = {"export_key": ("exportjob", "key"), "number": ("customer", "number")}
# What pages call other companies' rows in their filters and forms, beside the model's own name.
NAMES = {
    "Customer": ("kunde", "kunder"), "LedgerEntry": ("post", "poster", "debet", "kredit", "entry", "faktura"),
    "Role": ("rolle",), "User": ("person",), "Client": ("foretak", "company"), "Consent": ("samtykke",),
    "Match": ("act", "utligning"), "DataAccess": ("access",),
}  # fmt: skip


def read():
    """The checked-in table: {(address, method, company): {person: answer}}."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (row["address"], row["method"], row["company"]): {one: row[one] for one in PEOPLE}
            for row in csv.DictReader(file)
        }


def write(found):
    """Sorted, so that a difference shows what changed."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEAD)
        for (address, method, company), answers in sorted(found.items()):
            table.writerow([address, method, company, *(answers[one] for one in PEOPLE)])


def addresses(patterns):
    """(address as it is written, its path with {names}, the names) of every address, each once."""
    for address, _name, _view in patterns:
        path = re.sub(r"<(?:\w+:)?(\w+)>|\^?\(\?P<(\w+)>[^)]*\)\$?", lambda m: "{" + (m[1] or m[2]) + "}", address)
        path = path.replace("^", "").replace("$", "")
        assert not set("<>()?") & set(path), f"matrix.addresses cannot read {address}"
        yield "/" + address, "/" + path, re.findall(r"{(\w+)}", path)


def companies(names):
    """The rows that an address has."""
    return ("own", FOREIGN, "other", "none") if "organisation_number" in names else ("-", "-, foreign ids")


def filled(path, names, company, own, other):
    """The address itself: `own` and `other` are what was planted in the two companies."""
    rows = own if company == "own" else other
    numbers = {"own": number(own), FOREIGN: number(own), "other": number(other), "none": UNKNOWN_NUMBER}
    values = {"organisation_number": numbers.get(company)}
    by_name = {model.__name__.lower(): row for model, row in rows.items()}
    for name in set(names) - {"organisation_number"}:
        if name in FIXED:
            values[name] = FIXED[name]
            continue
        if name in KNOWN_BY:
            model, field = KNOWN_BY[name]
            values[name] = getattr(by_name[model], field)
            continue
        model = MODELS.get(name, name.removesuffix("_id").replace("_", "")).lower()
        assert model in by_name, f"say in matrix.MODELS or matrix.FIXED what <{name}> of {path} is"
        values[name] = by_name[model].pk
    return path.format(**values)


def number(rows):
    return next(row.organisation_number for model, row in rows.items() if model.__name__ == "Client")


def foreign(rows):
    """Every id of another company under every name that a page of ours might take it by; never a text of it."""
    found = {"organisation_number": number(rows), "orgnr": number(rows)}
    for model, row in rows.items():
        for name in (model._meta.model_name, f"{model._meta.model_name}_id", *NAMES.get(model.__name__, ())):
            found[name] = str(row.pk)
    return found


def answer_of(answer):
    """How a cell says it."""
    target = answer.get("Location", "")
    if answer.status_code == 302 and target.startswith(("/innlogging/?", "/admin/login/?")):
        return "sign in"
    return str(answer.status_code)


@contextmanager
def undone():
    """Whatever is done in here to the database is not done afterwards."""
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asked(browser, method, path, ids):
    """One request, with `ids` in query and body. A body that is streamed is read, since a page may fail late."""
    query = "?" + urlencode(ids) if ids else ""
    send = browser.get if method == "GET" else browser.post
    answer = send(path + query, *([] if method == "GET" else [ids]))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer, body


def differences(held, found):
    """What is otherwise than the table says, one line each."""
    told = [
        f"no row for {' '.join(key)}: python -m tests.access.matrix write" for key in sorted(found.keys() - held.keys())
    ]
    told += [f"no such address any more: {' '.join(key)}" for key in sorted(held.keys() - found.keys())]
    for key in sorted(found.keys() & held.keys()):
        told += [
            f"{' '.join(key)}: {person} gets {found[key][person]}, the table says {held[key][person]}"
            for person in PEOPLE
            if found[key][person] != held[key][person]
        ]
    return told


if __name__ == "__main__":
    if sys.argv[1:] != ["write"]:
        sys.exit(__doc__)
    test = Path(__file__).with_name("test_matrix.py")
    command = [sys.executable, "-m", "pytest", str(test), "-q", "-k", "table_says"]
    sys.exit(subprocess.run(command, env=os.environ | {"WRITE_MATRIX": "1"}, check=False).returncode)
