"""An OpenAPI v2 document as protobuf: the messages of gnostic's `OpenAPIv2.proto`, as far as Kubernetes' documents use them.

Promises: fields stand in the order of their numbers; two encoded documents one after the other are one document with the paths and definitions
of both (every reader merges a message field that comes twice). Extensions and defaults travel as YAML text, which JSON is.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from simulator.engine.plain import Obj

#: Gives a whole field, its key and all.
_Encoder = Callable[[int, Any], bytes]
_Fields = tuple[tuple[int, str, _Encoder], ...]


def document(whole: Obj) -> bytes:
    """`whole`: `swagger`, `info`, `paths` and `definitions` of a document as JSON, any of them."""
    return _message(whole, _DOCUMENT)


# Wire


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _flag(number: int, value: bool) -> bytes:
    return _whole(number, int(value))


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _message(node: Obj, fields: _Fields) -> bytes:
    """The members of a JSON object that have a number, and its extensions."""
    return b"".join(encode(number, node[name]) for number, name, encode in fields if name in node)


# Messages


def _any(number: int, value: Any) -> bytes:
    return _bytes(number, _text(2, msgspec.json.encode(value).decode()))


def _anys(number: int, values: Iterable[Any]) -> bytes:
    return b"".join(_any(number, value) for value in values)


def _extensions(number: int, node: Obj) -> bytes:
    named = sorted((name, value) for name, value in node.items() if name.startswith("x-"))
    return b"".join(_bytes(number, _text(1, name) + _any(2, value)) for name, value in named)


def _schema(number: int, node: Obj) -> bytes:
    return _bytes(number, _message(node, _SCHEMA) + _extensions(31, node))


def _schemas(number: int, nodes: Iterable[Obj]) -> bytes:
    return b"".join(_schema(number, node) for node in nodes)


def _named_schemas(number: int, nodes: Obj) -> bytes:
    inner = b"".join(_bytes(1, _text(1, name) + _schema(2, node)) for name, node in nodes.items())
    return _bytes(number, inner)


def _schema_or_flag(number: int, value: Obj | bool) -> bytes:
    return _bytes(number, _flag(2, value) if isinstance(value, bool) else _schema(1, value))


def _type(number: int, value: str) -> bytes:
    return _bytes(number, _text(1, value))


def _items(number: int, node: Obj) -> bytes:
    return _bytes(number, _schema(1, node))


_SCHEMA: _Fields = (
    (1, "$ref", _text),
    (2, "format", _text),
    (3, "title", _text),
    (4, "description", _text),
    (5, "default", _any),
    (6, "multipleOf", _double),
    (7, "maximum", _double),
    (8, "exclusiveMaximum", _flag),
    (9, "minimum", _double),
    (10, "exclusiveMinimum", _flag),
    (11, "maxLength", _whole),
    (12, "minLength", _whole),
    (13, "pattern", _text),
    (14, "maxItems", _whole),
    (15, "minItems", _whole),
    (16, "uniqueItems", _flag),
    (17, "maxProperties", _whole),
    (18, "minProperties", _whole),
    (19, "required", _texts),
    (20, "enum", _anys),
    (21, "additionalProperties", _schema_or_flag),
    (22, "type", _type),
    (23, "items", _items),
    (24, "allOf", _schemas),
    (25, "properties", _named_schemas),
    (30, "example", _any),
)


def _parameters(number: int, parameters: Iterable[Obj]) -> bytes:
    """Each in three envelopes: ParametersItem, Parameter, and for other places than the body NonBodyParameter."""
    return b"".join(_bytes(number, _bytes(1, _parameter(one))) for one in parameters)


def _parameter(one: Obj) -> bytes:
    if one["in"] == "body":
        return _bytes(1, _message(one, _BODY))
    is_query = one["in"] == "query"
    return _bytes(2, _bytes(3 if is_query else 4, _message(one, _IN_QUERY if is_query else _IN_PATH)))


_PLACE: _Fields = ((1, "required", _flag), (2, "in", _text), (3, "description", _text), (4, "name", _text))
_BODY: _Fields = (
    (1, "description", _text),
    (2, "name", _text),
    (3, "in", _text),
    (4, "required", _flag),
    (5, "schema", _schema),
)
_IN_QUERY: _Fields = (*_PLACE, (6, "type", _text), (20, "uniqueItems", _flag))
_IN_PATH: _Fields = (*_PLACE, (5, "type", _text), (19, "uniqueItems", _flag))


def _responses(number: int, answers: Obj) -> bytes:
    def one(code: str, answer: Obj) -> bytes:
        response = _text(1, answer["description"])
        if "schema" in answer:
            response += _bytes(2, _schema(1, answer["schema"]))
        return _bytes(1, _text(1, code) + _bytes(2, _bytes(1, response)))

    return _bytes(number, b"".join(one(code, answer) for code, answer in answers.items()))


def _operation(number: int, node: Obj) -> bytes:
    return _bytes(number, _message(node, _OPERATION) + _extensions(13, node))


_OPERATION: _Fields = ((8, "parameters", _parameters), (9, "responses", _responses))


def _paths(number: int, items: Obj) -> bytes:
    inner = (_bytes(2, _text(1, place) + _bytes(2, _message(item, _PATH_ITEM))) for place, item in items.items())
    return _bytes(number, b"".join(inner))


_PATH_ITEM: _Fields = (
    (2, "get", _operation),
    (3, "put", _operation),
    (4, "post", _operation),
    (5, "delete", _operation),
    (8, "patch", _operation),
    (9, "parameters", _parameters),
)


def _info(number: int, info: Obj) -> bytes:
    return _bytes(number, _message(info, ((1, "title", _text), (2, "version", _text))))


_DOCUMENT: _Fields = (
    (1, "swagger", _text),
    (2, "info", _info),
    (8, "paths", _paths),
    (9, "definitions", _named_schemas),
)
