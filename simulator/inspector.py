"""Everything worth knowing about one object: facts, YAML, events, who wrote it because of what, why it is where it is."""

from collections.abc import Callable
from typing import Any

from simulator.accepted_fields import without_effect
from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj, Plain
from simulator.explain import because, last_writes
from simulator.kubectl.yaml_text import to_yaml
from simulator.narrator import Narrator
from simulator.pod_sandbox import sandbox


def inspect(
    registry: Registry, wanted: dict[str, Any], *, narrator: Narrator, decide: Callable[[str], Plain | None], zero: int
) -> dict[str, Any] | None:
    """None when there is no such object. `decide` gives the scheduler's decision on a pod by uid."""
    found = find(registry, wanted)
    if found is None:
        return None
    resource, obj = found
    kind, metadata = obj["kind"], obj["metadata"]
    events = _about(registry, metadata["uid"], kind, metadata["name"])
    writes = last_writes(registry, [metadata["uid"], *(event["metadata"]["uid"] for event in events)])
    reply: dict[str, Any] = {
        "kind": kind,
        "title": f"{kind} {metadata['name']}",
        "facts": _facts(obj),
        "yaml": to_yaml(obj),
        "events": [_event(registry, event, writes) for event in events],
        "because": because(registry, narrator, writes.get(metadata["uid"], 0), zero),
        "not_simulated": without_effect(obj),
    }
    if resource == "pods":
        reply["scheduling"] = decide(metadata["uid"])
        reply["sandbox"] = sandbox(obj)
    return reply


def find(registry: Registry, wanted: dict[str, Any]) -> tuple[str, Obj] | None:
    """By `uid`, or by `resource`, `namespace` and `name`."""
    store = registry.store
    uid = wanted.get("uid")
    if uid:
        for resource in store.resources():
            for obj in store.table(resource).values():
                if obj["metadata"]["uid"] == uid:
                    return resource, obj
        return None
    term = registry.kinds.lookup(str(wanted.get("resource", "")))
    if term is None:
        return None
    key = (str(wanted.get("namespace") or "") if term.namespaced else "", str(wanted.get("name", "")))
    named = store.get(term.name, key)
    return None if named is None else (term.name, named)


def _facts(obj: Obj) -> list[list[str]]:
    metadata = obj["metadata"]
    facts = [["Kind", f"{obj['kind']} ({obj['apiVersion']})"]]
    if metadata.get("namespace"):
        facts.append(["Namespace", metadata["namespace"]])
    facts.append(["Created", metadata["creationTimestamp"]])
    if metadata.get("labels"):
        facts.append(["Labels", ", ".join(f"{key}={value}" for key, value in sorted(metadata["labels"].items()))])
    for owner in metadata.get("ownerReferences", ()):
        facts.append(["Owned by", f"{owner['kind']} {owner['name']}"])
    if metadata.get("finalizers"):
        facts.append(["Finalizers", ", ".join(metadata["finalizers"])])
    return facts


def _about(registry: Registry, uid: str, kind: str, name: str) -> list[Obj]:
    """Events on the object; a Node's name is also its uid in some of them, as in Kubernetes."""
    found = []
    for event in registry.objects("events"):
        about = event["involvedObject"]
        if about.get("uid") == uid or (kind == "Node" and about.get("kind") == "Node" and about.get("name") == name):
            found.append(event)
    return found


def _event(registry: Registry, event: Obj, writes: dict[str, int]) -> dict[str, Any]:
    engine = registry.engine
    seen = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    return {
        "type": event["type"],
        "reason": event["reason"],
        "message": event["message"],
        "count": event.get("count", 1),
        "age": (engine.now - engine.micros(seen)) // 1_000_000,
        "ev": writes.get(event["metadata"]["uid"], 0),
    }
