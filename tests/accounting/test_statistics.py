"""An import's keys are checked by looking up each, however empty the tables were when the session first planned it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounting.services.saft_import import import_saft
from tests.accounting.keys import check_keys, rows_read
from tests.accounting.ledger_files import Folder, entry, match
from tests.accounting.saft_builder import customer, saft, sale

pytestmark = pytest.mark.django_db
MANY = 6000  # with fewer PostgreSQL takes any index for as good as another


def test_a_ledger_csv(tmp_path):
    folder = Folder(tmp_path)
    folder.load([entry("a", "1.00"), entry("b", "-1.00")], [match("a", "b", "1.00")])
    check_keys()  # the session has its plans, for tables with next to nothing in them
    before = rows_read()
    half = range(MANY // 2)
    folder.load(
        [entry(f"I{no}", "1.00", number="7") for no in half] + [entry(f"P{no}", "-1.00", number="7") for no in half],
        [match(f"I{no}", f"P{no}", "1.00") for no in half],
    )
    check_keys()
    assert rows_read() - before < 25 * MANY


def test_a_saft_file(tmp_path):
    path = tmp_path / "small.xml"
    path.write_text(saft(customers=[customer()], vouchers=[sale("2026-01-05", "1.00")]))
    import_saft(path=path)
    check_keys()
    before = rows_read()
    path = tmp_path / "large.xml"
    vouchers = [sale("2026-01-05", "1.00" if no % 2 else "-1.00", number=f"{no}") for no in range(MANY)]
    path.write_text(saft(customers=[customer()], vouchers=vouchers, company="310011118"))
    import_saft(path=path)
    check_keys()
    assert rows_read() - before < 25 * MANY


def test_a_small_import_takes_none(tmp_path):
    with CaptureQueriesContext(connection) as queries:
        Folder(tmp_path).load([entry(f"I{no}", "1.00") for no in range(100)])
    assert not any("accounting_analyse" in query["sql"] for query in queries)
