"""Signing out, the failure page, and whether the service lives."""

from contextlib import closing

import psycopg2
import redis
from celery import current_app
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from access.oidc import WITHOUT_ACCESS
from access.services import write_audit

PATIENCE = 2  # seconds that readyz waits for each of its two


@login_not_required  # whose session has ended by itself is signed out, and not sent to sign in for it
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    if request.user.is_authenticated:
        write_audit(action="sign_out", actor=request.user)
        logout(request)
    response = redirect("signed_out")
    response["Clear-Site-Data"] = '"cache"'
    return response


@login_not_required
@require_GET
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "access/signed_out.html")


@login_not_required
@require_GET
@never_cache
def sign_in_failed(request: HttpRequest) -> HttpResponse:
    """Public. The reason stands in the log; `without_access`: the provider knows her, but she has no access here."""
    context = {"without_access": WITHOUT_ACCESS in request.GET}
    return TemplateResponse(request, "access/sign_in_failed.html", context, status=403)


@login_not_required
@require_GET
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_GET
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Database and broker answer: 200, else 503 with which one does not."""
    checks = {"database": _database_answers(), "broker": _broker_answers()}
    good = all(checks.values())
    told = {name: "ok" if works else "no answer" for name, works in checks.items()}
    return JsonResponse({"status": "ok" if good else "not ready", **told}, status=200 if good else 503)


def _database_answers() -> bool:
    # A connection of its own: on the kept one a server that is gone mute would be waited for without end.
    login = {**connection.get_connection_params(), "connect_timeout": PATIENCE}
    try:
        with closing(psycopg2.connect(**login)) as own, own.cursor() as cursor:
            cursor.execute("SELECT 1")
    except psycopg2.Error:
        return False
    return True


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except (OperationalError, OSError, redis.exceptions.RedisError):
        return False
    return True
