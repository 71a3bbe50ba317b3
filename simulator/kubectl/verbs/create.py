"""`kubectl create`: from a file, or one object from flags. `COMMANDS` is the whole tree; what is larger has a module of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.last_applied import modified_configuration
from simulator.kubectl.manifests import read_manifests, refuse_words, with_namespace
from simulator.kubectl.printers import list_of, object_text, typed_name
from simulator.kubectl.shared_flags import (
    FILE_FLAGS,
    SELECTOR,
    done_suffix,
    dry_run,
    write_query,
)
from simulator.kubectl.verbs.apply import in_file
from simulator.kubectl.verbs.create_data import CONFIG_MAP, SECRET
from simulator.kubectl.verbs.create_objects import COMMON, NO_TIME, built, create_built
from simulator.kubectl.verbs.create_policies import POLICIES
from simulator.kubectl.verbs.create_workloads import CRON_JOB, DEPLOYMENT, JOB
from simulator.kubectl.verbs.edit import CREATE, edit_in_turn

# From files


def create(call: Call) -> None:
    refuse_words(call)
    if not call.names_files:
        raise CommandError("must specify one of -f and -k")
    dry_run(call)
    manifests = read_manifests(call)
    if not manifests:
        raise CommandError("no objects passed to create")
    if call.on("edit"):
        edit_in_turn(call, CREATE, [[replace(one, obj=with_namespace(one))] for one in manifests])
        return
    made: list[Obj] = []
    problems: list[CommandError] = []
    for manifest in manifests:
        obj = modified_configuration(manifest) if call.on("save-config") else with_namespace(manifest)
        obj = recorded(call, obj)
        try:
            if dry_run(call) != "client":
                obj = call.api.create(
                    manifest.resource,
                    manifest.namespace,
                    obj,
                    manager=call.text("field-manager"),
                    query=write_query(call),
                )
        except ApiRefusal as refusal:
            problems.append(in_file(refusal, "creating", manifest))
            continue
        made.append(obj)
        if not call.text("output"):
            call.out(f"{typed_name(manifest.resource, obj['metadata'].get('name', ''))} created{done_suffix(call)}\n")
    if call.text("output") and made:
        shown = made[0] if len(made) == 1 else list_of(made)
        call.out(object_text(shown, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    raise_all(problems)


# Small objects


def namespace(call: Call) -> None:
    metadata = {**NO_TIME, "name": call.one_name()}
    create_built(call, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}, "status": {}})


def service_account(call: Call) -> None:
    metadata = {**NO_TIME, "name": call.one_name()}
    create_built(call, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, what="serviceaccount")


# Services


def _service(kind: str) -> Callable[[Call], None]:
    def make(call: Call) -> None:
        name = call.one_name()
        labels = {"app": name}
        spec: Obj = {"ports": _ports(call), "selector": labels, "type": kind}
        if kind == "ClusterIP" and call.text("clusterip"):
            spec["clusterIP"] = call.text("clusterip")
        if kind == "ClusterIP" and not spec["ports"] and call.text("clusterip") != "None":
            raise CommandError("at least one tcp port specifier must be provided")
        if kind == "NodePort" and call.number("node-port"):
            for port in spec["ports"]:
                port["nodePort"] = call.number("node-port")
        if kind == "ExternalName":
            spec["externalName"] = call.text("external-name")
        if not spec["ports"]:
            del spec["ports"]
        _create_service(call, name, labels, spec)

    return make


def _create_service(call: Call, name: str, labels: Obj, spec: Obj) -> None:
    metadata = {**NO_TIME, "labels": labels, "name": name}
    status: Obj = {"loadBalancer": {}}
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status}
    create_built(call, obj, what=f"{spec['type']} service")


def _ports(call: Call) -> list[Obj]:
    ports = []
    for text in call.many("tcp"):
        outer, colon, inner = text.partition(":")
        port = _port_number(outer)
        target: int | str = port
        if colon:
            target = int(inner) if inner.isdecimal() else inner
        ports.append({"name": text.replace(":", "-"), "port": port, "protocol": "TCP", "targetPort": target})
    return ports


def _port_number(text: str) -> int:
    if not text.isdecimal():
        raise CommandError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text)


_TCP = Flag("tcp", kind="list", help="port or port:targetPort")


_SERVICES = Command(
    "service",
    "Create a Service",
    aliases=("svc",),
    commands=(
        built("clusterip", "Inside the cluster only", _service("ClusterIP"), _TCP, Flag("clusterip")),
        built(
            "nodeport",
            "On a port of every node",
            _service("NodePort"),
            _TCP,
            Flag("node-port", kind="int"),
            required=("tcp",),
        ),
        built("loadbalancer", "Behind a load balancer", _service("LoadBalancer"), _TCP, required=("tcp",)),
        built(
            "externalname",
            "Another DNS name",
            _service("ExternalName"),
            _TCP,
            Flag("external-name"),
            required=("external-name",),
        ),
    ),
)

COMMANDS = (
    Command(
        "create",
        "Create objects from files or from flags",
        create,
        usage="-f FILENAME",
        flags=(*COMMON, *FILE_FLAGS, SELECTOR, Flag("edit", kind="bool"), Flag("raw"), RECORD),
        commands=(
            DEPLOYMENT,
            built("namespace", "Create a Namespace", namespace, aliases=("ns",)),
            _SERVICES,
            CONFIG_MAP,
            SECRET,
            built("serviceaccount", "Create a ServiceAccount", service_account, aliases=("sa",)),
            JOB,
            CRON_JOB,
            *POLICIES,
        ),
    ),
)
