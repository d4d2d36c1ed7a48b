"""Two companies' administrators with look-alike data: whatever the admin site has, nothing of the other's is read or written."""

import re

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from access.models import Client, Role, User
from access.services import known_person
from financing.models import ProviderEvent

from .crawling import Crawl, plain
from .matrix import foreign
from .planting import plant
from .test_matrix import Writes, browser_of, fingerprint

pytestmark = pytest.mark.django_db

OWN_MARK, OTHER_MARK = "Edelgranitt", "Fremmedkvarts"


@pytest.fixture
def crawls():
    """Ada's, Vera's and the operator's way through the admin site; the rows of Ada's company and of Vera's."""
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
        own, other = plant("310000000", "Lys AS", OWN_MARK, "ada"), plant("310011118", "Lys AS", OTHER_MARK, "vera")
        ProviderEvent.objects.create(
            provider="buffer", event_id=f"msg {OTHER_MARK}", kind="agreement.updated", body="x",
            received_at=timezone.now(), next_at=timezone.now(),
        )  # fmt: skip
        known_person(subject="otto", name="Otto", is_superuser=True)
        people = {one: Crawl(browser_of(User.objects.get(subject=one))) for one in ("ada", "vera", "otto")}
        yield people, own, other


def test_nothing_of_the_others_is_read_or_written(crawls):
    people, _own, other = crawls
    it_reaches_what_there_is(people)
    nothing_of_the_others_is_on_any_page(people, other)
    nothing_is_read_or_written_by_any_address_or_form(people, other)


def it_reaches_what_there_is(people):
    """Or what it does not find would count as safe."""
    seen = {one: {re.sub(r"\d+", "N", path) for path in crawl.seen} for one, crawl in people.items()}
    assert seen["ada"] == seen["vera"]
    for path in ("roller/", "roller/ny", "roller/N/kopier", "roller/N/navn", "roller/N/slett", "personer/", "foretak/"):
        assert f"/admin/klient/N/{path}" in seen["ada"]
    assert "/admin/financing/providerevent/" in seen["otto"]
    assert any(path.startswith("/admin/financing/providerevent/N/") for path in seen["otto"])
    assert {plain(form["action"]).rsplit("/", 1)[-1] for form in people["ada"].forms} >= {"endringer", "ny", "kopier"}
    # The marks are where they can be seen by whom they are for.
    assert any(OTHER_MARK in body for _, _, body in people["vera"].bodies)
    assert any(OTHER_MARK in body for _, _, body in people["otto"].bodies)
    assert len(people["ada"].seen) >= 20


def nothing_of_the_others_is_on_any_page(people, other):
    number = other[Client].organisation_number
    for what, status, body in people["ada"].bodies:
        assert OTHER_MARK not in body and number not in body, what
        assert status < 500, what
    for what, _status, body in people["vera"].bodies:
        assert OWN_MARK not in body, what


def nothing_is_read_or_written_by_any_address_or_form(people, other):
    ada, harm = people["ada"], people["otto"]
    theirs, ids = fingerprint(other[Client]), foreign(other)
    harvested = people["vera"].values()
    for name, values in harm.values().items():
        harvested.setdefault(name, set()).update(values)
    elsewhere = {path for one in ("vera", "otto") for path in people[one].seen} - set(ada.seen)
    forms = people["vera"].forms + harm.forms
    ada.bodies.clear()
    asked = 0

    def attack(method, path, data=None):
        nonlocal asked
        asked += 1
        what, writes = f"{method} {path} {data}", Writes()

        def look():
            if writes.any:
                assert fingerprint(other[Client]) == theirs, what

        # What she sends may stand on the page that answers: so it goes without the mark, and with every id.
        sent = data and {name: value.replace(OTHER_MARK, "Avskrift") for name, value in data.items()}
        with connection.execute_wrapper(writes):
            answer, body = ada.ask(method, path.replace(OTHER_MARK, "Avskrift"), sent, look)
        assert OTHER_MARK not in body + str(answer.headers), what
        assert answer.status_code != 500, what
        return answer

    # Whatever Vera and the operator reached, as it stands.
    for path in sorted(elsewhere):
        assert attack("GET", path).status_code in (302, 403, 404), path
        attack("POST", path, ids)
    # Their forms, as they would have been sent.
    for form in forms:
        data = {name: options[0] for name, options in form["fields"].items()}
        attack("POST", plain(form["action"]), data)
    # Her own addresses, with what is theirs in the query: each name by itself, and all of them.
    for path in sorted(ada.seen):
        bare = path.split("?")[0]
        attack("GET", bare + "?" + "&".join(f"{k}={v}" for k, v in ids.items()))
        for role in Role.objects.filter(client=other[Client])[:2]:
            swapped = re.sub(r"(/roller/)\d+/", rf"\g<1>{role.pk}/", bare)
            if swapped != bare:
                assert attack("GET", swapped).status_code == 404
                assert attack("POST", swapped, {"name": "Min", "shown": "{}"}).status_code == 404
    # Her own forms, with theirs in every field: what their pages had in fields of that name, and their ids.
    for form in ada.forms:
        data = {name: options[0] for name, options in form["fields"].items()}
        attack("POST", plain(form["action"]), data | ids)
        for name in data:
            for value in sorted(harvested.get(name, set()))[:4]:
                attack("POST", plain(form["action"]), data | {name: value})
        theirs_of_it = {name: sorted(harvested.get(name, {""}))[0] for name in data}
        attack("POST", plain(form["action"]), theirs_of_it)
    # What Django's admin has for guesses.
    for path in (
        "autocomplete/",
        "jsi18n/",
        "r/1/1/",
        "access/role/",
        "access/client/",
        "accounting/customer/",
        "logentry/",
    ):
        for query in (
            "",
            "?app_label=access&model_name=membership&field_name=role&term=",
            "?_popup=1",
            "?q=e",
            "?all=",
        ):
            attack("GET", f"/admin/{path}{query}")
    assert fingerprint(other[Client]) == theirs
    assert asked > 150, asked
