"""The values that the API server fills into pods and templates of pods (v1.33): `SetDefaults_Pod…` of `pkg/apis/core/v1/defaults.go`."""

from __future__ import annotations

import re
from typing import Any

from simulator.machinery.fills import Fill, chain, each_of, in_spec, inside, missing, with_missing, within

Obj = dict[str, Any]

_TAG = re.compile(r":([\w][\w.-]{0,127})$", re.ASCII)

_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_POD_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_FILE_MODE = 0o644


def image_pull_policy(image: str) -> str:
    """Always for a missing tag or `latest`, IfNotPresent for any other tag and for a digest."""
    if "@" in image:
        return "IfNotPresent"
    tag = _TAG.search(image)
    return "Always" if tag is None or tag[1] == "latest" else "IfNotPresent"


def pod_spec(spec: Obj) -> Obj:
    """A pod spec anywhere: in a pod or in a template."""
    spec = with_missing(spec, _POD_SPEC)
    for key in _CONTAINER_LISTS:
        if key in spec:
            spec = each_of(spec, key, _container)
    if spec.get("hostNetwork"):
        for key in ("containers", "initContainers"):
            spec = each_of(spec, key, _host_ports)
    if "volumes" in spec:
        spec = each_of(spec, "volumes", _volume)
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec = with_missing(spec, {"serviceAccountName": account, "serviceAccount": account})
    return spec


def _container(container: Obj) -> Obj:
    container = with_missing(container, _CONTAINER)
    if "imagePullPolicy" not in container:
        container = {**container, "imagePullPolicy": image_pull_policy(container.get("image", ""))}
    if "ports" in container:
        container = each_of(container, "ports", tcp_port)
    if "env" in container:
        container = each_of(container, "env", _environment)
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            container = within(container, key, _probe)
    if "lifecycle" in container:
        container = within(container, "lifecycle", _lifecycle)
    return container


tcp_port = missing(protocol="TCP")
_http_get = missing(path="/", scheme="HTTP")
_field_reference = missing(apiVersion="v1")


def _environment(variable: Obj) -> Obj:
    return within(variable, "valueFrom", lambda source: within(source, "fieldRef", _field_reference))


def _probe(probe: Obj) -> Obj:
    probe = within(with_missing(probe, _PROBE), "httpGet", _http_get)
    return within(probe, "grpc", missing(service=""))


def _lifecycle(lifecycle: Obj) -> Obj:
    for key in ("postStart", "preStop"):
        lifecycle = within(lifecycle, key, lambda handler: within(handler, "httpGet", _http_get))
    return lifecycle


def _host_ports(container: Obj) -> Obj:
    return each_of(container, "ports", lambda port: with_missing(port, {"hostPort": port.get("containerPort", 0)}))


def _requests_from_limits(container: Obj) -> Obj:
    resources = container["resources"]
    limits = resources.get("limits")
    if not limits:
        return container
    filled = with_missing(resources.get("requests") or {}, limits)
    if filled is resources.get("requests"):
        return container
    return {**container, "resources": {**resources, "requests": filled}}


def _volume(volume: Obj) -> Obj:
    if len(volume) == 1:
        return {**volume, "emptyDir": {}}
    for source, fill in _VOLUME_SOURCES.items():
        if source in volume:
            return within(volume, source, fill)
    return volume


def _downward_items(source: Obj) -> Obj:
    return each_of(source, "items", lambda item: within(item, "fieldRef", _field_reference))


def _projection(source: Obj) -> Obj:
    source = within(source, "serviceAccountToken", missing(expirationSeconds=3600))
    return within(source, "downwardAPI", _downward_items)


def _claim_template(source: Obj) -> Obj:
    return within(source, "volumeClaimTemplate", in_spec(missing(volumeMode="Filesystem")))


_VOLUME_SOURCES: dict[str, Fill] = {
    "secret": missing(defaultMode=_FILE_MODE),
    "configMap": missing(defaultMode=_FILE_MODE),
    "downwardAPI": chain(missing(defaultMode=_FILE_MODE), _downward_items),
    "projected": chain(missing(defaultMode=_FILE_MODE), lambda source: each_of(source, "sources", _projection)),
    "hostPath": missing(type=""),
    "ephemeral": _claim_template,
    "iscsi": missing(iscsiInterface="default"),
}


def with_pod(pod: Obj) -> Obj:
    return inside(pod, "spec", _whole_pod_spec)


def _whole_pod_spec(spec: Obj) -> Obj:
    spec = with_missing(pod_spec(spec), {"enableServiceLinks": True})
    for key in ("containers", "initContainers"):
        if key in spec:
            spec = each_of(spec, key, _requests_from_limits)
    return spec


def with_template(spec: Obj) -> Obj:
    return within(spec, "template", lambda template: within(template, "spec", pod_spec))
