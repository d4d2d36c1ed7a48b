"""The widgets: a fourth is a line, figures are the reports' to the øre, and neither queries nor answers follow the size."""

import html
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from access.privileges import INVOICES
from access.tenancy import client_scope
from accounting.models import Customer, LedgerEntry
from accounting.reports.aged_receivables import aged_receivables
from accounting.reports.unpaid_invoices import unpaid_invoices
from dashboard.widgets import registry
from dashboard.widgets.base import Widget
from tests.accounting.factories import Books
from tests.dashboard.financed import agreement

pytestmark = pytest.mark.django_db
HOME = "/klient/310000000/"
BY_SCRIPT = {"HX-Request": "true"}
TODAY = timezone.localdate()


def days(count):
    return TODAY + timedelta(days=count)


@pytest.fixture
def company(make_client):
    return make_client()


@pytest.fixture
def books(client, company, make_member):
    client.force_login(make_member(company, "dag", "daglig_leder"))
    return Books(company)


def card(client, key, query="", number="310000000"):
    """The widget as the open page gets it: (html, its words with ordinary spaces)."""
    answer = client.get(f"/klient/{number}/dashboard/{key}{query}", headers=BY_SCRIPT)
    assert answer.status_code == 200
    page = answer.content.decode()
    return page, re.sub(r"[\s\u2009\u00a0]+", " ", html.unescape(re.sub(r"<(title|[^>]+)>", " ", page)))


def state(client, key, query=""):
    return re.search(r'data-state="(\w{16})"', card(client, key, query)[0])[1]


def amounts(page):
    """Every amount in the page that leads somewhere, as a number, with the address."""
    found = re.findall(r'<a[^>]*href="([^"]+)"[^>]*>([−\d\u2009]+,\d\d)</a>', page)
    return [
        (html.unescape(url), Decimal(text.replace("\u2009", "").replace("−", "-").replace(",", ".")))
        for url, text in found
    ]


def ledger(books):
    """Every column of the aged report, partly paid and in other currencies too."""
    books.invoice("1", days(-20), "1000.10", due=days(5))
    books.invoice("1", days(-20), "200.20", due=days(0))
    books.invoice("2", days(-60), "3000.30", due=days(-1))
    books.invoice("2", days(-90), "400.40", due=days(-31))
    partly = books.invoice("3", days(-120), "5000.50", due=days(-90))
    books.paid(partly, days(-3), "1000.00")
    books.invoice("3", days(-300), "600.60", due=days(-200))
    books.entry("4", days(-400), "700.70", kind="opening_balance")
    books.entry("4", days(-40), "80.80", kind="reminder_fee", due=days(-10))
    books.payment("5", days(-4), "90.90")
    books.credit_note("5", days(-8), "10.01", due=days(-2))
    books.invoice("6", days(-50), "1234.56", due=days(-20), currency="USD", currency_amount="100.00")


# A fourth widget


FOURTH = Widget(
    key="fourth",
    title="Nytt kort",
    about="Hva det viser.",
    privilege=INVOICES,
    template="dashboard/_unpaid_invoices.html",
    context=lambda asked: {"all": {"items": 0}, "all_url": "/", "said": asked.choices.get("hva")},
)


@pytest.fixture
def fourth(monkeypatch):
    financing, receivables, unpaid = registry.WIDGETS
    monkeypatch.setattr(registry, "WIDGETS", (financing, receivables, FOURTH, unpaid))


def test_a_fourth_widget_is_a_line(client, books, fourth):
    page = client.get(HOME).content.decode()
    assert re.findall(r'<h2 id="widget-(\w+)"', page) == ["receivables", "fourth", "unpaid_invoices"]
    assert "Hva det viser." in client.get(HOME + "dashboard/oppsett").content.decode()
    assert "Nytt kort" in card(client, "fourth")[1]
    client.post(HOME + "dashboard/fourth/endre", {"gjor": "skjul"})
    assert 'id="widget-fourth"' not in client.get(HOME).content.decode()


