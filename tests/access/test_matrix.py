"""Every address, for every kind of person, in her own company and another's: as the checked-in table says."""

import logging
import os
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test import override_settings
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model, get_refresh_token_model

from access.models import Client, Membership, User
from access.services import known_person
from access.tenancy import client_scope
from financing.consent_text import SCOPE
from financing.models import Consent
from financing.providers.buffer import _built

from . import matrix
from .planting import owned, plant
from .test_urls_walk import everything

pytestmark = pytest.mark.django_db

OWN_MARK, OTHER_MARK = "Edelgranitt", "Fremmedkvarts"


@pytest.fixture
def planted():
    """Two companies with the same rows under other marks, nobody in both, and a bank that does not answer."""
    logging.disable(logging.CRITICAL)  # of thousands of refusals
    nowhere = "http://127.0.0.1:9"
    sessions = "django.contrib.sessions.backends.signed_cookies"  # a query less, thousands of times
    with override_settings(BUFFER_BASE_URL=nowhere, OIDC_OP_ISSUER=nowhere, SESSION_ENGINE=sessions):
        _built.cache_clear()
        own = plant("310000000", "Lys AS", OWN_MARK, "ada")
        other = plant("310011118", "Lys AS", OTHER_MARK, "vera")
        yield own, other
    _built.cache_clear()
    logging.disable(logging.NOTSET)


@pytest.fixture
def browsers(planted):
    """Everybody of the own company by her role, somebody unknown, and the operator."""
    found = {"anonymous": Browser()}
    for member in Membership.objects.filter(client=planted[0][Client]).select_related("role", "user"):
        found[member.role.key] = browser_of(member.user)
    found["operator"] = browser_of(known_person(subject="otto", name="Otto", is_superuser=True))
    found["provider"] = provider_of(planted[0])
    assert set(found) == set(matrix.PEOPLE)
    return found


def provider_of(rows):
    """The bank, with an access token behind which this company's consent stands."""
    call_command("add_provider_client", "buffer", stdout=StringIO())
    application = get_application_model().objects.get(name="buffer")
    until = timezone.now() + timedelta(days=1)
    token = get_access_token_model().objects.create(application=application, token="read", expires=until, scope=SCOPE)
    get_refresh_token_model().objects.create(
        user=rows[User], application=application, token="again", access_token=token, token_family=rows[Consent].pk
    )
    return Browser(raise_request_exception=False, HTTP_AUTHORIZATION="Bearer read")


def browser_of(user):
    browser = Browser(raise_request_exception=False)
    browser.force_login(user)
    return browser


def fingerprint(client):
    """Of every row that belongs to this company."""
    tables = [model._meta.db_table for model in owned()] + ["access_role", "access_membership"]
    parts = [
        f"SELECT '{table}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE client_id = %s"
        for table in tables
    ]
    parts.append(
        "SELECT 'grants', count(*), md5(string_agg(g::text, '|' ORDER BY g::text)) FROM access_roleprivilege g"
        " JOIN access_role r ON r.id = g.role_id WHERE r.client_id = %s"
    )
    parts.append("SELECT 'client', 1, md5(c::text) FROM access_client c WHERE id = %s")
    with client_scope(client), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), [client.pk] * len(parts))
        return {row[0]: row[1:] for row in cursor.fetchall()}


class Writes:
    """Whether anything was written to the database while it was asked, so that only then all rows are compared."""

    def __init__(self):
        self.any = False

    def __call__(self, execute, sql, params, many, context):
        self.any = self.any or bool(re.match(r"\s*(?:insert|update|delete|merge|with)\b", str(sql), re.I))
        return execute(sql, params, many, context)


def walked(planted, browsers):
    """What everybody gets everywhere; and what was seen or done of the other company that must not be."""
    own, other = planted
    theirs, ids = fingerprint(other[Client]), matrix.foreign(other)
    found, broken = {}, []
    for address, path, names in matrix.addresses(everything()):
        for company in matrix.companies(names):
            here = matrix.filled(path, names, company, own, other)
            sent = ids if "foreign" in company else {}
            for method in ("GET", "POST"):
                answers = found.setdefault((address, method, company), {})
                for person, browser in browsers.items():
                    cookies = browser.cookies.copy()
                    writes = Writes()
                    with matrix.undone():
                        with connection.execute_wrapper(writes):
                            answer, body = matrix.asked(browser, method, here, sent)
                        changed = writes.any and person != "operator" and fingerprint(other[Client]) != theirs
                    browser.cookies = cookies
                    answers[person] = matrix.answer_of(answer)
                    what = f"{person} {method} {here} ({company})"
                    if person != "operator" and OTHER_MARK.encode() in body + str(answer.headers).encode():
                        broken.append(f"{what}: shows what is another company's")
                    if changed:
                        broken.append(f"{what}: changes what is another company's")
                    if answer.status_code == 500:
                        broken.append(f"{what}: {answer.status_code}")
    return found, broken


def test_everybody_gets_everywhere_what_the_table_says(planted, browsers):
    found, broken = walked(planted, browsers)
    assert broken == []
    if os.environ.get("WRITE_MATRIX"):
        matrix.write(found)
    assert matrix.differences(matrix.read(), found) == []
    assert User.objects.count() >= 11


def test_an_address_without_a_row_and_a_right_that_changed_are_told():
    held = matrix.read()
    key = next(iter(held))
    assert matrix.differences({one: row for one, row in held.items() if one != key}, held)[0].startswith("no row for ")
    assert matrix.differences(held, held | {("/new", "GET", "-"): {}})[0].startswith("no row for /new")
    changed = held | {key: held[key] | {"revisor": "200!"}}
    assert matrix.differences(held, changed) == [
        f"{' '.join(key)}: revisor gets 200!, the table says {held[key]['revisor']}"
    ]


def test_what_the_table_must_say_whatever_was_written():
    """Rules that no regenerated table may break."""
    for (address, method, company), answers in matrix.read().items():
        members = {one: answers[one] for one in matrix.ROLES}
        if company in ("other", "none"):
            # 405 where the method is refused before anybody is asked, in every company and in none.
            assert set(members.values()) in ({"404"}, {"405"}), (address, method, company)
            assert answers["anonymous"] == "sign in", (address, method, company)
        if company == "none" or ("organisation_number" in address and "admin/" not in address):
            assert answers["operator"] in ("404", "405"), (address, method, company)
        if "admin/klient" in address and company == "own":
            assert {answers[one] for one in matrix.ROLES[1:]} == {"403"}, (address, method)
        if address.startswith("/api/v1/") and method == "GET" and "schema" not in address:
            assert {one: answers[one] for one in matrix.PEOPLE} == dict.fromkeys(matrix.PEOPLE, "401") | {
                "provider": "200" if company == "-" else answers["provider"],
            }, (address, company)  # fmt: skip
        assert "500" not in answers.values(), (address, method, company)
