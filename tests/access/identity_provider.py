"""A small identity provider for the tests, ES256, that lies wherever it is told to."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID, CLIENT_SECRET = "regnskap", "only-for-tests"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Provider:
    """Its address is `url`; `tell` and `sign` and `answers` are where a test makes it lie."""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.released = threading.Event()
        self.reset()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self):
        self.new_key()
        self.person = {"sub": "dag", "name": "Dag Leder", "email": "dag@eksempel.invalid"}
        self.codes, self.secrets, self.hits = {}, [], Counter()
        self.tell = lambda claims: claims  # what the ID token says
        self.sign = self.signed  # how it is signed
        self.answers = {}  # path -> (status, body), or "silence", or "hang up"
        self.userinfo = lambda claims: {key: claims.get(key) for key in ("sub", "name", "email")}
        self.released.clear()

    def new_key(self):
        self.key, self.kid = ec.generate_private_key(ec.SECP256R1()), secrets.token_hex(4)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    # What it is made of

    def jwk(self):
        return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key())), "kid": self.kid, "use": "sig"}

    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def signed(self, claims, *, key=None, kid=...):
        header = {} if kid is None else {"kid": self.kid if kid is ... else kid}
        return jwt.PyJWS().encode(json.dumps(claims).encode(), key or self.key, "ES256", headers=header)

    def unsigned(self, claims):
        return (
            f"{encoded(json.dumps({'alg': 'none', 'kid': self.kid}).encode())}.{encoded(json.dumps(claims).encode())}."
        )

    def signed_with_the_public_key(self, claims):
        head = encoded(json.dumps({"alg": "HS256", "kid": self.kid}).encode())
        said = f"{head}.{encoded(json.dumps(claims).encode())}"
        return f"{said}.{encoded(hmac.new(self.public_pem(), said.encode(), hashlib.sha256).digest())}"

    # What the browser does here

    def authorise(self, location: str) -> dict[str, str]:
        """She has been sent to this address and signs in: the query that she is sent back with."""
        assert location.startswith(self.url + "/authorize?"), location
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        self.secrets += [code, asked["state"], asked["nonce"]]
        return {"code": code, "state": asked["state"]}

    # What the relying party fetches

    def answer(self, method, path, headers, form):
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url, "authorization_endpoint": self.url + "/authorize", "jwks_uri": self.url + "/jwks",
                "token_endpoint": self.url + "/token", "userinfo_endpoint": self.url + "/userinfo",
            }  # fmt: skip
        if path == "/jwks":
            return {"keys": [{"kty": "EC", "crv": "P-256"}, self.jwk()]}  # one without kid, too
        if path == "/token" and method == "POST":
            return self._token(headers, form)
        if path == "/userinfo":
            assert headers["Authorization"].startswith("Bearer ")
            return self.userinfo({**self.person})
        raise AssertionError(path)

    def _token(self, headers, form):
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert headers["Authorization"] == "Basic " + basic
        assert "client_secret" not in form
        asked = self.codes.pop(form["code"])
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert encoded(hashlib.sha256(form["code_verifier"].encode()).digest()) == asked["code_challenge"]
        now = int(time.time())
        claims = {
            **self.person, "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
        }  # fmt: skip
        told = self.tell(claims)
        token, access = self.sign(told), secrets.token_urlsafe(16)
        self.secrets += [token or "–", access]
        return {"access_token": access, "token_type": "Bearer", "id_token": token}

    def _handler(provider):  # noqa: N805  the class below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path = urlsplit(self.path).path
                provider.hits[path] += 1
                form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
                told = provider.answers.get(path)
                if told == "silence":
                    provider.released.wait(30)
                if told in ("silence", "hang up"):
                    self.close_connection = True
                    return
                status, body = told or (200, None)
                if body is None:
                    flat = {name: values[0] for name, values in form.items()}
                    body = json.dumps(provider.answer(self.command, path, self.headers, flat))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET  # noqa: N815  the name is http.server's

            def log_message(self, *arguments):
                """Silent."""

        return Handler
