"""The bank's way into the accounting system: redeem the code, keep the tokens fresh, read company and receivables."""

import logging
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from sandbox.models import Access, Receivable

log = logging.getLogger(__name__)

TIMEOUT = (3, 15)
PAGE = 1000


class NoAccess(Exception):
    """The accounting system does not let us read: no code, a withdrawn consent, dead tokens."""


class NoAnswer(Exception):
    """The accounting system did not answer, or not sensibly: try again later."""


def redeem(access: Access) -> None:
    """Fetch the first tokens for the code, once. Raises NoAccess, NoAnswer."""
    if not access.can_redeem:
        raise NoAccess("no code that could be redeemed")
    _fetch_tokens(access, {"grant_type": "authorization_code", "code": access.code})


def read_company(access: Access) -> dict[str, Any]:
    """{organisation_number, name, base_currency}. Raises NoAccess, NoAnswer."""
    return _get(access, "/company", {})


def read_receivables(access: Access) -> None:
    """Bring our copy of the open items up to date: everything the first time, then what changed. Raises NoAccess, NoAnswer."""
    query: dict[str, Any] = {"page_size": PAGE}
    if access.changed_since:
        query["changed_since"] = access.changed_since
    items: dict[str, dict[str, Any]] = {}
    while True:
        page = _get(access, "/receivables", query)
        items.update({item["id"]: item for item in page["items"]})
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    onboarding = access.onboarding
    closed = [key for key, item in items.items() if item["open_amount"] == "0.00"]
    Receivable.objects.filter(onboarding=onboarding, external_id__in=list(items)).delete()
    Receivable.objects.bulk_create(
        Receivable(onboarding=onboarding, external_id=key, data=item)
        for key, item in items.items()
        if key not in closed
    )
    access.changed_since, access.read_at = page["next_changed_since"], timezone.now()
    access.save(update_fields=["changed_since", "read_at"])


def _get(access: Access, path: str, query: dict[str, Any]) -> Any:
    for attempt in range(2):
        response = _call("GET", access.api_base_url + path, params=query, headers=_bearer(access))
        if response.status_code == 401 and attempt == 0 and access.refresh_token:
            _fetch_tokens(access, {"grant_type": "refresh_token", "refresh_token": access.refresh_token})
            continue
        if response.status_code == 401:
            _refuse(access)
        if response.status_code != 200:
            raise NoAnswer(f"{path} answered {response.status_code}")
        return response.json()
    raise NoAnswer(path)


def _fetch_tokens(access: Access, form: dict[str, str]) -> None:
    response = _call("POST", access.token_url, data=form, auth=settings.OURS_THERE)
    if response.status_code in (400, 401):
        _refuse(access)
    if response.status_code != 200:
        raise NoAnswer(f"the token endpoint answered {response.status_code}")
    answer = response.json()
    access.access_token, access.refresh_token = answer["access_token"], answer["refresh_token"]
    access.code, access.refused = "", False
    access.save(update_fields=["access_token", "refresh_token", "code", "refused"])


def _refuse(access: Access) -> None:
    access.refused, access.code = True, ""
    access.save(update_fields=["refused", "code"])
    raise NoAccess("the accounting system lets us read no more")


def _bearer(access: Access) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.access_token}"}


def _call(method: str, url: str, **options: Any) -> requests.Response:
    try:
        return requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)
    except requests.RequestException as error:
        raise NoAnswer(type(error).__name__) from error
