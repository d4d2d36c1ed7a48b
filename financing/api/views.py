"""GET /api/v1/company and /api/v1/receivables: what the consent names, and nothing more; each reading is kept."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.tenancy import client_scope
from accounting.receivables import BadCursor, receivables_page
from financing.api.permissions import ConsentAuthentication, ReadsReceivables
from financing.api.schema import openapi
from financing.models import Consent, DataAccess
from financing.selectors import first_consent_at

DEFAULT_PAGE, MOST = 500, 1000
LONGEST_WRITING = timedelta(hours=1)


class MachineView(APIView):
    """Only reading, and English: what a program reads does not depend on a person's language."""

    http_method_names = ["get", "head"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)


class ConsentView(MachineView):
    """A resource of the one company that the consent is for."""

    authentication_classes = [ConsentAuthentication]
    permission_classes = [ReadsReceivables]

    def keep_access(self, consent: Consent, resource: str, **values: Any) -> None:
        """One line per reading, in the transaction that reads: what was not kept was not given."""
        DataAccess.objects.for_client(consent.client_id).create(
            consent=consent, provider=consent.provider, at=timezone.now(),
            resource=resource, **values,
        )  # fmt: skip


class Company(ConsentView):
    """The company itself."""

    def get(self, request: Request) -> Response:
        """{organisation_number, name, base_currency}"""
        consent: Consent = request.auth  # type: ignore[assignment]  # ConsentAuthentication
        with client_scope(consent.client_id):
            self.keep_access(consent, "company", item_count=1)
        client = consent.client
        return Response(
            {
                "organisation_number": client.organisation_number,
                "name": client.name,
                "base_currency": client.base_currency,
            }
        )


class Receivables(ConsentView):
    """Outstanding receivables and open credits, and with `changed_since` also those closed since then."""

    parameters = ("changed_since", "cursor", "page_size")

    def get(self, request: Request) -> Response:
        """{items, next_cursor, next_changed_since}; 400 for a page size, cursor or time that cannot be read."""
        consent: Consent = request.auth  # type: ignore[assignment]  # ConsentAuthentication
        for name, values in request.query_params.lists():
            # A misspelt `changed_since` would be answered without what was closed, and nobody would know.
            if name not in self.parameters or len(values) > 1:
                raise ValidationError({name: [f"send {', '.join(self.parameters)}, each at most once"]})
        with client_scope(consent.client_id):
            try:
                page = receivables_page(
                    client=consent.client,
                    changed_since=request.query_params.get("changed_since", ""),
                    cursor=request.query_params.get("cursor", ""),
                    page_size=self._page_size(request),
                    closed_from=self._closed_from(consent),
                )
            except BadCursor as error:
                raise ValidationError({error.parameter: [str(error)]}) from error
            self.keep_access(
                consent, "receivables", changed_since=page.changed_since, item_count=len(page.items),
                item_ids=[item["id"] for item in page.items], last_page=page.next_cursor is None,
            )  # fmt: skip
        return Response(
            {
                "items": page.items,
                "next_cursor": page.next_cursor,
                "next_changed_since": page.next_changed_since,
            }
        )

    def _closed_from(self, consent: Consent) -> datetime | None:
        """«Gjort opp siden sist»: the consent's words say no more, and before the first one nothing was read.

        A row carries the start of the transaction that changed it, which may have begun before the consent.
        """
        first = first_consent_at(consent.client, consent.provider)
        return first - LONGEST_WRITING if first else None

    def _page_size(self, request: Request) -> int:
        given = request.query_params.get("page_size", str(DEFAULT_PAGE))
        if not re.fullmatch("[0-9]{1,4}", given) or not 1 <= int(given) <= MOST:
            raise ValidationError({"page_size": [f"a whole number from 1 to {MOST}"]})
        return int(given)


class Schema(MachineView):
    """What may be called here, as OpenAPI. Public: it says nothing of anybody."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(openapi(base_url=settings.PUBLIC_BASE_URL))
