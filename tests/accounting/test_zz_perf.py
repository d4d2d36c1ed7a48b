import time, pytest
from pathlib import Path
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["many","one"])
def test_it(name):
    from accounting.services import saft_import
    t=time.time()
    s=saft_import.import_saft(path=Path(f"/tmp/saftperf/{name}.xml"))
    print(name, time.time()-t, s["entries"], s["matches"])
