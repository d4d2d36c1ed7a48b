"""The chain to the bank: payments come in on one screen, and on another what is unpaid and the limit follow by themselves."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.accounting.bank_files import Paid, ocr

from .test_import import ended, plain, send
from .test_onboarding import HEADER, start, with_check_digit

NUMBER = with_check_digit(7_400_000)
HOME = f"/klient/{NUMBER}/"
CARD = "#slot-financing"


@pytest.fixture(scope="module")
def company(product, tmp_path_factory):
    """Six customers who owe 50,000 each, with a KID: the bank lends 240,000 on that. Dag leads it, Ada administers it."""
    today = datetime.now(UTC).date()
    rows = [
        f"{one},{100 + one},Kunde {one} AS,{910000000 + one},invoice,{one},F{one},9000000{one},"
        f"{today - timedelta(days=5)},{today + timedelta(days=40)},NOK,50000.00,"
        for one in range(1, 7)
    ]
    books = tmp_path_factory.mktemp("books") / "entries.csv"
    books.write_text(HEADER + "\n".join(rows) + "\n")
    product.manage("import_ledger", "--client", NUMBER, "--name", "Kjedekollen Kulde AS", str(books))
    for subject, role in (("dag", "daglig_leder"), ("ada", "administrator")):
        product.manage("add_member", "--client", NUMBER, "--subject", subject, "--role", role)
    return product


def test_a_payment_file_on_one_screen_moves_the_limit_on_another(company, sign_in, shot):
    """Within ten seconds of the import's end, without a reload, and explained (issue: the chain to the bank)."""
    dag = sign_in("Dag Leder", HOME)
    window = start(dag, company, NUMBER)
    window.get_by_role("button", name="Dag Leder", exact=True).click()
    window.get_by_role("button", name="Godta og åpne konto").click(timeout=30_000)
    window.wait_for_url(company.url + "/**")
    window.close()
    dag.goto(company.url + HOME)
    expect(dag.locator(CARD)).to_contain_text("Ingenting er benyttet", timeout=20_000)
    assert "240 000,00" in plain(dag.locator(CARD).inner_text())
    unpaid = dag.locator("#slot-unpaid_invoices")
    expect(unpaid).to_contain_text(re.compile(r"Ikke forfalt\s*6"))
    dag.evaluate("document.documentElement.dataset.same = 'yes'")

    ada = sign_in("Ada Administrator", HOME + "import/")
    day = datetime.now(UTC).date().isoformat()
    paid = ocr([Paid("90000001", "50000.00", day), Paid("90000002", "50000.00", day)])
    ada.get_by_label("Velg filer").set_input_files(
        [{"name": "ocr.txt", "mimeType": "text/plain", "buffer": paid}]
    )  # fmt: skip
    send(ada)
    ended(ada, "Importert")

    expect(dag.locator(CARD)).to_contain_text("Kredittgrensen er redusert med", timeout=10_000)
    expect(dag.locator(CARD)).to_contain_text("2 poster gjort opp", timeout=10_000)
    expect(unpaid).to_contain_text(re.compile(r"Ikke forfalt\s*4"))
    said = plain(dag.locator(CARD).inner_text())
    # Four who owe 50,000: 80 % of 200,000 is lent, 80,000 less than of 300,000.
    assert "160 000,00" in said and "80 000,00" in said
    moved = [amount.replace(" ", "") for amount in re.findall(r"[+−][\d ]+,\d\d", said)]
    assert sum(int(one.replace("−", "-").replace(",", "")) for one in moved) == -8_000_000
    assert dag.evaluate("document.documentElement.dataset.same") == "yes"
    shot(dag, "chain-limit-follows")
