"""Rows of services, endpoints and ingresses. Follows `pkg/printers/internalversion/printers.go` (1.33)."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.machinery.tables.columns import (
    NONE,
    UNSET,
    Cells,
    Obj,
    Printer,
    age,
    labels_text,
    name_of,
    printer,
    selector_text,
    shortened,
    spec,
    status,
)


def _service(obj: Obj, now_us: int) -> Cells:
    addresses = spec(obj).get("clusterIPs") or [spec(obj).get("clusterIP")]
    return [
        name_of(obj),
        spec(obj).get("type", "ClusterIP"),
        addresses[0] or NONE,
        _external(obj),
        _ports(spec(obj).get("ports") or []),
        age(obj, now_us),
        labels_text(spec(obj).get("selector")),
    ]


def _external(obj: Obj) -> str:
    kind, given = spec(obj).get("type", "ClusterIP"), list(spec(obj).get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec(obj).get("externalName", ""))
    if kind == "LoadBalancer":
        return ",".join([*given, *_ingress_addresses(obj)]) or "<pending>"
    return ",".join(given) or NONE


def _ingress_addresses(obj: Obj) -> list[str]:
    entries = (status(obj).get("loadBalancer") or {}).get("ingress") or ()
    return [entry.get("ip") or entry.get("hostname") or "" for entry in entries]


def _ports(ports: list[Obj]) -> str:
    shown = []
    for port in ports:
        number = f"{port['port']}:{port['nodePort']}" if port.get("nodePort") else str(port["port"])
        shown.append(f"{number}/{port.get('protocol', 'TCP')}")
    return ",".join(shown) or NONE


def _endpoints(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), shortened(_endpoint_texts(obj), 3, empty=NONE), age(obj, now_us)]


def _endpoint_texts(obj: Obj) -> Iterator[str]:
    for subset in obj.get("subsets") or ():
        addresses = [a["ip"] for a in subset.get("addresses") or ()]
        if not subset.get("ports"):
            yield from addresses
        for port in subset.get("ports") or ():
            for address in addresses:
                yield f"[{address}]:{port['port']}" if ":" in address else f"{address}:{port['port']}"


def _endpoint_slice(obj: Obj, now_us: int) -> Cells:
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return [
        name_of(obj),
        obj.get("addressType", ""),
        shortened(ports, 3, empty=UNSET),
        shortened(addresses, 3, empty=UNSET),
        age(obj, now_us),
    ]


def _ingress(obj: Obj, now_us: int) -> Cells:
    hosts = [rule["host"] for rule in spec(obj).get("rules") or () if rule.get("host")]
    return [
        name_of(obj),
        spec(obj).get("ingressClassName") or NONE,
        shortened(hosts, 3, empty="*"),
        ",".join(_ingress_addresses(obj)),
        "80, 443" if spec(obj).get("tls") else "80",
        age(obj, now_us),
    ]


def _ingress_class(obj: Obj, now_us: int) -> Cells:
    parameters = spec(obj).get("parameters")
    shown = NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters.get('kind', '')}{group}/{parameters.get('name', '')}"
    return [name_of(obj), spec(obj).get("controller", ""), shown, age(obj, now_us)]


def _network_policy(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), selector_text(spec(obj).get("podSelector") or {}), age(obj, now_us)]


def _service_cidr(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), ",".join(spec(obj).get("cidrs") or ()), age(obj, now_us)]


def _ip_address(obj: Obj, now_us: int) -> Cells:
    parent = spec(obj).get("parentRef")
    if not parent:
        return [name_of(obj), NONE]
    place = "/".join(part for part in (parent.get("namespace", ""), parent.get("name", "")) if part)
    return [
        name_of(obj),
        "/".join(part for part in (parent.get("group", ""), parent.get("resource", ""), place) if part),
    ]


PRINTERS: dict[str, Printer] = {
    "services": printer("Name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector*", _service),
    "endpoints": printer("Name | Endpoints | Age", _endpoints),
    "endpointslices.discovery.k8s.io": printer("Name | AddressType | Ports | Endpoints | Age", _endpoint_slice),
    "ingresses.networking.k8s.io": printer("Name | Class | Hosts | Address | Ports | Age", _ingress),
    "ingressclasses.networking.k8s.io": printer("Name | Controller | Parameters | Age", _ingress_class),
    "networkpolicies.networking.k8s.io": printer("Name | Pod-Selector | Age", _network_policy),
    "servicecidrs.networking.k8s.io": printer("Name | CIDRs | Age", _service_cidr),
    "ipaddresses.networking.k8s.io": printer("Name | ParentRef", _ip_address),
}
