"""Under which name a component is known to policies and webhooks, as its credentials would say."""

from simulator.apiserver.request import User

_ALL = "system:authenticated"
_ACCOUNTS = ("system:serviceaccounts", "system:serviceaccounts:kube-system", _ALL)


def user_of(who: str) -> User:
    """Controllers are ServiceAccounts of kube-system, kubelets are nodes, the rest are users of their own name."""
    name, _, node = who.partition("/")
    if name == "kubelet":
        return User(f"system:node:{node}" if node else "system:node", ("system:nodes", _ALL))
    if name.endswith("-controller"):
        return User(f"system:serviceaccount:kube-system:{name}", _ACCOUNTS)
    if name in ("default-scheduler", "kube-scheduler"):
        return User("system:kube-scheduler", (_ALL,))
    if name == "kube-proxy":
        return User("system:serviceaccount:kube-system:kube-proxy", _ACCOUNTS)
    return User(who, (_ALL,))
