"""Bootstrap tokens as they lie in Secrets: `abcdef.0123456789abcdef`, and the signature that proves one.

https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/; `cluster-bootstrap/token/api`, `token/jws`, `plugin/pkg/auth/authenticator/token/bootstrap`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

Obj = dict[str, Any]
TYPE = "bootstrap.kubernetes.io/token"
NAMESPACE, PREFIX = "kube-system", "bootstrap-token-"
USER, GROUP = "system:bootstrap:", "system:bootstrappers"
DEFAULT_GROUP = "system:bootstrappers:kubeadm:default-node-token"
PATTERN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_USAGE = "usage-bootstrap-"


@dataclass(frozen=True, slots=True)
class BootstrapToken:
    id: str
    secret: str
    expires: str
    """RFC 3339; "" for ever."""
    usages: tuple[str, ...]
    groups: tuple[str, ...]
    description: str

    @property
    def text(self) -> str:
        return f"{self.id}.{self.secret}"


def read(secret: Obj) -> BootstrapToken | None:
    """None for a Secret that holds no token."""
    if secret.get("type") != TYPE:
        return None
    data = {key: _decoded(value) for key, value in (secret.get("data") or {}).items()}
    token = f"{data.get('token-id', '')}.{data.get('token-secret', '')}"
    if PATTERN.fullmatch(token) is None or secret["metadata"]["name"] != PREFIX + data["token-id"]:
        return None
    usages = tuple(
        sorted(key.removeprefix(_USAGE) for key, on in data.items() if key.startswith(_USAGE) and on == "true")
    )
    groups = tuple(sorted(group for group in data.get("auth-extra-groups", "").split(",") if group))
    return BootstrapToken(
        data["token-id"], data["token-secret"], data.get("expiration", ""), usages, groups, data.get("description", "")
    )


def written(token: BootstrapToken) -> Obj:
    """The Secret that holds a token."""
    data = {"token-id": token.id, "token-secret": token.secret}
    data |= {"expiration": token.expires} if token.expires else {}
    data |= {f"{_USAGE}{usage}": "true" for usage in token.usages}
    data |= {"auth-extra-groups": ",".join(token.groups)} if token.groups else {}
    data |= {"description": token.description} if token.description else {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": PREFIX + token.id, "namespace": NAMESPACE},
        "type": TYPE,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in sorted(data.items())},
    }


def signature(content: str, id: str, secret: str) -> str:
    """A JWS whose content is left out (`ComputeDetachedSignature`)."""
    header = _packed(json.dumps({"alg": "HS256", "kid": id}, separators=(",", ":")).encode())
    body = f"{header}.{_packed(content.encode())}"
    return f"{header}..{_packed(hmac.digest(secret.encode(), body.encode(), 'sha256'))}"


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
