"""Hostile files through `import_invoices`: refused in one line, cheaply, and nothing is stored."""

import resource

import pytest

from access.services import create_client
from tests.accounting.ehf_builder import NUMBER, Invoices
from tests.accounting.test_xml_door import HOSTILE, bytes_of


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_by_the_command(tmp_path, name):
    create_client(organisation_number=NUMBER, name="Furuly Lys AS")
    invoices = Invoices(tmp_path)
    path = invoices.folder / "hostile.xml"
    path.write_bytes(bytes_of(HOSTILE[name][0]))
    began = resource.getrusage(resource.RUSAGE_SELF)
    assert "hostile.xml:" in invoices.refused_files(path)
    ended = resource.getrusage(resource.RUSAGE_SELF)
    assert (ended.ru_utime + ended.ru_stime) - (began.ru_utime + began.ru_stime) < 2
