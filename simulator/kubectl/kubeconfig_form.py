"""The form of a kubeconfig as `client-go/tools/clientcmd/api/v1` writes it: which fields are always there, and in which order Go prints them.

Also which fields `kubectl config set` may change, and what kind of value each takes.
"""

from __future__ import annotations

from typing import Any

_CLUSTER = (
    "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "certificate-authority-data", "proxy-url",
    "disable-compression", "extensions",
)  # fmt: skip
_USER = (
    "client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile", "act-as", "act-as-uid",
    "act-as-groups", "act-as-user-extra", "as", "as-uid", "as-groups", "as-user-extra", "username", "password", "auth-provider", "exec", "extensions",
)  # fmt: skip
_CONTEXT = ("cluster", "user", "namespace", "extensions")
_EXEC = ("command", "args", "env", "apiVersion", "installHint", "provideClusterInfo", "interactiveMode")
_TOP = ("kind", "apiVersion", "preferences", "clusters", "users", "contexts", "current-context", "extensions")
_ALWAYS: dict[str, dict[str, Any]] = {"clusters": {"server": ""}, "contexts": {"cluster": "", "user": ""}, "users": {}}
_FIELDS = {"clusters": _CLUSTER, "contexts": _CONTEXT, "users": _USER}

#: What `config set` may set below an entry: text, a boolean, or bytes.
SETTABLE: dict[str, dict[str, str]] = {
    "clusters": {
        "server": "text", "tls-server-name": "text", "insecure-skip-tls-verify": "bool", "certificate-authority": "text",
        "certificate-authority-data": "bytes", "proxy-url": "text", "disable-compression": "bool",
    },
    "contexts": {"cluster": "text", "user": "text", "namespace": "text"},
    "users": {
        "client-certificate": "text", "client-certificate-data": "bytes", "client-key": "text", "client-key-data": "bytes", "token": "text",
        "tokenFile": "text", "act-as": "text", "act-as-uid": "text", "username": "text", "password": "text",
    },
}  # fmt: skip


def canonical(document: dict[str, Any]) -> dict[str, Any]:
    """Every field that Go always writes, in the order of its structures."""
    filled: dict[str, Any] = {
        "kind": "Config",
        "apiVersion": "v1",
        "preferences": {},
        "current-context": "",
        **document,
    }
    filled["preferences"] = filled["preferences"] or {}
    filled["current-context"] = filled["current-context"] or ""
    for section, fields in _FIELDS.items():
        entries = document.get(section)
        filled[section] = [_entry(section, fields, one) for one in entries] if entries else None
    return _in_order(filled, _TOP)


def _entry(section: str, fields: tuple[str, ...], entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    key = section.removesuffix("s")
    body = {**_ALWAYS[section], **(entry.get(key) or {})}
    if isinstance(body.get("exec"), dict):
        body["exec"] = _in_order({"args": None, "env": None, "provideClusterInfo": False, **body["exec"]}, _EXEC)
    if isinstance(body.get("auth-provider"), dict):
        body["auth-provider"] = _in_order(body["auth-provider"], ("name", "config"))
    return {"name": entry.get("name", ""), key: _in_order(body, fields)}


def _in_order(body: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    known = {field: body[field] for field in fields if field in body}
    return known | {key: value for key, value in body.items() if key not in known}
