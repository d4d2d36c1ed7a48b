"""The pages that make, copy, rename and delete one role."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from access.decorators import ClientRequest, administers
from access.matrix import NotAMatrix, people_of, read_shown, shown_of, written
from access.models import Client, Role
from access.privileges import LEVEL_WORDS, PRIVILEGES, Level
from access.roles import (
    MOST_ROLES,
    ChangedMeanwhile,
    RoleInUse,
    RoleNameRefused,
    TooManyRoles,
    copy_role,
    create_role,
    delete_role,
    rename_role,
)

NAME, DELETE = "access/administration/role_name.html", "access/administration/role_delete.html"


@administers
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ClientRequest, client: Client) -> HttpResponse:
    """A role that may do nothing until the matrix says otherwise."""

    def make() -> str:
        role = create_role(client=client, name=request.POST.get("name", ""), actor=request.user)
        return _("The role «%(role)s» was made. Now decide what it may do.") % {"role": role.name}

    return _done_or_told(request, client, make, NAME, {"doing": "new", "role": None, "name": ""})


@administers
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: ClientRequest, client: Client, role_id: int) -> HttpResponse:
    """A role with the same levels under another name."""
    role = get_object_or_404(Role, pk=role_id, client=client)

    def make() -> str:
        shown = read_shown(request.POST.get("shown", ""))
        made = copy_role(role=role, shown=shown, name=request.POST.get("name", ""), actor=request.user)
        return _("The role «%(role)s» was made. Nobody has it yet.") % {"role": made.name}

    name = (_("Copy of %(role)s") % {"role": role.name})[:100]
    return _done_or_told(request, client, make, NAME, {"doing": "copy", "role": role, "name": name})


@administers
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: ClientRequest, client: Client, role_id: int) -> HttpResponse:
    """The same role under another name; 404 for the administrator's, which cannot be changed."""
    role = get_object_or_404(Role, pk=role_id, client=client, is_administrator=False)

    def make() -> str:
        shown = read_shown(request.POST.get("shown", ""))
        found = rename_role(role=role, shown=shown, name=request.POST.get("name", ""), actor=request.user)
        return _("The role is now called «%(role)s».") % {"role": found.name}

    return _done_or_told(request, client, make, NAME, {"doing": "rename", "role": role, "name": role.name})


@administers
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: ClientRequest, client: Client, role_id: int) -> HttpResponse:
    """Take a role away that nobody has; says who has it otherwise. 404 for the administrator's."""
    role = get_object_or_404(Role, pk=role_id, client=client, is_administrator=False)
    name = role.name

    def make() -> str:
        delete_role(role=role, shown=read_shown(request.POST.get("shown", "")), actor=request.user)
        return _("The role «%(role)s» was deleted.") % {"role": name}

    given = [(PRIVILEGES[one].label, LEVEL_WORDS[to]) for one, to in role.levels().items() if to != Level.NONE]
    context = {"role": role, "people": people_of(role), "given": given}
    return _done_or_told(request, client, make, DELETE, context)


def _done_or_told(
    request: ClientRequest, client: Client, make: Callable[[], str], template: str, context: dict[str, Any]
) -> HttpResponse:
    """On POST: do it and go to the matrix, or the page again with what stood in the way, and what was written kept."""
    error, status = "", 200
    if request.method == "POST":
        context["name"] = request.POST.get("name", "")[:200]  # what she wrote stays, also where it is refused
        try:
            messages.success(request, make())
        except RoleNameRefused as refused:
            error, status = str(refused), 400
        except TooManyRoles:
            told = _("A company can have %(count)d roles. Delete one that nobody needs.")
            error, status = told % {"count": MOST_ROLES}, 400
        except RoleInUse as used:
            error, status = _("The role is not deleted: somebody has it."), 409
            context["people"] = used.people
        except (ChangedMeanwhile, NotAMatrix):
            error, status = _("The role was changed while this page was open. Look at it anew, then go on."), 409
            context["role"] = Role.objects.filter(pk=context["role"].pk).first()
            if context["role"] is None:
                messages.error(request, _("The role was deleted while the page was open."))
                return redirect("admin:roles", client.organisation_number)
        else:
            return redirect("admin:roles", client.organisation_number)
    context["shown"] = written(shown_of([context["role"]] if context["role"] else []))
    return TemplateResponse(request, template, context | {"error": error}, status=status)
