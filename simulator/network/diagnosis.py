"""From a request that failed to the two fields that do not go together.

Promises: every `Broken` link of a trace becomes at least one finding; a request that succeeds has none. Everything is read, nothing changed.
"""

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.network.datapath import Datapath
from simulator.network.findings import Finding, Side, closest, finding, named
from simulator.network.service_health import Objects, ServiceHealth
from simulator.network.service_rules import SERVICE_NAME
from simulator.network.traces import Broken, Source, Trace
from simulator.network.zone import DOMAIN


class Diagnosis:
    def __init__(self, datapath: Datapath, objects: Objects) -> None:
        self._path = datapath
        self._objects = objects
        self._health = ServiceHealth(objects, datapath.servers)
        self._by_link: dict[str, Callable[[Broken, Source], list[Finding]]] = {
            "dns-name": self._name,
            "dns-server": self._dns_server,
            "no-route": self._no_route,
            "no-address": self._no_address,
            "load-balancer": self._load_balancer,
            "source-range": self._source_range,
            "no-rule": self._no_rule,
            "unknown-port": self._unknown_port,
            "no-endpoints": self._no_endpoints,
            "no-local-endpoints": self._no_local_endpoints,
            "egress": self._policy,
            "ingress": self._policy,
            "wire": self._wire,
            "machine": self._machine,
            "no-process": self._no_process,
            "status": self._status,
        }

    def explain(self, trace: Trace, source: Source) -> list[Finding]:
        """Empty for a request that was answered below 400."""
        return [] if trace.broken is None else self._by_link[trace.broken.link](trace.broken, source)

    def service(self, namespace: str, name: str) -> list[Finding] | None:
        """What is wrong with a Service whoever asks; None when there is no such Service."""
        found = self._service(namespace, name)
        if found is None:
            return None
        findings = self._health.explain(found)
        status = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        if found["spec"].get("type") == "LoadBalancer" and not status:
            left = Side(named("Service", found), "spec.type", "LoadBalancer")
            right = Side(named("Service", found), "status.loadBalancer.ingress", "none")
            findings.append(
                finding(
                    "load-balancer",
                    left,
                    right,
                    "No load balancer has given the Service an address: nobody in this cluster does, or it is not done yet.",
                )
            )
        return findings

    # Names

    def _name(self, broken: Broken, source: Source) -> list[Finding]:
        host = broken.name.rstrip(".")
        asked = Side("the request", "host", host)
        labels = host.removesuffix(f".{DOMAIN}").removesuffix(".svc").split(".")
        own = source.pod["metadata"]["namespace"] if source.pod is not None else ""
        policy = (source.pod or {"spec": {}})["spec"].get("dnsPolicy", "ClusterFirst")
        if source.pod is not None and self._path.dns_address not in self._nameservers(source):
            left = Side(named("Pod", source.pod), "spec.dnsPolicy", policy)
            right = Side("Service kube-system/kube-dns", "spec.clusterIP", self._path.dns_address)
            if self._is_service_name(labels, own):
                return [
                    finding(
                        "dns-name",
                        left,
                        right,
                        f"With dnsPolicy {policy} the pod does not ask the cluster's DNS, and others do not know {host}.",
                    )
                ]
        if len(labels) == 3:
            return [self._pod_name(asked, labels, own)]
        name, namespace = labels[0], labels[1] if len(labels) == 2 else own
        service = self._service(namespace, name)
        if service is not None:
            return self._known_name(service, asked)
        return [self._unknown_name(asked, name, namespace, short=len(labels) == 1)]

    def _nameservers(self, source: Source) -> tuple[str, ...]:
        return self._path.resolver(source).nameservers

    def _is_service_name(self, labels: list[str], own: str) -> bool:
        return self._service(labels[1] if len(labels) > 1 else own, labels[0]) is not None

    def _known_name(self, service: Obj, asked: Side) -> list[Finding]:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            left = Side(named("Service", service), "spec.externalName", spec["externalName"])
            right = Side("DNS", "records", "none")
            return [
                finding(
                    "dns-name",
                    left,
                    right,
                    f"{asked.value} is an alias of {spec['externalName']}, and nobody knows that name.",
                )
            ]
        if spec.get("clusterIP") == "None":
            why = self._health.explain(service)
            if why:
                return why
        left = Side("ConfigMap kube-system/coredns", "data.Corefile", "its zones")
        return [finding("dns-name", left, asked, f"CoreDNS' Corefile does not let it answer {asked.value}.")]

    def _unknown_name(self, asked: Side, name: str, namespace: str, *, short: bool) -> Finding:
        services = self._objects("services")
        here = [one["metadata"]["name"] for one in services if one["metadata"]["namespace"] == namespace]
        there = [one for one in services if one["metadata"]["name"] == name]
        if there and short:
            home = there[0]["metadata"]["namespace"]
            left = Side("the request", "host", asked.value)
            right = Side(named("Service", there[0]), "metadata.namespace", home)
            return finding(
                "dns-name",
                left,
                right,
                f"Service {name} is in namespace {home}; from {namespace} its name is {name}.{home}.",
            )
        if there:
            home = there[0]["metadata"]["namespace"]
            right = Side(named("Service", there[0]), "metadata.namespace", home)
            return finding(
                "dns-name", asked, right, f"There is no Service {name} in namespace {namespace}, but one in {home}."
            )
        near = closest(name, here) or closest(name, [one["metadata"]["name"] for one in services])
        if near:
            right = Side(f"Service {near}", "metadata.name", near)
            return finding("dns-name", asked, right, f"There is no Service {name}; the nearest name is {near}.")
        right = Side(f"namespace {namespace}", "Services", ", ".join(sorted(here)) or "none")
        return finding("dns-name", asked, right, f"There is no Service {name} in namespace {namespace}.")

    def _pod_name(self, asked: Side, labels: list[str], own: str) -> Finding:
        """`web-0.web.shop`: a pod of a headless service by its hostname."""
        host, name, namespace = labels
        service = self._service(namespace, name)
        pod = next(
            (one for one in self._pods(namespace) if (one["spec"].get("hostname") or one["metadata"]["name"]) == host),
            None,
        )
        if pod is not None and pod["spec"].get("subdomain", "") != name:
            left = Side(named("Pod", pod), "spec.subdomain", pod["spec"].get("subdomain") or "none")
            return finding(
                "dns-name", left, asked, f"Pod {host} has its DNS name under {left.value}, not under {name}."
            )
        if service is None:
            right = Side(f"namespace {namespace}", "Services", f"no {name}")
            return finding(
                "dns-name", asked, right, f"Pod names need the headless Service {name}, which does not exist."
            )
        if service["spec"].get("clusterIP") != "None":
            right = Side(named("Service", service), "spec.clusterIP", service["spec"].get("clusterIP", ""))
            return finding(
                "dns-name",
                asked,
                right,
                f"Service {name} is not headless (clusterIP: None), so its pods' hostnames are not under it.",
            )
        if pod is None:
            right = Side(f"namespace {namespace}", "pods", f"no {host}")
            return finding("dns-name", asked, right, f"There is no pod {host}.")
        right = Side(named("Pod", pod), "status.conditions[Ready]", "not True")
        return finding("dns-name", asked, right, f"Pod {host} is not ready, so it has no record.")

    def _dns_server(self, broken: Broken, source: Source) -> list[Finding]:
        if broken.address != self._path.dns_address and source.pod is not None and not broken.service:
            left = Side(named("Pod", source.pod), "spec.dnsConfig.nameservers", broken.address)
            right = Side("Service kube-system/kube-dns", "spec.clusterIP", self._path.dns_address)
            return [finding("dns-server", left, right, f"The pod asks {broken.address}, where no DNS server answers.")]
        if broken.node and not self._path.proxy.is_running(broken.node) and broken.rule is None:
            return self._no_rule(broken, source)
        service = self._service("kube-system", "kube-dns")
        why = [] if service is None else self._health.explain(service)
        if why:
            return why
        left = Side("Service kube-system/kube-dns", "spec.clusterIP", broken.address)
        right = Side("CoreDNS", "pods that answer", "none")
        return [finding("dns-server", left, right, "No CoreDNS pod answers from here.")]

    # Addresses and rules

    def _no_route(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side("the request", "from", "outside the cluster")
        owners = self._path.proxy.owners(broken.address)
        if owners:
            kind = owners[0]["spec"].get("type", "ClusterIP")
            right = Side(named("Service", owners[0]), "spec.type", kind)
            return [
                finding(
                    "no-route",
                    left,
                    right,
                    f"{broken.address} is a cluster IP: it means something on the nodes only. From outside the Service needs type NodePort or LoadBalancer.",
                )
            ]
        right = Side("the pod network", "address", broken.address)
        return [
            finding(
                "no-route",
                left,
                right,
                f"{broken.address} is an address of the cluster's own network, to which no route leads from outside.",
            )
        ]

    def _no_address(self, broken: Broken, source: Source) -> list[Finding]:
        for slice_ in self._objects("endpointslices.discovery.k8s.io"):
            addresses = [address for endpoint in slice_.get("endpoints") or () for address in endpoint["addresses"]]
            if broken.address in addresses:
                left = Side(named("EndpointSlice", slice_), "endpoints[*].addresses", broken.address)
                right = Side("the pod network", "who has the address", "nobody")
                return [finding("no-address", left, right, f"The slice lists {broken.address}, which nobody has.")]
        left = Side("the request", "address", broken.address)
        node = source.pod["spec"].get("nodeName", "") if source.pod is not None else source.node
        if any(one.address == broken.address for rule in self._path.rules(node) for one in rule.backends):
            left = Side(f"the rules of {node}", "endpoint", broken.address)
            right = Side("EndpointSlices", "addresses", "not listed any more")
            return [
                finding(
                    "no-address",
                    left,
                    right,
                    f"kube-proxy on {node} does not run, so its rules still name {broken.address}, a pod that is gone.",
                )
            ]
        right = Side("the pod network", "who has the address", "nobody")
        return [
            finding(
                "no-address",
                left,
                right,
                f"Nobody has the address {broken.address} (any more): pods' addresses go with them.",
            )
        ]

    def _load_balancer(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side(f"load balancer {broken.name}", "healthy nodes", "none")
        right = Side("the request", "port", str(broken.port))
        return [
            finding(
                "load-balancer",
                left,
                right,
                f"Load balancer {broken.name} has no healthy node behind port {broken.port}.",
            )
        ]

    def _source_range(self, broken: Broken, source: Source) -> list[Finding]:
        service = broken.service or broken.name
        ranges = ", ".join(broken.rule.source_ranges if broken.rule is not None else broken.tried)
        left = Side(f"Service {service}", "spec.loadBalancerSourceRanges", ranges)
        right = Side("the request", "source address", broken.address)
        return [
            finding(
                "source-range",
                left,
                right,
                f"{broken.address} is in none of the loadBalancerSourceRanges of Service {service}.",
            )
        ]

    def _no_rule(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side(f"Service {broken.service or 'kube-system/kube-dns'}", "spec.clusterIP", broken.address)
        right = Side(f"node {broken.node}", "kube-proxy", "does not run")
        return [
            finding(
                "no-rule",
                left,
                right,
                f"{broken.node} has no rule for {broken.address}: kube-proxy, which writes them, does not run there.",
            )
        ]

    def _unknown_port(self, broken: Broken, source: Source) -> list[Finding]:
        service = self._service(*broken.service.split("/", 1))
        ports = [] if service is None else service["spec"].get("ports") or []
        shown = ", ".join(f"{port.get('protocol', 'TCP')} {port['port']}" for port in ports)
        left = Side("the request", "port", str(broken.port))
        right = Side(f"Service {broken.service}", "spec.ports[*].port", shown)
        return [finding("unknown-port", left, right, f"The Service has no such port {broken.port}; it has {shown}.")]

    def _no_endpoints(self, broken: Broken, source: Source) -> list[Finding]:
        service = self._service(*broken.service.split("/", 1))
        why = [] if service is None else self._health.explain(service)
        if why:
            return why
        left = Side(f"the rules of {broken.node}", f"endpoints of {broken.service}", "none")
        right = Side(
            f"node {broken.node}", "kube-proxy", "runs" if self._path.proxy.is_running(broken.node) else "does not run"
        )
        return [
            finding(
                "no-endpoints",
                left,
                right,
                f"The Service has endpoints now, but the rules of {broken.node} do not know them yet.",
            )
        ]

    def _no_local_endpoints(self, broken: Broken, source: Source) -> list[Finding]:
        external = broken.rule is not None and broken.rule.kind != "clusterIP"
        path = "spec.externalTrafficPolicy" if external else "spec.internalTrafficPolicy"
        nodes = sorted(
            {
                endpoint.get("nodeName", "")
                for one in self._path.proxy.slices_of(*broken.service.split("/", 1))
                for endpoint in one.get("endpoints") or ()
            }
        )
        left = Side(f"Service {broken.service}", path, "Local")
        right = Side(f"node {broken.node}", "endpoints here", f"none; they are on {', '.join(nodes)}")
        return [
            finding(
                "no-local-endpoints",
                left,
                right,
                f"With {path.removeprefix('spec.')}: Local the node {broken.node} serves only its own pods, and has none; they are on {', '.join(nodes)}.",
            )
        ]

    # Policies, machines, processes

    def _policy(self, broken: Broken, source: Source) -> list[Finding]:
        verdict = broken.verdict
        assert verdict is not None, "a policy's refusal carries its verdict"
        way = "out of" if broken.link == "egress" else "into"
        found = []
        for miss in verdict.misses:
            left = Side(f"NetworkPolicy {miss.policy}", miss.path, miss.wanted)
            right = Side(miss.other, "value", miss.found)
            trap = (
                " A name needs egress to CoreDNS, UDP and TCP port 53."
                if broken.link == "egress" and broken.port == 53
                else ""
            )
            say = f"NetworkPolicy {miss.policy} lets nothing {way} {broken.pod} but {miss.wanted} ({miss.path}); here it is {miss.found}.{trap}"
            found.append(finding(broken.link, left, right, say))
        return found

    def _wire(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side("the network", "wire", broken.wire)
        right = Side("the request", "needs", broken.node)
        return [finding("wire", left, right, f"The wire between {broken.wire} is cut.")]

    def _machine(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side("the request", "address", broken.address)
        right = Side(f"node {broken.node}", "power", "off")
        return [
            finding(
                "machine",
                left,
                right,
                f"{broken.node} has no power. Its endpoints are dropped when the node controller notices; a client that chose the node itself must choose another.",
            )
        ]

    def _no_process(self, broken: Broken, source: Source) -> list[Finding]:
        listed = self._listing(broken.address)
        if listed is not None:
            service = listed[1]
            if service is not None and service["spec"].get("selector"):
                why = self._health.explain(service)
                if why:
                    return why
        sockets = self._path.servers.listening(broken.address)
        shown = ", ".join(f"{protocol} {port}" for port, protocol in sockets) or "nothing"
        left = Side("the request", "port", str(broken.port))
        if listed is not None and listed[1] is not None and not listed[1]["spec"].get("selector"):
            left = Side(named("EndpointSlice", listed[0]), "ports[*].port", str(broken.port))
        right = Side(f"the process in {broken.pod or broken.node}", "listening ports", shown)
        return [
            finding(
                "no-process",
                left,
                right,
                f"Nothing in {broken.pod or broken.node} listens on port {broken.port}; it listens on {shown}.",
            )
        ]

    def _status(self, broken: Broken, source: Source) -> list[Finding]:
        left = Side("the request", "path", broken.name or "as asked")
        right = Side(f"the process in {broken.pod}", "HTTP status", "400 or above")
        return [finding("status", left, right, f"The network is fine: {broken.pod} answers, with an error of its own.")]

    # Lookups

    def _service(self, namespace: str, name: str) -> Obj | None:
        wanted = (namespace, name)
        return next(
            (
                one
                for one in self._objects("services")
                if (one["metadata"]["namespace"], one["metadata"]["name"]) == wanted
            ),
            None,
        )

    def _pods(self, namespace: str) -> list[Obj]:
        return [pod for pod in self._objects("pods") if pod["metadata"]["namespace"] == namespace]

    def _listing(self, address: str) -> tuple[Obj, Obj | None] | None:
        """The slice that lists an address, and its service."""
        for one in self._objects("endpointslices.discovery.k8s.io"):
            if any(address in endpoint["addresses"] for endpoint in one.get("endpoints") or ()):
                owner = (one["metadata"].get("labels") or {}).get(SERVICE_NAME, "")
                return one, self._service(one["metadata"]["namespace"], owner)
        return None
