"""The identity provider's ES256 key: made once, kept in the state folder, known by its thumbprint."""

import json
import os
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

ALGORITHM = "ES256"


@lru_cache(maxsize=1)
def _private_key() -> ec.EllipticCurvePrivateKey:
    path = settings.STATE / "es256-key.pem"
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("es256-key.pem is not an EC key")
    return key


@lru_cache(maxsize=1)
def public_jwk() -> dict[str, Any]:
    """The public key as the JWKS gives it; `kid` is its RFC 7638 thumbprint."""
    whole = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(_private_key().public_key()))
    members = {name: whole[name] for name in ("crv", "kty", "x", "y")}
    told = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    kid = urlsafe_b64encode(sha256(told).digest()).decode().rstrip("=")
    return members | {"kid": kid, "use": "sig", "alg": ALGORITHM}


def sign(claims: dict[str, Any]) -> str:
    """A JWT with the key's `kid`."""
    return jwt.encode(claims, _private_key(), algorithm=ALGORITHM, headers={"kid": public_jwk()["kid"]})
