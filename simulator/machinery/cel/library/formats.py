"""Named formats of strings: `apiserver/pkg/cel/library/format.go` (1.33)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.machinery import names
from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.library.network import wrong_uri
from simulator.machinery.cel.types import STRING, list_of, object_type, optional_of
from simulator.machinery.cel.values import NONE, Format, Optional, some
from simulator.machinery.custom.formats import FORMATS

FORMAT = object_type("kubernetes.NamedFormat")
Check = Callable[[str], Sequence[str]]


def _prefix(check: Check) -> Check:
    """A prefix of a generated name may end with a dash (`maskTrailingDash`)."""
    return lambda text: check(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)


def _known(name: str, says: str) -> Check:
    return lambda text: [] if FORMATS[name](text) else [says]


def _uri(text: str) -> list[str]:
    return [why] if (why := wrong_uri(text)) else []


_NAMED = {
    "dns1123Label": Format("DNS1123Label", names.dns_label, 30),
    "dns1123Subdomain": Format("DNS1123Subdomain", names.dns_subdomain, 60),
    "dns1035Label": Format("DNS1035Label", names.dns_1035_label, 30),
    "qualifiedName": Format("QualifiedName", names.qualified_name, 60),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", _prefix(names.dns_label), 30),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", _prefix(names.dns_subdomain), 60),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", _prefix(names.dns_1035_label), 30),
    "labelValue": Format("LabelValue", names.label_value, 40),
    "uri": Format("URI", _uri, 1_000),
    "uuid": Format("uuid", _known("uuid", "does not match the UUID format"), 100),
    "byte": Format("byte", _known("byte", "invalid base64"), 100),
    "date": Format("date", _known("date", "invalid date"), 100),
    "datetime": Format("datetime", _known("date-time", "invalid datetime"), 100),
}


def _named(name: str) -> Optional:
    return some(_NAMED[name]) if name in _NAMED else NONE


def _validate(one: Format, text: str) -> Optional:
    found = list(one.check(text))
    return some(found) if found else NONE


def _constant(one: Format) -> Callable[[], Format]:
    return lambda: one


OVERLOADS: list[Overload] = [
    method("validate", "format-validate", [FORMAT, STRING], optional_of(list_of(STRING)), _validate),
    function("format.named", "format-named", [STRING], optional_of(FORMAT), _named),
    *(function(f"format.{name}", f"format.{name}", [], FORMAT, _constant(one)) for name, one in _NAMED.items()),
]
