"""What two items take of each other: both currencies, parts, and what the rates leave; pure."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.settling import NotMatchable, Side, settle_chosen, settle_pair

D = Decimal
ORE = D("0.01")


def side(pk, amount, *, currency="NOK", in_currency=None, on="2026-01-01", customer=1, open_amount=None, left=None):
    amount = D(amount)
    whole = abs(D(in_currency)) if in_currency is not None else abs(amount)
    return Side(
        pk=pk, customer_id=customer, entry_date=date.fromisoformat(on), currency=currency, is_debit=amount > 0,
        amount=abs(amount), currency_amount=whole,
        open_amount=abs(amount) if open_amount is None else D(open_amount),
        open_currency_amount=whole if left is None else D(left),
    )  # fmt: skip


def met(debit, credit, amount=None):
    taken, difference = settle_pair(
        debit, credit, base_currency="NOK", amount=D(amount) if amount is not None else None
    )
    told = (str(taken.amount), str(taken.debit_share), str(taken.credit_share))
    return told, (difference.side.pk, str(difference.amount)) if difference else None


def euros(pk, amount, in_euro, **more):
    return side(pk, amount, currency="EUR", in_currency=in_euro, **more)


class TestInTheClientsCurrency:
    def test_as_much_as_is_open_of_both(self):
        debit, credit = side(1, "100.00"), side(2, "-70.00")
        assert met(debit, credit) == (("70.00", "70.00", "70.00"), None)
        assert (debit.open_amount, credit.open_amount) == (D("30.00"), D("0.00"))

    def test_a_part(self):
        debit, credit = side(1, "100.00"), side(2, "-70.00")
        assert met(debit, credit, "20.00") == (("20.00", "20.00", "20.00"), None)

    @pytest.mark.parametrize("amount", ["0.00", "-1.00", "70.01"])
    def test_a_part_that_is_not_there_is_refused(self, amount):
        with pytest.raises(NotMatchable, match=r"positive|only 70\.00"):
            met(side(1, "100.00"), side(2, "-70.00"), amount)

    def test_two_customers_two_debits_and_what_is_used_up(self):
        for debit, credit, code in (
            (side(1, "1"), side(2, "-1", customer=2), "customers"), (side(1, "1"), side(2, "1"), "sides"),
            (side(1, "-1"), side(2, "-1"), "sides"), (side(1, "1", open_amount="0", left="0"), side(2, "-1"), "closed"),
        ):  # fmt: skip
            with pytest.raises(NotMatchable) as fault:
                settle_pair(debit, credit, base_currency="NOK")
            assert fault.value.code == code

    def test_items_in_two_currencies_meet_in_the_clients(self):
        euro, krone = euros(1, "1150.00", "100.00"), side(2, "-575.00")
        assert met(euro, krone) == (("575.00", "50.00", "575.00"), None)
        dollar = side(3, "-575.00", currency="USD", in_currency="-52.27")
        assert met(euro, dollar) == (("575.00", "50.00", "52.27"), None)
        assert (euro.open_amount, euro.open_currency_amount, dollar.open_currency_amount) == (0, 0, 0)


class TestInOneForeignCurrency:
    def test_a_gain_stands_on_the_payment_and_a_loss_on_the_invoice(self):
        invoice, payment = euros(1, "1150.00", "100"), euros(2, "-1170", "-100")
        assert met(invoice, payment) == (("1150.00", "100", "100"), (2, "20.00"))
        assert invoice.open_amount == payment.open_amount == payment.open_currency_amount == 0
        invoice, payment = euros(1, "1150.00", "100"), euros(2, "-1130", "-100")
        assert met(invoice, payment) == (("1130", "100", "100"), (1, "20.00"))

    def test_a_part_leaves_the_rest_at_its_own_rate(self):
        invoice = euros(1, "1150.00", "100")
        assert met(invoice, euros(2, "-472.00", "-40")) == (("460.00", "40", "40"), (2, "12.00"))
        assert (invoice.open_amount, invoice.open_currency_amount) == (D("690.00"), D(60))
        assert met(invoice, euros(3, "-660.00", "-60")) == (("660.00", "60", "60"), (1, "30.00"))
        assert (invoice.open_amount, invoice.open_currency_amount) == (0, 0)

    def test_an_ore_of_rounding_goes_with_what_closes(self):
        invoice = euros(1, "100.00", "9.00")
        for amount in ("3.00", "3.00"):
            assert met(invoice, euros(2, "-33.33", "-3.00"), amount)[0][0] == "33.33"
        assert met(invoice, euros(4, "-33.33", "-3.00")) == (("33.33", "3.00", "3.00"), (1, "0.01"))  # fmt: skip

    def test_the_same_rate_leaves_nothing(self):
        one, other = euros(1, "1150", "100"), euros(2, "-1150", "-100")
        assert met(one, other) == (("1150", "100", "100"), None)

    def test_what_is_open_in_the_clients_currency_alone_is_settled_there(self):
        left = euros(1, "1150", "100", open_amount="5.00", left="0.00")
        other = euros(2, "-5.00", "0")
        assert met(left, other) == (("5.00", "0.00", "0"), None)

    def test_what_is_worth_nothing_passes_by(self):
        tiny = side(1, "0.10", currency="JPY", in_currency="100")
        other = side(2, "-9", currency="JPY", in_currency="-1")
        krone = side(3, "-0.10")
        taken = [one[:2] for one, _ in settle_chosen([tiny], [other, krone], base_currency="NOK")]
        assert taken == [(1, 3)]


def sides():
    ore = st.integers(1, 500_000).map(lambda n: D(n) / 100)
    return st.builds(
        lambda pk, amount, debit, currency, rate, on: side(
            pk, amount if debit else -amount, currency=currency, on=str(date(2026, 1, 1) + timedelta(on)),
            in_currency=amount if currency == "NOK" else max((amount / rate).quantize(ORE), ORE),
        ),
        st.just(0), ore, st.booleans(), st.sampled_from(["NOK", "EUR", "USD"]),
        st.sampled_from([D("10.90"), D("11.37"), D("12.05")]), st.integers(0, 90),
    )  # fmt: skip


@given(st.lists(sides(), min_size=2, max_size=8))
def test_nothing_is_taken_beyond_what_is_open_and_everything_taken_is_told(chosen):
    for pk, one in enumerate(chosen):
        one.pk = pk
    before = {one.pk: (one.open_amount, one.open_currency_amount) for one in chosen}
    debits, credits = [one for one in chosen if one.is_debit], [one for one in chosen if not one.is_debit]
    met = settle_chosen(debits, credits, base_currency="NOK")
    taken = {one.pk: [D(0), D(0)] for one in chosen}
    for match, difference in met:
        assert match.amount > 0 <= match.debit_share and match.credit_share >= 0
        for pk, share in ((match.debit, match.debit_share), (match.credit, match.credit_share)):
            taken[pk][0] += match.amount
            taken[pk][1] += share
        if difference:
            assert difference.amount > 0
            taken[difference.side.pk][0] += difference.amount
    for one in chosen:
        assert one.open_amount >= 0 <= one.open_currency_amount
        assert (one.open_amount, one.open_currency_amount) == (
            before[one.pk][0] - taken[one.pk][0], before[one.pk][1] - taken[one.pk][1],
        )  # fmt: skip
        if one.open_currency_amount == 0:
            assert one.open_amount == 0
    # One side is used up, but for what is worth nothing of the other.
    assert not (sum(one.open_amount for one in debits) > D("0.12") < sum(one.open_amount for one in credits))
