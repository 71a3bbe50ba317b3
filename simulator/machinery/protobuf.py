"""From Kubernetes' protobuf to the JSON form of an object. Requests only: answers are always JSON.

kubectl since 1.32 writes typed objects as `application/vnd.kubernetes.protobuf`
(https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding). Types come from the published schemas,
numbers from `field_numbers.py`.

Promises: the result is what the same client would have sent as JSON, as far as the wire tells: Go sends the zero of
every field that is no pointer, so zeros count only where the API has a pointer (`_POINTERS`). Unknown fields are skipped.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from simulator.machinery.field_numbers import MESSAGES
from simulator.machinery.schemas import Schema, definition, schema_for

Obj = dict[str, Any]
_MAGIC = b"k8s\x00"
_ROOT = "io.k8s."
_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
#: Scalar fields that are pointers in Go: their zero says something.
_POINTER_NAMES = """
    replicas terminationGracePeriodSeconds gracePeriodSeconds activeDeadlineSeconds backoffLimit
    backoffLimitPerIndex parallelism completions maxFailedIndexes revisionHistoryLimit progressDeadlineSeconds
    ttlSecondsAfterFinished successfulJobsHistoryLimit failedJobsHistoryLimit startingDeadlineSeconds suspend
    partition minReplicas averageUtilization stabilizationWindowSeconds runAsUser runAsGroup fsGroup runAsNonRoot
    privileged allowPrivilegeEscalation readOnlyRootFilesystem automountServiceAccountToken enableServiceLinks
    shareProcessNamespace hostUsers setHostnameAsFQDN priority tolerationSeconds expirationSeconds defaultMode mode
    optional immutable controller blockOwnerDeletion orphanDependents allocateLoadBalancerNodePorts
    storageClassName allowVolumeExpansion minDomains deletionGracePeriodSeconds attachRequired podInfoOnMount
    leaseDurationSeconds leaseTransitions ready serving terminating
