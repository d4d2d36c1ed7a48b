"""Matching where the source does not say: by reference, by exact amount, oldest first; never beyond either side."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from accounting.matching import Item, match_customer

AMOUNTS = st.integers(-500, 500).filter(bool).map(lambda ore: Decimal(ore).scaleb(-2))
NAMES = st.sampled_from(["", "", "", "K1", "K2", "F1", "F2"])


def items(*amounts):
    return [Item(number, Decimal(amount)) for number, amount in enumerate(amounts)]


def found(*new, before=()):
    return [(one.debit, one.credit, str(one.amount), one.assumed) for one in match_customer(before, new)]


def test_exact_amount_before_age():
    assert found(*items(100, 70, -70)) == [(1, 2, "70", True)]


def test_the_oldest_of_several_of_the_same_amount():
    assert found(*items(70, 70, -70)) == [(0, 2, "70", True)]


def test_an_older_remainder_of_the_amount_comes_before_a_younger_whole():
    # 100 − 30 leaves 70 of the oldest, noted later than the whole 70
    assert found(*items(100, 70, -30, -70))[-1] == (0, 3, "70", True)


def test_oldest_first_over_several():
    assert found(*items(60, 60, -100)) == [(0, 2, "60", True), (1, 2, "40", True)]


def test_a_debit_is_matched_against_an_open_credit():
    assert found(*items(-100, 80)) == [(1, 0, "80", True)]


def test_a_reference_is_no_assumption_and_comes_first():
    first, second = Item("a", Decimal(100), invoice_number="7"), Item("b", Decimal(100), invoice_number="8", kid="88")
    payment = Item("p", Decimal(-100), kid="88")
    assert found(first, second, payment) == [("b", "p", "100", False)]


def test_a_credit_note_names_its_invoice_by_cross_reference_and_either_may_come_first():
    invoice = Item("i", Decimal(50), invoice_number="9")
    credit = Item("c", Decimal(-50), cross_reference="9")
    assert found(invoice, credit) == [("i", "c", "50", False)]
    invoice, credit = Item("i", Decimal(50), invoice_number="9"), Item("c", Decimal(-50), cross_reference="9")
    assert found(credit, invoice) == [("i", "c", "50", False)]


def test_what_a_reference_leaves_stays_open():
    invoice, other = Item("i", Decimal(50), kid="1"), Item("o", Decimal(80))
    payment = Item("p", Decimal(-70), kid="1")
    assert found(invoice, other, payment) == [("i", "p", "50", False)]
    assert payment.open_amount == Decimal(-20)


def build(rows):
    return [Item(n, amount, kid, invoice, cross) for n, (amount, kid, invoice, cross) in enumerate(rows)]


ROWS = st.lists(st.tuples(AMOUNTS, NAMES, NAMES, NAMES), max_size=25)


@given(ROWS)
def test_never_beyond_either_side_and_nothing_is_left_on_both(rows):
    entries = build(rows)
    matches = match_customer((), entries)
    used: dict[int, Decimal] = {}
    for one in matches:
        assert one.amount > 0
        used[one.debit] = used.get(one.debit, Decimal(0)) + one.amount
        used[one.credit] = used.get(one.credit, Decimal(0)) - one.amount
    for entry, (amount, *_) in zip(entries, rows, strict=True):
        assert entry.open_amount == amount - used.get(entry.key, Decimal(0))
        assert abs(entry.open_amount) <= abs(amount) and entry.open_amount * amount >= 0
    assert sum(one.open_amount for one in entries) == sum(amount for amount, *_ in rows)


@given(ROWS, st.data())
def test_cut_anywhere_it_gives_the_same(rows, data):
    """The next period's file joins on as if both had been one."""
    whole = match_customer((), build(rows))
    cut = data.draw(st.integers(0, len(rows)))
    entries = build(rows)
    first = match_customer((), entries[:cut])
    rest = [one for one in entries[:cut] if one.open_amount]
    again = [Item(one.key, one.open_amount, one.kid, one.invoice_number, one.cross_reference) for one in rest]
    assert first + match_customer(again, entries[cut:]) == whole


def test_a_hundred_thousand_entries_of_one_customer_take_seconds():
    import time

    entries = [Item(n, Decimal(100 + n % 7) * (1 if n % 2 else -1), kid=str(n // 2)) for n in range(100_000)]
    began = time.perf_counter()
    match_customer((), entries)
    assert time.perf_counter() - began < 5


def test_so_do_as_many_that_share_one_kid():
    """A customer's own KID on every invoice and every payment; all invoices first."""
    import time

    half = 50_000
    entries = [Item(n, Decimal(100 if n < half else -100), kid="4711") for n in range(2 * half)]
    began = time.perf_counter()
    assert len(match_customer((), entries)) == half
    assert time.perf_counter() - began < 5


def test_currency_shares_never_go_beyond_what_is_left_and_the_last_takes_the_rest():
    from accounting.matching import currency_share

    left, taken = Decimal("0.02"), []
    for last in (False, False, False, True):
        taken.append(
            currency_share(matched=Decimal(1), amount=Decimal(4), currency_amount=Decimal("0.02"), left=left, last=last)
        )
        left -= taken[-1]
    assert [str(one) for one in taken] == ["0.01", "0.01", "0.00", "0.00"]
