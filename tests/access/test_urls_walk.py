"""Walks every address: each has the gate, or is the API's or the admin site's, or stands here with its reason."""

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

# Open to everybody.
PUBLIC = {
    "oidc_authentication_init": "sends people to sign in",
    "oidc_authentication_callback": "where the identity provider sends them back; believes nothing unchecked",
    "sign_in_failed": "said to people who are not signed in",
    "sign_out": "whose session has ended is signed out too",
    "signed_out": "said to people who are signed out",
    "healthz": "asked by machines; says nothing but that the process lives",
    "readyz": "asked by machines; says which of two servers answers",
    "metrics": "asked by machines: with the token, or from this machine; counts and times only",
    "admin:login": "sends people to sign in; there is no form",
    "token": "for the provider, by client secret",
    "webhook": "for the provider, by signature",
    "financing_return": "keeps the state out of the address of the sign-in that it sends to; then asks for the rights",
    "api_schema": "says how the API is called, and nothing of anybody",
}
# For people who are signed in, before a company is known.
SIGNED_IN = {
    "set_language": "Django's own: keeps the chosen language in a cookie",
    "home": "lists the companies of the person",
}


def patterns(resolver, prefix="", namespace=""):
    """(address, name, view) of everything below."""
    for one in resolver.url_patterns:
        address = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, address, f"{one.namespace}:" if one.namespace else namespace)
        else:
            assert isinstance(one, URLPattern)
            yield address, namespace + (one.name or ""), one.callback


def kind(view):
    """What stands in front of it; None for nothing."""
    if getattr(view, "gated", False):
        return "gate"
    if hasattr(view, "admin_site") or hasattr(view, "model_admin"):
        return "admin"
    cls = getattr(view, "cls", None)
    if cls and issubclass(cls, APIView):
        named = next((vars(k)["permission_classes"] for k in cls.__mro__ if "permission_classes" in vars(k)), [])
        # APIView's own are the settings' default, and nobody has thought about this view yet.
        explicit = any("permission_classes" in vars(k) for k in cls.__mro__[: cls.__mro__.index(APIView)])
        return "api" if explicit and named and AllowAny not in named else None
    return None


def unguarded(found):
    return [f"{address} ({name})" for address, name, view in found if not kind(view) and name not in PUBLIC | SIGNED_IN]


def everything():
    return list(patterns(get_resolver("config.urls")))


def test_every_address_is_guarded_or_on_the_reviewed_list():
    found = everything()
    assert unguarded(found) == []
    kinds = [kind(view) for _, _, view in found]
    assert {"gate", "api", "admin"} <= set(kinds)
    assert kinds.count("gate") >= 9


def test_the_reviewed_lists_name_nothing_that_is_gone_or_guarded():
    bare = {name for _, name, view in everything() if not kind(view)}
    assert bare == set(PUBLIC) | set(SIGNED_IN)


def test_what_is_not_public_wants_a_session_or_a_token():
    for address, name, view in everything():
        if name in PUBLIC or kind(view) == "api":
            continue
        assert getattr(view, "login_required", True), f"{address} ({name})"


def test_every_page_of_a_company_has_the_gate():
    for address, name, view in everything():
        if "organisation_number" in address:
            assert kind(view) == "gate", f"{address} ({name})"


def test_the_walk_finds_a_view_without_a_gate():
    class Open(APIView):
        permission_classes = [AllowAny]

    class Unthought(APIView):
        pass

    def bare(request):
        return HttpResponse()

    added = URLResolver(get_resolver("config.urls").pattern, [
        path("bare", bare), path("open", Open.as_view()), path("unthought", Unthought.as_view(), name="api_new"),
    ])  # fmt: skip
    assert [one.split(" ")[0].rsplit("/", 1)[-1] for one in unguarded(patterns(added))] == ["bare", "open", "unthought"]


ARGUMENTS = {
    "<str:organisation_number>": "310000000", "<path:object_id>": "1", "<slug:key>": "receivables",
    "^(?P<app_label>financing)/$": "financing/", "<int:role_id>": "1", "(?P<url>.*)$": "whatever/",
    "<path:number>": "10",
    "<uuid:consent_id>": "6a1e0b5a-3f0c-4c55-9d53-0e1d2a7c9b11", "<str:day>": "2026-11-24", "<int:access_id>": "1",
    "<int:receipt_id>": "1", "<int:entry_id>": "1", "<int:sign_off_id>": "1", "<int:run_id>": "1", "<int:note_id>": "1",
    "<int:saved_view_id>": "1", "<uuid:export_key>": "6a1e0b5a-3f0c-4c55-9d53-0e1d2a7c9b11",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_gets_anything_but_what_is_public(client, make_client, method):
    make_client()
    answered = {}
    for address, name, _view in everything():
        for pattern, value in ARGUMENTS.items():
            address = address.replace(pattern, value)
        assert not set("<>^$") & set(address), f"ARGUMENTS knows no value for {address}"
        if name in PUBLIC:
            continue
        answer = client.generic(method, "/" + address, "{}", "application/json")
        sent_away = answer.status_code == 302 and answer["Location"].startswith(("/innlogging/?", "/admin/login/?"))
        if not sent_away and answer.status_code not in (401, 405):
            answered[address] = answer.status_code
    assert answered == {}
