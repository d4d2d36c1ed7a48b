"""The admin site's pages of one company beside its roles: its people, its facts; and the choice of company before them."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from access.decorators import ClientRequest, administers, companies_of
from access.models import Client, Membership

PAGE = 50


@administers
@require_GET
def front(request: ClientRequest, client: Client) -> HttpResponse:
    """Straight on to what is done here most."""
    return redirect("admin:roles", client.organisation_number)


@administers
@require_GET
def people(request: ClientRequest, client: Client) -> HttpResponse:
    """Who belongs to the company, in which role, by name."""
    members = Membership.objects.filter(client=client).select_related("user", "role").order_by("user__name", "pk")
    page = Paginator(members, PAGE).get_page(request.GET.get("side"))
    return TemplateResponse(request, "access/administration/people.html", {"page": page})


@administers
@require_GET
def facts(request: ClientRequest, client: Client) -> HttpResponse:
    """What is kept of the company itself; read only, since it came with its books."""
    return TemplateResponse(request, "access/administration/facts.html")


def choose(request: HttpRequest, others: list[dict]) -> HttpResponse:
    """The companies that she may administer; straight on where there is one. `others`: the operator's own lists.

    `sok`: a part of the name or of the number. The caller has seen to who she is.
    """
    hers = companies_of(request.user)  # type: ignore[arg-type]  # AdminSite.admin_view
    if not request.user.is_superuser and (count := list(hers[:2])) and len(count) == 1:
        return redirect("admin:roles", count[0].organisation_number)
    words = request.GET.get("sok", "").strip().replace("\0", "")[:100]
    found = hers
    for word in words.split():
        found = found.filter(Q(name__icontains=word) | Q(organisation_number__startswith=word))
    if (number := "".join(words.split())).isdigit():
        found = hers.filter(Q(organisation_number__contains=number) | Q(name__icontains=words))
    page = Paginator(found.order_by("name", "pk"), PAGE).get_page(request.GET.get("side"))
    context = {"page": page, "words": words, "others": others}
    request.administration = True  # type: ignore[attr-defined]
    return TemplateResponse(request, "access/administration/choose.html", context)
