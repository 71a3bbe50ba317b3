"""Encryption at rest: how the API server writes an object's bytes into etcd.

https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/; `apiserver/pkg/server/options/encryptionconfig`. The store keeps objects as they are; what is
remembered of each is by which provider it was written, and from that its bytes follow. An object stays as it was written
until it is written again; one whose provider is gone cannot be read.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
import yaml

from simulator.apiserver.errors import StatusError
from simulator.apiserver.storage_keys import key_of
from simulator.engine.plain import Obj, Plain
from simulator.machinery.store import Key

_VERSION, _KIND = "apiserver.config.k8s.io/v1", "EncryptionConfiguration"
IDENTITY = "identity"
_KEY_LENGTHS = {"aescbc": (16, 24, 32), "aesgcm": (16, 24, 32), "secretbox": (32,)}


class EncryptionError(ValueError):
    """The configuration cannot be used; the message is the one the API server would log before it ends."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to write: `mark` is what the bytes begin with (`k8s:enc:aescbc:v1:key1:`), empty for plain text."""

    mark: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    resources: tuple[str, ...]
    providers: tuple[Provider, ...]

    def covers(self, resource: str) -> bool:
        group = resource.partition(".")[2]
        return any(one in (resource, "*.*", f"*.{group}") for one in self.resources)


