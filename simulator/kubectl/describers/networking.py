"""Services, their endpoints, and Ingresses."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events
from simulator.kubectl.describers.page import Page, or_none, pairs_on_one_line
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery import go_text

_UNSET = "<unset>"


def describe_service(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec = obj["spec"]
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw(f"Selector:\t{pairs_on_one_line(spec.get('selector'))}\n")
    page.raw(f"Type:\t{spec.get('type', '')}\n")
    if spec.get("ipFamilyPolicy"):
        page.raw(f"IP Family Policy:\t{spec['ipFamilyPolicy']}\n")
    page.raw(f"IP Families:\t{or_none(','.join(spec.get('ipFamilies') or ()))}\n")
    page.raw(f"IP:\t{spec.get('clusterIP', '')}\n")
    page.raw(f"IPs:\t{or_none(','.join(spec.get('clusterIPs') or ()))}\n")
    for title, text in (
        ("External IPs", ",".join(spec.get("externalIPs") or ())),
        ("Desired LoadBalancer IP", spec.get("loadBalancerIP", "")),
        ("External Name", spec.get("externalName", "")),
        ("LoadBalancer Ingress", _ingress_text(obj)),
    ):
        if text:
            page.raw(f"{title}:\t{text}\n")
    metadata = obj["metadata"]
    slices = around.items(
        "endpointslices.discovery.k8s.io",
        metadata["namespace"],
        labelSelector=f"kubernetes.io/service-name={metadata['name']}",
    )
    for port in spec.get("ports") or ():
        _service_port(page, port, slices)
    page.raw(f"Session Affinity:\t{spec.get('sessionAffinity', '')}\n")
    for title, text in (
        ("External Traffic Policy", spec.get("externalTrafficPolicy", "")),
        ("Internal Traffic Policy", spec.get("internalTrafficPolicy", "")),
        ("HealthCheck NodePort", str(spec.get("healthCheckNodePort") or "")),
        ("LoadBalancer Source Ranges", ",".join(spec.get("loadBalancerSourceRanges") or ())),
        ("Traffic Distribution", spec.get("trafficDistribution", "")),
    ):
        if text:
            page.raw(f"{title}:\t{text}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _ingress_text(obj: Obj) -> str:
    texts = []
    for ingress in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        mode = f" ({ingress['ipMode']})" if ingress.get("ipMode") else ""
        texts.append(f"{ingress['ip']}{mode}" if ingress.get("ip") else ingress.get("hostname", ""))
    return ", ".join(texts)


def _service_port(page: Page, port: Obj, slices: Sequence[Obj]) -> None:
    name, protocol = port.get("name") or _UNSET, port.get("protocol", "")
    page.raw(f"Port:\t{name}\t{port['port']}/{protocol}\n")
    page.raw(f"TargetPort:\t{port.get('targetPort', 0)}/{protocol}\n")
    if port.get("appProtocol"):
        page.raw(f"AppProtocol:\t{port['appProtocol']}\n")
    if port.get("nodePort"):
        page.raw(f"NodePort:\t{name}\t{port['nodePort']}/{protocol}\n")
    page.raw(f"Endpoints:\t{endpoints_text(slices, port.get('name', ''))}\n")


def endpoints_text(slices: Sequence[Obj], port_name: str) -> str:
    """Up to three ready addresses of a port, and how many more there are."""
    if not slices:
        return "<none>"
    shown: list[str] = []
    more, count = False, 0
    for endpoint_slice in slices:
        ports = endpoint_slice.get("ports") or [None]
        for port in ports:
            if port is not None and (port.get("name") or "") != port_name:
                continue
            for endpoint in endpoint_slice.get("endpoints") or ():
                more = more or len(shown) == 3
                if (endpoint.get("conditions") or {}).get("ready") is False:
                    continue
                address = endpoint["addresses"][0]
                address = f"[{address}]" if ":" in address else address
                if not more:
                    shown.append(f"{address}:{port['port']}" if port is not None and port.get("port") else address)
                count += 1
    text = ",".join(shown)
    return f"{text} + {count - 3} more..." if more else text


def describe_endpoints(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw("Subsets:\n")
    for subset in obj.get("subsets") or ():
        for title, field in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            page.line(1, f"{title}:\t{or_none(','.join(a['ip'] for a in subset.get(field) or ()))}")
        if subset.get("ports"):
            page.line(1, "Ports:")
            rows = [(p.get("name") or _UNSET, str(p["port"]), p.get("protocol", "")) for p in subset["ports"]]
            page.table(2, ("Name", "Port", "Protocol"), rows)
        page.raw("\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_endpoint_slice(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw(f"AddressType:\t{obj.get('addressType', '')}\n")
    if obj.get("ports"):
        page.raw("Ports:\n")
        rows = [(p.get("name") or _UNSET, str(p.get("port", _UNSET)), p.get("protocol", "")) for p in obj["ports"]]
        page.table(1, ("Name", "Port", "Protocol"), rows)
    else:
        page.raw("Ports: <unset>\n")
    page.raw("Endpoints:\n" if obj.get("endpoints") else "Endpoints: <none>\n")
    for endpoint in obj.get("endpoints") or ():
        page.line(1, f"- Addresses:\t{or_none(', '.join(endpoint.get('addresses') or ()))}")
        page.line(2, "Conditions:")
        ready = (endpoint.get("conditions") or {}).get("ready")
        page.line(3, f"Ready:\t{_UNSET if ready is None else go_text.value(ready)}")
        page.line(2, f"Hostname:\t{endpoint.get('hostname', _UNSET)}")
        target = endpoint.get("targetRef")
        if target:
            page.line(2, f"TargetRef:\t{target.get('kind', '')}/{target.get('name', '')}")
        page.line(2, f"NodeName:\t{endpoint.get('nodeName', _UNSET)}")
        page.line(2, f"Zone:\t{endpoint.get('zone', _UNSET)}")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_ingress(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, metadata = obj["spec"], obj["metadata"]
    page.head(obj, namespaced=False)
    page.labels(obj)
    page.raw(f"Namespace:\t{metadata.get('namespace', '')}\n")
    addresses = [
        i.get("ip") or i.get("hostname", "")
        for i in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    ]
    page.raw(f"Address:\t{','.join(sorted(dict.fromkeys(addresses)))}\n")
    page.raw(f"Ingress Class:\t{spec.get('ingressClassName', '<none>')}\n")
    default = spec.get("defaultBackend")
    fallback = _backend_text(default, metadata["namespace"], around) if default else "<default>"
    page.raw(f"Default backend:\t{fallback}\n")
    if spec.get("tls"):
        page.raw("TLS:\n")
        for tls in spec["tls"]:
            hosts = ",".join(tls.get("hosts") or ())
            page.line(1, f"{tls['secretName']} terminates {hosts}" if tls.get("secretName") else f"SNI routes {hosts}")
    page.raw("Rules:\n  Host\tPath\tBackends\n")
    page.line(1, "----\t----\t--------")
    rules = [rule for rule in spec.get("rules") or () if rule.get("http")]
    for rule in rules:
        page.line(1, f"{rule.get('host') or '*'}\t")
        for path in rule["http"]["paths"]:
            backend = _backend_text(path["backend"], metadata["namespace"], around)
            page.line(2, f"\t{path.get('path', '')} \t{backend}")
    if not rules:
        page.line(1, f"*\t*\t{fallback}")
    page.annotations(metadata.get("annotations"))
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _backend_text(backend: Obj, namespace: str, around: Surroundings) -> str:
    service = backend.get("service")
    if not service:
        resource = backend.get("resource") or {}
        return f"APIGroup: {resource.get('apiGroup', '<none>')}, Kind: {resource.get('kind', '')}, Name: {resource.get('name', '')}"
    port = service.get("port") or {}
    name = f"{service['name']}:{port.get('number') or port.get('name', '')}"
    found = around.find("services", namespace, service["name"])
    if found is None:
        return f'{name} (<error: services "{service["name"]}" not found>)'
    wanted = ""
    for candidate in found["spec"].get("ports") or ():
        if candidate["port"] == port.get("number") or (port.get("name") and candidate.get("name") == port["name"]):
            wanted = candidate.get("name", "")
    slices = around.items(
        "endpointslices.discovery.k8s.io", namespace, labelSelector=f"kubernetes.io/service-name={service['name']}"
    )
    return f"{name} ({endpoints_text(slices, wanted)})"
