"""From the text of a kubeconfig file to its document, refused in the words of client-go's decoder.

`k8s.io/client-go/tools/clientcmd` (`loader.go`, `api/latest/latest.go`, `api/v1/types.go`).
"""

from __future__ import annotations

from typing import Any

from simulator.kubectl.errors import CommandError
from simulator.machinery.yaml_documents import YamlError, read

_SCHEME = "k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"
_HEAD = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
#: Of each section: its entries' type, the name of the body, the body's type, and which of the body's fields are no text.
_SECTIONS: dict[str, tuple[str, str, str, dict[str, type]]] = {
    "clusters": ("NamedCluster", "cluster", "Cluster", {"insecure-skip-tls-verify": bool, "disable-compression": bool}),
    "contexts": ("NamedContext", "context", "Context", {}),
    "users": ("NamedAuthInfo", "user", "AuthInfo", {"auth-provider": dict, "exec": dict}),
}
_FREE = ("extensions", "as-groups", "as-user-extra")
_GO_TYPES = {bool: "bool", str: "string"}


def kubeconfig_of(text: str, path: str) -> dict[str, Any]:
    """The document of a file. Raises CommandError."""
    try:
        return _checked(_document(text))
    except ValueError as error:
        raise CommandError(f'error loading config file "{path}": {error}') from None


def _document(text: str) -> Any:
    try:
        found = read(text)
    except YamlError as error:
        raise ValueError(error.message.removeprefix("error converting YAML to JSON: ")) from None
    return found[0].value if found else {}


def _checked(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        why = f"json: cannot unmarshal {_sort(document)} into Go value of type {_HEAD}"
        raise ValueError(f"couldn't get version/kind; json parse error: {why}")
    version, kind = document.get("apiVersion") or "v1", document.get("kind") or "Config"
    if (version, kind) != ("v1", "Config"):
        raise ValueError(f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"')
    for section in _SECTIONS:
        _check_section(document.get(section), section)
    _want(document.get("current-context"), str, "Config.current-context", "string")
    return document


def _check_section(entries: Any, section: str) -> None:
    entry_type, body_name, body_type, others = _SECTIONS[section]
    _want(entries, list, f"Config.{section}", f"[]v1.{entry_type}")
    for entry in entries or ():
        _want(entry, dict, f"Config.{section}", f"v1.{entry_type}")
        _want(entry.get("name"), str, f"{entry_type}.{section}.name", "string")
        body = entry.get(body_name)
        _want(body, dict, f"{entry_type}.{section}.{body_name}", f"v1.{body_type}")
        for field, value in (body or {}).items():
            wanted = others.get(field, str)
            if field not in _FREE and wanted in _GO_TYPES:
                _want(value, wanted, f"{body_type}.{section}.{body_name}.{field}", _GO_TYPES[wanted])


def _want(value: Any, wanted: type, field: str, go_type: str) -> None:
    """What is absent or null is fine."""
    if value is not None and not isinstance(value, wanted):
        raise ValueError(f"json: cannot unmarshal {_sort(value)} into Go struct field {field} of type {go_type}")


def _sort(value: Any) -> str:
    """What the JSON decoder calls a value."""
    names = ((bool, "bool"), (str, "string"), ((int, float), "number"), (dict, "object"))
    return next((name for sort, name in names if isinstance(value, sort)), "array")
