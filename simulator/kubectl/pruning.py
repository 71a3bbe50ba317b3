"""`kubectl apply --prune`: what was applied once and is in the files no more is deleted.

Follows https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-to-delete-objects, in its older form: by labels
and a list of kinds (`kubectl/pkg/cmd/apply/prune.go`); ApplySets are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.kubectl.last_applied import LAST_APPLIED
from simulator.kubectl.manifests import Manifest
from simulator.kubectl.printers import typed_name
from simulator.kubectl.shared_flags import done_suffix, dry_run
from simulator.machinery.go_text import klog_stamp
from simulator.machinery.resources import Resource

#: Kinds that are looked through when none are named, those in namespaces first.
_NAMESPACED = (
    ("v1", "ConfigMap"), ("v1", "Endpoints"), ("v1", "PersistentVolumeClaim"), ("v1", "Pod"), ("v1", "ReplicationController"),
    ("v1", "Secret"), ("v1", "Service"), ("batch/v1", "Job"), ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "Ingress"),
    ("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"),
)  # fmt: skip
_CLUSTER_SCOPED = (("v1", "Namespace"), ("v1", "PersistentVolume"))
_DEPRECATED = (
    "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a "
    "future release. To preserve the current behaviour, list the resources you want to target explicitly in the "
    "--prune-allowlist flag."
)
_POLICIES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


def refuse_wrong_prune(call: Call) -> None:
    if not call.on("prune"):
        return
    if not call.on("all") and not call.text("selector"):
        raise CommandError(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. "
            "If you did not mean to prune all resources, specify a label selector"
        )
    if call.on("all") and call.text("selector"):
        raise CommandError("cannot set --all and --selector at the same time")
    _kinds(call)


def prune(call: Call, kept: Sequence[Manifest]) -> None:
    """Delete what carries the annotation, is of a kind to look through, and was not applied just now."""
    uids = {uid for manifest in kept if (uid := _uid(call, manifest))}
    namespaces = dict.fromkeys(manifest.namespace for manifest in kept if manifest.namespace)
    kinds = _kinds(call)
    if not call.many("prune-allowlist"):
        call.err(f"W{klog_stamp(call.now_us)}       1 prune.go:71] {_DEPRECATED}\n")
    for namespace in namespaces:
        for resource in kinds:
            if resource.namespaced:
                _prune_kind(call, resource, namespace, uids)
    for resource in kinds:
        if not resource.namespaced:
            _prune_kind(call, resource, "", uids)


def _uid(call: Call, manifest: Manifest) -> str:
    if dry_run(call) != "none":
        found = call.api.items(manifest.resource, manifest.namespace)
        return next((one["metadata"]["uid"] for one in found if one["metadata"]["name"] == manifest.name), "")
    return str(call.api.get(manifest.resource, manifest.namespace, manifest.name)["metadata"]["uid"])


def _kinds(call: Call) -> list[Resource]:
    named = [_named(text) for text in call.many("prune-allowlist")]
    wanted = named or [*_NAMESPACED, *(_CLUSTER_SCOPED if not call.given("namespace") else ())]
    found = [(version, kind, call.api.kinds.by_kind(version, kind)) for version, kind in wanted]
    missing = next((f"{kind}.{version}" for version, kind, resource in found if resource is None), "")
    if missing and named:
        raise CommandError(f'no matches for kind "{missing.split(".", 1)[0]}" in version "{missing.split(".", 1)[1]}"')
    return [resource for _, _, resource in found if resource is not None]


def _named(text: str) -> tuple[str, str]:
    """`core/v1/ConfigMap`."""
    parts = text.split("/")
    if len(parts) != 3:
        raise CommandError(f"invalid GroupVersionKind format: {text}, please follow <group/version/kind>")
    group, version, kind = parts
    return (version if group == "core" else f"{group}/{version}"), kind


def _prune_kind(call: Call, resource: Resource, namespace: str, uids: set[str]) -> None:
    query = {"labelSelector": call.text("selector")} if call.text("selector") else {}
    for obj in call.api.items(resource, namespace, query=query):
        if _is_left_over(obj, uids):
            _delete(call, resource, obj)


def _is_left_over(obj: Obj, uids: set[str]) -> bool:
    metadata = obj["metadata"]
    return LAST_APPLIED in (metadata.get("annotations") or {}) and metadata["uid"] not in uids


def _delete(call: Call, resource: Resource, obj: Obj) -> None:
    metadata = obj["metadata"]
    if dry_run(call) != "client":
        options: Obj = {"propagationPolicy": _POLICIES.get(call.text("cascade"), "Background")}
        if call.number("grace-period") >= 0:
            options["gracePeriodSeconds"] = call.number("grace-period")
        if dry_run(call) == "server":
            options["dryRun"] = ["All"]
        call.api.delete(resource, metadata.get("namespace", ""), metadata["name"], options=options)
    call.out(f"{typed_name(resource, metadata['name'])} pruned{done_suffix(call)}\n")
