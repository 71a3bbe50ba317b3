"""Where anybody can learn how to check the tokens of ServiceAccounts: `/.well-known/openid-configuration` and `/openid/v1/jwks`.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery; `pkg/serviceaccount/openidmetadata.go`,
`pkg/routes/openidmetadata.go` (1.33).
"""

from collections.abc import Callable

from simulator.apiserver.authorization.tokens import ISSUER, Tokens
from simulator.apiserver.request import Request, Response
from simulator.engine.plain import Obj
from simulator.machinery.token_signing import ALGORITHM

_CONFIGURATION, _KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
_KEPT = {"cache-control": "public, max-age=3600"}


def discovered(request: Request, tokens: Tokens, address: Callable[[], str]) -> Response | None:
    """`address`: `host:port` under which the API server is known. None for any other path."""
    if request.method not in ("GET", "HEAD") or request.path not in (_CONFIGURATION, _KEYS):
        return None
    if request.path == _KEYS:
        keys: Obj = {"keys": [tokens.public_key()]}
        return Response(200, keys, headers={"content-type": "application/jwk-set+json", **_KEPT})
    configuration = {
        "issuer": ISSUER,
        "jwks_uri": f"https://{address()}{_KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }
    return Response(200, configuration, headers=_KEPT)