def test_a_widget_that_is_new_since_she_arranged_stands_where_it_does_by_default(client, books, monkeypatch):
    order = ["unpaid_invoices", "receivables", "financing"]
    client.post(HOME + "dashboard/oppsett", {"plass": order, "vis": ["receivables"], "lagre": "1"})
    financing, receivables, unpaid = registry.WIDGETS
    monkeypatch.setattr(registry, "WIDGETS", (financing, receivables, FOURTH, unpaid))
    page = client.get(HOME).content.decode()
    assert re.findall(r'<h2 id="widget-(\w+)"', page) == ["receivables", "fourth"]
    setup = client.get(HOME + "dashboard/oppsett").content.decode()
    assert re.findall(r'name="plass" value="(\w+)"', setup) == [
        "unpaid_invoices", "receivables", "fourth", "financing"
    ]  # fmt: skip


def test_a_widgets_right_decides(client, company, fourth, make_member):
    client.force_login(make_member(company, "stine", "standard"))
    assert "Nytt kort" not in client.get(HOME).content.decode()
    assert client.get(HOME + "dashboard/fourth", headers=BY_SCRIPT).status_code == 403


def test_keys_are_such_as_an_address_and_what_is_stored_can_hold():
    keys = registry.all_keys()
    assert len(set(keys)) == len(keys) and "oppsett" not in keys
    assert all(re.fullmatch(r"[a-z_]+", key) for key in keys)


# «Kundefordringer»


def test_the_figures_are_the_reports(client, company, books):
    ledger(books)
    report = books.report(aged_receivables, TODAY)["currencies"]["NOK"]
    page, _words = card(client, "receivables")
    found = amounts(page)
    wanted = [report["total"], *(one for one in report["totals"] if Decimal(one))]
    assert [amount for _url, amount in found] == [Decimal(one) for one in wanted]
    assert len(found) == 8  # every column has something


def test_every_figure_leads_to_what_it_is_made_of(client, books):
    ledger(books)
    page, _words = card(client, "receivables")
    for url, amount in amounts(page):
        behind = client.get(url + "&format=json").json()
        (part,) = behind["currencies"].values()
        assert Decimal(part["total"]) == amount, url
        assert parse_qs(urlsplit(url).query)["per"] == [TODAY.isoformat()]


def pieces(page):
    """(class, width, title) of each piece of the bar."""
    bar = re.search(r'<a class="bar".*?</a>', page, re.S)
    found = (
        re.findall(r'<svg[^>]*class="([^"]+)" width="([\d.]+)%".*?<title>(.*?)</title>', bar[0], re.S) if bar else []
    )
    return [(css, Decimal(width), title) for css, width, title in found]


def test_the_bar_has_every_piece_by_its_size_and_credits_apart(client, books):
    books.invoice("1", days(-20), "600.00", due=days(5))
    books.invoice("1", days(-60), "300.00", due=days(-1))
    books.payment("2", days(-4), "100.00")
    page, words = card(client, "receivables")
    assert pieces(page) == [
        ("age-not-due", Decimal("60.00"), "Ikke forfalt 600,00"), ("age-1", Decimal("30.00"), "1–30 300,00"),
        ("age-credit apart", Decimal("10.00"), "Åpne kreditposter −100,00"),
    ]  # fmt: skip
    assert 'aria-label="Kundefordringer etter alder: åpne rapporten"' in page
    assert "300,00 er forfalt, 37,5 % av det utestående." in words


