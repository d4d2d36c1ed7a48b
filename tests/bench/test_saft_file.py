"""The generated SAF-T file: valid, always the same, of the size that was asked for, and read without a warning."""

import pytest
from lxml import etree

from bench.saft_file import write_saft
from tests.accounting.saft_runner import run


def test_it_is_valid_by_the_schema_and_always_the_same(shared, tmp_path):
    first, second = tmp_path / "1.xml", tmp_path / "2.xml"
    for path in (first, second):
        write_saft(path, megabytes=1, customers=50)
    assert first.read_bytes() == second.read_bytes()
    assert 0.9 < first.stat().st_size / 1_000_000 < 1.1
    schema = etree.XMLSchema(etree.parse(shared / "data/schemas/Norwegian_SAF-T_Financial_Schema_v_1.30.xsd"))
    assert schema.validate(etree.parse(first)), schema.error_log.last_error


@pytest.mark.django_db
def test_its_totals_and_balances_agree(tmp_path):
    path = tmp_path / "year.xml"
    write_saft(path, megabytes=0.3, customers=20)
    summary = run(path)
    assert [one["code"] for one in summary["warnings"]] == ["assumed_matches"]
    assert summary["entries"]["created"] > 300 and summary["matches"]["created"] > 100
