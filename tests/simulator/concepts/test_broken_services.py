"""Opening 5: follow one request, and be told the exact broken link.

Forty broken Services, each with the two fields that do not agree, and the same forty mended. A diagnosis that is silent about a broken
one, or says anything about a healthy one, fails here.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

Obj = dict[str, Any]


def pod(
    name: str = "web-1",
    *,
    labels: str = "app: web",
    ports: str = "{containerPort: 80}",
    more: str = "",
    spec: str = "",
    namespace: str = "default",
    image: str = "nginx:1.27",
) -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}\n"
        f'spec: {{{spec}containers: [{{name: c, image: "{image}", ports: [{ports}]{more}}}]}}\n'
    )


def service(
    *,
    name: str = "web",
    selector: str = "selector: {app: web}, ",
    port: str = "{port: 80}",
    more: str = "",
    namespace: str = "default",
) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{{selector}{more}ports: [{port}]}}\n"
    )


def policy(spec: str, *, name: str = "wall", selector: str = "{matchLabels: {app: web}}") -> str:
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\n"
        f"spec: {{podSelector: {selector}, {spec}}}\n"
    )


def slice_(
    *, label: str = "web", port: str = "{name: '', port: 80}", address: str = "10.244.9.9", ready: str = "true"
) -> str:
    return (
        f"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: web-x, labels: {{kubernetes.io/service-name: {label}}}}}\n"
        f"addressType: IPv4\nports: [{port}]\nendpoints: [{{addresses: [{address}], conditions: {{ready: {ready}}}}}]\n"
    )


def namespace(name: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{team: {name}}}}}\n"


def probe(text: str) -> str:
    return f", readinessProbe: {{{text}, periodSeconds: 1}}"


@dataclass
class Case:
    """`broken` and `mended` are manifests; `left` and `right` (path, value) are the two fields of the finding."""

    name: str
    broken: list[str]
    mended: list[str]
    left: tuple[str, str]
    right: tuple[str, str]
    host: str = "web"
    port: int = 80
    protocol: str = "TCP"
    source: str = "jump"
    mended_host: str = ""
    mended_port: int = 0
    jump: str = pod("jump", labels="app: jump", image="busybox:1.36").replace(
        "ports: [{containerPort: 80}]", "command: [sleep, '9999']"
    )
    breaks: list[str] = field(default_factory=list)
    """Lines and faults that break what is there; undone, nothing is said."""
    mends: list[str] = field(default_factory=list)


WEB = [pod(), service()]
HEADLESS = "clusterIP: None, "


CASES = [
    # Selectors
    Case(
        "a misspelt value",
        [pod(labels="app: wep"), service()],
        WEB,
        ("spec.selector[app]", "app=web"),
        ("metadata.labels[app]", "app=wep"),
    ),
    Case(
        "a misspelt key",
        [pod(labels="ap: web"), service()],
        WEB,
        ("spec.selector[app]", "app=web"),
        ("metadata.labels[app]", "no label app"),
    ),
    Case(
        "a capital letter",
        [pod(labels="app: Web"), service()],
        WEB,
        ("spec.selector[app]", "app=web"),
        ("metadata.labels[app]", "app=Web"),
    ),
    Case(
        "one label of two is missing",
        [pod(), service(selector="selector: {app: web, tier: front}, ")],
        [pod(labels="app: web, tier: front"), service(selector="selector: {app: web, tier: front}, ")],
        ("spec.selector[tier]", "tier=front"),
        ("metadata.labels[tier]", "no label tier"),
    ),
    Case(
        "one label of two is different",
        [pod(labels="app: web, tier: back"), service(selector="selector: {app: web, tier: front}, ")],
        [pod(labels="app: web, tier: front, more: fine"), service(selector="selector: {app: web, tier: front}, ")],
        ("spec.selector[tier]", "tier=front"),
        ("metadata.labels[tier]", "tier=back"),
    ),
    Case(
        "the pods are in another namespace",
        [namespace("shop"), pod(namespace="shop"), service()],
        WEB,
        ("metadata.namespace", "default"),
        ("metadata.namespace", "shop"),
    ),
    Case("nobody has such labels", [service()], WEB, ("spec.selector", "app=web"), ("pods", "none matches")),
    Case(
        "the deployment is scaled to zero",
        [service(), "kubectl create deployment web --image=nginx:1.27 --replicas=0"],
        [service(), "kubectl create deployment web --image=nginx:1.27 --replicas=1"],
        ("spec.selector", "app=web"),
        ("spec.replicas", "0"),
    ),
    # Pods that are not ready
    Case(
        "a readiness probe on the wrong port",
        [pod(more=probe("httpGet: {path: /, port: 8080}")), service()],
        [pod(more=probe("httpGet: {path: /, port: 80}")), service()],
        ("spec.containers[c].readinessProbe.port", "8080"),
        ("listening ports", "80"),
    ),
    Case(
        "a readiness probe on the wrong path",
        [pod(more=probe("httpGet: {path: /healthy, port: 80}")), service()],
        [pod(more=probe("httpGet: {path: /, port: 80}")), service()],
        ("spec.containers[c].readinessProbe.httpGet.path", "/healthy"),
        ("status.conditions[Ready]", "False"),
    ),
    Case(
        "an image that does not exist",
        [pod(image="nginx:9.99"), service()],
        WEB,
        ("spec.selector", "app=web"),
        ("status.containerStatuses[c].state.waiting.reason", "ImagePullBackOff"),
    ),
    Case(
        "a container that crashes",
        [pod(image="busybox:1.36", more=", command: [sh, -c, exit 1]"), service()],
        WEB,
        ("spec.selector", "app=web"),
        ("status.containerStatuses[c].state.waiting.reason", "CrashLoopBackOff"),
    ),
    Case(
        "a pod without a node",
        [pod(spec="nodeSelector: {disk: ssd}, "), service()],
        WEB,
        ("spec.selector", "app=web"),
        ("status.conditions[PodScheduled]", "0/3 nodes are available"),
    ),
    Case(
        "pods that have ended",
        [pod(image="busybox:1.36", spec="restartPolicy: Never, ", more=", command: [sh, -c, exit 0]"), service()],
        WEB,
        ("spec.selector", "app=web"),
        ("status.phase", "Succeeded"),
    ),
    # Ports
    Case(
        "a wrong targetPort",
        [pod(), service(port="{port: 80, targetPort: 8080}")],
        WEB,
        ("spec.ports[0].targetPort", "8080"),
        ("listening ports", "80"),
    ),
    Case(
        "a targetPort by a name the pod does not have",
        [pod(ports="{containerPort: 80, name: web}"), service(port="{port: 80, targetPort: http}")],
        [pod(ports="{containerPort: 80, name: http}"), service(port="{port: 80, targetPort: http}")],
        ("spec.ports[0].targetPort", "http"),
        ("spec.containers[*].ports[*].name", "web"),
    ),
    Case(
        "a port the service does not have",
        [pod(), service(port="{port: 8080, targetPort: 80}")],
        [pod(), service(port="{port: 8080, targetPort: 80}")],
        ("port", "80"),
        ("spec.ports[*].port", "TCP 8080"),
        mended_port=8080,
    ),
    Case(
        "UDP where the process speaks TCP",
        [pod(), service(port="{port: 80, protocol: UDP}")],
        WEB,
        ("spec.ports[0].protocol", "UDP"),
        ("protocol of port 80", "TCP"),
        protocol="UDP",
    ),
    Case(
        "TCP asked where the service is UDP",
        [pod(), service(port="{port: 80, protocol: UDP}")],
        WEB,
        ("port", "80"),
        ("spec.ports[*].port", "UDP 80"),
    ),
    Case(
        "the service's port asked of a headless service",
        [pod(), service(more=HEADLESS, port="{port: 8080, targetPort: 80}")],
        [pod(), service(more=HEADLESS, port="{port: 8080, targetPort: 80}")],
        ("port", "8080"),
        ("listening ports", "TCP 80"),
        port=8080,
        mended_port=80,
    ),
    # Names
    Case("a misspelt name", WEB, WEB, ("host", "wbe"), ("metadata.name", "web"), host="wbe", mended_host="web"),
    Case(
        "a short name from another namespace",
        [namespace("shop"), pod(namespace="shop"), service(namespace="shop")],
        [namespace("shop"), pod(namespace="shop"), service(namespace="shop")],
        ("host", "web"),
        ("metadata.namespace", "shop"),
        mended_host="web.shop",
    ),
    Case(
        "a misspelt namespace",
        [namespace("shop"), pod(namespace="shop"), service(namespace="shop")],
        [namespace("shop"), pod(namespace="shop"), service(namespace="shop")],
        ("host", "web.shopp"),
        ("metadata.namespace", "shop"),
        host="web.shopp",
        mended_host="web.shop",
    ),
    Case(
        "an ExternalName nobody knows",
        [service(selector="", more="type: ExternalName, externalName: nobody.invalid, ")],
        [service(selector="", more="type: ExternalName, externalName: example.com, ")],
        ("spec.externalName", "nobody.invalid"),
        ("records", "none"),
    ),
    Case(
        "a headless service whose pods are not ready",
        [pod(more=probe("httpGet: {path: /no, port: 80}")), service(more=HEADLESS)],
        [pod(), service(more=HEADLESS)],
        ("spec.containers[c].readinessProbe.httpGet.path", "/no"),
        ("status.conditions[Ready]", "False"),
    ),
    Case(
        "a pod's name without its subdomain",
        [pod(), service(more=HEADLESS)],
        [pod(spec="hostname: web-1, subdomain: web, "), service(more=HEADLESS)],
        ("spec.subdomain", "none"),
        ("host", "web-1.web"),
        host="web-1.web.default.svc.cluster.local",
    ),
    Case(
        "a pod's name under a service that is not headless",
        [pod(spec="hostname: web-9, subdomain: web, "), service(), "kubectl delete pod web-1"],
        [pod(spec="hostname: web-9, subdomain: web, "), service(more=HEADLESS)],
        ("host", "web-9.web"),
        ("spec.clusterIP", "10.96."),
        host="web-9.web.default.svc.cluster.local",
    ),
    Case(
        "a pod that does not ask the cluster's DNS",
        WEB,
        WEB,
        ("spec.dnsPolicy", "Default"),
        ("spec.clusterIP", "10.96.0.10"),
        source="lost",
        jump=pod("lost", labels="app: jump", image="busybox:1.36", spec="dnsPolicy: Default, ").replace(
            "ports: [{containerPort: 80}]", "command: [sleep, '9999']"
        ),
        mended_host="web-address",
    ),
    Case(
        "no CoreDNS",
        WEB,
        WEB,
        ("spec.selector", "k8s-app=kube-dns"),
        ("spec.replicas", "0"),
        breaks=["kubectl scale deployment coredns -n kube-system --replicas=0"],
    ),
    # Slices by hand
    Case(
        "no selector and no slice",
        [service(selector="")],
        [service(selector=""), pod(), "slice"],
        ("metadata.name", "web"),
        ("EndpointSlices of this service", "none"),
    ),
    Case(
        "a slice of another service",
        [service(selector=""), slice_(label="webb")],
        [service(selector=""), pod(), "slice"],
        ("metadata.name", "web"),
        ("metadata.labels[kubernetes.io/service-name]", "webb"),
    ),
    Case(
        "a slice with another port name",
        [service(selector="", port="{port: 80, name: http}"), slice_(port="{name: web, port: 80}")],
        [service(selector=""), pod(), "slice"],
        ("spec.ports[0].name", "http"),
        ("ports[*].name", "web"),
    ),
    Case(
        "a slice with an address nobody has",
        [service(selector=""), slice_()],
        [service(selector=""), pod(), "slice"],
        ("endpoints[*].addresses", "10.244.9.9"),
        ("who has the address", "nobody"),
    ),
    # Traffic policies
    Case(
        "internalTrafficPolicy Local without a pod on the node",
        [pod(spec="nodeName: book-worker2, "), service(more="internalTrafficPolicy: Local, ")],
        [pod(spec="nodeName: book-worker, "), service(more="internalTrafficPolicy: Local, ")],
        ("spec.internalTrafficPolicy", "Local"),
        ("endpoints here", "none; they are on book-worker2"),
        jump=pod("jump", labels="app: jump", image="busybox:1.36", spec="nodeName: book-worker, ").replace(
            "ports: [{containerPort: 80}]", "command: [sleep, '9999']"
        ),
    ),
    # NetworkPolicies
    Case(
        "nothing may come in",
        [*WEB, policy("policyTypes: [Ingress]")],
        [*WEB, policy("policyTypes: [Ingress], ingress: [{}]")],
        ("spec.ingress", "no rule, so nothing is let through"),
        ("value", "default/jump"),
    ),
    Case(
        "the wrong pods may come in",
        [*WEB, policy("ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]")],
        [*WEB, policy("ingress: [{from: [{podSelector: {matchLabels: {app: jump}}}]}]")],
        ("spec.ingress[0].from[0].podSelector", "app=api"),
        ("value", "app=jump"),
    ),
    Case(
        "another namespace may come in",
        [namespace("shop"), *WEB, policy("ingress: [{from: [{namespaceSelector: {matchLabels: {team: shop}}}]}]")],
        [
            *WEB,
            policy("ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}}]}]"),
        ],
        ("spec.ingress[0].from[0].namespaceSelector", "team=shop"),
        ("value", "no label team"),
    ),
    Case(
        "only another port is open",
        [*WEB, policy("ingress: [{ports: [{port: 8000, endPort: 8010}]}]")],
        [*WEB, policy("ingress: [{ports: [{port: 79, endPort: 81}]}]")],
        ("spec.ingress[0].ports", "TCP 8000-8010"),
        ("value", "TCP 80"),
    ),
    Case(
        "the address is excepted",
        [*WEB, policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.244.0.0/16]}}]}]")],
        [*WEB, policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.96.0.0/16]}}]}]")],
        ("spec.ingress[0].from[0].ipBlock.except", "10.244.0.0/16"),
        ("value", "10.244."),
    ),
    Case(
        "egress without DNS",
        [
            *WEB,
            policy(
                "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}]",
                selector="{matchLabels: {app: jump}}",
            ),
        ],
        [
            *WEB,
            policy(
                "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}]}, {ports: [{port: 53, protocol: UDP}]}]",
                selector="{matchLabels: {app: jump}}",
            ),
        ],
        ("spec.egress[0].to[0].podSelector", "pods of namespace default"),
        ("value", "kube-system"),
    ),
    # Nodes
    Case(
        "kube-proxy never ran on the node",
        WEB,
        WEB,
        ("spec.clusterIP", "10.96."),
        ("kube-proxy", "does not run"),
        breaks=["no-proxy"],
    ),
    Case(
        "the wire is cut",
        [pod(spec="nodeName: book-worker2, "), service()],
        [pod(spec="nodeName: book-worker2, "), service()],
        ("wire", "book-worker and book-worker2"),
        ("needs", "book-worker2"),
        breaks=["fault network-cut book-worker,book-worker2"],
        mends=["fault network-mend book-worker,book-worker2"],
        jump=pod("jump", labels="app: jump", image="busybox:1.36", spec="nodeName: book-worker, ").replace(
            "ports: [{containerPort: 80}]", "command: [sleep, '9999']"
        ),
    ),
]


def build(make_lab: Any, case: Case, manifests: list[str]) -> Any:
    lab = make_lab()
    documents = [text for text in manifests if text.startswith("apiVersion")]
    # Namespaces come first, as a person would write them.
    lab.run("kubectl apply -f -", "---\n".join([*documents, case.jump]))
    lab.wait(40)
    for line in manifests:
        if line.startswith("kubectl"):
            lab.run(line)
            lab.wait(40)
        elif line == "slice":
            lab.run("kubectl apply -f -", slice_(address=lab.value("pod web-1", "{.status.podIP}")))
            lab.wait(1)
    return lab


def do(lab: Any, steps: list[str]) -> None:
    for step in steps:
        if step == "no-proxy":
            node = lab.value("pod jump", "{.spec.nodeName}")
            lab.cluster.proxy.rebooted(node)
        elif step.startswith("fault "):
            _, fault, target = step.split(" ")
            lab.fault(fault, target)
        else:
            lab.run(step)
            lab.wait(15)


def ask(lab: Any, case: Case, *, host: str, port: int, protocol: str) -> Obj:
    if host == "web-address":
        host = lab.value("svc web", "{.spec.clusterIP}")
    return dict(
        lab.cluster.apply(
            {
                "kind": "request-path",
                "from": {"pod": f"default/{case.source}"},
                "host": host,
                "port": port,
                "protocol": protocol,
            }
        )
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_service_is_explained_by_the_two_fields_that_differ(make_lab: Any, case: Case) -> None:
    lab = build(make_lab, case, case.broken)
    do(lab, case.breaks)
    reply = ask(lab, case, host=case.host, port=case.port, protocol=case.protocol)
    assert not reply["ok"], reply
    assert reply["hops"][-1]["ok"] is False
    found = reply["findings"][0]
    assert (found["left"]["path"], found["right"]["path"]) == (case.left[0], case.right[0]), found
    assert case.left[1] in found["left"]["value"], found
    assert case.right[1] in found["right"]["value"], found
    assert found["say"].endswith((".", ")")), found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_service_mended_has_no_findings(make_lab: Any, case: Case) -> None:
    lab = build(make_lab, case, case.mended)
    if case.mends:
        do(lab, [*case.breaks, *case.mends])
    reply = ask(lab, case, host=case.mended_host or case.host, port=case.mended_port or case.port, protocol="TCP")
    assert reply["ok"], reply
    assert reply["findings"] == []


def test_there_are_forty_of_each() -> None:
    assert len(CASES) >= 40
