"""Buffer's partner API (contract: buffer.openapi.yaml) behind the provider interface."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from financing.providers.base import (
    AgreementPage,
    AgreementState,
    AnswerRefused,
    Grant,
    Link,
    OnboardingRequest,
    OnboardingState,
    Refused,
)
from financing.providers.buffer import parse
from financing.providers.buffer.door import Door

MOST_PAGES = 1000


class Buffer:
    """The bank, as a stranger: nothing it answers is believed before it was read by `parse`."""

    name = "buffer"

    def __init__(self, door: Door) -> None:
        self.door = door
        self.origin = door.origin

    def begin_onboarding(self, request: OnboardingRequest, *, key: str) -> tuple[OnboardingState, Link]:
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

    def find_onboarding(self, reference: str) -> OnboardingState | None:
        """Contract: findOnboarding."""
        answer = self.door.call("GET", "/v1/onboardings", query={"reference": reference})
        items = parse.Fields(answer, "list").items("items", 1)
        if not items:
            return None
        state = parse.onboarding(items[0])
        if state.reference != reference:
            raise AnswerRefused("the bank found another onboarding than the one asked for")
        return state

    def read_onboarding(self, onboarding_id: str) -> OnboardingState:
        """Contract: readOnboarding."""
        return self._same(
            parse.onboarding(self.door.call("GET", f"/v1/onboardings/{_path(onboarding_id)}")), onboarding_id
        )

    def onboarding_link(self, onboarding_id: str, *, return_url: str, state: str, key: str) -> Link:
        """Contract: createOnboardingLink."""
        body = {"return_url": return_url, "state": state}
        answer = self.door.call("POST", f"/v1/onboardings/{_path(onboarding_id)}/links", key=key, body=body)
        return parse.link(answer, self.origin)

    def renew_grant(self, onboarding_id: str, grant: Grant, *, key: str) -> OnboardingState:
        """Contract: renewGrant."""
        path = f"/v1/onboardings/{_path(onboarding_id)}/grant"
        return self._same(parse.onboarding(self.door.call("PUT", path, key=key, body=_grant(grant))), onboarding_id)

    def cancel_onboarding(self, onboarding_id: str, *, key: str) -> OnboardingState:
        """Contract: cancelOnboarding."""
        answer = self.door.call("POST", f"/v1/onboardings/{_path(onboarding_id)}/cancel", key=key)
        return self._same(parse.onboarding(answer), onboarding_id)

    def read_agreement(self, agreement_id: str) -> AgreementState:
        """Contract: readAgreement."""
        answer = self.door.call("GET", f"/v1/agreements/{_path(agreement_id)}")
        state = parse.agreement(answer, datetime.now(UTC))
        if state.id != agreement_id:
            raise AnswerRefused("the bank answered with another agreement")
        return state

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

    def manage_link(self, agreement_id: str, *, return_url: str, key: str) -> Link:
        """Contract: createManageLink."""
        path = f"/v1/agreements/{_path(agreement_id)}/manage-links"
        return parse.link(self.door.call("POST", path, key=key, body={"return_url": return_url}), self.origin)

    def _own(self, state: OnboardingState, reference: str, organisation_number: str) -> OnboardingState:
        if state.reference != reference or state.organisation_number != organisation_number:
            raise AnswerRefused("the bank answered for another company")
        return state

    def _same(self, state: OnboardingState, onboarding_id: str) -> OnboardingState:
        if state.id != onboarding_id:
            raise AnswerRefused("the bank answered with another onboarding")
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
