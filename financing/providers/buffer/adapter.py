"""Buffer's partner API (contract: buffer.openapi.yaml) behind the provider interface."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from financing.providers.base import (
    AgreementPage,
    AgreementState,
    AnalysisLine,
    AnswerRefused,
    Cancelled,
    Disconnected,
    Grant,
    Link,
    Message,
    NewGrant,
    OnboardingPage,
    OnboardingRequest,
    OnboardingState,
    Page,
    ReceivablesChanged,
    Refused,
)
from financing.providers.buffer import parse
from financing.providers.door import Door

MOST_PAGES = 1000
AGREEMENTS_A_PAGE, LINES_A_PAGE = "200", "1000"  # some 500 and 300 kB where every field is as long as it may be
State = TypeVar("State", OnboardingState, AgreementState)


@dataclass(frozen=True)
class _LinesPage:
    items: tuple[AnalysisLine, ...]
    next_cursor: str | None


AnyPage = TypeVar("AnyPage", AgreementPage, _LinesPage)


class Buffer:
    """The bank, as a stranger: nothing it answers is believed before it was read by `parse`."""

    name = "buffer"

    def __init__(self, door: Door) -> None:
        self.door = door
        self.origin = door.origin

    def begin(self, request: OnboardingRequest, *, key: str) -> tuple[OnboardingState, Link]:
        """Contract: createOnboarding."""
        body = {
            "reference": request.reference,
            "organisation_number": request.organisation_number,
            "organisation_name": request.organisation_name,
            "payout_account": request.payout_account,
            "return_url": request.return_url,
            "state": request.state,
            "webhook_url": request.webhook_url,
            "grant": _grant(request.grant),
        }

        def read(answer: Any) -> tuple[OnboardingState, Link]:
            state = parse.onboarding(answer, self.origin)
            if (state.reference, state.organisation_number) != (request.reference, request.organisation_number):
                raise AnswerRefused("the bank answered for another company")
            return state, parse.link(answer.get("link"), self.origin)

        return self.door.call("POST", "/v1/onboardings", read, key=key, body=body)

    def onboarding(self, onboarding_id: str = "", *, reference: str = "") -> OnboardingState | None:
        """Contract: readOnboarding, findOnboarding."""
        if onboarding_id:
            path = f"/v1/onboardings/{_path(onboarding_id)}"
            return self.door.call("GET", path, self._onboarding(onboarding_id))

        def read(answer: Any) -> OnboardingState | None:
            items = parse.Fields(answer, "list").items("items", 1)
            if not items:
                return None
            state = parse.onboarding(items[0], self.origin)
            if state.reference != reference:
                raise AnswerRefused("the bank found another onboarding than the one asked for")
            return state

        return self.door.call("GET", "/v1/onboardings", read, query={"reference": reference})

    def agreement(self, agreement_id: str) -> AgreementState:
        """Contract: readAgreement."""
        return self.door.call("GET", f"/v1/agreements/{_path(agreement_id)}", _agreement(agreement_id))

    def changed_agreements(self, changed_since: str) -> Iterator[AgreementPage]:
        """Contract: listAgreements. An item that cannot be believed is given as Refused; the rest stands."""
        query = {"page_size": AGREEMENTS_A_PAGE} | ({"changed_since": changed_since} if changed_since else {})
        return self._pages("/v1/agreements", query, _page)

    def link(self, page: Page, *, key: str) -> Link:
        """Contract: createOnboardingLink, createManageLink."""
        if isinstance(page, OnboardingPage):
            path, body = f"/v1/onboardings/{_path(page.onboarding_id)}/links", {"state": page.state}
        else:
            path, body = f"/v1/agreements/{_path(page.agreement_id)}/manage-links", {}

        def read(answer: Any) -> Link:
            return parse.link(answer, self.origin)

        return self.door.call("POST", path, read, key=key, body={"return_url": page.return_url, **body})

    def tell(self, message: Message, *, key: str) -> OnboardingState | AgreementState | None:
        """Contract: renewGrant, reconnect, cancelOnboarding, disconnect, announceReceivablesChanged."""
        match message:
            case NewGrant(grant, onboarding_id) if onboarding_id:
                path, read = f"/v1/onboardings/{_path(onboarding_id)}/grant", self._onboarding(onboarding_id)
                return self.door.call("PUT", path, read, key=key, body=_grant(grant))
            case NewGrant(grant, _, agreement_id):
                path = f"/v1/agreements/{_path(agreement_id)}/grant"
                return self.door.call("PUT", path, _agreement(agreement_id), key=key, body=_grant(grant))
            case Cancelled(onboarding_id):
                path = f"/v1/onboardings/{_path(onboarding_id)}/cancel"
                return self.door.call("POST", path, self._onboarding(onboarding_id), key=key)
            case Disconnected(agreement_id):
                path = f"/v1/agreements/{_path(agreement_id)}/disconnect"
                return self.door.call("POST", path, _agreement(agreement_id), key=key)
            case ReceivablesChanged(agreement_id):
                path = f"/v1/agreements/{_path(agreement_id)}/receivables-changed"
                return self.door.call("POST", path, _nothing, key=key)

    def analysis_lines(self, analysis_id: str) -> Iterator[AnalysisLine]:
        """Contract: listAnalysisLines."""
        path = f"/v1/analyses/{_path(analysis_id)}/lines"
        for page in self._pages(path, {"page_size": LINES_A_PAGE}, _lines):
            yield from page.items

    def _pages(self, path: str, query: dict[str, str], read: Callable[[Any], AnyPage]) -> Iterator[AnyPage]:
        """Page after page until the last; refused where they go in a circle or never end."""
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self.door.call("GET", path, read, query=query)
            yield page
            if page.next_cursor is None:
                return
            if page.next_cursor in seen:
                raise AnswerRefused("the list goes in a circle")
            seen.add(page.next_cursor)
            query = {**query, "cursor": page.next_cursor}
        raise AnswerRefused("the list does not end")

    def _onboarding(self, identity: str) -> Callable[[Any], OnboardingState]:
        return lambda answer: _same(parse.onboarding(answer, self.origin), identity)


def _page(answer: Any) -> AgreementPage:
    fields = parse.Fields(answer, "list")
    return AgreementPage(
        tuple(_believed(item) for item in fields.items("items", 500)),
        fields.text("next_cursor", optional=True, limit=2000) or None,
        fields.text("next_changed_since", limit=200),
    )


def _lines(answer: Any) -> _LinesPage:
    fields = parse.Fields(answer, "lines")
    lines = tuple(parse.analysis_line(item) for item in fields.items("items", 1000))
    return _LinesPage(lines, fields.text("next_cursor", optional=True, limit=2000) or None)


def _agreement(identity: str) -> Callable[[Any], AgreementState]:
    return lambda answer: _same(parse.agreement(answer, datetime.now(UTC)), identity)


def _nothing(_answer: Any) -> None:
    """It only notes it; a body of its 202 says nothing to us."""


def _same(state: State, identity: str) -> State:
    if state.id != identity:
        raise AnswerRefused("the bank answered with another object than the one asked for")
    return state


def _believed(item: Any) -> AgreementState | Refused:
    try:
        return parse.agreement(item, datetime.now(UTC))
    except AnswerRefused as error:
        return Refused(parse.known_id(item), str(error))


def _grant(grant: Grant) -> dict[str, str]:
    return {
        "code": grant.code,
        "expires_at": grant.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "token_url": grant.token_url,
        "api_base_url": grant.api_base_url,
    }


def _path(identity: str) -> str:
    return quote(identity, safe="")
