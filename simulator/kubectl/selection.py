"""Which objects a command means: `TYPE`, `TYPE NAME…`, `TYPE/NAME…`, `-f FILE`, `-l SELECTOR`, `--all`.

Promises: terms are resolved as kubectl resolves them and refused in its words; objects come in the order given.

Leaves to others: reading files (`manifests.py`) and what is done with the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.manifests import read_manifests
from simulator.kubectl.printers import typed_name
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

NOTHING_NAMED = """You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""


@dataclass(frozen=True, slots=True)
class Target:
    """One request's worth of objects: a list (no name) or a single object."""

    resource: Resource
    namespace: str
    name: str = ""
    source: str = ""
    """The file that named it, when one did."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object and where it lies; `source` is the file it was read from."""

    resource: Resource
    namespace: str
    name: str
    obj: Obj
    source: str = ""

    @property
    def typed_name(self) -> str:
        return typed_name(self.resource, self.name)


def resource_named(term: str, kinds: Kinds) -> Resource:
    """The resource a word means."""
    found = kinds.lookup(term)
    if found is None:
        raise CommandError(f'the server doesn\'t have a resource type "{term.partition(".")[0]}"')
    return found


def named_plainly(term: str, kinds: Kinds) -> Resource:
    """The resource a word means, for commands that refuse it without `error: ` in front."""
    try:
        return resource_named(term, kinds)
    except CommandError as error:
        raise CommandError(error.text, prefixed=False) from None


def resource_asked(call: Call, term: str) -> Resource:
    """The resource a word means; says when a short name might have meant another one."""
    found = resource_named(term, call.api.kinds)
    for other in call.api.kinds.resources:
        if term in found.short_names and term in other.short_names and other.name != found.name:
            call.warn_once(f'short name "{term}" could also match lower priority resource {other.name}')
    return found


def resources_named(call: Call, terms: str) -> list[Resource]:
    """`pods,svc` or a category such as `all`; order kept, repetitions dropped."""
    found: dict[str, Resource] = {}
    for term in terms.split(","):
        members = [resource for resource in call.api.kinds.resources if term in resource.categories]
        for resource in members or [resource_asked(call, term)]:
            found.setdefault(resource.name, resource)
    return list(found.values())


def targets(call: Call, words: list[str], *, everything: bool = False, any_namespace: bool = False) -> list[Target]:
    """The targets of `TYPE NAME…` words; `everything` allows a type without names."""
    words = _spread(words)
    if any("/" in word for word in words):
        return _slash_targets(call, words)
    kinds = resources_named(call, words[0])
    names = words[1:]
    if "" in names:
        raise CommandError("resource name may not be empty")
    if names and len(kinds) > 1:
        raise CommandError("you must specify only one resource")
    if names and any_namespace:
        raise CommandError("a resource cannot be retrieved by name across all namespaces")
    if names:
        return [Target(kind, _namespace(call, kind), name) for kind in kinds for name in names]
    if not everything:
        raise CommandError("resource(s) were provided, but no name was specified")
    return [Target(kind, "" if any_namespace else _namespace(call, kind)) for kind in kinds]


def _spread(words: list[str]) -> list[str]:
    """`pods,svc web` means `pods/web svc/web`; a category stays a word."""
    terms = list(dict.fromkeys(words[0].split(",")))
    if len(terms) == 1 or len(words) == 1:
        return words
    return [f"{term}/{name}" for term in terms for name in words[1:]]


def _slash_targets(call: Call, words: list[str]) -> list[Target]:
    found = []
    for word in words:
        if "/" not in word:
            raise CommandError(
                "there is no need to specify a resource type as a separate argument when passing arguments in "
                "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of "
                "'kubectl get resource resource/<resource_name>'"
            )
        if word.count("/") > 1:
            raise CommandError("arguments in resource/name form may not have more than one slash")
        term, _, name = word.partition("/")
        if not term or not name or "," in term:
            raise CommandError("arguments in resource/name form must have a single resource and name")
        kind = resource_asked(call, term)
        found.append(Target(kind, _namespace(call, kind), name))
    return found


def _namespace(call: Call, resource: Resource) -> str:
    return call.namespace if resource.namespaced else ""


class Selection:
    """What was found, in order, and what was not: iterate first, then call `done`."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.problems: list[CommandError] = []

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def attempt(self, action: Callable[[Found], None]) -> None:
        """Do something with each object; a refusal of one does not keep the others from their turn."""
        for found in self.found:
            try:
                action(found)
            except CommandError as error:
                self.problems.append(error)

    def done(self) -> None:
        """Raise what went wrong, all of it together."""
        raise_all(self.problems)


def select(
    call: Call,
    words: list[str],
    *,
    nothing: str = NOTHING_NAMED,
    list_query: dict[str, str] | None = None,
    everything: bool = False,
) -> Selection:
    """Fetch the objects a command acts on, by its words and its `-f`, `-l`, `--all` and `-A` flags."""
    if call.names_files:
        refuse_words_beside_files(words)
        return _from_files(call)
    if not words:
        raise CommandError(nothing)
    selector = call.arguments.values.get("selector") or ""
    fields = call.arguments.values.get("field-selector") or ""
    if (selector or call.on("all")) and len(words) > 1:
        raise CommandError("name cannot be provided when a selector is specified")
    query = dict(list_query or {})
    if selector:
        query["labelSelector"] = selector
    if fields:
        query["fieldSelector"] = fields
    whole = everything or call.on("all") or bool(selector or fields)
    wanted = targets(call, words, everything=whole, any_namespace=call.on("all-namespaces"))
    return fetch(call, wanted, query=query)


def refuse_words_beside_files(words: list[str]) -> None:
    """What is named in files is not named by words as well."""
    if any("/" in word for word in words):
        raise CommandError("resource/name arguments cannot be provided when a path is specified")
    if words:
        raise CommandError(
            "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )


def fetch(call: Call, wanted: list[Target], *, query: dict[str, str] | None = None) -> Selection:
    """Every object of the targets."""
    selection = Selection()
    for target in wanted:
        try:
            selection.found += _fetch_one(call, target, query or {})
        except ApiRefusal as refusal:
            selection.problems.append(refusal)
    return selection


def _fetch_one(call: Call, target: Target, query: dict[str, str]) -> list[Found]:
    if target.name:
        obj = call.api.get(target.resource, target.namespace, target.name)
        return [Found(target.resource, target.namespace, target.name, obj)]
    return [found_of(target.resource, obj) for obj in call.api.items(target.resource, target.namespace, query=query)]


def found_of(resource: Resource, obj: Obj) -> Found:
    metadata = obj["metadata"]
    obj = obj if "kind" in obj else {**obj, "kind": resource.kind, "apiVersion": resource.api_version}
    return Found(resource, metadata.get("namespace", ""), metadata["name"], obj)


def _from_files(call: Call) -> Selection:
    selection = Selection()
    for manifest in read_manifests(call):
        try:
            obj = call.api.get(manifest.resource, manifest.namespace, manifest.name)
        except ApiRefusal as refusal:
            selection.problems.append(refusal)
        else:
            selection.found.append(Found(manifest.resource, manifest.namespace, manifest.name, obj, manifest.source))
    return selection
