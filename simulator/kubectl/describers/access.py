"""Roles and their bindings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulator.engine.plain import Obj
from simulator.kubectl.describers.page import Page
from simulator.kubectl.describers.surroundings import Surroundings

_HEADER = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


@dataclass(slots=True)
class Permission:
    """What may be done with one resource (or one of its objects), or one thing that may be done with a URL."""

    group: str = ""
    resource: str = ""
    name: str = ""
    url: str = ""
    verbs: list[str] = field(default_factory=list)

    @property
    def rank(self) -> str:
        """Upstream sorts by the text that Go's protobuf prints of a rule."""
        is_resource = bool(self.resource)
        parts = ([self.group] if is_resource else [], [self.resource] if is_resource else [])
        shown = [f"[{' '.join(part)}]" for part in (self.verbs, *parts)]
        return (
            f"Verbs:{shown[0]},APIGroups:{shown[1]},Resources:{shown[2]},ResourceNames:[{self.name}],URLs:[{self.url}]"
        )

    def cells(self) -> tuple[str, str, str, str]:
        base, slash, subresource = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        return f"{base}{group}{slash}{subresource}", f"[{self.url}]", f"[{self.name}]", f"[{' '.join(self.verbs)}]"


def describe_role(obj: Obj, around: Surroundings) -> str:
    """A row for each resource of each rule; what is said of a resource in several rules stands in one row."""
    page = _page(obj)
    page.line(0, "PolicyRule:")
    page.table(1, _HEADER, [found.cells() for found in permissions(obj.get("rules") or ())])
    return page.text()


def describe_binding(obj: Obj, around: Surroundings) -> str:
    page = _page(obj)
    page.line(0, "Role:")
    page.line(1, f"Kind:\t{obj['roleRef']['kind']}")
    page.line(1, f"Name:\t{obj['roleRef']['name']}")
    page.line(0, "Subjects:")
    rows = [(s["kind"], s["name"], s.get("namespace", "")) for s in obj.get("subjects") or ()]
    page.table(1, ("Kind", "Name", "Namespace"), rows)
    return page.text()


def _page(obj: Obj) -> Page:
    page = Page()
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    return page


def permissions(rules: Sequence[Obj]) -> list[Permission]:
    """Rules taken apart, put together by resource, and in the order in which they are shown."""
    merged: dict[tuple[str, str, str], Permission] = {}
    urls: list[Permission] = []
    for rule in rules:
        for group, resource, name in _subjects_of(rule):
            found = merged.setdefault((group, resource, name), Permission(group, resource, name))
            found.verbs += [verb for verb in rule["verbs"] if verb not in found.verbs]
        urls += [
            Permission(url=url, verbs=[verb]) for url in rule.get("nonResourceURLs") or () for verb in rule["verbs"]
        ]
    return sorted((*merged.values(), *urls), key=lambda found: found.rank)


def _subjects_of(rule: Obj) -> Iterator[tuple[str, str, str]]:
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            for name in rule.get("resourceNames") or ("",):
                yield group, resource, name
