"""The environment of a container and the files of its volumes, resolved when it starts.

Follows `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables) and the volume plugins for configMap, secret and projected
volumes. A missing reference is a value: `Missing` carries the kubelet's own words.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.octets import text_of
from simulator.machinery.quantities import milli, value
from simulator.node.addresses import second_address
from simulator.node.node_status import allocatable
from simulator.node.records import NodeRecord

#: Looks up (resource, namespace, name); None when it does not exist.
Lookup = Callable[[str, str, str], Obj | None]


@dataclass(frozen=True, slots=True)
class Missing:
    message: str


@dataclass(frozen=True, slots=True)
class PodFacts:
    """What the downward API can say of a pod on its node."""

    pod: Obj
    pod_ips: tuple[str, ...]
    host_ips: tuple[str, ...]
    node: str
    limits: tuple[int, int]
    """What a container without limits may use: the node's allocatable milli-CPU and bytes."""


def pod_facts(pod: Obj, pod_ip: str, node: NodeRecord) -> PodFacts:
    cpu, memory, _ = allocatable(node.spec)
    is_dual = bool(node.spec["address6"])
    pod_ips, host_ips = (_both(address, dual=is_dual) for address in (pod_ip, node.spec["address"]))
    return PodFacts(pod, pod_ips, host_ips, node.name, (cpu, memory))


def _both(address: str, *, dual: bool) -> tuple[str, ...]:
    return (address, second_address(address)) if dual and address else (address,)


def environment(
    container: Obj, facts: PodFacts, lookup: Lookup, service_links: dict[str, str]
) -> dict[str, str] | Missing:
    """What the kubelet sets, in this order: services, envFrom, env. HOSTNAME, which the runtime sets, is not among it, and so not for `$(HOSTNAME)`."""
    namespace = facts.pod["metadata"]["namespace"]
    found = dict(service_links)
    for source in container.get("envFrom") or ():
        values = _env_from(source, namespace, lookup)
        if isinstance(values, Missing):
            return values
        found.update(values)
    for variable in container.get("env") or ():
        text = _value(variable, found, facts, container, lookup)
        if isinstance(text, Missing):
            return text
        if text is not None:
            found[variable["name"]] = text
    return found


_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")


def sourced(container: Obj, facts: PodFacts, lookup: Lookup) -> dict[str, str]:
    """Only the variables whose values ConfigMaps and Secrets give: a running container keeps them as they were."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        values = _env_from(source, facts.pod["metadata"]["namespace"], lookup)
        found.update({} if isinstance(values, Missing) else values)
    for variable in container.get("env") or ():
        reference = variable.get("valueFrom") or {}
        if "configMapKeyRef" not in reference and "secretKeyRef" not in reference:
            found.pop(variable["name"], None)
        elif isinstance(text := _value(variable, {}, facts, container, lookup), str):
            found[variable["name"]] = text
    return found


def expand(text: str, env: dict[str, str]) -> str:
    """Kubernetes' own `$(NAME)`; `$$` is a dollar; an unknown name stays as it is written."""
    if "$" not in text:
        return text
    return _REFERENCE.sub(lambda match: "$" if match.group() == "$$" else env.get(match.group(1), match.group()), text)


def sub_paths(spec: Obj, env: dict[str, str]) -> Missing | None:
    """What is wrong with a `subPath` or `subPathExpr` of a container (`ExpandContainerVolumeMounts`, `makeMounts` of the kubelet)."""
    for mount in spec.get("volumeMounts") or ():
        path, expression = mount.get("subPath", ""), mount.get("subPathExpr")
        if expression:
            names = {match.group(1) for match in _REFERENCE.finditer(expression) if match.group() != "$$"}
            missing = sorted(name for name in names if not env.get(name))
            if missing:
                return Missing(f"missing value for {', '.join(missing)}")
            path = expand(expression, env)
        if path.startswith("/"):
            return Missing(f"error SubPath `{path}` must not be an absolute path")
        if ".." in path.split("/"):
            return Missing(f"unable to provision SubPath `{path}`: must not contain '..'")
    return None


