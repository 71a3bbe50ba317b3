"""The key that signs the tokens of ServiceAccounts: real ECDSA on P-256 (ES256), so that anybody can check a token with the public half.

`kube-apiserver --service-account-signing-key-file`, `pkg/serviceaccount/jwt.go` and `openidmetadata.go` (1.33). Promises: everything follows
from a text; the same text always signs alike (RFC 6979), so equal clusters issue equal tokens. The library is loaded when the first token is signed.
"""

import base64
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib import import_module
from typing import Any

from simulator.engine.plain import Obj

ALGORITHM = "ES256"
_HAZMAT = "cryptography.hazmat.primitives"
_BYTES = 32


def sign(secret: str, text: str) -> str:
    """The signature of a JWT (RFC 7518, 3.4)."""
    signature = _private(secret).sign(text.encode(), _algorithm(deterministic=True))
    r, s = _utils().decode_dss_signature(signature)
    return encoded(r.to_bytes(_BYTES, "big") + s.to_bytes(_BYTES, "big"))


def is_signed(secret: str, text: str, signature: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    if len(raw) != 2 * _BYTES or encoded(raw) != signature:
        return False
    pair = _utils().encode_dss_signature(int.from_bytes(raw[:_BYTES], "big"), int.from_bytes(raw[_BYTES:], "big"))
    try:
        _private(secret).public_key().verify(pair, text.encode(), _algorithm(deterministic=False))
    except import_module("cryptography.exceptions").InvalidSignature:
        return False
    return True


@lru_cache(maxsize=256)
def key_id(secret: str) -> str:
    """`jwt.go: keyIDFromPublicKey`."""
    serialization = import_module(f"{_HAZMAT}.serialization")
    der = (
        _private(secret)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return encoded(sha256(der).digest())


def public_key(secret: str) -> Obj:
    """As a JSON Web Key (RFC 7517)."""
    numbers = _private(secret).public_key().public_numbers()
    place = {"x": encoded(numbers.x.to_bytes(_BYTES, "big")), "y": encoded(numbers.y.to_bytes(_BYTES, "big"))}
    return {"use": "sig", "kty": "EC", "kid": key_id(secret), "crv": "P-256", "alg": ALGORITHM, **place}


def encoded(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@lru_cache(maxsize=256)
def _private(secret: str) -> Any:
    curve = _curves().SECP256R1()
    seed = int.from_bytes(blake2b(secret.encode(), digest_size=_BYTES).digest(), "big")
    return _curves().derive_private_key(seed % (curve.group_order - 1) + 1, curve)


def _curves() -> Any:
    return import_module(f"{_HAZMAT}.asymmetric.ec")


def _utils() -> Any:
    return import_module(f"{_HAZMAT}.asymmetric.utils")


def _algorithm(*, deterministic: bool) -> Any:
    hashed = import_module(f"{_HAZMAT}.hashes").SHA256()
    return _curves().ECDSA(hashed, deterministic_signing=deterministic)
