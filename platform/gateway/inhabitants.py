"""Whom and what a lab holds that its kubeconfig names: the ServiceAccounts somebody made, and the clusters beside the first.

A cluster that does not answer in time has none: the file is worth having without them.
"""

from typing import Any

from gateway.kubeconfig import Account
from labs.router import Router, current_router

_PATIENCE_S = 4.0
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
#: As many contexts as one still reads.
_MOST = 20


async def inhabitants(lab: str) -> tuple[list[Account], list[str]]:
    """(accounts, names of other clusters)."""
    router = await current_router()
    listed = await _asked(router, lab, {"kind": "request", "method": "GET", "path": "/api/v1/serviceaccounts"})
    clusters = await _asked(router, lab, {"kind": "clusters"})
    items = listed["body"]["items"] if listed.get("status") == 200 else []
    names = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items]
    accounts = [Account(*one) for one in names if one[0] not in _SYSTEM and one[1] != "default"]
    return accounts[:_MOST], [one["name"] for one in clusters.get("clusters", ())[1:]]


async def _asked(router: Router, lab: str, command: dict[str, Any]) -> dict[str, Any]:
    told = await router.call(lab, "query", command, deadline_s=_PATIENCE_S)
    reply: dict[str, Any] = told.json()["reply"] if told.is_ok else {}
    return reply
