"""The one HTTP door to the bank: time-outs, a deadline, no redirects, one host, retries with the same key, a bounded body."""

import json
import logging
import random
import threading
import time
import uuid
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

from financing.providers.base import AnswerRefused, ProviderRejected, ProviderUnavailable

log = logging.getLogger(__name__)

CONNECT, READ, TOTAL = 3, 10, 20  # seconds
MAX_BODY = 1024 * 1024
TRIES = 3
LONGEST_WAIT = 2  # seconds that a person may be kept waiting between tries; more is for the next tick


class Door:
    """Requests to one origin, with its bearer token. Safe to share between threads."""

    def __init__(self, base_url: str, client_id: str, client_secret: str) -> None:
        parts = urlsplit(base_url)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ValueError("the bank's address must be https (http on loopback only)")
        self.base_url = base_url.rstrip("/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._basic = HTTPBasicAuth(client_id, client_secret)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc decides where a secret goes
        self._lock = threading.Lock()
        self._token, self._token_until = "", 0.0

    def call(self, method: str, path: str, *, key: str = "", body: Any = None, query: Any = None) -> Any:
        """The JSON of a 2xx answer, numbers as Decimal.

        Raises ProviderUnavailable (time-out, refused, 401 twice, 429, 5xx), ProviderRejected (other 4xx) and
        AnswerRefused (a redirect, not JSON, too large).
        """
        headers = {"Accept": "application/json", "X-Correlation-ID": str(uuid.uuid4())}
        if key:
            headers["Idempotency-Key"] = key
        deadline = time.monotonic() + TOTAL
        fresh_token = False
        for attempt in range(1, TRIES + 1):
            try:
                headers["Authorization"] = f"Bearer {self._bearer(deadline, renew=fresh_token)}"
                status, answer, retry_after = self._once(method, path, headers, body, query, deadline)
            except ProviderUnavailable as error:
                if isinstance(error, AnswerRefused) or not self._wait(attempt, error.retry_after, deadline):
                    raise
                continue
            if status == 401 and not fresh_token:
                fresh_token = True
                continue
            if status in (401, 429) or status >= 500:
                if self._wait(attempt, retry_after, deadline):
                    continue
                raise ProviderUnavailable(f"{method} {path} answered {status}", retry_after)
            if status >= 400:
                problem = answer if isinstance(answer, dict) else {}
                log.warning(
                    "the bank refused %s %s with %s: %s", method, path, status, str(problem.get("title", ""))[:100]
                )
                raise ProviderRejected(
                    f"{method} {path} answered {status}", status, str(problem.get("onboarding_id", ""))
                )
            return answer
        raise ProviderUnavailable(f"{method} {path}: no answer")

    def _once(
        self, method: str, path: str, headers: dict[str, str], body: Any, query: Any, deadline: float
    ) -> tuple[int, Any, int | None]:
        try:
            with self._session.request(
                method, self.base_url + path, headers=headers, json=body, params=query, stream=True,
                allow_redirects=False, timeout=(CONNECT, READ),
            ) as response:  # fmt: skip
                content = self._bounded(response, deadline)
        except requests.RequestException as error:
            raise ProviderUnavailable(f"{method} {path}: {type(error).__name__}") from error
        return response.status_code, self._parsed(response, content), seconds(response.headers.get("Retry-After"))

    def _bounded(self, response: requests.Response, deadline: float) -> bytes:
        content = b""
        for chunk in response.iter_content(16 * 1024):
            content += chunk
            if len(content) > MAX_BODY:
                raise AnswerRefused("the answer is larger than 1 MiB")
            if time.monotonic() > deadline:  # no client library has a total deadline of its own
                raise ProviderUnavailable("the answer took too long")
        return content

    def _parsed(self, response: requests.Response, content: bytes) -> Any:
        kind = response.headers.get("Content-Type", "").split(";")[0].strip()
        if 300 <= response.status_code < 400:
            raise AnswerRefused("the answer is a redirect")
        if response.status_code >= 400 and kind not in ("application/json", "application/problem+json"):
            return None
        if response.status_code == 202 and not content:
            return None
        if kind not in ("application/json", "application/problem+json"):
            raise AnswerRefused(f"the answer is {kind or 'of no type'}, not JSON")
        try:
            return json.loads(content, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
        except (ValueError, UnicodeDecodeError, RecursionError) as error:
            raise AnswerRefused("the answer is not JSON") from error

    def _bearer(self, deadline: float, *, renew: bool) -> str:
        with self._lock:  # one thread fetches, the others wait for it
            if renew or time.monotonic() >= self._token_until:
                self._fetch_token(deadline)
            return self._token

    def _fetch_token(self, deadline: float) -> None:
        form = {"grant_type": "client_credentials", "scope": "partner"}
        try:
            with self._session.post(
                self.base_url + "/oauth/token", data=form, auth=self._basic, stream=True, allow_redirects=False,
                timeout=(CONNECT, READ),
            ) as response:  # fmt: skip
                content = self._bounded(response, deadline)
        except requests.RequestException as error:
            raise ProviderUnavailable(f"token: {type(error).__name__}") from error
        answer = self._parsed(response, content)
        if response.status_code != 200:
            raise ProviderUnavailable(f"the token endpoint answered {response.status_code}")
        token, life = (answer.get("access_token"), answer.get("expires_in")) if isinstance(answer, dict) else ("", 0)
        if not isinstance(token, str) or not token or not isinstance(life, int) or life < 1:
            raise AnswerRefused("the token endpoint gave no token")
        self._token, self._token_until = token, time.monotonic() + max(1, life - 60)

    def _wait(self, attempt: int, retry_after: int | None, deadline: float) -> bool:
        """Wait before the next try; False when there is none left or it would take too long."""
        pause = retry_after if retry_after is not None else random.uniform(0.1, 0.3 * 2**attempt)  # noqa: S311
        if attempt >= TRIES or pause > LONGEST_WAIT or time.monotonic() + pause > deadline:
            return False
        time.sleep(pause)
        return True


def seconds(value: str | None) -> int | None:
    """Retry-After as seconds, between 1 and 3600; None where it is absent or no number (the contract gives seconds)."""
    if value is None or not value.strip().isdigit():
        return None
    return min(max(int(value.strip()[:10]), 1), 3600)


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
