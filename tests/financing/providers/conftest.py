"""A server of bytes for the door to knock at: it can answer anything, at any pace, or nothing."""

import json
import socket
import threading
import time

import pytest

from financing.providers.door import Door, Limits

QUICK = Limits(connect=0.5, read=0.5, total=1.0)
TOKEN = {"access_token": "token", "token_type": "Bearer", "expires_in": 1200}


def answer(status=200, body=b"{}", kind="application/json", **headers):
    """The bytes of an answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


class Wire:
    """`answers` are taken one after the other, the last one again and again; each is bytes or what yields bytes slowly."""

    def __init__(self, context=None):
        self.context = context
        self.answers, self.tokens, self.requests = [answer()], [answer(body=TOKEN)], []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        if self.context:
            try:
                connection = self.context.wrap_socket(connection, server_side=True)
            except OSError:
                return
        try:
            with connection, connection.makefile("rb") as stream:
                self.converse(connection, stream)
        except OSError:
            return  # the other side had enough

    def converse(self, connection, stream):
        while line := stream.readline():
            method, path, _version = line.decode().split()
            headers = {}
            while (line := stream.readline().strip()) != b"":
                name, _colon, value = line.decode("latin-1").partition(": ")
                headers[name.lower()] = value
            body = stream.read(int(headers.get("content-length", 0)))
            with self.lock:
                self.requests.append((method, path, headers, body))
                waiting = self.tokens if path == "/oauth/token" else self.answers
                said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            said = said(headers) if callable(said) else said
            for part in [said] if isinstance(said, bytes) else said:
                if part is None:
                    return  # hangs up
                connection.sendall(part)

    def calls(self):
        return [one for one in self.requests if one[1] != "/oauth/token"]


def drip(head, drop, pause):
    """The head at once, then a drop at a time for ever."""

    def said(_headers):
        yield head
        while True:
            time.sleep(pause)
            yield drop

    return said


HANG_UP = [None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS = {
    "body": drip(HEAD + b"Content-Length: 9000\r\n\r\n", b"1", 0.05),
    "body, without a pause": drip(HEAD + b"Content-Length: 900000\r\n\r\n", b"1", 0.001),
    "chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n", 0.05),
    "headers": drip(HEAD, b"X", 0.05),
    "many headers": drip(HEAD, b"X: y\r\n", 0.05),
    "the first line": drip(b"HTTP/1.1", b" ", 0.05),
    "100 and again": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
    "an error's body": drip(HEAD.replace(b"200", b"500") + b"Content-Length: 9000\r\n\r\n", b"1", 0.05),
}


@pytest.fixture
def wire():
    found = Wire()
    yield found
    found.listener.close()


@pytest.fixture
def door(wire):
    return Door(wire.url, "regnskap", lambda: ["secret"], limits=QUICK)


def ask(door, method="GET", path="/v1/thing", **options):
    """The answer as it is, read by nobody."""
    return door.call(method, path, lambda found: found, **options)


@pytest.fixture
def secure_wire(tmp_path):
    """The same over TLS, with a certificate of its own making for 127.0.0.1."""
    import ssl
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    found = Wire(context)
    found.certificate = certificate
    found.url = found.url.replace("http:", "https:")
    yield found
    found.listener.close()
