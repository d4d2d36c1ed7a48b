"""Pages by cursor: every row once and in order, forwards and backwards; every sum is of everything."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounting.reports import position as positions
from accounting.reports.position import BadPosition, Position, read_position
from tests.accounting.factories import Books

pytestmark = pytest.mark.django_db
OPEN, AGED = (f"/klient/310000000/rapporter/{page}/" for page in ("apne-poster", "aldersfordelt"))
UNPAID = "/klient/310000000/fakturaer/ubetalte/"
PAGES = [(OPEN, {}), (OPEN, {"visning": "sammendrag"}), (OPEN, {"valuta": "original"}), (AGED, {}),
         (AGED, {"valuta": "original"}), (UNPAID, {}), (OPEN, {"status": "forfalt"})]  # fmt: skip


@pytest.fixture
def three(monkeypatch):
    """Pages of three rows."""
    monkeypatch.setattr(positions, "PAGE_ROWS", 3)


@pytest.fixture
def books(make_client):
    """Eight customers, eleven items: same due dates, none, same vouchers, a credit, euros, a number that is none."""
    books = Books(make_client())
    for number in ("9", "10", "100", "A1"):
        books.invoice(number, "2026-01-01", "100.01", due="2026-01-15", voucher_number="7")
        books.invoice(number, "2026-01-02", "10.00", due="2026-01-15", voucher_number="7")
    books.entry("9", "2025-12-31", "5.00", kind="opening_balance")
    books.payment("10", "2026-01-05", "3.00")
    for number, code in (("11", "EUR"), ("12", "SEK"), ("13", "EUR")):
        books.invoice(number, "2026-01-01", "1000.00", due="2026-02-15", currency=code, currency_amount="100.00")
    return books


@pytest.fixture
def rita(books, make_member, client):
    client.force_login(make_member(books.client, "rita", "regnskapsforer"))
    return client


def rows_of(shown):
    found = []
    for part in shown.currencies:
        for row in part.rows if hasattr(part, "rows") else part.items or part.customers:
            one = row[0] if isinstance(row, tuple) and not hasattr(row, "entry_id") else row
            found.append((part.code, getattr(one, "entry_id", one.customer_number)))
    return found


def sums_of(shown):
    return [(part.code, part.total, part.paid_after) for part in shown.currencies] + [
        shown.customer_count, shown.item_count
    ]  # fmt: skip


@pytest.mark.parametrize(("address", "query"), PAGES)
def test_forwards_and_backwards_every_row_comes_once_and_sums_are_of_everything(rita, monkeypatch, address, query):
    whole = rita.get(address, {"per": "2026-03-31", **query}).context_data["report"]
    assert not whole.around
    monkeypatch.setattr(positions, "PAGE_ROWS", 3)
    url, walked, pages = f"{address}?" + "&".join(f"{k}={v}" for k, v in {"per": "2026-03-31", **query}.items()), [], []
    while url:
        shown = rita.get(url).context_data["report"]
        assert sums_of(shown) == sums_of(whole)
        pages.append(rows_of(shown))
        assert 0 < len(pages[-1]) <= 3
        walked.append(url)
        url, last = shown.around.following, shown
    assert [row for page in pages for row in page] == rows_of(whole)
    assert len(pages) > 1
    back, url = [], last.around.previous
    while url:
        shown = rita.get(url).context_data["report"]
        back.insert(0, rows_of(shown))
        assert shown.around.following
        url = shown.around.previous
    assert [row for page in back for row in page] == [row for page in pages[:-1] for row in page]
    assert rows_of(rita.get(last.around.first).context_data["report"]) == pages[0]


def test_a_customers_subtotal_is_of_all_her_items_wherever_they_stand(rita, books, three):
    for no in range(5):
        books.invoice("9", f"2026-02-0{no + 1}", "1.00", due="2026-03-01")
    shown = rita.get(OPEN, {"per": "2026-03-31"}).context_data["report"]
    (group,) = shown.currencies[0].groups
    assert (len(group.items), group.item_count, group.others, str(group.total)) == (3, 8, 5, "120.01")
    assert "5 på andre sider" in rita.get(OPEN, {"per": "2026-03-31"}).content.decode()


def test_what_is_entered_meanwhile_moves_no_row(rita, books, three):
    first = rita.get(OPEN, {"per": "2026-03-31"}).context_data["report"]
    second = rows_of(rita.get(first.around.following).context_data["report"])
    books.invoice("1", "2026-01-01", "50.00", due="2026-01-10")
    assert rows_of(rita.get(first.around.following).context_data["report"]) == second


def test_a_file_has_every_row_whatever_page_it_was_asked_from(rita, three):
    shown = rita.get(OPEN, {"per": "2026-03-31"}).context_data
    following = shown["report"].around.following
    url = {one.label: one.url for one in rita.get(following).context_data["exports"]}["JSON"]
    assert len(json.loads(rita.get(url).content)["currencies"]["NOK"]["items"]) == 13


@pytest.mark.parametrize("address", [OPEN, AGED, UNPAID])
def test_a_page_past_the_end_says_that_nothing_is_there_and_leads_back(rita, three, address):
    keys = ("~~~",) * (2 if address == AGED else 5)
    response = rita.get(address, {"per": "2026-03-31", "etter": Position(keys).text()})
    assert response.status_code == 200
    assert rows_of(response.context_data["report"]) == []
    assert address == AGED or "Første side" in response.content.decode()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.hex()))
def test_whatever_an_address_carries_is_a_position_or_refused(text):
    try:
        found = read_position(text, "", 5)
    except BadPosition:
        return
    assert found is None or len(found.keys) == 5


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=50),
        min_size=2,
        max_size=2,
    )
)
def test_a_position_comes_back_as_it_was(keys):
    assert read_position(Position(tuple(keys)).text(), "", 2) == Position(tuple(keys))
    assert read_position("", Position(tuple(keys)).text(), 2) == Position(tuple(keys), backwards=True)
