"""The one HTTP door to a provider: time-outs, a deadline, no redirects, one host, retries with the same key, a bounded body."""

import json
import logging
import math
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from financing.providers.base import (
    AccessRefused,
    AnswerRefused,
    Gate,
    LeftAlone,
    ProviderRejected,
    ProviderUnavailable,
)
from financing.providers.wire import AddressRefused, Paced, until

log = logging.getLogger(__name__)
Read = TypeVar("Read")

JSON_TYPES = ("application/json", "application/problem+json")
SHORTEST_WAIT, LONGEST_WAIT = 1, 3600  # what Retry-After may ask for, in seconds


@dataclass(frozen=True)
class Limits:
    """How long and how much one call may take; seconds and bytes."""

    connect: float = 3
    read: float = 10
    total: float = 20  # every try, every pause between them and the token included
    body: int = 1024 * 1024
    tries: int = 3
    pause: float = 2  # so long a person may be kept waiting between tries; more is for the next tick


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    query: Any


class Door:
    """Requests to one origin, with its bearer token. Safe to share between threads."""

    def __init__(
        self, base_url: str, client_id: str, secrets: Callable[[], list[str]], gate: Gate = nullcontext,
        limits: Limits = Limits(),
    ) -> None:  # fmt: skip
        """`secrets` gives those to try at the token endpoint, asked anew for every token. Raises ValueError for plain http."""
        parts = urlsplit(base_url)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ValueError("the bank's address must be https (http on loopback only)")
        self.base_url = base_url.rstrip("/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._client_id, self._secrets, self._gate, self._limits = client_id, secrets, gate, limits
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, .netrc or bundle of the environment decides where a secret goes
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Paced())
        self._lock = threading.Lock()
        self._token, self._token_until = "", 0.0

    def call(
        self, method: str, path: str, read: Callable[[Any], Read], *, key: str = "", body: Any = None, query: Any = None
    ) -> Read:
        """What `read` makes of the JSON of a 2xx answer (numbers as Decimal, None for 202 without a body).

        Raises ProviderUnavailable (time-out, no connection, 429, 5xx; AccessRefused: 401 twice; AnswerRefused: a redirect,
        not JSON, too large, or what `read` refuses; LeftAlone: not asked) and ProviderRejected (other 4xx), each with the
        correlation id under which the bank knows the call, and logged with it.
        """
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "X-Correlation-ID": str(uuid.uuid4())}
        if key:
            headers["Idempotency-Key"] = key
        started = until.set(time.monotonic() + self._limits.total)
        try:
            return read(self._tried(_Call(method, path, headers, body, query)))
        except (ProviderUnavailable, ProviderRejected) as error:
            error.correlation = headers["X-Correlation-ID"]
            if not isinstance(error, LeftAlone):
                log.warning("%s %s: %s (correlation %s)", method, path, error, error.correlation)
            raise
        finally:
            until.reset(started)

    def _tried(self, call: _Call) -> Any:
        """The answer after as many tries as it takes; only where the next may end otherwise."""
        attempt = 1
        while True:
            try:
                with self._gate(self.origin):
                    return self._try(call)
            except (LeftAlone, AccessRefused, AnswerRefused):
                raise
            except ProviderUnavailable as error:
                if attempt >= self._limits.tries or not self._wait(attempt, error.retry_after):
                    raise
            attempt += 1

    def _try(self, call: _Call) -> Any:
        token = self._bearer(call, spent="")
        status, answer, retry_after = self._authorized(call, token)
        if status == 401:
            status, answer, retry_after = self._authorized(call, self._bearer(call, spent=token))
        if status == 401:
            raise AccessRefused("the bank does not take a token that it has just given")
        if status == 429 or status >= 500:
            raise ProviderUnavailable(f"answered {status}", retry_after, down=status != 429)
        if status >= 400:
            known = answer.get("onboarding_id") if isinstance(answer, dict) else None
            plain = isinstance(known, str) and re.fullmatch(r"[\w-]{1,100}", known, re.ASCII)
            raise ProviderRejected(f"answered {status}", status, str(known) if plain else "")
        return answer

    def _authorized(self, call: _Call, token: str) -> tuple[int, Any, int | None]:
        return self._once(
            call.method, call.path, json=call.body, params=call.query,
            headers={**call.headers, "Authorization": f"Bearer {token}"},
        )  # fmt: skip

    def _once(self, method: str, path: str, **options: Any) -> tuple[int, Any, int | None]:
        """One request: status, parsed answer, Retry-After in seconds."""
        left = until.get() - time.monotonic()
        if left <= 0:
            raise ProviderUnavailable("no answer in time")
        timeout = (min(self._limits.connect, left), min(self._limits.read, left))
        try:
            with self._session.request(
                method, self.base_url + path, stream=True, allow_redirects=False, timeout=timeout, **options
            ) as response:
                content = self._bounded(response)
        except (requests.RequestException, HTTPError, OSError, AddressRefused) as error:
            # The type alone: the rest of the text is not ours, and may name what it must not.
            raise ProviderUnavailable(f"no answer: {type(error).__name__}") from None
        return response.status_code, _parsed(response, content), seconds(response.headers.get("Retry-After"))

    def _bounded(self, response: requests.Response) -> bytes:
        # Never unpacked: a few compressed bytes may hold a gigabyte, and we asked for it plain.
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise AnswerRefused("the answer is compressed, which was not asked for")
        content = b""
        while len(content) <= self._limits.body:
            more = response.raw.read(self._limits.body + 1 - len(content), decode_content=False)
            if not more:
                return content
            content += more
        raise AnswerRefused("the answer is too large")

    def _bearer(self, call: _Call, *, spent: str) -> str:
        """A token other than the spent one. One thread fetches it, the others wait for that one."""
        if not self._lock.acquire(timeout=max(0.0, until.get() - time.monotonic())):
            raise ProviderUnavailable("no token in time")
        try:
            if self._token == spent or time.monotonic() >= self._token_until:
                self._fetch_token(call.headers["X-Correlation-ID"])
            return self._token
        finally:
            self._lock.release()

    def _fetch_token(self, correlation: str) -> None:
        # While a secret is being changed two are good somewhere; which of ours is, only the bank knows.
        try:
            secrets = self._secrets()
        except OSError as error:
            raise AccessRefused(f"the file of our secret cannot be read: {error.strerror}") from None
        for secret in secrets:
            status, answer, retry_after = self._once(
                "POST", "/oauth/token", data={"grant_type": "client_credentials", "scope": "partner"},
                auth=HTTPBasicAuth(self._client_id.encode(), secret.encode()),
                headers={"Accept": "application/json", "Accept-Encoding": "identity", "X-Correlation-ID": correlation},
            )  # fmt: skip
            if status == 429 or status >= 500:
                raise ProviderUnavailable(f"the token endpoint answered {status}", retry_after, down=status != 429)
            if status == 200:
                return self._keep_token(answer)
        raise AccessRefused("the token endpoint takes none of our secrets")

    def _keep_token(self, answer: Any) -> None:
        token, life = (answer.get("access_token"), answer.get("expires_in")) if isinstance(answer, dict) else ("", 0)
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]{1,8000}", token):
            raise AnswerRefused("the token endpoint gave no token")
        if not isinstance(life, int) or isinstance(life, bool) or life < 1:
            raise AnswerRefused("the token endpoint gave no token")
        self._token, self._token_until = token, time.monotonic() + max(1, min(life, 24 * 3600) - 60)

    def _wait(self, attempt: int, retry_after: int | None) -> bool:
        """Wait before the next try; False where it would take too long."""
        pause = retry_after if retry_after is not None else random.uniform(0.1, 0.3 * 2**attempt)  # noqa: S311
        if pause > self._limits.pause or time.monotonic() + pause > until.get():
            return False
        time.sleep(pause)
        return True


