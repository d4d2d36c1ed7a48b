"""Two companies that look alike, and who administers them."""

import pytest

from access.services import known_person

from .administered import as_person


@pytest.fixture
def two(make_client, make_member):
    """Ada administers the one, Vera the other; Rita keeps the books of both."""
    one, other = make_client("310000000", "Furuly Lys AS"), make_client("310011118", "Furulia Lys AS")
    for client, administrator in ((one, "ada"), (other, "vera")):
        make_member(client, administrator, "administrator")
        make_member(client, "rita", "regnskapsforer")
    make_member(other, "stine", "standard")
    return one, other


@pytest.fixture
def ada(two):
    return as_person("ada")


@pytest.fixture
def otto(two):
    known_person(subject="otto", is_superuser=True)
    return as_person("otto")
