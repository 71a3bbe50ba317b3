"""Containers and scheduling wishes: what pods and pod templates have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.describers.page import Page, or_none
from simulator.kubectl.describers.volumes import describe_volumes
from simulator.machinery import go_text, quantities

Resolve = Callable[[str], str]
"""From a field path such as `metadata.name` to its text in the pod at hand."""


def template_text(template: Obj) -> str:
    """A pod template for itself, as `rollout history --revision` shows it: with its tabs."""
    page = Page()
    describe_template(page, template)
    return page.unaligned()


def describe_template(page: Page, template: Obj) -> None:
    page.line(0, "Pod Template:")
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    page.pairs("  Labels", metadata.get("labels"))
    if metadata.get("annotations"):
        page.annotations(metadata["annotations"], "  Annotations")
    if spec.get("serviceAccountName"):
        page.line(1, f"Service Account:\t{spec['serviceAccountName']}")
    if spec.get("initContainers"):
        describe_containers(page, "Init Containers", spec["initContainers"], space="  ")
    describe_containers(page, "Containers", spec.get("containers") or (), space="  ")
    describe_volumes(page, spec.get("volumes") or (), space="  ")
    describe_spread(page, spec.get("topologySpreadConstraints") or (), space="  ")
    if spec.get("priorityClassName"):
        page.line(1, f"Priority Class Name:\t{spec['priorityClassName']}")
    page.pairs("  Node-Selectors", spec.get("nodeSelector"))
    describe_tolerations(page, spec.get("tolerations") or (), "  Tolerations")


# Containers


def describe_containers(
    page: Page,
    label: str,
    containers: Sequence[Obj],
    *,
    statuses: Sequence[Obj] = (),
    resolve: Resolve | None = None,
    space: str = "",
) -> None:
    page.raw(f"{space}{label}:{'' if containers else ' <none>'}\n")
    known = {status["name"]: status for status in statuses}
    for container in containers:
        status = known.get(container["name"])
        _basics(page, container, status, space)
        _command(page, container)
        if status is not None:
            _states(page, status)
        describe_resources(page, container.get("resources") or {}, level=2)
        _probes(page, container)
        _environment_sources(page, container)
        _environment(page, container, resolve)
        _mounts(page, container)


def _basics(page: Page, container: Obj, status: Obj | None, space: str) -> None:
    page.line(1, f"{' ' if space else ''}{container['name']}:")
    if status is not None:
        page.line(2, f"Container ID:\t{status.get('containerID', '')}")
    page.line(2, f"Image:\t{container.get('image', '')}")
    if status is not None:
        page.line(2, f"Image ID:\t{status.get('imageID', '')}")
    for title, field in (("Port", "containerPort"), ("Host Port", "hostPort")):
        text = _ports(container.get("ports") or (), field)
        page.line(2, f"{title}s:\t{text}" if "," in text else f"{title}:\t{or_none(text)}")
    profile = (container.get("securityContext") or {}).get("seccompProfile")
    if profile:
        page.line(2, f"SeccompProfile:\t{profile.get('type', '')}")
        if profile.get("type") == "Localhost":
            page.line(3, f"LocalhostProfile:\t{profile.get('localhostProfile', '')}")


def _ports(ports: Sequence[Obj], field: str) -> str:
    return ", ".join(f"{port.get(field, 0)}/{port.get('protocol', '')}" for port in ports)


def _command(page: Page, container: Obj) -> None:
    for title, field in (("Command", "command"), ("Args", "args")):
        if container.get(field):
            page.line(2, f"{title}:")
            for word in container[field]:
                for part in word.split("\n"):
                    page.line(3, part)


def _states(page: Page, status: Obj) -> None:
    _state(page, "State", status.get("state") or {})
    last = status.get("lastState") or {}
    if "terminated" in last:
        _state(page, "Last State", last)
    page.line(2, f"Ready:\t{'True' if status.get('ready') else 'False'}")
    page.line(2, f"Restart Count:\t{status.get('restartCount', 0)}")


def _state(page: Page, title: str, state: Obj) -> None:
    if "running" in state:
        page.line(2, f"{title}:\tRunning")
        page.line(3, f"Started:\t{go_text.rfc1123z(state['running'].get('startedAt'))}")
    elif "terminated" in state:
        ended = state["terminated"]
        page.line(2, f"{title}:\tTerminated")
        for name, field in (("Reason", "reason"), ("Message", "message")):
            if ended.get(field):
                page.line(3, f"{name}:\t{ended[field]}")
        page.line(3, f"Exit Code:\t{ended.get('exitCode', 0)}")
        if ended.get("signal", 0) > 0:
            page.line(3, f"Signal:\t{ended['signal']}")
        page.line(3, f"Started:\t{go_text.rfc1123z(ended.get('startedAt'))}")
        page.line(3, f"Finished:\t{go_text.rfc1123z(ended.get('finishedAt'))}")
    else:
        page.line(2, f"{title}:\tWaiting")
        if (state.get("waiting") or {}).get("reason"):
            page.line(3, f"Reason:\t{state['waiting']['reason']}")


def describe_resources(page: Page, resources: Obj, *, level: int) -> None:
    for title, field in (("Limits", "limits"), ("Requests", "requests")):
        amounts = resources.get(field) or {}
        if amounts:
            page.line(level, f"{title}:")
        for name in sorted(amounts):
            page.line(level + 1, f"{name}:\t{quantity(amounts[name])}")


def quantity(value: Any) -> str:
    return quantities.canonical(str(value))


def _probes(page: Page, container: Obj) -> None:
    for title, field in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        if container.get(field):
            page.line(2, f"{title}:\t{probe_text(container[field])}")


def probe_text(probe: Obj) -> str:
    """A probe on one line."""
    how = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 0)}s "
        f"period={probe.get('periodSeconds', 0)}s #success={probe.get('successThreshold', 0)} "
        f"#failure={probe.get('failureThreshold', 0)}"
    )
    if "exec" in probe:
        return f"exec {go_text.value(probe['exec'].get('command') or [])} {how}"
    if "httpGet" in probe:
        get = probe["httpGet"]
        path = get.get("path", "")
        slash = "" if not path or path.startswith("/") else "/"
        return (
            f"http-get {get.get('scheme', '').lower()}://{get.get('host', '')}:{get.get('port', '')}{slash}{path} {how}"
        )
    if "tcpSocket" in probe:
        return f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket'].get('port', '')} {how}"
    if "grpc" in probe:
        return f"grpc <pod>:{probe['grpc'].get('port', 0)} {probe['grpc'].get('service', '')} {how}"
    return f"unknown {how}"


def _environment_sources(page: Page, container: Obj) -> None:
    if not container.get("envFrom"):
        return
    page.line(2, "Environment Variables from:")
    for source in container["envFrom"]:
        kind, field = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
        reference = source.get(field) or {}
        optional = go_text.value(bool(reference.get("optional")))
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        page.line(3, f"{reference.get('name', '')}\t{kind}{prefix}\tOptional: {optional}")


def _environment(page: Page, container: Obj, resolve: Resolve | None) -> None:
    variables = container.get("env") or ()
    page.line(2, "Environment:" if variables else "Environment:\t<none>")
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            for number, part in enumerate(variable.get("value", "").split("\n")):
                page.line(3, f"{variable['name']}:\t{part}" if number == 0 else f"\t{part}")
        else:
            page.line(3, f"{variable['name']}:\t{_source_text(source, container, resolve)}")


def _source_text(source: Obj, container: Obj, resolve: Resolve | None) -> str:
    if "fieldRef" in source:
        field = source["fieldRef"]
        found = resolve(field["fieldPath"]) if resolve else ""
        return f"{found} ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    if "resourceFieldRef" in source:
        name = source["resourceFieldRef"]["resource"]
        return f"{resource_value(source['resourceFieldRef'], container)} ({name})"
    for field, text in (
        ("secretKeyRef", "<set to the key '{}' in secret '{}'>"),
        ("configMapKeyRef", "<set to the key '{}' of config map '{}'>"),
    ):
        if field in source:
            reference = source[field]
            optional = go_text.value(bool(reference.get("optional")))
            return f"{text.format(reference['key'], reference.get('name', ''))}\tOptional: {optional}"
    return ""


def resource_value(reference: Obj, container: Obj) -> str:
    """The amount in units of the divisor, rounded up."""
    side, _, name = reference["resource"].partition(".")
    given = ((container.get("resources") or {}).get(side) or {}).get(name)
    if given is None:
        return "node allocatable" if side == "limits" and name in ("cpu", "memory") else "0"
    divisor = quantities.milli(str(reference.get("divisor") or "1")) or 1000
    return str(-(-quantities.milli(str(given)) // divisor))


def _mounts(page: Page, container: Obj) -> None:
    mounts = container.get("volumeMounts") or ()
    page.line(2, "Mounts:" if mounts else "Mounts:\t<none>")
    for mount in sorted(mounts, key=lambda m: str(m["mountPath"])):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f",path={go_text.quoted(mount['subPath'])}"
        page.line(3, f"{mount['mountPath']} from {mount['name']} ({flags})")
    devices = container.get("volumeDevices") or ()
    if devices:
        page.line(2, "Devices:" if mounts else "Devices:\t<none>")
        for device in sorted(devices, key=lambda d: str(d["devicePath"])):
            page.line(3, f"{device['devicePath']} from {device['name']}")


# Where a pod may run


def describe_spread(page: Page, constraints: Sequence[Obj], *, space: str = "") -> None:
    if not constraints:
        return
    for number, constraint in enumerate(sorted(constraints, key=lambda c: str(c["topologyKey"]))):
        head = f"{space}Topology Spread Constraints:" if number == 0 else space
        text = f"{constraint['topologyKey']}:{constraint['whenUnsatisfiable']} when max skew {constraint['maxSkew']} is exceeded"
        if "labelSelector" in constraint:
            text += f" for selector {selector_text(constraint['labelSelector'])}"
        page.raw(f"{head}\t{text}\n")


_OPERATORS = {"In": "in", "NotIn": "notin"}


def selector_text(selector: Obj | None) -> str:
    """A label selector as `describe` writes it; an empty one is `<none>`."""
    if not selector:
        return "<none>"
    labels = selector.get("matchLabels") or {}
    texts = [f"{key}={labels[key]}" for key in sorted(labels)]
    for term in selector.get("matchExpressions") or ():
        key, operator = term["key"], term["operator"]
        values = ",".join(sorted(term.get("values") or ()))
        if operator in _OPERATORS:
            texts.append(f"{key} {_OPERATORS[operator]} ({values})")
        else:
            texts.append(key if operator == "Exists" else f"!{key}")
    texts.sort(key=lambda text: re.split(r"[=! ]", text.lstrip("!"))[0])
    return ",".join(texts) or "<none>"


def describe_tolerations(page: Page, tolerations: Sequence[Obj], title: str) -> None:
    if not tolerations:
        page.raw(f"{title}:\t<none>\n")
        return
    for number, toleration in enumerate(sorted(tolerations, key=lambda t: str(t.get("key", "")))):
        page.raw(f"{title + ':' if number == 0 else ''}\t{_toleration_text(toleration)}\n")


def _toleration_text(toleration: Obj) -> str:
    key, value, effect = (str(toleration.get(field, "")) for field in ("key", "value", "effect"))
    text = key + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    if toleration.get("operator") == "Exists" and not value:
        text += " op=Exists" if key or effect else "op=Exists"
    if toleration.get("tolerationSeconds") is not None:
        text += f" for {toleration['tolerationSeconds']}s"
    return text
