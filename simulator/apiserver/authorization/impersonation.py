"""Acting for somebody else: the `Impersonate-User` and `Impersonate-Group` headers that `kubectl --as` sends.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation; `filters/impersonation.go` (1.33). Several groups
are separated by commas, as HTTP joins repeated headers.
"""

from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, account_in, account_user
from simulator.apiserver.errors import StatusError
from simulator.apiserver.request import Request, User

USER, GROUP = "impersonate-user", "impersonate-group"
_AUTHENTICATED, _UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
_ANONYMOUS = "system:anonymous"


def acting_user(rbac: Rbac, request: Request) -> User:
    """Whose rights count for this request. Raises StatusError when the caller may not act for them."""
    name = request.headers.get(USER, "")
    groups = tuple(part.strip() for part in request.headers.get(GROUP, "").split(",") if part.strip())
    if not name:
        if groups:
            says = f'Internal Server Error: "{request.path}": requested groups without impersonating a user'
            raise StatusError(500, "InternalError", says)
        return request.user
    account = account_in(name)
    if account is not None:
        asked = Attributes("impersonate", "serviceaccounts", namespace=account[0], name=account[1])
    else:
        asked = Attributes("impersonate", "users", name=name)
    rbac.require(request.user, asked)
    for group in groups:
        rbac.require(request.user, Attributes("impersonate", "groups", name=group))
    if not groups and account is not None:
        return account_user(*account)
    wanted = _UNAUTHENTICATED if name == _ANONYMOUS else _AUTHENTICATED
    is_known = wanted in groups or _UNAUTHENTICATED in groups
    return User(name, groups if is_known else (*groups, wanted))
