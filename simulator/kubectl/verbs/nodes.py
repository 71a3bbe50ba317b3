"""`kubectl cordon`, `uncordon`, `drain` and `taint`: looking after nodes."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import STRATEGIC_PATCH, ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.pod_choice import pods_resource
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import Found, Selection, Target, fetch, select
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    GRACE_PERIOD,
    PRINT_FLAGS,
    SELECTOR,
    TIMEOUT,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.kubectl.verbs.delete import deadline
from simulator.machinery.resources import Resource, by_name

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_MIRROR = "kubernetes.io/config.mirror"


def _node_resource() -> Resource:
    found = by_name("nodes")
    assert found is not None
    return found


def _nodes(call: Call) -> Selection:
    names = call.rest
    if names and call.text("selector"):
        raise CommandError("cannot specify both a node name and a --selector option")
    if not names and not call.text("selector"):
        verb = call.path.split()[-1]
        raise call.wrong_usage(f"USAGE: {verb} NODE [flags]")
    if call.text("selector"):
        return select(call, ["nodes"])
    if "" in names:
        raise CommandError("resource name may not be empty")
    plain = [name.partition("/")[2] or name for name in names]
    return fetch(call, [Target(_node_resource(), "", name) for name in plain])


# Cordon


def cordon(call: Call) -> None:
    _set_schedulable(call, _nodes(call), wanted=False)


def uncordon(call: Call) -> None:
    _set_schedulable(call, _nodes(call), wanted=True)


def _set_schedulable(call: Call, selection: Selection, *, wanted: bool) -> None:
    done = "uncordoned" if wanted else "cordoned"

    def one(found: Found) -> None:
        unschedulable = bool(found.obj["spec"].get("unschedulable"))
        if unschedulable != wanted:
            call.out(f"{found.typed_name} already {done}{done_suffix(call)}\n")
            return
        if dry_run(call) != "client":
            patch: Obj = {"spec": {"unschedulable": None if wanted else True}}
            call.api.patch(
                found.resource,
                "",
                found.name,
                patch,
                kind=STRATEGIC_PATCH,
                manager="kubectl-cordon",
                query=write_query(call),
            )
        call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")

    selection.attempt(one)
    selection.done()


# Drain


def drain(call: Call) -> None:
    selection = _nodes(call)
    selection.done()
    _set_schedulable(call, selection, wanted=False)
    for found in selection:
        _drain_one(call, found)


def _drain_one(call: Call, found: Found) -> None:
    query = {"fieldSelector": f"spec.nodeName={found.name}"}
    if call.text("pod-selector"):
        query["labelSelector"] = call.text("pod-selector")
    pods = call.api.items(pods_resource(), "", query=query)
    evicted, warned = _sorted_out(call, found.name, pods)
    if warned:
        call.err(f"Warning: {warned}\n")
    objects: list[list[str]] = []
    for pod in evicted:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if not call.on("disable-eviction") or dry_run(call) == "client":
            call.out(f"evicting pod {namespace}/{name}{done_suffix(call)}\n")
        if dry_run(call) == "none":
            _send_away(call, namespace, name)
            objects.append(["pods", namespace, name, pod["metadata"].get("uid", "")])
    if not objects:
        call.out(f"{found.typed_name} drained{done_suffix(call)}\n")
        return
    token: Token = {
        "kind": "drain",
        "node": found.typed_name,
        "objects": objects,
        "done": "deleted" if call.on("disable-eviction") else "evicted",
        "deadline": deadline(call),
    }
    looked = follow_drain(call.api, token, call.now_us)
    call.out(looked.stdout)
    if not looked.done:
        call.follow = looked.token


def _sorted_out(call: Call, node: str, pods: list[Obj]) -> tuple[list[Obj], str]:
    """Which pods go, and what to warn of; raises when some stand in the way."""
    evicted: list[Obj] = []
    ignored: list[str] = []
    unmanaged: list[str] = []
    blocked: dict[str, list[str]] = {}
    for pod in pods:
        metadata, name = pod["metadata"], f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        owner = next((r for r in metadata.get("ownerReferences") or () if r.get("controller")), None)
        finished_already = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if _MIRROR in (metadata.get("annotations") or {}):
            continue
        if owner and owner["kind"] == "DaemonSet" and not finished_already:
            if call.on("ignore-daemonsets"):
                ignored.append(name)
            else:
                blocked.setdefault(
                    "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", []
                ).append(name)
            continue
        if not finished_already and owner is None and not call.on("force"):
            blocked.setdefault(
                "cannot delete cannot delete Pods that declare no controller (use --force to override)", []
            ).append(name)
            continue
        if not finished_already and _has_local_data(pod) and not call.on("delete-emptydir-data"):
            blocked.setdefault(
                "cannot delete Pods with local storage (use --delete-emptydir-data to override)", []
            ).append(name)
            continue
        if not finished_already and owner is None:
            unmanaged.append(name)
        evicted.append(pod)
    if blocked:
        reasons = [f"{text}: {', '.join(names)}" for text, names in sorted(blocked.items())]
        why = reasons[0] if len(reasons) == 1 else f"[{', '.join(reasons)}]"
        pending = "\n".join(reasons)
        raise CommandError(
            f'unable to drain node "{node}" due to error: {why}, continuing command...\nThere are pending nodes to be '
            f"drained:\n {node}\n{pending}"
        )
    warned = {"deleting Pods that declare no controller": unmanaged, "ignoring DaemonSet-managed Pods": ignored}
    return evicted, "; ".join(f"{text}: {', '.join(names)}" for text, names in warned.items() if names)


def _has_local_data(pod: Obj) -> bool:
    return any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())


def _send_away(call: Call, namespace: str, name: str) -> None:
    """By an eviction, which a budget may refuse, or with `--disable-eviction` by a deletion, which none can."""
    options: Obj = {}
    if call.number("grace-period") >= 0:
        options["gracePeriodSeconds"] = call.number("grace-period")
    if call.on("disable-eviction"):
        call.api.delete(pods_resource(), namespace, name, options=options)
        return
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": options,
    }
    call.api.post(f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body)


def follow_drain(api: ApiClient, token: Token, now_us: int) -> Followed:
    """Says of each evicted pod when it is gone, and at the end that the node is drained."""
    text, left = "", []
    for entry in token["objects"]:
        try:
            there = api.get(pods_resource(), entry[1], entry[2])["metadata"].get("uid") == entry[3]
        except ApiRefusal as refusal:
            if refusal.reason != "NotFound":
                raise
            there = False
        if there:
            left.append(entry)
        else:
            text += f"pod/{entry[2]} {token['done']}\n"
    fresh = {**token, "objects": left}
    if not left:
        return finished(fresh, f"{text}{token['node']} drained\n")
    if token["deadline"] and now_us >= token["deadline"]:
        return finished(fresh, f"{text}error: drain did not complete within the given time\n", exit_code=1)
    return Followed(text, fresh)


# Taint


def taint(call: Call) -> None:
    words, changes = _split_taints(call)
    if not words:
        raise CommandError("one or more resources must be specified as <resource> <name>")
    if not changes:
        raise CommandError("at least one taint update is required")
    added, removed = _parsed_taints(call, changes)
    dry_run(call)
    selection = select(call, words)
    for found in selection:
        if found.resource.kind != "Node":
            raise CommandError(f"invalid resource type {words[0].partition('/')[0]}, only node types are supported")
    selection.attempt(lambda found: _taint_one(call, found, added, removed))
    selection.done()


def _split_taints(call: Call) -> tuple[list[str], list[str]]:
    at = next(
        (i for i, word in enumerate(call.rest) if "=" in word or ":" in word or word.endswith("-")), len(call.rest)
    )
    return call.rest[:at], call.rest[at:]


def _parsed_taints(call: Call, changes: list[str]) -> tuple[list[Obj], list[Obj]]:
    added: list[Obj] = []
    removed: list[Obj] = []
    for text in changes:
        key_value, colon, effect = text.removesuffix("-").partition(":")
        key, _, value = key_value.partition("=")
        if effect and effect not in _EFFECTS:
            raise call.wrong_usage(f"invalid taint effect: {effect}, unsupported taint effect")
        if text.endswith("-"):
            removed.append({"key": key, "effect": effect})
            continue
        if not colon or not key:
            raise call.wrong_usage(f"invalid taint spec: {text}")
        added.append({"key": key, **({"value": value} if value else {}), "effect": effect})
    return added, removed


def _taint_one(call: Call, found: Found, added: list[Obj], removed: list[Obj]) -> None:
    old: list[Obj] = found.obj["spec"].get("taints") or []
    have = {(t["key"], t["effect"]): t for t in old}
    for new in added:
        if (new["key"], new["effect"]) in have and not call.on("overwrite"):
            raise CommandError(
                f"node {found.name} already has {new['key']} taint(s) with same effect(s) and --overwrite is false"
            )
    gone = [t for t in old if any(r["key"] == t["key"] and r["effect"] in ("", t["effect"]) for r in removed)]
    missing = [r for r in removed if not any(r["key"] == t["key"] and r["effect"] in ("", t["effect"]) for t in old)]
    if missing:
        names = ", ".join(f'taint "{r["key"]}{":" + r["effect"] if r["effect"] else ""}" not found' for r in missing)
        raise CommandError(names)
    replaced = {(t["key"], t["effect"]) for t in (*added, *gone)}
    kept = [t for t in old if (t["key"], t["effect"]) not in replaced]
    obj = found.obj
    if dry_run(call) != "client":
        patch: Obj = {"spec": {"taints": [*added, *kept] or None}}
        query = {key: text for key, text in write_query(call).items() if key == "dryRun"}
        obj = call.api.patch(
            found.resource,
            "",
            found.name,
            patch,
            kind="application/merge-patch+json",
            manager=call.text("field-manager"),
            query=query,
        )
    if call.text("output"):
        call.out(object_text(obj, call.text("output")))
    else:
        replacing = any((new["key"], new["effect"]) in have for new in added)
        done = "untainted" if removed and not added else "modified" if removed or replacing else "tainted"
        call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")


# Top


FOLLOWERS = {"drain": follow_drain}

COMMANDS = (
    Command("cordon", "Keep new pods away from a node", cordon, usage="NODE", flags=(DRY_RUN, SELECTOR)),
    Command("uncordon", "Let new pods onto a node again", uncordon, usage="NODE", flags=(DRY_RUN, SELECTOR)),
    Command(
        "drain",
        "Empty a node for maintenance",
        drain,
        usage="NODE",
        flags=(
            DRY_RUN,
            SELECTOR,
            GRACE_PERIOD,
            TIMEOUT,
            Flag("chunk-size", kind="int", default=500),
            Flag("delete-emptydir-data", kind="bool", help="Also pods that would lose emptyDir data"),
            Flag("disable-eviction", kind="bool", help="Delete pods, past every budget"),
            Flag("force", kind="bool", help="Also pods that nothing will recreate"),
            Flag("ignore-daemonsets", kind="bool", help="Leave pods of DaemonSets where they are"),
            Flag("pod-selector", help="Only pods with these labels"),
            Flag("skip-wait-for-delete-timeout", kind="int"),
        ),
    ),
    Command(
        "taint",
        "Change the taints of nodes",
        taint,
        usage="NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N-",
        flags=(
            *PRINT_FLAGS,
            ALL,
            SELECTOR,
            DRY_RUN,
            VALIDATE,
            manager("kubectl-taint"),
            Flag("overwrite", kind="bool", help="Replace taints"),
        ),
    ),
)
