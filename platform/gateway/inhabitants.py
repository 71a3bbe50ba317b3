"""Whom and what a lab holds that its kubeconfig names: the ServiceAccounts somebody made, and the clusters beside the first.

A cluster that does not answer in time has none: the file is worth having without them.
"""

from dataclasses import replace
from typing import Any

from gateway.kubeconfig import Account
from labs.router import Router, current_router

_PATIENCE_S = 4.0
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
#: A cluster's clock may run faster than the file's days; the file's own key ends after a week in any case.
_LIFE_S = 365 * 24 * 3_600
#: As many contexts as one still reads.
_MOST = 20


async def inhabitants(lab: str, *, with_tokens: bool = False) -> tuple[list[Account], list[str]]:
    """(accounts, names of other clusters); `with_tokens`: each account gets a token of its own."""
    router = await current_router()
    listed = await _asked(router, lab, {"kind": "request", "method": "GET", "path": "/api/v1/serviceaccounts"})
    clusters = await _asked(router, lab, {"kind": "clusters"})
    items = listed["body"]["items"] if listed.get("status") == 200 else []
    names = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items]
    accounts = [Account(*one) for one in names if one[0] not in _SYSTEM and one[1] != "default"][:_MOST]
    if with_tokens:
        accounts = [replace(one, token=await _token(router, lab, one)) for one in accounts]
    return accounts, [one["name"] for one in clusters.get("clusters", ())[1:]]


async def _token(router: Router, lab: str, account: Account) -> str:
    """A token as `kubectl create token` gives it; empty when the cluster gives none."""
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": _LIFE_S}}
    command = {"kind": "request", "method": "POST", "path": path, "body": body}
    told = await router.call(lab, "command", command, deadline_s=_PATIENCE_S)
    reply = told.json()["reply"] if told.is_ok else {}
    return str(reply["body"]["status"]["token"]) if reply.get("status") == 201 else ""


async def _asked(router: Router, lab: str, command: dict[str, Any]) -> dict[str, Any]:
    told = await router.call(lab, "query", command, deadline_s=_PATIENCE_S)
    reply: dict[str, Any] = told.json()["reply"] if told.is_ok else {}
    return reply