@pytest.mark.parametrize(
    ("invoices", "credits", "total", "said", "widths"),
    [
        ([("50.00", -5)], ["80.00"], "−30,00", "50,00 er forfalt. Kundene har mer til gode enn de skylder.", [38, 62]),
        ([], ["80.00"], "−80,00", "Ingenting er forfalt. Kundene har mer til gode enn de skylder.", [100]),
        ([("80.00", -5)], ["80.00"], "0,00", "80,00 er forfalt.", [50, 50]),
        ([("80.00", -5)], ["70.00"], "10,00", "80,00 er forfalt.", [53, 47]),  # 800 % would say nothing
        ([("80.00", 5)], [], "80,00", "Ingenting er forfalt.", [100]),
    ],
)
def test_where_credits_weigh_as_much_or_more(client, books, invoices, credits, total, said, widths):
    for amount, due in invoices:
        books.invoice("1", days(-20), amount, due=days(due))
    for amount in credits:
        books.payment("2", days(-4), amount)
    page, words = card(client, "receivables")
    assert f"Utestående {total} kr" in words and said in words
    assert ("av det utestående" in words) is False
    assert [round(width) for _css, width, _title in pieces(page)] == widths
    assert ('class="figure negative"' in page.split("</dl>")[0]) == total.startswith("−")


def test_where_nothing_is_open(client, books):
    page, words = card(client, "receivables")
    assert "Ingen kunde skylder foretaket noe nå" in words and pieces(page) == []
    _page, words = card(client, "unpaid_invoices")
    assert "Alle fakturaer er betalt" in words


def test_in_a_company_that_keeps_its_books_in_another_currency(client, make_client, make_member):
    other = make_client("310011118", "Furulia Lys AS", base_currency="EUR")
    client.force_login(make_member(other, "dag", "daglig_leder"))
    Books(other).invoice("1", days(-20), "100.00", due=days(-5), currency="NOK", currency_amount="1150.00")
    _page, words = card(client, "receivables", number="310011118")
    assert "Utestående 100,00 EUR" in words and " 1 150,00 " not in words and " kr " not in words
    _page, words = card(client, "unpaid_invoices", number="310011118")
    assert "Sum forfalt 100,00" in words


# «Ubetalte fakturaer»


@pytest.mark.parametrize(
    ("query", "status", "chosen"),
    [
        ("", "forfalt", "Forfalt"), ("?ubetalte=forfalt", "forfalt", "Forfalt"),
        ("?ubetalte=ikke-forfalt", "ikke-forfalt", "Ikke forfalt"), ("?ubetalte=delbetalt", "delbetalt", "Delbetalt"),
        ("?ubetalte=omtvistet", "forfalt", "Forfalt"), ("?ubetalte=<b>", "forfalt", "Forfalt"),
    ],
)  # fmt: skip
def test_the_lines_counts_and_sums_are_the_lists(client, books, query, status, chosen):
    ledger(books)
    page, words = card(client, "unpaid_invoices", query)
    lists = {
        word: client.get(f"{HOME}fakturaer/ubetalte/?format=json&status={word}").json()["currencies"]["NOK"]
        for word in ("forfalt", "ikke-forfalt", "delbetalt")
    }
    wanted, sums = lists[status], amounts(page)
    lines = [one.replace("\u2009", "").replace(",", ".") for one in re.findall(r'<span class="figure">([^<]+)<', page)]
    assert lines == [one["open_amount"] for one in wanted["items"]]
    assert [amount for _url, amount in sums] == [Decimal(wanted["total"])]
    for label, word in (("Forfalt", "forfalt"), ("Ikke forfalt", "ikke-forfalt"), ("Delbetalt", "delbetalt")):
        assert f" {label} {len(lists[word]['items'])} " in words
    assert re.search(r'aria-current="true"\s*>([^<]+?) <span>', page)[1] == chosen
    everything = books.report(unpaid_invoices, TODAY)["currencies"]["NOK"]
    total = f"{Decimal(everything['total']):,.2f}".replace(",", " ").replace(".", ",")
    assert f"{len(everything['items'])} ubetalte fakturaer, {total}." in words
    for url, amount in sums:
        behind = client.get(url + "&format=json").json()["currencies"]["NOK"]
        assert Decimal(behind["total"]) == amount, url


