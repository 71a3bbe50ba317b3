"""What the wire form of a kind has and the stored form has not (`pkg/apis/core/v1/conversion.go`)."""

from base64 import b64encode

from simulator.engine.plain import Obj


def converted(resource: str, obj: Obj) -> Obj:
    """The object as it is kept."""
    return _secret(obj) if resource == "secrets" and "stringData" in obj else obj


def _secret(obj: Obj) -> Obj:
    """`stringData` is for writing only: it overwrites `data`."""
    texts = obj["stringData"] or {}
    encoded = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
    kept = {name: value for name, value in obj.items() if name != "stringData"}
    return {**kept, "data": {**(obj.get("data") or {}), **encoded}} if encoded else kept
