"""Bound tokens of ServiceAccounts: what TokenRequest hands out, and what it is worth when it comes back.

https://kubernetes.io/docs/concepts/security/service-accounts/#assigned-tokens. A token is a JWT with upstream's claims. Its signature (`token_signing.py`)
follows from the cluster's seed, so it proves itself without any state; it dies with its time, its account or the object it is bound to.
"""

import base64
import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any
from uuid import UUID

from simulator.apiserver import errors
from simulator.apiserver.authorization.rbac import account_user
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import User
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery import bootstrap_tokens
from simulator.machinery.store import Store
from simulator.machinery.token_signing import ALGORITHM, encoded, is_signed, key_id, public_key, sign

ISSUER = "https://kubernetes.default.svc.cluster.local"
_HOUR_S = 3_600
_LEAST_S, _MOST_S = 600, 1 << 32
_BOUND_KINDS = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
#: A pod's token of this life is accepted for a year; being older than asked for is only noted (`WarnOnlyBoundTokenExpirationSeconds`).
WARN_ONLY_S = 3_607
_EXTENSION_S = 365 * 24 * 3_600
_LEEWAY_US = 60_000_000
_INVALIDATED = "service account token has been invalidated"
#: What each authenticator says of a token that none of them knows.
_UNKNOWN = "invalid bearer token"
_EXTRA = "authentication.kubernetes.io/"


