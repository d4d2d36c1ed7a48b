"""Buffer's partner API (contract: buffer.openapi.yaml) behind the provider interface."""

from collections.abc import Iterator
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
from financing.providers.buffer.door import Door

MOST_PAGES = 1000
State = TypeVar("State", OnboardingState, AgreementState)


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
        answer = self.door.call("POST", "/v1/onboardings", key=key, body=body)
        state = self._own(parse.onboarding(answer), request.reference, request.organisation_number)
        return state, parse.link(answer.get("link"), self.origin)

    def onboarding(self, onboarding_id: str = "", *, reference: str = "") -> OnboardingState | None:
        """Contract: readOnboarding, findOnboarding."""
        if onboarding_id:
            answer = self.door.call("GET", f"/v1/onboardings/{_path(onboarding_id)}")
            return _same(parse.onboarding(answer), onboarding_id)
        answer = self.door.call("GET", "/v1/onboardings", query={"reference": reference})
        items = parse.Fields(answer, "list").items("items", 1)
        if not items:
            return None
        state = parse.onboarding(items[0])
        if state.reference != reference:
            raise AnswerRefused("the bank found another onboarding than the one asked for")
        return state

    def agreement(self, agreement_id: str) -> AgreementState:
        """Contract: readAgreement."""
        answer = self.door.call("GET", f"/v1/agreements/{_path(agreement_id)}")
        return _same(parse.agreement(answer, datetime.now(UTC)), agreement_id)

    def changed_agreements(self, changed_since: str) -> Iterator[AgreementPage]:
        """Contract: listAgreements. An item that cannot be believed is given as Refused; the rest stands."""
        query = {"page_size": "500"} | ({"changed_since": changed_since} if changed_since else {})
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            fields = parse.Fields(self.door.call("GET", "/v1/agreements", query=query), "list")
            cursor = fields.text("next_cursor", optional=True, limit=2000) or None
            yield AgreementPage(
                tuple(_believed(item) for item in fields.items("items", 500)), cursor,
                fields.text("next_changed_since", limit=200),
            )  # fmt: skip
            if cursor is None:
                return
            if cursor in seen:
                raise AnswerRefused("the list goes in a circle")
            seen.add(cursor)
            query["cursor"] = cursor
        raise AnswerRefused("the list does not end")

    def link(self, page: Page, *, key: str) -> Link:
        """Contract: createOnboardingLink, createManageLink."""
        if isinstance(page, OnboardingPage):
            path, body = f"/v1/onboardings/{_path(page.onboarding_id)}/links", {"state": page.state}
        else:
            path, body = f"/v1/agreements/{_path(page.agreement_id)}/manage-links", {}
        answer = self.door.call("POST", path, key=key, body={"return_url": page.return_url, **body})
        return parse.link(answer, self.origin)

    def tell(self, message: Message, *, key: str) -> OnboardingState | AgreementState | None:
        """Contract: renewGrant, reconnect, cancelOnboarding, disconnect, announceReceivablesChanged."""
        match message:
            case NewGrant(grant, onboarding_id) if onboarding_id:
                answer = self._onboarding("PUT", onboarding_id, "grant", key, _grant(grant))
                return _same(parse.onboarding(answer), onboarding_id)
            case NewGrant(grant, _, agreement_id):
                answer = self._agreement("PUT", agreement_id, "grant", key, _grant(grant))
                return _same(parse.agreement(answer, datetime.now(UTC)), agreement_id)
            case Cancelled(onboarding_id):
                answer = self._onboarding("POST", onboarding_id, "cancel", key)
                return _same(parse.onboarding(answer), onboarding_id)
            case Disconnected(agreement_id):
                answer = self._agreement("POST", agreement_id, "disconnect", key)
                return _same(parse.agreement(answer, datetime.now(UTC)), agreement_id)
            case ReceivablesChanged(agreement_id):
                self._agreement("POST", agreement_id, "receivables-changed", key)
                return None

    def analysis_lines(self, analysis_id: str) -> Iterator[AnalysisLine]:
        """Contract: listAnalysisLines."""
        query = {"page_size": "1000"}
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            path = f"/v1/analyses/{_path(analysis_id)}/lines"
            fields = parse.Fields(self.door.call("GET", path, query=query), "lines")
            yield from (parse.analysis_line(item) for item in fields.items("items"))
            cursor = fields.text("next_cursor", optional=True, limit=2000)
            if not cursor:
                return
            if cursor in seen:
                raise AnswerRefused("the lines go in a circle")
            seen.add(cursor)
            query["cursor"] = cursor
        raise AnswerRefused("the lines do not end")

    def _onboarding(self, method: str, onboarding_id: str, deed: str, key: str, body: Any = None) -> Any:
        return self.door.call(method, f"/v1/onboardings/{_path(onboarding_id)}/{deed}", key=key, body=body)

    def _agreement(self, method: str, agreement_id: str, deed: str, key: str, body: Any = None) -> Any:
        return self.door.call(method, f"/v1/agreements/{_path(agreement_id)}/{deed}", key=key, body=body)

    def _own(self, state: OnboardingState, reference: str, organisation_number: str) -> OnboardingState:
        if state.reference != reference or state.organisation_number != organisation_number:
            raise AnswerRefused("the bank answered for another company")
        return state


def _same(state: State, identity: str) -> State:
    if state.id != identity:
        raise AnswerRefused("the bank answered with another object than the one asked for")
    return state


def _believed(item: Any) -> AgreementState | Refused:
    try:
        return parse.agreement(item, datetime.now(UTC))
    except AnswerRefused as error:
        known = item.get("id") if isinstance(item, dict) else None
        return Refused(known[:100] if isinstance(known, str) else "", str(error))


def _grant(grant: Grant) -> dict[str, str]:
    return {
        "code": grant.code,
        "expires_at": grant.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "token_url": grant.token_url,
        "api_base_url": grant.api_base_url,
    }


def _path(identity: str) -> str:
    return quote(identity, safe="")