def service_links(services: list[Obj]) -> dict[str, str]:
    """`NAME_SERVICE_HOST` and friends for services that have an address (`pkg/kubelet/envvars`)."""
    links: dict[str, str] = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports") or ()
        if not address or address == "None" or not ports:
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        links[f"{name}_SERVICE_HOST"] = address
        links[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                links[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
        links.update(_docker_links(name, address, ports))
    return links


def _docker_links(name: str, address: str, ports: list[Obj]) -> dict[str, str]:
    links = {}
    for index, port in enumerate(ports):
        protocol, number = port.get("protocol", "TCP"), port["port"]
        url = f"{protocol.lower()}://{f'[{address}]' if ':' in address else address}:{number}"
        prefix = f"{name}_PORT_{number}_{protocol}"
        if index == 0:
            links[f"{name}_PORT"] = url
        links.update(
            {prefix: url, f"{prefix}_PROTO": protocol.lower(), f"{prefix}_PORT": str(number), f"{prefix}_ADDR": address}
        )
    return links


# Sources


def _env_from(source: Obj, namespace: str, lookup: Lookup) -> dict[str, str] | Missing:
    prefix = source.get("prefix", "")
    for field, resource, kind in (("configMapRef", "configmaps", "configmap"), ("secretRef", "secrets", "secret")):
        reference = source.get(field)
        if reference is None:
            continue
        found = lookup(resource, namespace, reference["name"])
        if found is None:
            return {} if reference.get("optional") else Missing(f'{kind} "{reference["name"]}" not found')
        return {prefix + key: value for key, value in texts(found).items()}
    return {}


def _value(variable: Obj, env: dict[str, str], facts: PodFacts, container: Obj, lookup: Lookup) -> str | Missing | None:
    source = variable.get("valueFrom")
    if source is None:
        return expand(variable.get("value") or "", env)
    if "fieldRef" in source:
        return field_value(source["fieldRef"]["fieldPath"], facts)
    if "resourceFieldRef" in source:
        return resource_value(source["resourceFieldRef"], container, facts)
    for field, resource, kind in (
        ("configMapKeyRef", "configmaps", "ConfigMap"),
        ("secretKeyRef", "secrets", "Secret"),
    ):
        if field in source:
            return _key(source[field], resource, kind, facts.pod["metadata"]["namespace"], lookup)
    return None


def _key(reference: Obj, resource: str, kind: str, namespace: str, lookup: Lookup) -> str | Missing | None:
    found = lookup(resource, namespace, reference["name"])
    if found is None:
        return None if reference.get("optional") else Missing(f'{kind.lower()} "{reference["name"]}" not found')
    values = texts(found)
    if reference["key"] not in values:
        return (
            None
            if reference.get("optional")
            else Missing(f"couldn't find key {reference['key']} in {kind} {namespace}/{reference['name']}")
        )
    return values[reference["key"]]


def field_value(path: str, facts: PodFacts) -> str:
    metadata, spec = facts.pod["metadata"], facts.pod["spec"]
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.*)'\]", path)
    if match:
        return str((metadata.get(match.group(1)) or {}).get(match.group(2), ""))
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": facts.node,
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": facts.pod_ips[0],
        "status.podIPs": ",".join(facts.pod_ips),
        "status.hostIP": facts.host_ips[0],
        "status.hostIPs": ",".join(facts.host_ips),
    }
    return str(known.get(path, ""))


def resource_value(reference: Obj, container: Obj, facts: PodFacts) -> str:
    """In units of the divisor, rounded up; cores and bytes without one (`pkg/api/v1/resource/helpers.go`)."""
    section, _, name = reference["resource"].partition(".")
    measure = milli if name == "cpu" else value
    given = ((container.get("resources") or {}).get(section) or {}).get(name)
    amount = measure(given) if given is not None else 0
    if not amount and section == "limits" and name in ("cpu", "memory"):
        amount = facts.limits[name == "memory"]
    return str(-(-amount // (measure(reference.get("divisor") or "1") or measure("1"))))


def texts(source: Obj) -> dict[str, str]:
    """Keys and values of a ConfigMap or a Secret as text."""
    if source["kind"] == "ConfigMap":
        return dict(source.get("data") or {})
    return {key: text_of(b64decode(value)) for key, value in (source.get("data") or {}).items()}
