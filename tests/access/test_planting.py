import pytest
from .planting import plant
@pytest.mark.django_db
def test_it():
    rows = plant("310000000", "Furuly", "EDELMERKE", "ada")
    print({m._meta.label for m in rows})
