"""The table of exchange rates, and `add_rate`."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from access.models import AuditEntry
from access.tenancy import client_scope
from accounting.models import ExchangeRate
from accounting.services.rates import RateImpossible, RateMissing, in_base, rate_on, set_rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(make_client):
    found = make_client()
    with client_scope(found):
        yield found


def run(*arguments):
    """(exit code, standard output, standard error)"""
    out, err = StringIO(), StringIO()
    try:
        call_command("add_rate", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def rates(client):
    rows = ExchangeRate.objects.for_client(client).order_by("currency", "day")
    return [(one.currency, str(one.day), str(one.rate)) for one in rows]


def audit(client):
    rows = AuditEntry.objects.for_client(client).filter(action="rate.entered").order_by("at")
    return [(one.details["before"], one.details["after"]) for one in rows]


def test_a_rate_is_entered_replaced_and_entered_again(client):
    arguments = ["eur", "2026-01-31", "11.7425", "--client", "310000000"]
    assert run(*arguments) == (0, "1 EUR = 11.7425 NOK on 2026-01-31\n", "")
    assert run(*arguments) == (0, "1 EUR = 11.7425 NOK on 2026-01-31; it was there already\n", "")
    arguments[2] = "11.8"
    assert run(*arguments)[0] == 0
    assert rates(client) == [("EUR", "2026-01-31", "11.80000000")]
    assert audit(client) == [("", "11.74250000"), ("11.74250000", "11.80000000")]


@pytest.mark.parametrize(("arguments", "said"), [
    (["EUR", "2026-01-31", "11.7", "--client", "310011118"], "there is no company 310011118: make it with add_client"),
    (["EURO", "2026-01-31", "11.7", "--client", "310000000"], "three letters, for instance EUR"),
    (["ÆØÅ", "2026-01-31", "11.7", "--client", "310000000"], "three letters, for instance EUR"),
    (["EUR", "31.01.2026", "11.7", "--client", "310000000"], "write it as 2026-01-31"),
    (["EUR", "2026-02-30", "11.7", "--client", "310000000"], "write it as 2026-01-31"),
    (["EUR", "2026-W05-6", "11.7", "--client", "310000000"], "write it as 2026-01-31"),
    (["EUR", "2026-01-31", "11,7", "--client", "310000000"], "write it as 11.7425"),
    (["EUR", "2026-01-31", "NaN", "--client", "310000000"], "a rate is more than 0"),
    (["EUR", "2026-01-31", "Infinity", "--client", "310000000"], "a rate is more than 0"),
    (["EUR", "2026-01-31", "0", "--client", "310000000"], "a rate is more than 0"),
    (["EUR", "2026-01-31", "0.000000001", "--client", "310000000"], "a rate is more than 0"),
    (["EUR", "2026-01-31", "1e10", "--client", "310000000"], "a rate is more than 0"),
    (["NOK", "2026-01-31", "1", "--client", "310000000"], "its rate is always 1"),
])  # fmt: skip
def test_what_is_no_rate(client, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and err.count("\n") == 1 and said in err
    assert (rates(client), audit(client)) == ([], [])


def test_a_negative_rate(client):
    with pytest.raises(RateImpossible):
        set_rate(client=client, currency="EUR", day=date(2026, 1, 31), rate=Decimal("-1"))


def test_the_rate_of_a_day_or_the_last_of_the_week_before_it(client):
    for day, rate in (("2026-01-23", "11"), ("2026-01-30", "12"), ("2026-02-02", "13")):
        set_rate(client=client, currency="EUR", day=date.fromisoformat(day), rate=Decimal(rate))
    set_rate(client=client, currency="SEK", day=date(2026, 1, 31), rate=Decimal("1.02"))
    found = {day: rate_on(client, "EUR", date.fromisoformat(day)) for day in ("2026-01-29", "2026-01-30", "2026-02-01")}
    assert found == {"2026-01-29": 11, "2026-01-30": 12, "2026-02-01": 12}
    assert rate_on(client, "EUR", date(2026, 2, 9)) == 13
    assert rate_on(client, "NOK", date(1999, 1, 1)) == 1
    for currency, day in (("EUR", date(2026, 2, 10)), ("EUR", date(2026, 1, 22)), ("USD", date(2026, 1, 31))):
        with pytest.raises(RateMissing, match=f"no rate for {currency} on {day}: give it with add_rate"):
            rate_on(client, currency, day)


def test_amounts_are_rounded_half_up_once():
    assert in_base(Decimal("0.05"), Decimal("0.1")) == Decimal("0.01")
    assert in_base(Decimal("-0.05"), Decimal("0.1")) == Decimal("-0.01")
    assert in_base(Decimal("100.01"), Decimal("11.7425")) == Decimal("1174.37")