def seconds(value: str | None, now: datetime | None = None) -> int | None:
    """Retry-After (RFC 9110 10.2.3, seconds or an HTTP date) as seconds between 1 and 3600; None for anything else."""
    text = (value or "").strip()
    if re.fullmatch(r"\d{1,400}", text, re.ASCII):
        wait = float(text[-400:])
    else:
        try:
            then = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        wait = (then - (now or datetime.now(UTC))).total_seconds()
    return math.ceil(min(max(wait, SHORTEST_WAIT), LONGEST_WAIT))


def _parsed(response: requests.Response, content: bytes) -> Any:
    """The JSON; None for an error or a 202 that carries none."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    status = response.status_code
    if status < 200 or 300 <= status < 400:
        raise AnswerRefused("the answer is a redirect", down=True)
    if status == 202 and not content:
        return None
    if kind not in JSON_TYPES:
        if status >= 400:
            return None
        # A gateway's page for maintenance, with 200: whoever asks gets it.
        raise AnswerRefused(f"the answer is {kind[:60] or 'of no type'}, not JSON", down=True)
    try:
        return json.loads(
            content.decode(), parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_doubles
        )
    except (ValueError, ArithmeticError, RecursionError):
        if status >= 400:
            return None
        raise AnswerRefused("the answer is not JSON") from None


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