def read_configuration(text: str) -> tuple[Rule, ...]:
    """Raises EncryptionError."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EncryptionError(f"error decoding encryption provider configuration file: {error}") from error
    if not isinstance(document, dict) or document.get("kind") != _KIND or document.get("apiVersion") != _VERSION:
        found = (
            document if not isinstance(document, dict) else f"{document.get('apiVersion')}, Kind={document.get('kind')}"
        )
        raise EncryptionError(
            f"error decoding encryption provider configuration file: found {found}, wanted {_VERSION}, Kind={_KIND}"
        )
    rules = []
    for index, entry in enumerate(document.get("resources") or ()):
        path = f"resources[{index}]"
        if not entry.get("resources"):
            raise EncryptionError(f"{path}.resources: Required value: resources is required")
        if not entry.get("providers"):
            raise EncryptionError(f"{path}.providers: Required value: providers is required")
        providers = [
            provider
            for at, given in enumerate(entry["providers"])
            for provider in _providers(given, f"{path}.providers[{at}]")
        ]
        rules.append(Rule(tuple(entry["resources"]), tuple(providers)))
    if not rules:
        raise EncryptionError("resources: Required value: at least one resource is required")
    return tuple(rules)


def _providers(given: Any, path: str) -> list[Provider]:
    if not isinstance(given, dict) or len(given) != 1:
        raise EncryptionError(
            f"{path}: Invalid value: {given}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
        )
    ((name, body),) = given.items()
    if name == IDENTITY:
        return [Provider("")]
    if name == "kms":
        version, called = (body or {}).get("apiVersion", "v1"), (body or {}).get("name", "")
        if not called:
            raise EncryptionError(f"{path}.kms.name: Required value: provider name is required")
        return [Provider(f"k8s:enc:kms:{version}:{called}:", called)]
    if name not in _KEY_LENGTHS:
        raise EncryptionError(
            f"{path}: Invalid value: {name}: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
        )
    keys = (body or {}).get("keys") or ()
    if not keys:
        raise EncryptionError(f"{path}.{name}.keys: Required value: keys is required")
    return [_keyed(name, key, f"{path}.{name}.keys[{index}]") for index, key in enumerate(keys)]


def _keyed(provider: str, key: Obj, path: str) -> Provider:
    if not key.get("name"):
        raise EncryptionError(f"{path}.name: Required value: key name is required")
    try:
        secret = b64decode(key.get("secret") or "", validate=True)
    except binascii.Error as error:
        raise EncryptionError(f'{path}.secret: Invalid value: "REDACTED": secrets must be base64 encoded') from error
    if not secret:
        raise EncryptionError(f"{path}.secret: Required value: secret is required")
    if len(secret) not in _KEY_LENGTHS[provider]:
        wanted = " ".join(str(length) for length in _KEY_LENGTHS[provider])
        says = f"secret is not of the expected length, got {len(secret)}, expected one of [{wanted}]"
        raise EncryptionError(f'{path}.secret: Invalid value: "REDACTED": {says}')
    return Provider(f"k8s:enc:{provider}:v1:{key['name']}:", key["secret"])


class Encryption:
    """Which provider wrote what. Costs nothing until somebody configures it."""

    name = "encryption-at-rest"

    def __init__(self) -> None:
        self.text = ""
        """The configuration in force; empty: everything is written as it is."""
        self._rules: tuple[Rule, ...] = ()
        self._written: dict[str, Provider] = {}
        """Storage key → the provider of an object that is not in plain text."""

    def configure(self, text: str) -> None:
        """Takes a new configuration into force. Raises EncryptionError and keeps the old one."""
        self._rules = read_configuration(text) if text.strip() else ()
        self.text = text

    def is_stale(self, resource: str, key: Key) -> bool:
        """Whether writing the object again would change its bytes."""
        if not self._rules and not self._written:
            return False
        return self._written.get(key_of(resource, key), Provider("")) != self._writer(resource)

    def wrote(self, resource: str, key: Key) -> None:
        """An object is written with the first provider for its resource."""
        if not self._rules and not self._written:
            return
        place, provider = key_of(resource, key), self._writer(resource)
        if provider.mark:
            self._written[place] = provider
        else:
            self._written.pop(place, None)

    def removed(self, resource: str, key: Key) -> None:
        if self._written:
            self._written.pop(key_of(resource, key), None)

    def refuse_unreadable(self, resource: str, key: Key) -> None:
        """Raises StatusError for an object whose provider is not configured any more."""
        if not self._written:
            return
        place = key_of(resource, key)
        provider = self._written.get(place)
        if provider is None or provider in self._providers(resource):
            return
        same_kind = any(one.mark.split(":")[2:3] == provider.mark.split(":")[2:3] for one in self._providers(resource))
        why = "no matching key was found for the provided AES transformer" if same_kind else "no matching prefix found"
        says = f'unable to transform key "{place}": {why}'
        raise StatusError(500, "InternalError", f"Internal error occurred: {says}", {"causes": [{"message": says}]})

    @property
    def is_active(self) -> bool:
        return bool(self._written)

    def value(self, resource: str, key: Key, obj: Obj) -> bytes:
        """What etcd holds for the object (`--storage-media-type=application/json`)."""
        plain = msgspec.json.encode(obj) + b"\n"
        provider = self._written.get(key_of(resource, key), Provider(""))
        if not provider.mark:
            return plain
        return provider.mark.encode() + _scrambled(plain, f"{provider.secret}/{obj['metadata']['resourceVersion']}")

    def _writer(self, resource: str) -> Provider:
        return self._providers(resource)[0]

    def _providers(self, resource: str) -> tuple[Provider, ...]:
        """Of the first rule that covers the resource."""
        for rule in self._rules:
            if rule.covers(resource):
                return rule.providers
        return (Provider(""),)

    # State

    def dump(self) -> Plain:
        return {"text": self.text, "written": [[key, one.mark, one.secret] for key, one in self._written.items()]}

    def load(self, state: Plain) -> None:
        self.configure(state["text"])
        self._written = {key: Provider(mark, secret) for key, mark, secret in state["written"]}


def _scrambled(plain: bytes, secret: str) -> bytes:
    """Unreadable bytes of the same length; no cipher, as nobody here could want to break it."""
    blocks = range(-(-len(plain) // 64))
    stream = b"".join(blake2b(f"{secret}/{block}".encode()).digest() for block in blocks)
    return bytes(one ^ other for one, other in zip(plain, stream, strict=False))
