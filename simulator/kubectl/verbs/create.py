"""`kubectl create`: from a file, or one object from flags.

The objects are those the real command builds, with its zero values (`creationTimestamp: null`, `status: {}`), because
`--dry-run=client -o yaml` shows them and learners copy that into files.
"""

from __future__ import annotations

import base64
import json
import posixpath
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.home import FileError
from simulator.kubectl.kustomize.generators import hash_of
from simulator.kubectl.last_applied import modified_configuration
from simulator.kubectl.manifests import read_manifests, refuse_words, with_namespace
from simulator.kubectl.printers import list_of, object_text, typed_name
from simulator.kubectl.selection import resource_named
from simulator.kubectl.shared_flags import (
    DRY_RUN,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.kubectl.verbs.apply import in_file
from simulator.kubectl.verbs.edit import CREATE, edit_in_turn

_NO_TIME: Obj = {"creationTimestamp": None}


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


# From flags


def create_built(call: Call, obj: Obj, *, verb: str = "created", what: str = "") -> None:
    """Send (or only print) an object made from flags."""
    resource = call.api.kinds.by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    if resource.namespaced and call.namespace_is_enforced:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": call.namespace}}
    mode = dry_run(call)
    if mode != "client":
        try:
            obj = call.api.create(
                resource,
                call.namespace if resource.namespaced else "",
                obj,
                manager=call.text("field-manager"),
                query=write_query(call),
            )
        except ApiRefusal as refusal:
            if not what:
                raise
            raise CommandError(f"failed to create {what}: {refusal.message}") from refusal
        obj = _as_go_prints(obj)
    print_result(call, obj, verb)


def _as_go_prints(obj: Obj) -> Obj:
    """The real command keeps the answer in a Go struct, whose pod template always shows a creation time."""
    template = (obj.get("spec") or {}).get("template")
    if not template:
        return obj
    return {
        **obj,
        "spec": {**obj["spec"], "template": {**template, "metadata": {**_NO_TIME, **(template.get("metadata") or {})}}},
    }


def print_result(call: Call, obj: Obj, verb: str) -> None:
    """What a write prints: the object in the wanted format, or its name and what happened to it."""
    resource = call.api.kinds.by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    if call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{typed_name(resource, obj['metadata']['name'])} {verb}{done_suffix(call)}\n")


def _container(name: str, image: str, **more: Any) -> Obj:
    return {"image": image, "name": name, **{key: value for key, value in more.items() if value}, "resources": {}}


def _command_after_dash(call: Call) -> list[str]:
    return call.rest[call.arguments.dash :] if call.arguments.dash >= 0 else []


def deployment(call: Call) -> None:
    name, images, command = call.one_name(), call.many("image"), _command_after_dash(call)
    if command and len(images) > 1:
        raise CommandError("cannot specify multiple --image options and command")
    containers = [_container(_container_name(image), image, command=command) for image in images]
    if call.number("port") >= 0 and containers:
        containers[0]["ports"] = [{"containerPort": call.number("port")}]
    labels = {"app": name}
    spec: Obj = {
        "replicas": call.number("replicas"),
        "selector": {"matchLabels": labels},
        "strategy": {},
        "template": {"metadata": {**_NO_TIME, "labels": labels}, "spec": {"containers": containers}},
    }
    create_built(
        call,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**_NO_TIME, "labels": labels, "name": name},
            "spec": spec,
            "status": {},
        },
        what="deployment",
    )


def _container_name(image: str) -> str:
    """The last part of an image name without tag and digest, made a DNS label."""
    base = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return "".join(rune if rune.isalnum() or rune == "-" else "-" for rune in base.lower()).strip("-")


def namespace(call: Call) -> None:
    metadata = {**_NO_TIME, "name": call.one_name()}
    create_built(call, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}, "status": {}})


def service_account(call: Call) -> None:
    metadata = {**_NO_TIME, "name": call.one_name()}
    create_built(call, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, what="serviceaccount")


def config_map(call: Call) -> None:
    name = call.one_name()
    obj: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**_NO_TIME, "name": name}}
    data = _data_from_flags(call, "ConfigMap", name)
    create_built(call, _hashed(call, {**obj, "data": data} if data else obj), what="configmap")


def generic_secret(call: Call) -> None:
    name = call.one_name()
    obj: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {**_NO_TIME, "name": name}}
    data = {
        key: base64.b64encode(text.encode()).decode() for key, text in _data_from_flags(call, "Secret", name).items()
    }
    if data:
        obj["data"] = data
    if call.text("type"):
        obj["type"] = call.text("type")
    create_built(call, _hashed(call, obj), what="secret")


