"""The page «BankID test», and what a link leads to once somebody has signed in there."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from sandbox import applications, links, reckoning, standing
from sandbox.models import Link, Onboarding
from sandbox.pages.errors import problem_page
from sandbox.people import PEOPLE

GONE = "Lenken virker én gang og bare noen minutter. Gå tilbake til regnskapssystemet og åpne banken derfra på nytt."


def sign_in_page(request: HttpRequest, *, purpose: str, action: str, way_back: str, sealed: str = "") -> HttpResponse:
    """One button per person and «Avbryt». The answer may end at `way_back`, so that its origin is named in the policy."""
    context = {"people": PEOPLE.values(), "purpose": purpose, "action": action, "sealed": sealed}
    response = render(request, "sandbox/bankid.html", context)
    response.form_origin = links.origin(way_back)  # type: ignore[attr-defined]
    return response


def see_other(address: str) -> HttpResponse:
    """303: what comes next is read, not posted."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


@require_http_methods(["GET", "POST"])
def follow_link(request: HttpRequest, secret: str) -> HttpResponse:
    """A link. Opening it shows BankID and uses nothing up, since previewers open links too; signing in uses it up."""
    link = links.find(secret)
    if link is None:
        return problem_page(request, "Ukjent lenke", GONE, 404)
    if not links.usable(link):
        title = "Lenken er brukt" if link.used_at else "Lenken er utløpt"
        return problem_page(request, title, GONE, 410, back=links.way_back(link))
    if request.method != "POST":
        company = (link.onboarding or link.agreement.onboarding).organisation_name
        verb = "søke om Buffer" if link.onboarding else "styre Buffer-kontoen"
        return sign_in_page(
            request, purpose=f"{verb} for {company}", action=request.path, way_back=links.way_back(link)
        )
    sub = request.POST.get("person", "")
    if sub and sub not in PEOPLE:
        return problem_page(request, "Ukjent person", "Velg en av personene på siden.")
    if not links.use(link):
        return problem_page(request, "Lenken er brukt", GONE, 410, back=links.way_back(link))
    request.session.flush()  # whoever was here before is out, and the session gets a new key
    if not sub:
        if link.onboarding_id:
            applications.leave(link.onboarding_id)
        return see_other(links.way_back(link))
    return _enter(request, link, sub)


def _enter(request: HttpRequest, link: Link, sub: str) -> HttpResponse:
    """Bind the session to this person and this one matter."""
    bound: dict[str, Any] = {"person": sub, "back": links.way_back(link)}
    if link.onboarding_id:
        one = applications.identify(link.onboarding_id, sub)
        request.session["bank"] = bound | {"onboarding": one.pk}
        if one.status == "analysing" and applications.may_act(one, sub):
            reckoning.attend(one.pk)
        response = redirect("bank_application", one.pk)
    else:
        if not applications.may_act(link.agreement.onboarding, sub):
            return no_authority(request, link.agreement.onboarding, sub, links.way_back(link))
        request.session["bank"] = bound | {"agreement": link.agreement_id}
        response = redirect("bank_account", link.agreement_id)
    response.status_code = 303
    return response


def no_authority(request: HttpRequest, one: Onboarding, sub: str, back: str) -> HttpResponse:
    """The register does not let this person act for the company now; it says why, as far as it tells."""
    found, name = standing.authority(one, sub), PEOPLE[sub].name
    texts = {
        "missing": f"{name} kan bare handle sammen med {' og '.join(found.missing)}.",
        "unresolved": "Registeret kan ikke svare på hvem som kan handle for foretaket. Ta kontakt med banken.",
        "silent": "Registeret over signatur og prokura svarer ikke nå. Prøv igjen om litt.",
        "closed": "Foretaket er registrert konkurs eller under avvikling.",
    }
    text = texts.get(
        found.verdict,
        f"{name} har verken signaturrett eller fullmakt for foretaket. En annen kan fortsette med ny lenke.",
    )
    return problem_page(request, "Du kan ikke handle for foretaket", text, 403, back=back)


def bound_to(request: HttpRequest, kind: str, identity: str) -> dict[str, str] | None:
    """{person, back} of the session, if somebody signed in for exactly this onboarding or agreement; else None."""
    found = request.session.get("bank")
    return found if isinstance(found, dict) and found.get(kind) == identity else None


def signed_out(request: HttpRequest) -> HttpResponse:
    """The session is over, or was made for something else."""
    text = "Økten er avsluttet. Gå tilbake til regnskapssystemet og åpne banken derfra på nytt."
    return problem_page(request, "Du må logge inn på nytt", text, 403)
