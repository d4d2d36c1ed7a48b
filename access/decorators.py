"""The gate in front of every page: it takes the company from the URL and asks for one privilege there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from access.models import Client, Membership, Rights, User
from access.privileges import ROLES, Level, Privilege, privilege
from access.services import write_audit
from access.tenancy import client_scope


class ClientRequest(HttpRequest):
    """A request that passed the gate."""

    user: User  # type: ignore[assignment]
    client: Client
    rights: Rights
    refused: Privilege  # what she lacks, where the gate did not open
    administration: bool  # whether it is the admin site's page of the company
    has_other_companies: bool  # that she can choose there


def requires(
    name: str | None, *, level: Level = Level.READ, scope: bool = True, read_only: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let a member with this privilege in: strangers (and the operator) get 404, members without the right 403.

    `name` None: any member. The view is called as `view(request, client, …)` inside the company's scope, and what it
    returns is rendered there; `scope=False` is for a view that calls the bank, which opens its own before and after.
    Anonymous people never come here: LoginRequiredMiddleware sends them to sign in.
    """
    if name is not None and level not in privilege(name).levels and level != Level.READ:
        raise ValueError(f"{name} does not know {level!r}")

    def gate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: ClientRequest, organisation_number: str, *arguments: Any, **options: Any) -> HttpResponse:
            client = _named(organisation_number)
            rights = client and request.user.rights(client)  # type: ignore[union-attr]
            if client is None or not rights:
                raise Http404
            request.client, request.rights = client, rights
            if name is not None and not (rights.full(name) if level == Level.FULL else name in rights):
                request.refused = privilege(name)
                _note_refusal(request, client, name)
                raise PermissionDenied
            if scope:
                with client_scope(client, read_only=read_only):
                    response = _rendered(view(request, client, *arguments, **options))
            else:
                response = view(request, client, *arguments, **options)
            patch_cache_control(response, no_store=True, private=True)
            return response

        guarded.requires = name  # type: ignore[attr-defined]  # a test walks the URLconf and asks for it
        guarded.gated = True  # type: ignore[attr-defined]
        return guarded

    return gate


def administers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the administrator of this company and the operator in: strangers get 404, other members 403.

    The company is the one in the address and no other, whatever else she administers: two windows on two companies never
    mix. The view is called as `view(request, client, …)` inside the company's scope, and rendered there.
    """

    @wraps(view)
    def guarded(request: ClientRequest, organisation_number: str, *arguments: Any, **options: Any) -> HttpResponse:
        client = _named(organisation_number)
        operator = request.user.is_active and request.user.is_superuser
        rights = None if operator or client is None else request.user.rights(client)
        if client is None or not (operator or rights):
            raise Http404
        request.client = client
        if rights is not None:
            request.rights = rights
            if not rights.full(ROLES):
                request.refused = privilege(ROLES)
                _note_refusal(request, client, ROLES)
                raise PermissionDenied
        request.administration = True
        request.has_other_companies = companies_of(request.user).exclude(pk=client.pk).exists()
        with client_scope(client):
            response = _rendered(view(request, client, *arguments, **options))
        patch_cache_control(response, no_store=True, private=True)
        return response

    guarded.gated = True  # type: ignore[attr-defined]
    return guarded


def companies_of(user: User) -> QuerySet[Client]:
    """The companies that she may choose in the admin site: those she administers; all of them for the operator."""
    if not user.is_active:
        return Client.objects.none()
    if user.is_superuser:
        return Client.objects.all()
    hers = Membership.objects.filter(user=user, role__is_administrator=True)
    return Client.objects.filter(pk__in=hers.values("client"))


def _named(organisation_number: str) -> Client | None:
    known = organisation_number.isalnum()  # PostgreSQL refuses to look for a NUL at all
    return Client.objects.filter(organisation_number=organisation_number).first() if known else None


def _note_refusal(request: ClientRequest, client: Client, name: str) -> None:
    """One audit line where a member tried to do what she may not; a page that she may not see is none (TRUST: P1)."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    details = {"privilege": name, "page": request.resolver_match.url_name if request.resolver_match else ""}
    with client_scope(client):
        write_audit(
            action="access.refused",
            client=client,
            actor=request.user,
            role_name=request.rights.membership.role.name,
            details=details,
        )


def _rendered(response: HttpResponse) -> HttpResponse:
    # A TemplateResponse runs its querysets when rendered, which must happen while the scope is open.
    if hasattr(response, "render") and callable(response.render):
        return response.render()
    return response