def tls_secret(call: Call) -> None:
    name, cert, key = call.one_name(), call.text("cert"), call.text("key")
    if not cert or not key:
        raise CommandError("key and cert must be specified")
    data = {"tls.crt": _encoded(_read_pem(call, cert)), "tls.key": _encoded(_read_pem(call, key))}
    metadata = {**_NO_TIME, "name": name}
    obj = {"apiVersion": "v1", "data": data, "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls"}
    create_built(call, _hashed(call, obj), what="secret")


def _read_pem(call: Call, path: str) -> str:
    try:
        return call.session.home.read(path)
    except FileError:
        raise CommandError(f"Cannot read file {path}, open {path}: no such file or directory") from None


def registry_secret(call: Call) -> None:
    name = call.one_name()
    user, password, server = call.text("docker-username"), call.text("docker-password"), call.text("docker-server")
    if not (user and password and server):
        raise CommandError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required"
        )
    entry = {"username": user, "password": password}
    if call.text("docker-email"):
        entry["email"] = call.text("docker-email")
    entry["auth"] = _encoded(f"{user}:{password}")
    config = json.dumps({"auths": {server: entry}}, separators=(",", ":"))
    obj = {
        "apiVersion": "v1",
        "data": {".dockerconfigjson": _encoded(config)},
        "kind": "Secret",
        "metadata": {**_NO_TIME, "name": name},
        "type": "kubernetes.io/dockerconfigjson",
    }
    create_built(call, _hashed(call, obj), what="secret docker-registry")


def _hashed(call: Call, obj: Obj) -> Obj:
    """With a name that changes when the content does, if `--append-hash` asks for it."""
    if not call.on("append-hash"):
        return obj
    name = f"{obj['metadata']['name']}-{hash_of(obj, name=obj['metadata']['name'])}"
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _data_from_flags(call: Call, kind: str, name: str) -> dict[str, str]:
    data: dict[str, str] = {}
    for key, text in (*_from_files(call), *_from_literals(call), *_from_env_files(call)):
        if key in data:
            if kind == "Secret":
                raise CommandError(f"cannot add key {key}, another key by that name already exists")
            raise CommandError(
                f'cannot add key "{key}", another key by that name already exists in Data for ConfigMap "{name}"'
            )
        data[key] = text
    return data


def _from_literals(call: Call) -> list[tuple[str, str]]:
    found = []
    for source in call.many("from-literal"):
        key, equals, text = source.partition("=")
        if not equals or not key:
            raise CommandError(f"invalid literal source {source}, expected key=value")
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        found.append((key, text[1:-1] if quoted else text))
    return found


def _from_files(call: Call) -> list[tuple[str, str]]:
    home = call.session.home
    found: list[tuple[str, str]] = []
    for source in call.many("from-file"):
        key, equals, path = source.rpartition("=") if "=" in source else ("", "", source)
        if equals and not (key and path):
            raise CommandError(f"{'key name' if not key else 'file path'} for file path {path or key} missing")
        if not equals and home.is_directory(path):
            entries = [entry for entry in home.entries(path) if not entry.endswith("/")]
            found += [(entry, home.read(posixpath.join(path, entry))) for entry in entries]
            continue
        found.append((key or posixpath.basename(path), _read(call, path)))
    return found


def _from_env_files(call: Call) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in call.many("from-env-file"):
        for line in _read(call, path).splitlines():
            line = line.lstrip()
            if not line or line.startswith("#"):
                continue
            key, equals, text = line.partition("=")
            found.append((key, text if equals else call.session.environment.get(key, "")))
    return found


def _read(call: Call, path: str) -> str:
    try:
        return call.session.home.read(path)
    except FileError as error:
        raise CommandError(f"error reading {path}: {str(error).lower()}") from error


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
    metadata = {**_NO_TIME, "labels": labels, "name": name}
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
        raise CommandError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


# Jobs


def job(call: Call) -> None:
    name = call.one_name()
    if call.text("from"):
        _job_from(call, name)
        return
    if not call.text("image"):
        raise CommandError("one of --image or --from must be specified")
    create_built(
        call,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {**_NO_TIME, "name": name},
            "spec": {"template": _job_template(call, name, "Never")},
            "status": {},
        },
        what="job",
    )


def _job_template(call: Call, name: str, restart: str) -> Obj:
    container = _container(name, call.text("image"), command=_command_after_dash(call))
    return {"metadata": dict(_NO_TIME), "spec": {"containers": [container], "restartPolicy": restart}}