class Tokens:
    """Holds no state of its own."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store

    def answer(self, account: Obj, request: Obj, *, at_s: int | None = None) -> Obj:
        """A TokenRequest with its status. Raises StatusError for a life too short or a bound object that is not there.

        `at_s`: since when the asker has had it, when it is shown again.
        """
        spec = request.get("spec") or {}
        metadata = account["metadata"]
        asked = spec.get("expirationSeconds")
        life = _HOUR_S if asked is None else asked
        _refuse_life(life)
        audiences = list(spec.get("audiences") or [ISSUER])
        now = self._now_s() if at_s is None else at_s
        bound = self._bound(metadata, spec.get("boundObjectRef"))
        is_extended = life == WARN_ONLY_S and "pod" in bound and audiences == [ISSUER]
        if is_extended:
            bound["warnafter"] = now + life
        claims: Obj = {
            "aud": audiences,
            "exp": now + (_EXTENSION_S if is_extended else life),
            "iat": now,
            "iss": ISSUER,
            "kubernetes.io": {
                "namespace": metadata["namespace"],
                **_sorted({"serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]}, **bound}),
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        }
        claims = _sorted({**claims, "jti": self._identifier(claims)})
        due = self._engine.timestamp((now - self._engine.epoch_s + life) * 1_000_000)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
            "spec": {**spec, "audiences": audiences, "expirationSeconds": life},
            "status": {"token": self._written(claims), "expirationTimestamp": due},
        }

    def user(self, token: str, audiences: tuple[str, ...] = (ISSUER,)) -> User | None:
        """Whose token this is; None when it is worth nothing (any more)."""
        found = self.judged(token, audiences)
        return None if isinstance(found, str) else found

    def judged(self, token: str, audiences: tuple[str, ...] = (ISSUER,)) -> User | str:
        """Whose token this is, or why it is worth nothing: the words of `pkg/serviceaccount/claims.go`."""
        if bootstrap_tokens.PATTERN.fullmatch(token):
            return self._bootstrapper(token) or _UNKNOWN
        claims = self._read(token)
        if claims is None:
            return _UNKNOWN
        if not set(audiences) & set(claims["aud"]):
            return _aggregated(
                f"token audiences {_go_list(claims['aud'])} is invalid for the target audiences {_go_list(audiences)}"
            )
        says = self._invalid(claims)
        return _aggregated(says) if says else _holder(claims)

    def audiences(self, token: str, wanted: tuple[str, ...]) -> list[str]:
        """Those of the wanted audiences that a good token is meant for."""
        claims = self._read(token)
        return [] if claims is None else [one for one in wanted if one in claims["aud"]]

    def _invalid(self, claims: Obj) -> str:
        if claims["exp"] <= self._now_s():
            return "service account token has expired"
        about = claims["kubernetes.io"]
        namespace, wanted = about["namespace"], about["serviceaccount"]
        account = self._store.get("serviceaccounts", (namespace, wanted["name"]))
        if account is None:
            return f'serviceaccounts "{wanted["name"]}" not found'
        if account["metadata"]["uid"] != wanted["uid"]:
            return f"service account UID ({account['metadata']['uid']}) does not match claim ({wanted['uid']})"
        for kind, resource in _BOUND_KINDS.items():
            bound = about.get(kind.lower())
            if bound is None or (kind == "Node" and "pod" in about):
                continue  # a pod's token only tells where the pod runs
            obj = self._store.get(resource, ("" if kind == "Node" else namespace, bound["name"]))
            if obj is None:
                return _INVALIDATED
            uid = obj["metadata"]["uid"]
            if uid != bound["uid"]:
                return f"{kind.lower()} UID ({uid}) does not match service account {kind.lower()} ref claim ({bound['uid']})"
            if self._is_long_gone(obj):
                return _INVALIDATED
        return ""

    def _is_long_gone(self, obj: Obj) -> bool:
        """Deleted, and still there a minute after it should have ended (`jwt.DefaultLeeway`)."""
        due = obj["metadata"].get("deletionTimestamp")
        return due is not None and self._engine.micros(due) < self._engine.now - _LEEWAY_US

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

    def _bound(self, account: Obj, reference: Obj | None) -> Obj:
        if not reference:
            return {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        resource = _BOUND_KINDS.get(kind)
        if resource is None or reference.get("apiVersion", "v1") != "v1":
            group, _, version = reference.get("apiVersion", "v1").rpartition("/")
            raise errors.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
        obj = self._store.get(resource, ("" if kind == "Node" else account["namespace"], name))
        if obj is None:
            raise errors.not_found("", resource, name)
        if kind == "Pod" and obj["spec"].get("serviceAccountName") != account["name"]:
            raise errors.bad_request(
                f'cannot bind token for serviceaccount "{account["name"]}" to pod running with different serviceaccount name.'
            )
        uid = obj["metadata"]["uid"]
        if reference.get("uid") and reference["uid"] != uid:
            why = (
                f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
                "The object might have been deleted and then recreated"
            )
            raise errors.conflict("", kind, name, why)
        node = {} if kind != "Pod" else self._node_of(obj)
        return {**node, kind.lower(): {"name": name, "uid": uid}}

    def _node_of(self, pod: Obj) -> Obj:
        """A pod's token says on which node it runs; the node's uid only while there is such an object."""
        name = pod["spec"].get("nodeName")
        if not name:
            return {}
        node = self._store.get("nodes", ("", name))
        return {"node": {"name": name} if node is None else {"name": name, "uid": node["metadata"]["uid"]}}

    def _identifier(self, claims: Obj) -> str:
        digest = blake2b(json.dumps(claims).encode(), key=str(self._engine.seed).encode(), digest_size=16)
        return str(UUID(bytes=digest.digest(), version=4))

    def _now_s(self) -> int:
        return self._engine.epoch_s + self._engine.now // 1_000_000

    def _written(self, claims: Obj) -> str:
        body = f"{_packed({'alg': ALGORITHM, 'kid': key_id(self._secret)})}.{_packed(claims)}"
        return f"{body}.{sign(self._secret, body)}"

    def public_key(self) -> Obj:
        """With which anybody can check a token of this cluster."""
        return public_key(self._secret)

    @property
    def _secret(self) -> str:
        """What the signing key follows from: two clusters of one seed that began at different moments do not trust each other."""
        return f"{self._engine.seed}/{self._engine.epoch_s}/service-accounts"

    def _read(self, token: str) -> Obj | None:
        body, _, signature = token.rpartition(".")
        if not body or not is_signed(self._secret, body, signature):
            return None
        payload = body.partition(".")[2]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return dict(claims)


def _holder(claims: Obj) -> User:
    """`apiserver/pkg/authentication/serviceaccount/util.go: UserInfo`."""
    about = claims["kubernetes.io"]
    account = about["serviceaccount"]
    extra = {f"{_EXTRA}credential-id": (f"JTI={claims['jti']}",)}
    for kind in ("pod", "node"):
        for part, text in (about.get(kind) or {}).items():
            extra[f"{_EXTRA}{kind}-{part}"] = (text,)
    user = account_user(about["namespace"], account["name"])
    return User(user.name, user.groups, account["uid"], tuple(sorted(extra.items())))


def _aggregated(says: str) -> str:
    """Two authenticators were asked: that of the API server's own loopback client knows only its own token."""
    return f"[{_UNKNOWN}, {says}]"


def _go_list(texts: Iterable[str]) -> str:
    """`%q` of a slice."""
    return f"[{' '.join(json.dumps(text) for text in texts)}]"


def _sorted(claims: Obj) -> Obj:
    """Claims come out of Go maps, whose JSON is in the order of names."""
    return dict(sorted(claims.items()))


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
    return encoded(json.dumps(value, separators=(",", ":")).encode())
