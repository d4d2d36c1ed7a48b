"""The bank's HTTP door to the accounting system: time-outs, no redirects, a bounded answer; knows no models."""

from typing import Any

import requests
from django.conf import settings

TIMEOUT = (3, 15)  # connect, read; seconds
MOST_BYTES = 16 * 1024 * 1024


class NoAnswer(Exception):
    """Nothing, or nothing that can be read: try again later."""


class Refused(Exception):
    """The accounting system says no (401, or a 4xx of its token endpoint): the access is gone."""


class Unreadable(Exception):
    """A 400 to a reading: what we sent (changed_since, cursor) is not taken; read everything anew."""


def _call(method: str, url: str, **options: Any) -> requests.Response:
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc decides where a secret goes
            with session.request(method, url, timeout=TIMEOUT, allow_redirects=False, stream=True, **options) as answer:
                content = b""
                for chunk in answer.iter_content(64 * 1024):
                    content += chunk
                    if len(content) > MOST_BYTES:
                        raise NoAnswer("the answer is too large")
                answer._content = content
                return answer
    except requests.RequestException as error:
        raise NoAnswer(type(error).__name__) from error


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        raise NoAnswer("the answer is not JSON") from None
    if not isinstance(found, dict):
        raise NoAnswer("the answer is not an object")
    return found


def tokens(token_url: str, form: dict[str, str]) -> tuple[str, str, int]:
    """(access token, refresh token, seconds it lives); HTTP Basic with the bank's own credentials.

    Raises Refused for a 4xx, NoAnswer for the rest.
    """
    user, password = (one.encode() for one in settings.OURS_THERE)  # as bytes: requests would write Latin-1
    answer = _call("POST", token_url, data=form, auth=(user, password))
    if answer.status_code in (400, 401, 403):
        raise Refused(f"the token endpoint answered {answer.status_code}")
    if answer.status_code != 200:
        raise NoAnswer(f"the token endpoint answered {answer.status_code}")
    found = _json(answer)
    access, refresh, life = found.get("access_token"), found.get("refresh_token", ""), found.get("expires_in", 1200)
    if not isinstance(access, str) or not access or not isinstance(refresh, str) or not isinstance(life, int):
        raise NoAnswer("the token endpoint gave no token")
    return access, refresh, life


def get(url: str, token: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON object there. Raises Refused (401, 403), Unreadable (400), NoAnswer."""
    answer = _call("GET", url, params=query, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
    if answer.status_code in (401, 403):
        raise Refused(f"answered {answer.status_code}")
    if answer.status_code == 400:
        raise Unreadable("answered 400")
    if answer.status_code != 200:
        raise NoAnswer(f"answered {answer.status_code}")
    return _json(answer)
