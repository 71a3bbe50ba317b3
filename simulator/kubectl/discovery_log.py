"""What client-go logs while it asks a server in vain what it serves: one line a try, before kubectl's own sentence.

A server that answered once is spared that: what it serves is in the cache on disk.

How often each command tries was counted on kubectl 1.33 itself (`tests/clients/corpus_more.txt`).
"""

from __future__ import annotations

from simulator.machinery.go_text import klog_stamp, quoted

_USUAL = 5
_TRIES = {
    "kubectl version": 0,
    "kubectl create": 0,
    "kubectl events": 0,
    "kubectl top": 0,
    "kubectl auth whoami": 0,
    "kubectl diff": 0,
    "kubectl drain": 0,
    "kubectl get --raw": 0,
    "kubectl apply": 0,
    "kubectl run": 1,
    "kubectl wait": 4,
    "kubectl api-resources": 1,
    "kubectl api-versions": 1,
    "kubectl explain": 2,
    "kubectl auth can-i": 2,
    "kubectl logs": 4,
    "kubectl exec": 4,
    "kubectl attach": 4,
    "kubectl rollout": 4,
    "kubectl port-forward": 4,
}


def own_words(path: str, address: str, file: str) -> str | None:
    """How the two commands put it that do not use kubectl's common sentence; `file`: what `apply` was about to check."""
    if path == "kubectl api-versions":
        return f"error: couldn't get available api versions from server: {_refused(address, '/api')}\n"
    if path == "kubectl apply":
        return (
            f'error: error validating "{file}": error validating data: failed to download openapi: '
            f"{_refused(address, '/openapi/v2')}; if you choose to ignore these errors, turn validation off with --validate=false\n"
        )
    return None


def _refused(address: str, path: str) -> str:
    host = address.partition("://")[2] or address
    shown = address if "://" in address else f"http://{address}"
    where = host.replace("localhost", "127.0.0.1")
    return f'Get "{shown.rstrip("/")}{path}?timeout=32s": dial tcp {where.rstrip("/")}: connect: connection refused'


def discovery_failures(path: str, address: str, now_us: int) -> str:
    """The lines of a command in full (`kubectl rollout status`) against a server that refuses at `address`."""
    why = f"couldn't get current server API group list: {_refused(address, '/api')}"
    line = f'E{klog_stamp(now_us)}       1 memcache.go:265] "Unhandled Error" err={quoted(why)}\n'
    return line * _tries(path)


def _tries(path: str) -> int:
    words = path.split()
    return next((_TRIES[name] for end in (3, 2) if (name := " ".join(words[:end])) in _TRIES), _USUAL)
