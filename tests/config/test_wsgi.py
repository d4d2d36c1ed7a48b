"""The web process's entry, called as a server calls it: nothing that is sent gets past Django's own answers."""

import io

import pytest

from config.wsgi import application

BEYOND_TEXT = ["hex", "rot13", "base64", "idna", "undefined", "unicode_escape", "utf-16", "utf-7", "no-such", "\x00"]


def call(path, query="", method="GET", kind="", body=b"", **environ):
    said = {}

    def start(status, headers, *more):
        said.update(status=int(status.split()[0]), headers=dict(headers))

    answer = application(
        {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1", **environ,
        },
        start,
    )  # fmt: skip
    content = b"".join(answer)
    answer.close()
    return said["status"], said["headers"].get("Content-Type", ""), content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("charset", BEYOND_TEXT)
def test_a_charset_does_not_say_how_text_is_read(charset):
    kind = f"text/plain; charset={charset}"
    assert call("/healthz", "a=%5Cud800&b=%ff&c=zz", kind=kind)[0] == 200
    form = f"application/x-www-form-urlencoded; charset={charset}"
    for path, query in (("/api/v1/receivables", "cursor=%5Cud800"), ("/api/v1/company", "x=zz")):
        assert call(path, query, kind=kind)[:2] == (401, "application/problem+json")
    status, kind, content = call(
        "/oauth/token", method="POST", kind=form, body=b"grant_type=refresh_token&refresh_token=%5Cud800"
    )
    assert (status, kind) == (401, "application/json") and b"invalid_client" in content


@pytest.mark.django_db(transaction=True)
def test_a_form_is_read_as_before():
    """The parts of a multipart form stand in the content type as well."""
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"grant_type", b"refresh_token") + part % (b"refresh_token", b"x") + b"--x--\r\n"
    status, _, content = call("/oauth/token", method="POST", kind="multipart/form-data; boundary=x", body=body)
    assert (status, content) == (401, b'{"error": "invalid_client"}')
    status, _, content = call("/oauth/token", method="POST", kind="multipart/form-data", body=body)
    assert (status, b"invalid_request" in content) == (400, True)
    body = b"grant_type=refresh_token&refresh_token=x"
    content = call("/oauth/token", method="POST", kind="Application/X-WWW-Form-Urlencoded", body=body)[2]
    assert b"invalid_client" in content
