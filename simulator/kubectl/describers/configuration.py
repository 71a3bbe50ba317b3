"""ConfigMaps, Secrets and ServiceAccounts, and field by field every kind without a layout of its own."""

from __future__ import annotations

import base64
import re

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events
from simulator.kubectl.describers.page import Page
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery import go_text


def describe_config_map(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw("\nData\n====\n")
    data = obj.get("data") or {}
    for key in sorted(data):
        page.raw(f"{key}:\n----\n{data[key]}\n\n")
    page.raw("\nBinaryData\n====\n")
    binary = obj.get("binaryData") or {}
    for key in sorted(binary):
        page.raw(f"{key}: {_decoded_size(binary[key])} bytes\n")
    page.raw("\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_secret(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw(f"\nType:\t{obj.get('type', '')}\n\nData\n====\n")
    data = obj.get("data") or {}
    for key in sorted(data):
        if key == "token" and obj.get("type") == "kubernetes.io/service-account-token":
            page.raw(f"{key}:\t{base64.b64decode(data[key]).decode(errors='replace')}\n")
        else:
            page.raw(f"{key}:\t{_decoded_size(data[key])} bytes\n")
    return page.text()


def _decoded_size(text: str) -> int:
    return len(base64.b64decode(text))


def describe_service_account(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    secrets = around.items("secrets", obj["metadata"]["namespace"])
    mounted = [secret.get("name", "") for secret in obj.get("secrets") or ()]
    known = [secret["metadata"]["name"] for secret in secrets]
    for title, names in (
        ("Image pull secrets:", [secret.get("name", "") for secret in obj.get("imagePullSecrets") or ()]),
        ("Mountable secrets: ", mounted),
        ("Tokens:            ", [secret["metadata"]["name"] for secret in secrets if _is_token_of(secret, obj)]),
    ):
        for number, name in enumerate(names or ["<none>"]):
            missing = " (not found)" if names is mounted and name not in known and names else ""
            page.raw(f"{title if number == 0 else ' ' * 19}\t{name}{missing}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _is_token_of(secret: Obj, account: Obj) -> bool:
    annotations = secret["metadata"].get("annotations") or {}
    return (
        secret.get("type") == "kubernetes.io/service-account-token"
        and annotations.get("kubernetes.io/service-account.name") == account["metadata"]["name"]
        and annotations.get("kubernetes.io/service-account.uid") == account["metadata"].get("uid")
    )


_SKIPPED = (
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
)
_ACRONYMS = ("API", "URL", "UID", "GUID")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|-")


def describe_anything(obj: Obj, around: Surroundings) -> str:
    """Field by field, for kinds without a layout of their own."""
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    _fields(page, obj, level=0, path="")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _fields(page: Page, content: Obj, *, level: int, path: str) -> None:
    for name in sorted(content):
        value, inside = content[name], f"{path}.{name}"
        if inside in _SKIPPED:
            continue
        label = label_of(name)
        if isinstance(value, dict):
            page.line(level, f"{label}:")
            _fields(page, value, level=level + 1, path=inside)
        elif isinstance(value, list):
            page.line(level, f"{label}:")
            for item in value:
                if isinstance(item, dict):
                    _fields(page, item, level=level + 1, path=inside)
                else:
                    page.line(level + 1, go_text.value(item))
        else:
            page.line(level, f"{label}:\t{go_text.value(value)}")


def label_of(name: str) -> str:
    """`creationTimestamp` as `Creation Timestamp`; names with other signs stay as they are."""
    if not name.replace("-", "").isalpha():
        return name
    words = _WORDS.findall(name)
    return " ".join(
        word.upper() if word.upper() in _ACRONYMS else word.capitalize() if word.islower() else word for word in words
    )
