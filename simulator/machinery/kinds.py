"""What one cluster serves: the built-in resources, and those that its CustomResourceDefinitions add.

The counterpart of a client's discovery. Promises: without custom kinds every question is answered by the tables of `resources.py` and
nothing is built; with them the answer depends on the definitions alone, never on the order in which they came. Built-in resources win
over custom ones where a term means both, as in kubectl.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import resources
from simulator.machinery.custom.definitions import Definition, Version, read_definition
from simulator.machinery.resources import RESOURCES, SERVED, Resource

Obj = dict[str, Any]


class Kinds:
    """One a cluster; follows the definitions in its store."""

    def __init__(self, optional: tuple[Resource, ...] = ()) -> None:
        """`optional`: what `--runtime-config` adds to the built-in resources."""
        self._optional = optional
        self._definitions: dict[str, Definition] = {}
        self._rows: tuple[Resource, ...] = optional
        self._terms: dict[str, Resource] = {}
        self.memo: dict[str, Any] = {}
        """Documents made of the kinds (discovery, OpenAPI); forgotten when the kinds change."""
        if optional:
            self._draw()

    def with_more(self, rows: tuple[Resource, ...]) -> Kinds:
        """These and what others serve, as of now."""
        found = Kinds((*self._optional, *rows))
        found._definitions = dict(self._definitions)
        found._draw()
        return found

    # Change

    def define(self, crd: Obj) -> None:
        """A definition was written."""
        name, found = crd["metadata"]["name"], read_definition(crd)
        if found is None:
            self.forget(name)
            return
        self._definitions[name] = found
        self._draw()

    def forget(self, name: str) -> None:
        if self._definitions.pop(name, None) is not None:
            self._draw()

    def clear(self) -> None:
        self._definitions.clear()
        self._draw()

    def _draw(self) -> None:
        self.memo.clear()
        ordered = sorted(self._definitions.values(), key=lambda one: (one.group, one.name))
        self._definitions = {one.name: one for one in ordered}
        self._rows = (*self._optional, *(row for one in ordered for row in one.rows))
        self._terms = {}
        added = (*self._optional, *self.custom)
        for row in added:
            self._terms.setdefault(row.plural, row)
            self._terms.setdefault(row.singular, row)
        for row in added:
            for short in row.short_names:
                self._terms.setdefault(short, row)

    # The whole

    @property
    def is_plain(self) -> bool:
        """Whether the built-in resources are all there is."""
        return not self._rows

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return tuple(self._definitions.values())

    @property
    def custom(self) -> tuple[Resource, ...]:
        """The custom resources, each in its preferred version."""
        return tuple(one.preferred for one in self._definitions.values())

    @property
    def resources(self) -> tuple[Resource, ...]:
        """One row a resource, in the order in which ambiguous terms are resolved."""
        return (*RESOURCES, *self._optional, *self.custom) if self._rows else RESOURCES

    @property
    def served(self) -> tuple[Resource, ...]:
        """Every version served."""
        return (*SERVED, *self._rows) if self._rows else SERVED

    # Questions

    def definition(self, resource: str) -> Definition | None:
        """None for a built-in resource, and for one that nobody serves."""
        return self._definitions.get(resource)

    def version(self, resource: Resource) -> Version | None:
        """The version of a custom kind that a row stands for."""
        found = self._definitions.get(resource.name)
        return None if found is None else found.version(resource.version)

    def by_name(self, name: str) -> Resource | None:
        found = resources.by_name(name)
        if found is not None or not self._rows:
            return found
        if name in self._definitions:
            return self._definitions[name].preferred
        return next((row for row in self._optional if row.name == name), None)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        found = resources.by_kind(api_version, kind)
        if found is not None or not self._rows:
            return found
        return next((row for row in self._rows if row.api_version == api_version and row.kind == kind), None)

    def by_path(self, group: str, version: str, plural: str) -> Resource | None:
        found = resources.by_path(group, version, plural)
        if found is not None or not self._rows:
            return found
        wanted = (group, version, plural)
        return next((row for row in self._rows if (row.group, row.version, row.plural) == wanted), None)

    def lookup(self, term: str) -> Resource | None:
        """What `kubectl get <term>` means."""
        wanted = term.lower()
        found = resources.lookup(wanted)
        if found is not None or not self._rows:
            return found
        return self._terms.get(wanted) or self._qualified(wanted)

    def _qualified(self, term: str) -> Resource | None:
        """`plural.group`, a prefix of the group, or `plural.version.group`."""
        head, _, tail = term.partition(".")
        named = [row for row in self._rows if head in (row.plural, row.singular, *row.short_names)]
        for row in named:
            if row.group == tail or tail == f"{row.version}.{row.group}":
                return row
        return next((row for row in named if tail and row.group.startswith(tail)), None)
