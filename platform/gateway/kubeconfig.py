"""The file that points kubectl at simulated clusters. The address carries the key, so there is no other credential.

Names are those that `kind` would write: a context `kind-<cluster>` for each cluster of the lab, and beside it one for each ServiceAccount that somebody
made. Those users have a token of their account; where there is no TLS they act through impersonation, since clients send tokens over TLS only
(`client-go/tools/clientcmd/client_config.go: ClientConfig`). What they may is RBAC's to say either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount that the file lets one act as."""

    namespace: str
    name: str
    token: str = ""
    """What it shows; without one it is impersonated."""


def kubeconfig_text(
    name: str, server: str, *, namespace: str = "", accounts: Sequence[Account] = (), others: Sequence[str] = ()
) -> str:
    """`others`: names of further clusters of the lab, behind `/~name`."""
    clusters = {f"kind-{name}": server, **{f"kind-{other}": f"{server}/~{other}" for other in others}}
    users: dict[str, dict[str, Any]] = {cluster: {} for cluster in clusters}
    contexts = {cluster: _context(cluster, cluster, namespace) for cluster in clusters}
    for account in accounts:
        user = f"{account.namespace}-{account.name}"
        name_of_it = f"system:serviceaccount:{account.namespace}:{account.name}"
        users[user] = {"token": account.token} if account.token else {"as": name_of_it}
        contexts[f"{user}@kind-{name}"] = _context(f"kind-{name}", user, account.namespace)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": {"server": address}} for cluster, address in clusters.items()],
        "users": [{"name": user, "user": body} for user, body in users.items()],
        "contexts": [{"name": context, "context": body} for context, body in contexts.items()],
        "current-context": f"kind-{name}",
        "preferences": {},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _context(cluster: str, user: str, namespace: str) -> dict[str, str]:
    return {"cluster": cluster, "user": user, **({"namespace": namespace} if namespace else {})}
