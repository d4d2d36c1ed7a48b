"""Pages for what cannot go on, and problem details where a machine asked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sandbox.api.problems import Problem

MACHINE = ("/v1/", "/oauth/")


def problem_page(request: HttpRequest, title: str, text: str, status: int = 400, **more: str) -> HttpResponse:
    """A page that says what is wrong and what to do; `back` may name a link's address."""
    return render(request, "sandbox/message.html", {"title": title, "text": text, **more}, status=status)


def _answer(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if request.path.startswith(MACHINE):
        return Problem(status, title).response()
    return problem_page(request, title, text, status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "Fant ikke siden", "Adressen finnes ikke i testbanken.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "Ugyldig forespørsel", "Banken kunne ikke lese forespørselen.")


def failed(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "Noe gikk galt i testbanken", "Prøv igjen om litt.")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form did not come from the bank's own page, or its cookie is gone."""
    text = "Siden var for gammel, eller nettleseren godtar ikke informasjonskapsler. Last siden på nytt og prøv igjen."
    return problem_page(request, "Skjemaet ble ikke godtatt", text, 403)
