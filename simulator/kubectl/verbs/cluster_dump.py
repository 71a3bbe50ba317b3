"""`kubectl cluster-info dump`: objects and logs of namespaces, for somebody who was not there.

Follows `pkg/cmd/clusterinfo/clusterinfo_dump.go`: nodes, then for each namespace events, controllers, Services, workloads and
pods, then the log of every container; to standard output, or to a tree of files with `--output-directory`.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import resource_named
from simulator.kubectl.shared_flags import ALL_NAMESPACES, OUTPUT

_KINDS = (
    ("events", "events"),
    ("replicationcontrollers", "replication-controllers"),
    ("services", "services"),
    ("daemonsets.apps", "daemonsets"),
    ("deployments.apps", "deployments"),
    ("replicasets.apps", "replicasets"),
    ("pods", "pods"),
)
_STANDARD_OUTPUT = "-"


def dump(call: Call) -> None:
    """Raises CommandError for a format that is neither JSON nor YAML, and when the workstation has no room."""
    if _format(call) not in ("json", "yaml"):
        raise CommandError(f"unable to dump as {_format(call)!r}: wanted json or yaml")
    _write_objects(call, "", "nodes", "nodes")
    for namespace in _namespaces(call):
        for plural, file in _KINDS:
            _write_objects(call, namespace, plural, f"{namespace}/{file}")
        for pod in call.api.items(resource_named("pods", call.api.kinds), namespace):
            _write(call, f"{namespace}/{pod['metadata']['name']}/logs.txt", _logs(call, pod))
    if _folder(call) != _STANDARD_OUTPUT:
        call.out(f"Cluster info dumped to {_folder(call)}\n")


def _format(call: Call) -> str:
    return call.text("output") or "json"


def _folder(call: Call) -> str:
    return call.text("output-directory") or _STANDARD_OUTPUT


def _namespaces(call: Call) -> list[str]:
    if call.on("all-namespaces"):
        return [found["metadata"]["name"] for found in call.api.items(resource_named("namespaces", call.api.kinds), "")]
    return list(call.many("namespaces")) or ["kube-system", call.namespace]


def _write_objects(call: Call, namespace: str, plural: str, path: str) -> None:
    found = call.api.page(resource_named(plural, call.api.kinds), namespace)
    _write(call, f"{path}.{_format(call)}", object_text(found, _format(call)))


def _logs(call: Call, pod: Obj) -> str:
    name, namespace, spec = pod["metadata"]["name"], pod["metadata"]["namespace"], pod["spec"]
    text = ""
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        what = f"logs for container {container['name']} of pod {namespace}/{name}"
        try:
            said = call.api.log(namespace, name, query={"container": container["name"]})
        except ApiRefusal as refusal:
            said = f"Request log error: {refusal.message}\n"
        text += f"==== START {what} ====\n{said}==== END {what} ====\n"
    return text


def _write(call: Call, path: str, text: str) -> None:
    folder = _folder(call)
    if folder == _STANDARD_OUTPUT:
        call.out(text)
        return
    home, parts = call.session.home, f"{folder}/{path}".split("/")
    try:
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if parent and not home.is_directory(parent):
                home.make_directory(parent)
        home.write("/".join(parts), text)
    except FileError as error:
        raise CommandError(f"open {folder}/{path}: {str(error).lower()}") from error


DUMP = Command(
    "dump",
    "Show everything for debugging",
    dump,
    flags=(
        OUTPUT,
        ALL_NAMESPACES,
        Flag("namespaces", kind="list", help="These namespaces; else kube-system and the present one"),
        Flag("output-directory", help="Write files below this directory; - for standard output"),
    ),
)