"""
_POINTERS = frozenset(_POINTER_NAMES.split())
#: Names that are pointers in some structs and plain in others.
_PLAIN = frozenset(
    {("ContainerStatus", "ready"), ("ReplicaSetStatus", "replicas"), ("DeploymentStatus", "replicas"), ("StatefulSetStatus", "replicas"),
     ("ReplicationControllerStatus", "replicas"), ("ScaleSpec", "replicas"), ("ScaleStatus", "replicas"),
     ("JobStatus", "ready"), ("PodDisruptionBudgetStatus", "ready")}
)  # fmt: skip


class ProtobufError(ValueError):
    """The bytes are no message that this API knows."""


def decode_envelope(data: bytes) -> Obj:
    """The object in a request body. Raises ProtobufError."""
    if not data.startswith(_MAGIC):
        raise ProtobufError(f"found {data[:4]!r}, wanted the prefix {_MAGIC!r} of a Kubernetes protobuf message")
    kind = api_version = ""
    raw = b""
    for number, value in _fields(data[len(_MAGIC) :]):
        if number == 1 and isinstance(value, bytes):
            names = {key: _text(part) for key, part in _fields(value)}
            api_version, kind = names.get(1, ""), names.get(2, "")
        elif number == 2 and isinstance(value, bytes):
            raw = value
    schema = definition(_DELETE_OPTIONS) if kind == "DeleteOptions" else schema_for(api_version, kind)
    if schema is None:
        raise ProtobufError(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"kind": kind, "apiVersion": api_version, **_struct(raw, schema)}


def _struct(data: bytes, schema: Schema) -> Obj:
    result: Obj = {}
    _read_into(result, data, schema, _numbers(schema.definition))
    return result


def _read_into(result: Obj, data: bytes, schema: Schema, numbers: dict[int, str]) -> None:
    for number, value in _fields(data):
        name = numbers.get(number, "")
        if name.startswith("*"):
            _read_into(result, _bytes(value), schema, _numbers(_ROOT + name[1:]))
        elif (field := schema.properties.get(name)) is not None:
            _add(result, name, value, field, owner=schema.go_type)


def _add(result: Obj, name: str, value: int | bytes, field: Schema, *, owner: str) -> None:
    if field.items is not None and field.format != "byte":
        result.setdefault(name, []).append(_value(value, field.items))
        return
    if field.values is not None:
        key, entry = _entry(_bytes(value), field.values)
        result.setdefault(name, {})[key] = entry
        return
    found = _value(value, field)
    if found is None or (found in (0, "", False) and not _is_pointer(owner, name)):
        return
    result[name] = found


def _is_pointer(owner: str, name: str) -> bool:
    return name in _POINTERS and (owner, name) not in _PLAIN


def _value(value: int | bytes, schema: Schema) -> Any:
    match schema.type:
        case "integer" | "number":
            return _signed(value)
        case "boolean":
            return bool(value)
        case "string":
            return _string(value, schema)
        case "quantity":
            return _first_text(_bytes(value))
        case "int-or-string":
            return _int_or_string(_bytes(value))
        case "any":
            return _json(_bytes(value))
    return _struct(_bytes(value), schema)


def _string(value: int | bytes, schema: Schema) -> str | None:
    if schema.format == "date-time":
        return _time(_bytes(value), micro=schema.go_type == "MicroTime")
    if schema.format == "byte":
        return b64encode(_bytes(value)).decode()
    return _text(value)


def _entry(data: bytes, schema: Schema) -> tuple[str, Any]:
    """One key and value of a map; a list as value travels in a message of its own."""
    key, value = "", b""
    for number, part in _fields(data):
        if number == 1:
            key = _text(part)
        elif number == 2:
            value = _bytes(part)
    if schema.items is not None:
        return key, [_value(part, schema.items) for _, part in _fields(value)]
    return key, _value(value, schema)


def _time(data: bytes, *, micro: bool) -> str | None:
    numbers = {number: _signed(value) for number, value in _fields(data)}
    if not numbers:
        return None
    try:
        at = datetime.fromtimestamp(numbers.get(1, 0), UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise ProtobufError(f"a time: found {numbers.get(1)} seconds, wanted a year from 1 to 9999") from error
    fraction = f".{numbers.get(2, 0) // 1000:06d}" if micro else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _int_or_string(data: bytes) -> int | str:
    numbers = dict(_fields(data))
    if numbers.get(1):
        return _text(numbers.get(3, b""))
    return _signed(numbers.get(2, 0))


def _json(data: bytes) -> Any:
    """RawExtension and FieldsV1 carry JSON text."""
    raw = next((_bytes(value) for number, value in _fields(data) if number == 1), b"")
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError as error:
        raise ProtobufError(f"embedded JSON: {error}") from error


def _first_text(data: bytes) -> str:
    return next((_text(value) for number, value in _fields(data) if number == 1), "")


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError(f"a text: {error}") from error


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError(f"found the number {value}, wanted a text or a message")
    return value


def _signed(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ProtobufError("found a text or a message, wanted a number")
    return value - (1 << 64) if value >= 1 << 63 else value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in the order of the wire."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                number, at = _varint(data, at)
                yield tag >> 3, number
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise ProtobufError(f"a field of {length} bytes ends beyond its message")
                yield tag >> 3, data[at : at + length]
                at += length
            case 1 | 5 as fixed:
                size = 8 if fixed == 1 else 4
                yield tag >> 3, int.from_bytes(data[at : at + size], "little")
                at += size
            case other:
                raise ProtobufError(f"found wire type {other}, wanted 0, 1, 2 or 5")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ProtobufError("a number does not end")


@cache
def _tables() -> dict[str, dict[int, str]]:
    tables = {}
    for line in MESSAGES.splitlines():
        name, _, words = line.partition(":")
        tables[_ROOT + name] = _numbered(words.split())
    return tables


def _numbered(words: list[str]) -> dict[int, str]:
    numbers, at = {}, 1
    for word in words:
        if word.startswith("@"):
            at = int(word[1:])
        else:
            numbers[at] = word
            at += 1
    return numbers


def field_order(name: str) -> tuple[str, ...]:
    """The fields of a message in the order of their numbers; nothing for one that is not known."""
    return tuple(field for _, field in sorted(_numbers(name).items()))


def _numbers(name: str) -> dict[int, str]:
    return _tables().get(name, {})
