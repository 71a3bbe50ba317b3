"""Label and field selectors as compiled, frozen values.

Promises: a selector parsed from a string, from `matchLabels`/`matchExpressions` or built from equal labels
compares, prints (`app=web,tier in (a,b)`) and matches as in `k8s.io/apimachinery/pkg/labels` and `fields`;
a bad one raises `SelectorError` in upstream's words. Matching allocates nothing.

Leaves to others: which objects to look at (indexes live in the store and in caches).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from simulator.machinery import names

Operator = Literal["=", "!=", "in", "notin", "exists", "!", "gt", "lt"]

_NO_LABELS: dict[str, str] = {}


class SelectorError(ValueError):
    """The selector cannot be understood; the message is the one the API server would give."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        found = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return found is not None and found in self.values
            case "!=" | "notin":
                return found is None or found not in self.values
            case "exists":
                return found is not None
            case "!":
                return found is None
            case _:
                return self._compares(found)

    def _compares(self, found: str | None) -> bool:
        if found is None or not re.fullmatch("[+-]?[0-9]+", found):
            return False
        return int(found) > int(self.values[0]) if self.operator == "gt" else int(found) < int(self.values[0])

    def __str__(self) -> str:
        match self.operator:
            case "=" | "!=":
                return f"{self.key}{self.operator}{self.values[0]}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case _:
                return f"{self.key}{'>' if self.operator == 'gt' else '<'}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold; without any, everything matches, unless `nothing` is set."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False
    _equal: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    _other: tuple[Requirement, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        equal = tuple((r.key, r.values[0]) for r in self.requirements if r.operator == "=")
        object.__setattr__(self, "_equal", equal)
        object.__setattr__(self, "_other", tuple(r for r in self.requirements if r.operator != "="))

    @property
    def empty(self) -> bool:
        """True when it selects everything."""
        return not self.requirements and not self.nothing

    @property
    def equal_labels(self) -> tuple[tuple[str, str], ...]:
        """The `key = value` part, for callers that keep an index of labels."""
        return self._equal

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        if labels is None:
            labels = _NO_LABELS
        for key, wanted in self._equal:
            if labels.get(key) != wanted:
                return False
        for requirement in self._other:
            if not requirement.matches(labels):
                return False
        return not self.nothing

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def from_labels(labels: Mapping[str, str]) -> Selector:
    """The selector of services and replication controllers: every label must be equal."""
    return _equal(tuple(labels.items()))


_EXPRESSION_OPERATORS: dict[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """A `LabelSelector` object: absent selects nothing, empty selects everything."""
    if selector is None:
        return NOTHING
    equal, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions")
    if not expressions:
        return _equal(tuple(equal.items()))
    requirements = [Requirement(key, "=", (value,)) for key, value in equal.items()]
    for expression in expressions:
        operator = _EXPRESSION_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f'"{expression.get("operator", "")}" is not a valid label selector operator')
        requirements.append(requirement(expression["key"], operator, expression.get("values") or ()))
    return _sorted(requirements)


def requirement(key: str, operator: Operator, values: Iterable[str]) -> Requirement:
    """A checked requirement, as `labels.NewRequirement`."""
    values = tuple(values)
    if problems := names.qualified_name(key):
        raise SelectorError(f'key: Invalid value: "{key}": {"; ".join(problems)}')
    if operator in ("in", "notin") and not values:
        raise SelectorError(
            "values: Invalid value: []string(nil): for 'in', 'notin' operators, values set can't be empty"
        )
    if operator in ("=", "!=") and len(values) != 1:
        raise SelectorError(
            f"values: Invalid value: {_go_list(values)}: exact-match compatibility requires one single value"
        )
    if operator in ("exists", "!") and values:
        raise SelectorError(
            f"values: Invalid value: {_go_list(values)}: values set must be empty for exists and does not exist"
        )
    if operator in ("gt", "lt") and (len(values) != 1 or not re.fullmatch("[+-]?[0-9]+", values[0])):
        raise SelectorError(
            "values[0]: Invalid value: "
            + f"\"{values[0] if values else ''}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )
    for index, value in enumerate(values):
        if problems := names.label_value(value):
            raise SelectorError(f'values[{index}][{key}]: Invalid value: "{value}": {"; ".join(problems)}')
    return Requirement(key, operator, values)


def _go_list(values: tuple[str, ...]) -> str:
    return "[]string{" + ", ".join(f'"{value}"' for value in values) + "}"


@lru_cache(maxsize=1024)
def _equal(labels: tuple[tuple[str, str], ...]) -> Selector:
    """Nearly every selector there is; controllers read the same ones again and again."""
    return _sorted(Requirement(key, "=", (value,)) for key, value in labels)


def _sorted(requirements: Iterable[Requirement]) -> Selector:
    return Selector(tuple(sorted(requirements, key=lambda r: r.key)))


@lru_cache(maxsize=1024)
def parse(text: str) -> Selector:
    """Read the string form: `app=web,tier in (a, b),!canary,version`."""
    try:
        return _sorted(_Parser(text).requirements())
    except _Unparsed as stop:
        raise SelectorError(f"unable to parse requirement: {stop}") from None


class _Unparsed(Exception):
    """A requirement could not be read."""


_TOKEN = re.compile(r"\s*(==|!=|notin\b|in\b|[=!<>(),]|[^\s=!<>(),]+)")
_SYMBOLS = frozenset(["==", "!=", "=", "!", "<", ">", "(", ")", ","])
_BINARY: dict[str, Operator] = {"=": "=", "==": "=", "!=": "!=", "in": "in", "notin": "notin", ">": "gt", "<": "lt"}


class _Parser:
    """Recursive descent over the tokens of one selector, with the look-ahead and the complaints of upstream."""

    def __init__(self, text: str) -> None:
        self.tokens = [match[1] for match in _TOKEN.finditer(text)]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def requirements(self) -> list[Requirement]:
        found = []
        while token := self.peek():
            if token in _SYMBOLS and token != "!":
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            found.append(self.requirement())
            separator = self.take()
            if not separator:
                break
            if separator != ",":
                raise SelectorError(f"found '{separator}', expected: ',' or 'end of string'")
            following = self.peek()
            if not following or (following in _SYMBOLS and following != "!"):
                raise SelectorError(f"found '{following}', expected: identifier after ','")
        return found

    def requirement(self) -> Requirement:
        negated = self.peek() == "!"
        if negated:
            self.take()
        key = self.take()
        if not key or key in _SYMBOLS:
            raise _Unparsed(f"found '{key}', expected: identifier")
        if problems := names.qualified_name(key):
            raise _Unparsed(f'<nil>: Invalid value: "{key}": {"; ".join(problems)}')
        if negated:
            return Requirement(key, "!")
        if self.peek() in ("", ","):
            return Requirement(key, "exists")
        sign = self.take()
        operator = _BINARY.get(sign)
        if operator is None:
            raise _Unparsed(f"found '{sign}', expected: in, notin, =, ==, !=, gt, lt")
        values = self.value_list() if operator in ("in", "notin") else (self.exact_value(),)
        try:
            return requirement(key, operator, values)
        except SelectorError as stop:
            raise _Unparsed(str(stop)) from None

    def exact_value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        value = self.take()
        if value in _SYMBOLS:
            raise _Unparsed(f"found '{value}', expected: identifier")
        return value

    def value_list(self) -> tuple[str, ...]:
        opening = self.take()
        if opening != "(":
            raise _Unparsed(f"found '{opening}' expected: '('")
        values: list[str] = []
        expect_value = True
        while (token := self.take()) != ")":
            if token == "":
                raise _Unparsed("found '', expected: ',', ')' or identifier")
            if token == ",":
                if expect_value:
                    values.append("")
                expect_value = True
            elif token in _SYMBOLS or not expect_value:
                raise _Unparsed(f"found '{token}', expected: ',', or ')'")
            else:
                values.append(token)
                expect_value = False
        if expect_value:
            values.append("")
        return tuple(sorted(dict.fromkeys(values)))


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    path: str
    equal: bool
    value: str

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
        return f"{self.path}{'=' if self.equal else '!='}{escaped}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Conditions on the few fields a resource lets one select by."""

    requirements: tuple[FieldRequirement, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.requirements

    def required(self, path: str) -> str | None:
        """The one value `path` must have, if the selector fixes it: lets callers use an index."""
        for requirement in self.requirements:
            if requirement.equal and requirement.path == path:
                return requirement.value
        return None

    def matches(self, obj: Mapping[str, Any]) -> bool:
        return all((field_value(obj, r.path) == r.value) == r.equal for r in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


_META = ("metadata.name", "metadata.namespace")
_INVOLVED = tuple(
    f"involvedObject.{part}"
    for part in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
_SELECTABLE: dict[str, tuple[str, ...]] = {
    "pods": (
        *_META,
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "nodes": ("metadata.name", "spec.unschedulable"),
    "replicationcontrollers": (*_META, "status.replicas"),
    "events": (*_INVOLVED, "reason", "reportingComponent", "source", "type", *_META),
    "namespaces": ("status.phase", "metadata.name"),
    "secrets": ("type", *_META),
    "services": (*_META, "spec.clusterIP", "spec.type"),
    "replicasets.apps": (*_META, "status.replicas"),
    "jobs.batch": (*_META, "status.successful"),
    "certificatesigningrequests.certificates.k8s.io": ("metadata.name", "spec.signerName"),
}


def parse_fields(text: str) -> FieldSelector:
    """Read `metadata.name=web,status.phase!=Running`; backslash escapes commas, equals signs and itself."""
    requirements = []
    for term in re.findall(r"(?:\\.|[^,\\])+", text):
        match = re.fullmatch(r"((?:\\.|[^=!\\])+)(!=|==|=)((?:\\.|[^=\\])*)", term)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        value = re.sub(r"\\(.)", r"\1", match[3])
        requirements.append(FieldRequirement(match[1], match[2] != "!=", value))
    return FieldSelector(tuple(requirements))


def check_fields(resource: str, selector: FieldSelector) -> None:
    """Refuse a field the resource cannot be selected by."""
    known = _SELECTABLE.get(resource)
    for requirement in selector.requirements:
        if known is None and requirement.path not in _META:
            raise SelectorError(
                f'"{requirement.path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            )
        if known is not None and requirement.path not in known:
            raise SelectorError(f"field label not supported: {requirement.path}")


def field_value(obj: Mapping[str, Any], path: str) -> str:
    """The text a field selector compares with: empty when absent, `true`/`false` for booleans."""
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    if path == "status.successful":
        path = "status.succeeded"
    if path == "status.podIPs":
        return ",".join(entry["ip"] for entry in (obj.get("status") or {}).get("podIPs") or ())
    found: Any = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        return _ABSENT.get(path, "")
    return str(found).lower() if isinstance(found, bool) else str(found)


_ABSENT = {"spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0", "status.succeeded": "0"}
