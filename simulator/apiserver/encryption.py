"""Encryption at rest: how the API server writes an object's bytes into etcd.

https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/; `apiserver/pkg/server/options/encryptionconfig`. The store keeps objects as they are; what is
remembered of each is by which provider it was written, and from that its bytes follow. An object stays as it was written
until it is written again; one whose provider is gone cannot be read.
"""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec
import yaml

from simulator.apiserver.encryption_validation import findings
from simulator.apiserver.errors import StatusError
from simulator.apiserver.storage_keys import key_of
from simulator.engine.plain import Obj, Plain
from simulator.machinery.store import Key

_VERSION, _KIND = "apiserver.config.k8s.io/v1", "EncryptionConfiguration"
IDENTITY = "identity"


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
    entries = document.get("resources") or ()
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, dict) for entry in entries):
        raise EncryptionError(
            "error decoding encryption provider configuration file: resources: wanted a list of objects"
        )
    if found := findings(document):
        texts = list(dict.fromkeys(str(error) for error in found))
        raise EncryptionError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return tuple(
        Rule(tuple(entry["resources"]), tuple(one for given in entry["providers"] for one in _providers(given)))
        for entry in document["resources"]
    )


def _providers(given: Obj) -> list[Provider]:
    """Of a configuration without a finding."""
    ((name, body),) = given.items()
    if name == IDENTITY:
        return [Provider("")]
    if name == "kms":
        version, called = (body or {}).get("apiVersion", "v1"), (body or {}).get("name", "")
        return [Provider(f"k8s:enc:kms:{version}:{called}:", called)]
    return [Provider(f"k8s:enc:{name}:v1:{key['name']}:", key["secret"]) for key in body["keys"]]


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
        if not self.is_used:
            return False
        return self._written.get(key_of(resource, key), Provider("")) != self._writer(resource)

    @property
    def is_used(self) -> bool:
        """Whether an object is in anything but plain text, or the next one will be."""
        return bool(self._rules or self._written)

    def wrote(self, resource: str, key: Key) -> None:
        """An object is written with the first provider for its resource."""
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
