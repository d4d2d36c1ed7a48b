"""How figures, shares, numbers and times are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from access.templatetags.figures import (
    age_class,
    ago,
    count,
    dashed,
    figure,
    initials,
    money,
    organisation_number,
    percent,
    share_of,
    zipped,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(("value", "written"), [
    (Decimal("1234.50"), "1\u2009234,50"), (Decimal("779957.5"), "779\u2009957,50"), (0, "0,00"), ("12", "12,00"),
    (Decimal("-20800"), "\u221220\u2009800,00"), (Decimal("-0.004"), "0,00"), (Decimal("0.005"), "0,01"), (None, ""),
    (Decimal("1234567890.12"), "1\u2009234\u2009567\u2009890,12"), (Decimal("-0.01"), "\u22120,01"),
])  # fmt: skip
def test_money(value, written):
    assert money(value) == written


@pytest.mark.parametrize(("value", "written"), [
    (Decimal("22.9"), "22,9\u00a0%"), (Decimal("-2.7"), "\u22122,7\u00a0%"), (Decimal("100.0"), "100,0\u00a0%"),
    (80, "80\u00a0%"), (Decimal("80"), "80\u00a0%"), (None, ""),
])  # fmt: skip
def test_percent(value, written):
    assert percent(value) == written


def test_share_of():
    assert share_of(Decimal("178762.50"), Decimal("779957.50")) == Decimal("22.9")
    assert share_of(Decimal(1), Decimal(0)) is None
    assert share_of(Decimal(1), Decimal(-5)) is None


@pytest.mark.parametrize(
    ("value", "written"),
    [("310000000", "310\u00a0000\u00a0000"), (310000000, "310\u00a0000\u00a0000"), ("SE55", "SE55"), (None, "")],
)
def test_organisation_number(value, written):
    assert organisation_number(value) == written


@pytest.mark.parametrize(("seconds", "written"), [
    (-5, "just now"), (59, "just now"), (60, "1 minute ago"), (4 * 60 + 59, "4 minutes ago"), (3600, "1 hour ago"),
    (23 * 3600, "23 hours ago"), (24 * 3600, "1 day ago"), (9 * 24 * 3600, "9 days ago"),
])  # fmt: skip
def test_ago(seconds, written):
    with translation.override("en"):
        assert ago(NOW - timedelta(seconds=seconds), NOW) == written


def test_ago_of_nothing_is_nothing():
    assert ago(None) == ""


@pytest.mark.parametrize(("name", "marked"), [("Dag Leder", "DL"), ("Ada Bodil Lie", "AL"), ("otto", "O"), ("", "")])
def test_initials(name, marked):
    assert initials(name) == marked


def test_a_figure_is_a_link_where_it_leads_somewhere():
    assert figure(Decimal("12.00")) == '<span class="figure">12,00</span>'
    assert figure(Decimal("12.00"), "/a?b=1&c=2") == '<a class="figure" href="/a?b=1&amp;c=2">12,00</a>'
    assert figure(Decimal("-12.00"), "/a") == '<a class="figure negative" href="/a">\u221212,00</a>'


def test_zero_is_a_dash_that_is_read_as_zero():
    shown = figure(Decimal("0.00"), "/nowhere")
    assert "href" not in shown
    assert '<span aria-hidden="true">\u2013</span>' in shown
    assert '<span class="ds-sr-only">0,00</span>' in shown
    assert "0,00" not in figure(None)


def test_rows_side_by_side():
    assert zipped(("a", "b"), (1, 2)) == [("a", 1), ("b", 2)]
    with pytest.raises(ValueError, match=r"shorter|longer"):
        zipped((1, 2), (1,))


def test_a_count_has_a_thin_space_between_thousands():
    assert (count(0), count(999), count(20_000)) == ("0", "999", "20\u2009000")


def test_every_age_has_a_colour():
    assert age_class("91+") == "age-4"
    assert age_class("whatever") == "age-none"


def test_days_are_written_with_a_dash():
    assert dashed("31-60") == "31\u201360"
    assert dashed("91+") == "91+"
