"""Bound tokens of ServiceAccounts: what TokenRequest hands out, and what it is worth when it comes back.

https://kubernetes.io/docs/concepts/security/service-accounts/#assigned-tokens. A token is a JWT with upstream's claims. Its signature is a
keyed hash over the cluster's seed, so it proves itself without any state; it dies with its time, its account or the object it is bound to.
"""

import base64
import json
from hashlib import blake2b
from typing import Any

from simulator.apiserver import errors
from simulator.apiserver.authorization.rbac import account_user
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import User
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery import bootstrap_tokens
from simulator.machinery.store import Store

ISSUER = "https://kubernetes.default.svc.cluster.local"
_HOUR_S = 3_600
_LEAST_S, _MOST_S = 600, 1 << 32
_BOUND_KINDS = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


class Tokens:
    """Holds no state of its own."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    def answer(self, account: Obj, request: Obj) -> Obj:
        """A TokenRequest with its status. Raises StatusError for a life too short or a bound object that is not there."""
        spec = request.get("spec") or {}
        metadata = account["metadata"]
        asked = spec.get("expirationSeconds")
        life = _HOUR_S if asked is None else asked
        _refuse_life(life)
        audiences = list(spec.get("audiences") or [ISSUER])
        now = self._now_s()
        claims: Obj = {
            "aud": audiences,
            "exp": now + life,
            "iat": now,
            "iss": ISSUER,
            "kubernetes.io": {
                "namespace": metadata["namespace"],
                "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
                **self._bound(metadata["namespace"], spec.get("boundObjectRef")),
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        }
        due = self._engine.timestamp(self._engine.now + life * 1_000_000)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
            "spec": {**spec, "audiences": audiences, "expirationSeconds": life},
            "status": {"token": self._written(claims), "expirationTimestamp": due},
        }

    def user(self, token: str) -> User | None:
        """Whose token this is; None when it is worth nothing (any more)."""
        if bootstrap_tokens.PATTERN.fullmatch(token):
            return self._bootstrapper(token)
        claims = self._read(token)
        if claims is None or claims["exp"] <= self._now_s():
            return None
        about = claims["kubernetes.io"]
        namespace, account = about["namespace"], about["serviceaccount"]
        if not self._is_alive("serviceaccounts", namespace, account):
            return None
        for kind, resource in _BOUND_KINDS.items():
            bound = about.get(kind.lower())
            if bound and not self._is_alive(resource, "" if kind == "Node" else namespace, bound):
                return None
        return account_user(namespace, account["name"])

    def _bootstrapper(self, text: str) -> User | None:
        """`plugin/pkg/auth/authenticator/token/bootstrap/bootstrap.go`."""
        name = bootstrap_tokens.PREFIX + text.partition(".")[0]
        secret = self._store.get("secrets", (bootstrap_tokens.NAMESPACE, name))
        token = None if secret is None else bootstrap_tokens.read(secret)
        if token is None or token.text != text or "authentication" not in token.usages:
            return None
        if token.expires and self._engine.micros(token.expires) <= self._engine.now:
            return None
        groups = (bootstrap_tokens.GROUP, *token.groups, "system:authenticated")
        return User(bootstrap_tokens.USER + token.id, groups)

    def _bound(self, namespace: str, reference: Obj | None) -> Obj:
        if not reference:
            return {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        resource = _BOUND_KINDS.get(kind)
        if resource is None:
            raise errors.bad_request(f"cannot bind token for serviceaccount to object of type v1, Kind={kind}")
        obj = self._store.get(resource, ("" if kind == "Node" else namespace, name))
        if obj is None:
            raise errors.not_found("", resource, name)
        return {kind.lower(): {"name": name, "uid": obj["metadata"]["uid"]}}

    def _is_alive(self, resource: str, namespace: str, wanted: Obj) -> bool:
        obj = self._store.get(resource, (namespace, wanted["name"]))
        return obj is not None and obj["metadata"]["uid"] == wanted["uid"]

    def _now_s(self) -> int:
        return self._engine.epoch_s + self._engine.now // 1_000_000

    def _written(self, claims: Obj) -> str:
        body = f"{_packed({'alg': 'RS256', 'kid': 'drydock'})}.{_packed(claims)}"
        return f"{body}.{self._signature(body)}"

    def _signature(self, body: str) -> str:
        key = str(self._engine.seed).encode()
        return _base64(blake2b(body.encode(), key=key, digest_size=64).digest())

    def _read(self, token: str) -> Obj | None:
        body, _, signature = token.rpartition(".")
        if not body or signature != self._signature(body):
            return None
        payload = body.partition(".")[2]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return dict(claims)


def _refuse_life(life: object) -> None:
    """`pkg/apis/authentication/validation`: ten minutes at least, 2^32 seconds at most."""
    says = ""
    if isinstance(life, bool) or not isinstance(life, int) or life < _LEAST_S:
        says = "may not specify a duration less than 10 minutes"
    elif life > _MOST_S:
        says = "may not specify a duration larger than 2^32 seconds"
    if says:
        cause = ("FieldValueInvalid", f"Invalid value: {life}: {says}", "spec.expirationSeconds")
        raise errors.invalid("authentication.k8s.io", "TokenRequest", "", [cause])


def unauthorized() -> StatusError:
    return StatusError(401, "Unauthorized", "Unauthorized")


def _packed(value: Obj) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
