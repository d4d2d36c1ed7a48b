"""KID: its check digits as two standards and real files have them."""

import json

from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from accounting.kid import is_kid, mod10, mod11

BODIES = st.text("0123456789", min_size=1, max_size=24)


@given(BODIES)
def test_mod_10_is_luhn(body):
    assert mod10(body) == luhn.calc_check_digit(body)
    assert is_kid(body + mod10(body), check="10")
    assert not is_kid(body + str((int(mod10(body)) + 1) % 10), check="10")


@given(BODIES)
def test_mod_11_makes_the_weighted_sum_whole(body):
    found = mod11(body)
    digits = [int(one) for one in reversed(body)]
    weights = [2, 3, 4, 5, 6, 7] * 4
    whole = sum(digit * weight for digit, weight in zip(digits, weights, strict=False))
    assert (whole + (10 if found == "-" else int(found))) % 11 == 0
    assert is_kid(body + found, check="11")


def test_mod_11_writes_ten_as_a_dash():
    assert mod11("6") == "-"  # 6 x 2 = 12, 10 more make 22
    assert is_kid("6-", check="11") and is_kid("6-") and not is_kid("6-", check="10")


def test_real_payments_agree_with_the_file_that_says_which_they_keep(shared):
    told = json.loads((shared / "data" / "bank" / "EXPECTED.json").read_text())
    found = [
        one for file in told.values() for one in file.get("transactions_list", [])
        if one.get("kid") and "mod10" in one and "mod11" in one
    ]  # fmt: skip
    assert len(found) >= 20
    for one in found:
        assert is_kid(one["kid"], check="10") == one["mod10"], one
        assert is_kid(one["kid"], check="11") == one["mod11"], one


def test_the_length_that_is_agreed():
    assert is_kid("0000531", check="11", length=7)
    assert not is_kid("0000531", check="11", length=8)
    for text in ("", "1", "-", "12a4", "1" * 26, "1 2", "१२", "12\n"):
        assert not is_kid(text)