def _job_from(call: Call, name: str) -> None:
    term, _, source = call.text("from").partition("/")
    resource = resource_named(term, call.api.kinds)
    if resource.kind != "CronJob" or not source:
        raise CommandError(f"from must be an existing cronjob: found {call.text('from')}, wanted cronjob/NAME")
    cron = call.api.get(resource, call.namespace, source)
    template = cron["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    owner = {
        "apiVersion": "batch/v1",
        "controller": True,
        "kind": "CronJob",
        "name": source,
        "uid": cron["metadata"]["uid"],
    }
    annotations = {**(metadata.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"}
    made: Obj = {**_NO_TIME, "annotations": annotations, "name": name, "ownerReferences": [owner]}
    if metadata.get("labels"):
        made["labels"] = metadata["labels"]
    create_built(
        call,
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": template["spec"], "status": {}},
        what="job",
    )


def cron_job(call: Call) -> None:
    name = call.one_name()
    template = _job_template(call, name, call.text("restart") or "OnFailure")
    spec = {
        "jobTemplate": {"metadata": {**_NO_TIME, "name": name}, "spec": {"template": template}},
        "schedule": call.text("schedule"),
    }
    create_built(
        call,
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {**_NO_TIME, "name": name},
            "spec": spec,
            "status": {},
        },
        what="cronjob",
    )


_COMMON = (*PRINT_FLAGS, DRY_RUN, VALIDATE, manager("kubectl-create"), Flag("save-config", kind="bool"))
_APPEND_HASH = Flag("append-hash", kind="bool", help="End the name with a hash of the content")
_DATA_FLAGS = (
    Flag("from-literal", kind="array", help="key=value"),
    Flag("from-file", kind="array", help="A file (its name is the key), key=file, or a directory"),
    Flag("from-env-file", kind="array", help="A file of KEY=value lines"),
    _APPEND_HASH,
)
_TCP = Flag("tcp", kind="list", help="port or port:targetPort")


def built(name: str, summary: str, run: Any, *flags: Flag, required: tuple[str, ...] = (), **more: Any) -> Command:
    """A subcommand that makes one object from flags."""
    return Command(
        name, summary, run, usage=more.pop("usage", "NAME"), flags=(*_COMMON, *flags), required=required, **more
    )


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
        flags=(*_COMMON, *FILE_FLAGS, SELECTOR, Flag("edit", kind="bool"), Flag("raw"), RECORD),
        commands=(
            built(
                "deployment",
                "Create a Deployment",
                deployment,
                Flag("image", kind="array", help="Image of a container; may be given several times"),
                Flag("port", kind="int", default=-1, help="Port of the first container"),
                Flag("replicas", "r", kind="int", default=1, help="How many pods"),
                usage="NAME --image=IMAGE [-- COMMAND [args...]]",
                aliases=("deploy",),
                required=("image",),
            ),
            built("namespace", "Create a Namespace", namespace, aliases=("ns",)),
            _SERVICES,
            built("configmap", "Create a ConfigMap", config_map, *_DATA_FLAGS, aliases=("cm",)),
            Command(
                "secret",
                "Create a Secret",
                commands=(
                    built("generic", "From files, literals or env files", generic_secret, *_DATA_FLAGS, Flag("type")),
                    built(
                        "tls",
                        "From a certificate and its key",
                        tls_secret,
                        Flag("cert"),
                        Flag("key"),
                        _APPEND_HASH,
                    ),
                    built(
                        "docker-registry",
                        "For pulling images",
                        registry_secret,
                        Flag("docker-username"),
                        Flag("docker-password"),
                        Flag("docker-email"),
                        Flag("docker-server", default="https://index.docker.io/v1/"),
                        _APPEND_HASH,
                    ),
                ),
            ),
            built("serviceaccount", "Create a ServiceAccount", service_account, aliases=("sa",)),
            built(
                "job",
                "Create a Job",
                job,
                Flag("image", help="Image of the container"),
                Flag("from", help="cronjob/NAME to run now"),
                usage="NAME --image=IMAGE [-- COMMAND [args...]]",
            ),
            built(
                "cronjob",
                "Create a CronJob",
                cron_job,
                Flag("image", help="Image of the container"),
                Flag("schedule", help="When, in cron's five fields"),
                Flag("restart"),
                aliases=("cj",),
                required=("image", "schedule"),
            ),
        ),
    ),
)
