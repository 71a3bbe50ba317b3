"""What is wrong with an EncryptionConfiguration, in the words with which the API server ends.

`apiserver/pkg/apis/apiserver/validation/validation_encryption.go` (1.33). Only findings; what a configuration means is `encryption.py`'s.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery.validation.field_errors import FieldError, go_slice, go_struct, invalid, required

#: Provider → lengths a key may have.
KEY_LENGTHS = {"aescbc": (16, 24, 32), "aesgcm": (16, 24, 32), "secretbox": (32,)}
_PROVIDERS = ("kms", "aesgcm", "aescbc", "secretbox", "identity")
_UNREACHED = ("apiserveripinfo", "serviceipallocations", "servicenodeportallocations")
_ANY = ("*", "*")
_STRUCT = "apiserver.ProviderConfiguration"


def findings(document: Obj) -> list[FieldError]:
    entries = document.get("resources") or ()
    if not entries:
        return [required("resources", "at least one resources is required")]
    found: list[FieldError] = []
    names: list[str] = []
    for index, entry in enumerate(entries):
        found += _entry(entry, f"resources[{index}]", names)
    return found


def _entry(entry: Obj, path: str, names: list[str]) -> list[FieldError]:
    """`names`: of the KMS providers so far; grows."""
    resources, providers = entry.get("resources") or [], entry.get("providers") or []
    found: list[FieldError] = []
    if not resources:
        found.append(required(f"{path}.resources", f"at least one {path}.resources is required"))
    found += _overlaps(resources, f"{path}.resources")
    for index, name in enumerate(resources):
        if says := _wrong_name(name):
            found.append(invalid(f"{path}.resources[{index}]", name, says))
    if not providers:
        found.append(required(f"{path}.providers", f"at least one {path}.providers is required"))
    for index, provider in enumerate(providers):
        found += _provider(provider, f"{path}.providers[{index}]", names)
    return found


def _parsed(resource: str) -> tuple[str, str]:
    name, _, group = resource.partition(".")
    return name, group


def _overlaps(resources: Sequence[str], path: str) -> list[FieldError]:
    pairs = [_parsed(one) for one in resources]
    shown = go_slice("string", resources)
    found = []
    if len(set(pairs)) < len(pairs):
        found.append(invalid(path, shown, "the same resource cannot be specified multiple times"))
    if any(
        one != other and (one == _ANY or (one[1] == other[1] and "*" in (one[0], other[0])))
        for index, one in enumerate(pairs)
        for at, other in enumerate(pairs)
        if index != at
    ):
        says = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked"
        found.append(invalid(path, shown, says))
    return found


def _wrong_name(resource: str) -> str:
    name, group = _parsed(resource)
    if resource.lower() != resource:
        return "resource name should not contain capital letters"
    if resource == "*":
        return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
    if resource in _UNREACHED:
        return "resources which do not have REST API/s cannot be encrypted"
    if group == "events.k8s.io":
        return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
    if group == "extensions":
        return "'extensions' group has been removed and cannot be used for encryption"
    if group == "*" and name != "*":
        return "encrypting the same resource across groups is not supported"
    return ""


def _provider(given: Any, path: str, names: list[str]) -> list[FieldError]:
    known = [name for name in _PROVIDERS if isinstance(given, dict) and name in given]
    if not known:
        says = "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
        return [invalid(path, go_struct(_STRUCT), says)]
    found = []
    if len(known) > 1:
        says = "more than one provider specified in a single element, should split into different list elements"
        found.append(invalid(path, go_struct(_STRUCT), says))
    name = known[0]
    body = given[name] or {}
    if name == "kms":
        found += _kms(body, f"{path}.kms", names)
        names.append(str(body.get("name", "")))
    elif name in KEY_LENGTHS:
        found += _keys(body.get("keys") or (), f"{path}.{name}.keys", KEY_LENGTHS[name])
    return found


def _keys(keys: Sequence[Obj], path: str, lengths: tuple[int, ...]) -> list[FieldError]:
    if not keys:
        return [required(path, "at least one keys is required")]
    return [error for index, key in enumerate(keys) for error in _key(key, f"{path}[{index}]", lengths)]


def _key(key: Obj, path: str, lengths: tuple[int, ...]) -> list[FieldError]:
    found = [] if key.get("name") else [required(f"{path}.name", "name is a mandatory field for a key")]
    if not key.get("secret"):
        return [*found, required(f"{path}.secret", "secret is a mandatory field for a key")]
    try:
        length = len(b64decode(key["secret"], validate=True))
    except (binascii.Error, TypeError, ValueError):
        return [*found, invalid(f"{path}.secret", "REDACTED", "secrets must be base64 encoded")]
    if length not in lengths:
        wanted = " ".join(str(one) for one in lengths)
        says = f"secret is not of the expected length, got {length}, expected one of [{wanted}]"
        found.append(invalid(f"{path}.secret", "REDACTED", says))
    return found


def _kms(body: Obj, path: str, names: list[str]) -> list[FieldError]:
    name, version = str(body.get("name") or ""), str(body.get("apiVersion") or "v1")
    endpoint = str(body.get("endpoint") or "")
    found = [] if name else [required(f"{path}.name", "name is a mandatory field for a provider")]
    if version != "v1" and ":" in name:
        found.append(invalid(f"{path}.name", name, f"invalid KMS provider name {name}, must not contain ':'"))
    if name in names:
        found.append(invalid(f"{path}.name", name, f"duplicate KMS provider name {name}, names must be unique"))
    scheme = endpoint.partition("://")[0] if "://" in endpoint else ""
    if not endpoint:
        found.append(invalid(f"{path}.endpoint", "", "endpoint is a mandatory field for a kms"))
    elif scheme != "unix":
        says = f'unsupported scheme "{scheme}" for KMS provider, only unix is supported'
        found.append(invalid(f"{path}.endpoint", endpoint, says))
    if version != "v1" and body.get("cachesize") is not None:
        found.append(invalid(f"{path}.cachesize", body["cachesize"], "cachesize is not supported in v2"))
    if version not in ("v1", "v2"):
        says = "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported"
        found.append(invalid(f"{path}.apiVersion", version, says))
    return found
