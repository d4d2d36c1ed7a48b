"""Orders of widgets: new ones find their place, what one does not see keeps its own, and one step is one step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.order import moved, placed, rearranged

KEYS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@pytest.mark.parametrize(
    ("stored", "known", "wanted"),
    [
        ("", "abc", "abc"),
        ("cab", "abc", "cab"),
        ("cab", "abxc", "cabx"),  # after the one it comes after by default
        ("cab", "xabc", "xcab"),  # and before all where it comes first
        ("cab", "abcxy", "cxyab"),
        ("zcab", "abc", "zcab"),  # one that is gone for now keeps its place
    ],
)
def test_a_new_widget_stands_where_it_stands_by_default(stored, known, wanted):
    assert "".join(placed(stored, known)) == wanted


@given(KEYS, KEYS)
def test_placing_loses_nothing_and_disturbs_nothing(stored, known):
    order = placed(stored, known)
    assert sorted(order) == sorted(set(stored) | set(known))
    assert [key for key in order if key in stored] == stored


def test_what_one_does_not_see_keeps_its_place():
    assert rearranged(["a", "X", "b", "Y", "c"], ["c", "a", "b"]) == ["c", "X", "a", "Y", "b"]


@given(st.permutations("abcdef"), st.data())
def test_rearranging_does_as_told_and_leaves_the_rest(order, data):
    wanted = data.draw(st.lists(st.sampled_from(order), unique=True))
    found = rearranged(order, wanted)
    assert [key for key in found if key in wanted] == wanted
    assert all(was == key for was, key in zip(order, found, strict=True) if key not in wanted)


@pytest.mark.parametrize(
    ("key", "past", "wanted"), [("c", "b", "acbd"), ("b", "c", "acbd"), ("d", "a", "dabc"), ("a", "d", "bcda")]
)
def test_a_move_goes_just_past_the_other(key, past, wanted):
    assert "".join(moved("abcd", key, past)) == wanted