def test_nine_of_them_the_longest_overdue_first(client, books):
    for number in range(1, 13):
        books.invoice(str(number), days(-100), "10.00", due=days(-number))
    page, words = card(client, "unpaid_invoices")
    assert re.findall(r">Kunde (\d+)<", page) == [str(number) for number in range(12, 3, -1)]
    assert "Forfalt 12" in words and "Sum forfalt 120,00" in words and "12 dager forfalt" in words


def test_with_nothing_overdue_it_shows_what_is_due_next(client, books):
    books.invoice("1", days(-20), "10.00", due=days(0))
    books.invoice("2", days(-20), "20.00", due=days(1))
    books.invoice("3", days(-20), "30.00", due=days(12))
    page, words = card(client, "unpaid_invoices")
    assert re.findall(r">Kunde (\d+)<", page) == ["1", "2", "3"]
    for said in ("forfaller i dag", "forfaller om 1 dag ", "forfaller om 12 dager", "Sum ikke forfalt 60,00"):
        assert said in words
    assert "Ingen ubetalte fakturaer er slik nå" in card(client, "unpaid_invoices", "?ubetalte=forfalt")[1]


def test_without_scripts_a_chip_is_a_link_to_the_dashboard(client, books):
    ledger(books)
    page = client.get(HOME).content.decode()
    url = html.unescape(re.search(r'id="unpaid-ikke-forfalt" href="([^"]+)"', page)[1])
    assert url.startswith(HOME + "?")
    assert "Sum ikke forfalt" in client.get(url).content.decode()


# What changes, and what does not


def test_the_mark_changes_with_a_figure_and_not_with_time(client, company, books):
    one = agreement(company, used="1000.00")
    ledger(books)
    before = {key: state(client, key) for key in registry.all_keys()}
    with client_scope(company):
        type(one).objects.for_client(company).update(read_at=timezone.now() - timedelta(minutes=7))
    assert "for 7 minutter siden" in card(client, "financing")[1]
    assert {key: state(client, key) for key in registry.all_keys()} == before
    with client_scope(company):
        type(one).objects.for_client(company).update(used="1000.01")
    assert state(client, "financing") != before["financing"]
    books.invoice("9", days(-20), "0.01", due=days(-5))
    assert state(client, "receivables") != before["receivables"]
    assert state(client, "unpaid_invoices") != before["unpaid_invoices"]


def test_the_page_and_the_fetch_have_the_same_mark(client, books):
    ledger(books)
    page = client.get(HOME).content.decode()
    marks = re.findall(r'data-state="(\w+)"', page)
    assert marks == [state(client, "receivables"), state(client, "unpaid_invoices")]


# Size


@pytest.mark.parametrize("count", [10, 10_000])
def test_ten_open_items_or_ten_thousand_are_as_many_queries(client, company, books, count, django_assert_num_queries):
    agreement(company)
    with client_scope(company):
        customers = Customer.objects.for_client(company).bulk_create(
            Customer(client=company, number=str(10_000 + no), name=f"Kunde {no}") for no in range(max(count // 10, 1))
        )
        LedgerEntry.objects.for_client(company).bulk_create(
            (
                LedgerEntry(
                    client=company, customer=customers[no % len(customers)], kind="invoice", entry_id=f"e{no}",
                    entry_date=days(-200), due_date=days(no % 200 - 150), amount=no + 1, open_amount=no + 1,
                    currency="NOK", currency_amount=no + 1, open_currency_amount=no + 1, voucher_number=str(no),
                    source="own",
                )
                for no in range(count)
            ),
            batch_size=2000,
        )  # fmt: skip
    client.get(HOME)
    with django_assert_num_queries(28):
        page = client.get(HOME).content.decode()
    assert f"{count * (count + 1) // 2:,}".replace(",", "\u2009") + ",00" in page
    for key, queries in (("financing", 15), ("receivables", 15), ("unpaid_invoices", 13)):
        with django_assert_num_queries(queries):
            client.get(f"{HOME}dashboard/{key}", headers={**BY_SCRIPT, "X-By-Itself": "true"})
