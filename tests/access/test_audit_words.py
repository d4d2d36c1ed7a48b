"""Every action that the code writes into the log has words, in both languages; and details never break the page."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from access.audit_words import ACTIONS, GROUPS, Told, action_of, actions_named, register, told_of
from financing.audit_actions import TOLD
from financing.models import MessageKind

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("access", "accounting", "financing", "dashboard", "config")
# What an action's name is made of where it is put together.
MADE = {TOLD: {TOLD + kind for kind in MessageKind}}


def actions_in(source):
    """The names of actions that a file gives to write_audit; a call whose name cannot be read fails."""
    tree = ast.parse(source)
    for function in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "write_audit":
                (action,) = (one.value for one in call.keywords if one.arg == "action")
                if isinstance(action, ast.Name) and function is tree:
                    continue  # found again in its function
                yield from names(action, function, tree)


def names(node, function, tree):
    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from names(node.body, function, tree)
        yield from names(node.orelse, function, tree)
    elif isinstance(node, ast.JoinedStr):
        yield from MADE[node.values[0].value]
    elif isinstance(node, ast.Name):  # handed on: what the callers in this file say
        place = [one.arg for one in function.args.args].index(node.id)
        callers = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and called(one) == function.name]
        assert callers, f"{function.name} is called by nobody"
        for call in callers:
            yield from names(call.args[place], function, tree)
    else:
        raise AssertionError(f"cannot read the action in {ast.unparse(node)}")


def called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def written():
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "write_audit(" in source:
                for name in actions_in(source):
                    found.setdefault(name, path.relative_to(ROOT))
    return found


def test_every_action_that_the_code_writes_has_words():
    found = written()
    assert len(found) >= 25
    assert {"member.added", "member.moved", "ledger.matched", "provider.told.grant"} <= set(found)
    assert {name: str(path) for name, path in found.items() if name not in ACTIONS} == {}


def test_the_walk_reads_names_that_are_chosen_made_or_handed_on():
    source = """
def note(action, more):
    write_audit(action=action, client=more)
def act(new):
    write_audit(action="a" if new else "b")
    write_audit(action=f"provider.told.{new}")
    note("c", 1)
"""
    assert set(actions_in(source)) == {"a", "b", "c", *MADE[TOLD]}
    with pytest.raises(AssertionError, match="cannot read"):
        list(actions_in("write_audit(action=make())"))


def test_words_differ_by_language_and_every_group_is_known():
    assert {one.group for one in ACTIONS.values()} <= set(GROUPS)
    for name, one in ACTIONS.items():
        with translation.override("en"):
            english = str(one.label)
        with translation.override("nb"):
            assert str(one.label) != english, name


def test_an_action_is_registered_once():
    with pytest.raises(ValueError, match=r"sign_in has words already"):
        register("annet", {"sign_in": ("twice",)})


def test_an_action_without_words_is_called_by_its_name():
    assert action_of("not.known").label == "not.known"
    assert told_of("not.known", {"a": 1}) == []


@pytest.mark.parametrize("name", sorted(ACTIONS))
@pytest.mark.parametrize(
    "details",
    [{}, [], None, "x", {"changes": 1}, {"changes": {"a": 1}}, {"matches": [[1]]}, {"levels": []}, {"members": "x"},
     {"before": {}, "after": [], "as_of": "x", "day": 3, "sub_ledger": "x", "start": [], "reason": {}, "why": [1]}],
    ids=str,
)  # fmt: skip
def test_details_of_another_shape_break_nothing(name, details):
    for one in told_of(name, details):
        assert isinstance(one.value, str)


@pytest.mark.parametrize(
    ("name", "details", "told"),
    [
        (
            "role.changed",
            {"role": "Revisor", "changes": {"financing.use_invoice_financing": [0, 2]}, "members": 2},
            [("Rolle", None, "Revisor"), ("Fakturafinansiering", "Ingen tilgang", "Full tilgang"),
             ("Gjelder", None, "2 personer")],
        ),
        (
            "ledger.locked",
            {"before": "", "after": "2026-10-31", "reason": "Avstemt"},
            [("Låst til og med", "–", "31.10.2026"), ("Grunn", None, "Avstemt")],
        ),
        (
            "ledger.matched",
            {"matches": [["F1", "B1", "1234.50", "2026-11-01"]], "differences": [["D1", "rounding", "-0.50"]]},
            [("F1 ↔ B1", None, "1\u2009234,50, 01.11.2026"), ("Differanse ført", None, "D1, Øreavrunding, −0,50")],
        ),
        ("member.moved", {"person": "Dag", "before": "Standard", "after": "Revisor"},
         [("Person", None, "Dag"), ("Rolle", "Standard", "Revisor")]),
        ("consent.ended", {"reason": "withdrawn"}, [("Grunn", None, "Trukket tilbake")]),
        ("agreement.moved", {"from": "open", "to": "paused"}, [("Status", "Aktiv", "Pauset")]),
        ("customer.changed", {"customer": "10001", "changes": {"private_person": [False, True]}},
         [("Kunde", None, "10001"), ("Privatperson", "Nei", "Ja")]),
    ],
)  # fmt: skip
def test_what_a_line_tells_in_norwegian(name, details, told):
    with translation.override("nb"):
        assert [(str(one.label), one.before, one.value) for one in told_of(name, details)] == told


def test_many_pairs_of_a_match_are_counted():
    details = {"matches": [[f"F{n}", f"B{n}", "1.00", "2026-11-01"] for n in range(11)]}
    with translation.override("nb"):
        found = told_of("ledger.matched", details)
    assert (len(found), found[-1].value) == (9, "3 til")
    assert isinstance(found[0], Told)


def test_actions_are_found_by_what_they_are_called_in_the_readers_language():
    with translation.override("nb"):
        assert "ledger.matched" in actions_named(text="KOBLET")
        assert actions_named("filer", "koblet") == []
