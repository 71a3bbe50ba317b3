"""Acting for somebody else: the `Impersonate-User`, `-Group`, `-Uid` and `-Extra-…` headers that `kubectl --as` sends.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation; `filters/impersonation.go` (1.33). Several groups
are separated by commas, as HTTP joins repeated headers.
"""

from urllib.parse import unquote

from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, account_in, account_user
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import Request, User

USER, GROUP, UID, EXTRA = "impersonate-user", "impersonate-group", "impersonate-uid", "impersonate-extra-"
_AUTHENTICATED, _UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
_ANONYMOUS = "system:anonymous"
_AUTHENTICATION = "authentication.k8s.io"


def acting_user(rbac: Rbac, request: Request) -> User:
    """Whose rights count for this request. Raises StatusError when the caller may not act for them."""
    headers = request.headers
    name, uid = headers.get(USER, ""), headers.get(UID, "")
    groups = _several(headers.get(GROUP, ""))
    extra = {unquote(key.removeprefix(EXTRA)): _several(text) for key, text in headers.items() if key.startswith(EXTRA)}
    if not name:
        if groups or uid or extra:
            what = _listed(groups, extra, uid)
            says = f'Internal Server Error: "{request.path}": requested {what} without impersonating a user'
            raise StatusError(500, "InternalError", says)
        return request.user
    account = account_in(name)
    for asked in _questions(name, account, groups, extra, uid):
        rbac.require(request.user, asked)
    known = tuple((key, extra[key]) for key in sorted(extra))
    if not groups and account is not None:
        return User(name, account_user(*account).groups, uid, known)
    wanted = _UNAUTHENTICATED if name == _ANONYMOUS else _AUTHENTICATED
    is_known = wanted in groups or _UNAUTHENTICATED in groups
    return User(name, groups if is_known else (*groups, wanted), uid, known)


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _questions(
    name: str, account: tuple[str, str] | None, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]], uid: str
) -> list[Attributes]:
    """What the caller must be allowed, one by one."""
    if account is not None:
        asked = [Attributes("impersonate", "serviceaccounts", namespace=account[0], name=account[1])]
    else:
        asked = [Attributes("impersonate", "users", name=name)]
    asked += [Attributes("impersonate", "groups", name=group) for group in groups]
    asked += [
        Attributes("impersonate", "userextras", _AUTHENTICATION, subresource=key, name=value)
        for key in sorted(extra)
        for value in extra[key]
    ]
    return asked + ([Attributes("impersonate", "uids", _AUTHENTICATION, name=uid)] if uid else [])


def _listed(groups: tuple[str, ...], extra: dict[str, tuple[str, ...]], uid: str) -> str:
    """Go's notation of the object references that the headers stand for."""
    parts = [f"{{Group  {group}    }}" for group in groups]
    parts += [f"{{UserExtra  {value}  {_AUTHENTICATION}/v1  {key}}}" for key in sorted(extra) for value in extra[key]]
    parts += [f"{{UID  {uid}  {_AUTHENTICATION}/v1  }}"] if uid else []
    return f"[{' '.join(parts)}]"
