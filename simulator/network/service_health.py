"""Why a Service has nobody behind it: the first field, along selector, pods, readiness and ports, that does not fit.

https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/ in the order of its questions. Promises: a pure function of the API's
objects and of the sockets; a healthy service has no findings.
"""

from collections.abc import Callable, Iterable

from simulator.engine.plain import Obj
from simulator.machinery.selectors import from_label_selector, from_labels
from simulator.network.findings import Finding, Side, finding, named, near_misses
from simulator.network.objects import Servers
from simulator.network.service_rules import SERVICE_NAME

#: All objects of a resource.
Objects = Callable[[str], list[Obj]]
_SLICES = "endpointslices.discovery.k8s.io"
_WORKLOADS = (
    ("Deployment", "deployments.apps"),
    ("StatefulSet", "statefulsets.apps"),
    ("ReplicaSet", "replicasets.apps"),
)


class ServiceHealth:
    def __init__(self, objects: Objects, servers: Servers) -> None:
        self._objects = objects
        self._servers = servers

    def explain(self, service: Obj) -> list[Finding]:
        """What keeps endpoints away from the service as a whole, and from each of its ports."""
        selector = service["spec"].get("selector")
        if not selector:
            return self._without_selector(service)
        namespace = service["metadata"]["namespace"]
        pods = [pod for pod in self._objects("pods") if pod["metadata"]["namespace"] == namespace]
        chosen = [pod for pod in pods if selector.items() <= (pod["metadata"].get("labels") or {}).items()]
        alive = [pod for pod in chosen if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        if not alive:
            return [self._nobody(service, pods, finished=chosen)]
        ready = [pod for pod in alive if _is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]
        if not ready and not service["spec"].get("publishNotReadyAddresses"):
            return [self._unready(service, pod) for pod in alive[:3]]
        return self._ports(service, ready or alive)

    # Pods

    def _nobody(self, service: Obj, pods: list[Obj], *, finished: list[Obj]) -> Finding:
        selector = from_labels(service["spec"]["selector"])
        ours = Side(named("Service", service), "spec.selector", str(selector))
        if finished:
            phase = finished[0]["status"]["phase"]
            right = Side(named("Pod", finished[0]), "status.phase", phase)
            return finding(
                "no-endpoints", ours, right, f"The pods that the selector {selector} matches have ended ({phase})."
            )
        misses = near_misses(selector, pods, limit=1)
        if misses:
            wanted, has = misses[0].fails[0]
            key = misses[0].key
            left = Side(named("Service", service), f"spec.selector[{key}]", wanted)
            right = Side(named("Pod", misses[0].pod), f"metadata.labels[{key}]", has)
            name = misses[0].pod["metadata"]["name"]
            return finding("no-endpoints", left, right, f"The selector wants {wanted}, but pod {name} has {has}.")
        return self._elsewhere(service, ours) or self._no_pods(service, ours)

    def _elsewhere(self, service: Obj, ours: Side) -> Finding | None:
        selector = service["spec"]["selector"]
        own = service["metadata"]["namespace"]
        for pod in self._objects("pods"):
            if selector.items() <= (pod["metadata"].get("labels") or {}).items():
                there = pod["metadata"]["namespace"]
                left = Side(named("Service", service), "metadata.namespace", own)
                right = Side(named("Pod", pod), "metadata.namespace", there)
                say = (
                    f"Pods that match {ours.value} are in namespace {there}; a Service selects only in its own, {own}."
                )
                return finding("no-endpoints", left, right, say)
        return None

    def _no_pods(self, service: Obj, ours: Side) -> Finding:
        selector, own = service["spec"]["selector"], service["metadata"]["namespace"]
        for kind, resource in _WORKLOADS:
            for one in self._objects(resource):
                labels = one["spec"]["template"]["metadata"].get("labels") or {}
                if one["metadata"]["namespace"] == own and selector.items() <= labels.items():
                    count = one["spec"].get("replicas", 1)
                    right = Side(named(kind, one), "spec.replicas", str(count))
                    why = f"{kind} {one['metadata']['name']} wants {count} pods" + (
                        "" if count else ": nobody is there"
                    )
                    return finding("no-endpoints", ours, right, f"No pod matches {ours.value}; {why}.")
        right = Side(f"namespace {own}", "pods", "none matches")
        return finding("no-endpoints", ours, right, f"No pod of namespace {own} carries the labels {ours.value}.")

    def _unready(self, service: Obj, pod: Obj) -> Finding:
        left = Side(named("Service", service), "spec.selector", str(from_labels(service["spec"]["selector"])))
        name, status = pod["metadata"]["name"], pod.get("status") or {}
        if "deletionTimestamp" in pod["metadata"]:
            right = Side(named("Pod", pod), "metadata.deletionTimestamp", pod["metadata"]["deletionTimestamp"])
            return finding("no-endpoints", left, right, f"Pod {name} is being deleted.")
        scheduled = _condition(status, "PodScheduled")
        if scheduled.get("status") == "False":
            message = scheduled.get("message", "")
            right = Side(named("Pod", pod), "status.conditions[PodScheduled]", message)
            return finding("no-endpoints", left, right, f"Pod {name} has no node: {message}")
        for one in status.get("containerStatuses") or ():
            waiting = (one.get("state") or {}).get("waiting")
            if waiting:
                right = Side(
                    named("Pod", pod),
                    f"status.containerStatuses[{one['name']}].state.waiting.reason",
                    waiting["reason"],
                )
                return finding(
                    "no-endpoints", left, right, f"Container {one['name']} of pod {name} waits: {waiting['reason']}."
                )
        return self._failing_probe(left, pod) or finding(
            "no-endpoints",
            left,
            Side(named("Pod", pod), "status.conditions[Ready]", _condition(status, "Ready").get("status", "False")),
            f"Pod {name} is not ready, so its endpoint is not.",
        )

    def _failing_probe(self, left: Side, pod: Obj) -> Finding | None:
        name, address = pod["metadata"]["name"], (pod.get("status") or {}).get("podIP", "")
        statuses = {one["name"]: one for one in (pod.get("status") or {}).get("containerStatuses") or ()}
        for container in pod["spec"]["containers"]:
            probe = container.get("readinessProbe")
            if not probe or statuses.get(container["name"], {}).get("ready"):
                continue
            where = f"spec.containers[{container['name']}].readinessProbe"
            action = probe.get("httpGet") or probe.get("tcpSocket")
            open_ports = [port for port, protocol in self._servers.listening(address) if protocol == "TCP"]
            if action is not None and _number(action.get("port"), container) not in open_ports:
                ours = Side(named("Pod", pod), f"{where}.port", str(action.get("port")))
                right = Side(f"the process in pod {name}", "listening ports", _list(open_ports))
                say = f"The readiness probe asks port {action.get('port')}, but the process listens on {_list(open_ports)}."
                return finding("no-endpoints", ours, right, say)
            path = (probe.get("httpGet") or {}).get("path", "")
            ours = Side(named("Pod", pod), f"{where}.httpGet.path" if path else where, path or "fails")
            right = Side(named("Pod", pod), "status.conditions[Ready]", "False")
            asked = f" for {path}" if path else ""
            return finding("no-endpoints", ours, right, f"The readiness probe{asked} of pod {name} fails.")
        return None

    # Ports

    def _ports(self, service: Obj, pods: list[Obj]) -> list[Finding]:
        found: list[Finding] = []
        for index, port in enumerate(service["spec"].get("ports") or ()):
            for pod in pods[:1]:
                one = self._port(service, index, port, pod)
                if one is not None:
                    found.append(one)
        return found

    def _port(self, service: Obj, index: int, port: Obj, pod: Obj) -> Finding | None:
        target, protocol = port.get("targetPort") or port["port"], port.get("protocol", "TCP")
        path = f"spec.ports[{index}].targetPort"
        name = pod["metadata"]["name"]
        left = Side(named("Service", service), path, str(target))
        if isinstance(target, str):
            offered = _named_ports(pod, protocol)
            if target not in offered:
                right = Side(named("Pod", pod), "spec.containers[*].ports[*].name", _list(offered))
                return finding(
                    "no-endpoints",
                    left,
                    right,
                    f"targetPort {target} is no {protocol} port name of pod {name}, which has {_list(offered)}.",
                )
            target = offered[target]
        address = (pod.get("status") or {}).get("podIP", "")
        sockets = self._servers.listening(address)
        if not sockets or (target, protocol) in sockets:
            return None
        others = [each for number, each in sockets if number == target]
        if others:
            left = Side(named("Service", service), f"spec.ports[{index}].protocol", protocol)
            right = Side(f"the process in pod {name}", f"protocol of port {target}", _list(others))
            return finding(
                "no-process",
                left,
                right,
                f"The Service says {protocol}, but the process of pod {name} speaks {_list(others)} on port {target}.",
            )
        ports = [number for number, each in sockets if each == protocol]
        right = Side(f"the process in pod {name}", "listening ports", _list(ports))
        return finding(
            "no-process",
            left,
            right,
            f"targetPort is {target}, but the process of pod {name} listens on {_list(ports)}.",
        )

    # Services without a selector

    def _without_selector(self, service: Obj) -> list[Finding]:
        metadata, spec = service["metadata"], service["spec"]
        if spec.get("type") == "ExternalName":
            return []
        near = [one for one in self._objects(_SLICES) if one["metadata"]["namespace"] == metadata["namespace"]]
        ours = [one for one in near if (one["metadata"].get("labels") or {}).get(SERVICE_NAME) == metadata["name"]]
        if not any(one.get("endpoints") for one in ours):
            stray = next((one for one in near if _names(one, metadata["name"]) and one not in ours), None)
            left = Side(named("Service", service), "metadata.name", metadata["name"])
            if stray is None:
                right = Side(f"namespace {metadata['namespace']}", "EndpointSlices of this service", "none")
                return [
                    finding(
                        "no-endpoints",
                        left,
                        right,
                        "The Service has no selector, and nobody wrote an EndpointSlice for it.",
                    )
                ]
            label = (stray["metadata"].get("labels") or {}).get(SERVICE_NAME, "none")
            right = Side(named("EndpointSlice", stray), f"metadata.labels[{SERVICE_NAME}]", label)
            say = f"EndpointSlice {stray['metadata']['name']} belongs to no Service of that name: its label {SERVICE_NAME} is {label}."
            return [finding("no-endpoints", left, right, say)]
        return [*self._slice_ports(service, ours), *self._slice_addresses(service, ours)]

    def _slice_ports(self, service: Obj, slices: list[Obj]) -> list[Finding]:
        offered = {(p.get("name") or "", p.get("protocol") or "TCP") for one in slices for p in one.get("ports") or ()}
        for index, port in enumerate(service["spec"].get("ports") or ()):
            if (port.get("name") or "", port.get("protocol", "TCP")) not in offered:
                names = _list(sorted(name or '""' for name, _ in offered))
                left = Side(named("Service", service), f"spec.ports[{index}].name", port.get("name") or '""')
                right = Side(named("EndpointSlice", slices[0]), "ports[*].name", names)
                return [
                    finding(
                        "no-endpoints",
                        left,
                        right,
                        f"The Service's port is named {left.value}, the slice's {names}: they must be equal.",
                    )
                ]
        return []

    def _slice_addresses(self, service: Obj, slices: list[Obj]) -> list[Finding]:
        for one in slices:
            for endpoint in one.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True) is False:
                    left = Side(named("EndpointSlice", one), "endpoints[*].conditions.ready", "false")
                    right = Side(named("Service", service), "metadata.name", service["metadata"]["name"])
                    return [
                        finding(
                            "no-endpoints", left, right, f"The slice says that {endpoint['addresses'][0]} is not ready."
                        )
                    ]
        return []


def selected_by(selector: Obj | None, pods: Iterable[Obj]) -> list[Obj]:
    """Pods that a label selector of a workload matches."""
    compiled = from_label_selector(selector)
    return [pod for pod in pods if compiled.matches(pod["metadata"].get("labels") or {})]


def _is_ready(pod: Obj) -> bool:
    return str(_condition(pod.get("status") or {}, "Ready").get("status")) == "True"


def _condition(status: Obj, type: str) -> Obj:
    return next((one for one in status.get("conditions") or () if one["type"] == type), {})


def _named_ports(pod: Obj, protocol: str) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name") and port.get("protocol", "TCP") == protocol
    }


def _number(port: object, container: Obj) -> object:
    if isinstance(port, str):
        return next((one["containerPort"] for one in container.get("ports") or () if one.get("name") == port), port)
    return port


def _names(slice_: Obj, service: str) -> bool:
    label = (slice_["metadata"].get("labels") or {}).get(SERVICE_NAME, "")
    return str(slice_["metadata"]["name"]).startswith(service) and label != service


def _list(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values) or "none"
