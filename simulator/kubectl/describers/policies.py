"""Network policies, ingress classes and autoscalers."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events
from simulator.kubectl.describers.page import Page
from simulator.kubectl.describers.pod_templates import selector_text
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery import go_text

_ALL_PODS = "<none> (Allowing the specific traffic to all pods in this namespace)"


def describe_network_policy(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    created = obj["metadata"]["creationTimestamp"].replace("T", " ").replace("Z", " +0000 UTC")
    page.raw(f"Created on:\t{created}\n")
    page.labels_and_annotations(obj)
    spec = obj["spec"]
    pods = selector_text(spec.get("podSelector"))
    page.line(0, "Spec:")
    page.line(1, f"PodSelector:     {_ALL_PODS if pods == '<none>' else pods}")
    types = spec.get("policyTypes") or ()
    for kind, peers, field in (("ingress", "From", "from"), ("egress", "To", "to")):
        if kind.capitalize() in types:
            page.line(1, f"Allowing {kind} traffic:")
            _rules(page, spec.get(kind) or (), kind, (peers, field))
        else:
            page.line(1, f"Not affecting {kind} traffic")
    page.line(1, f"Policy Types: {', '.join(types)}")
    return page.text()


def _rules(page: Page, rules: Sequence[Obj], kind: str, peers: tuple[str, str]) -> None:
    if not rules:
        page.line(2, f"<none> (Selected pods are isolated for {kind} connectivity)")
    for number, rule in enumerate(rules):
        if number:
            page.line(2, "----------")
        _ports(page, rule.get("ports") or ())
        _peers(page, rule.get(peers[1]) or (), peers[0])


def _ports(page: Page, ports: Sequence[Obj]) -> None:
    if not ports:
        page.line(2, "To Port: <any> (traffic allowed to all ports)")
    for port in ports:
        protocol = port.get("protocol", "TCP")
        if "endPort" in port:
            page.line(2, f"To Port Range: {port['port']}-{port['endPort']}/{protocol}")
        else:
            page.line(2, f"To Port: {port.get('port', '<any>')}/{protocol}")


def _peers(page: Page, peers: Sequence[Obj], title: str) -> None:
    if not peers:
        end = "source" if title == "From" else "destination"
        page.line(2, f"{title}: <any> (traffic not restricted by {end})")
    for peer in peers:
        page.line(2, f"{title}:")
        for name, field in (("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")):
            if field in peer:
                page.line(3, f"{name}: {selector_text(peer[field])}")
        if "ipBlock" in peer:
            page.line(3, "IPBlock:")
            page.line(4, f"CIDR: {peer['ipBlock']['cidr']}")
            page.line(4, f"Except: {', '.join(peer['ipBlock'].get('except') or ())}")


def describe_ingress_class(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    page.raw(f"Controller:\t{obj['spec'].get('controller', '')}\n")
    if parameters := obj["spec"].get("parameters"):
        page.raw("Parameters:\n")
        for title, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")):
            if parameters.get(field):
                page.line(1, f"{title}:\t{parameters[field]}")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_autoscaler(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    spec, status, target = obj["spec"], obj.get("status") or {}, obj["spec"]["scaleTargetRef"]
    page.raw(f"CreationTimestamp:\t{go_text.rfc1123z(obj['metadata'].get('creationTimestamp'))}\n")
    page.raw(f"Reference:\t{target['kind']}/{target['name']}\n")
    page.raw("Metrics:\t( current / target )\n")
    current = status.get("currentMetrics") or ()
    for number, metric in enumerate(spec.get("metrics") or ()):
        page.line(1, _metric(metric, current[number] if number < len(current) else {}))
    page.raw(f"Min replicas:\t{spec.get('minReplicas', 1)}\n")
    page.raw(f"Max replicas:\t{spec['maxReplicas']}\n")
    if spec.get("behavior"):
        _behaviour(page, spec["behavior"])
    have, wanted = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
    page.raw(f"{target['kind']} pods:\t{have} current / {wanted} desired\n")
    if status.get("conditions"):
        page.raw("Conditions:\n")
        rows = [(c["type"], c["status"], c.get("reason", ""), c.get("message", "")) for c in status["conditions"]]
        page.table(1, ("Type", "Status", "Reason", "Message"), rows)
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _metric(metric: Obj, current: Obj) -> str:
    """One metric as upstream writes it (`pkg/describe/describe.go`: describeHorizontalPodAutoscalerV2)."""
    field = _FIELDS.get(metric["type"])
    if field is None:
        return f"<unknown metric type {metric['type']}>\t"
    source, now = metric[field], (current.get(field) or {}).get("current") or {}
    target = source["target"]
    if field in ("resource", "containerResource"):
        of = f'resource {source["name"]} of container "{source["container"]}" on pods' if "container" in source else ""
        of = of or f"resource {source['name']} on pods"
        if "averageValue" in target:
            return f"{of}:\t{now.get('averageValue', '<unknown>')} / {target['averageValue']}"
        found = f"{now['averageUtilization']}% ({now['averageValue']})" if "averageUtilization" in now else "<unknown>"
        return f"{of}  (as a percentage of request):\t{found} / {target['averageUtilization']}%"
    name = f'"{source["metric"]["name"]}"'
    if field == "pods":
        return f"{name} on pods:\t{now.get('averageValue', '<unknown>')} / {target['averageValue']}"
    about = source.get("describedObject")
    where = f" on {about['kind']}/{about['name']}" if about else ""
    if "averageValue" in target:
        return (
            f"{name}{where} (target average value):\t{now.get('averageValue', '<unknown>')} / {target['averageValue']}"
        )
    return f"{name}{where} (target value):\t{now.get('value', '<unknown>')} / {target.get('value', '')}"


_FIELDS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _behaviour(page: Page, behaviour: Obj) -> None:
    page.raw("Behavior:\n")
    for title, direction in (("Scale Up", "scaleUp"), ("Scale Down", "scaleDown")):
        rules = behaviour.get(direction)
        if not rules:
            continue
        page.line(1, f"{title}:")
        if rules.get("stabilizationWindowSeconds") is not None:
            page.line(2, f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds")
        if rules.get("policies"):
            page.line(2, f"Select Policy: {rules['selectPolicy']}")
            page.line(2, "Policies:")
            for policy in rules["policies"]:
                page.line(
                    3, f"- Type: {policy['type']}\tValue: {policy['value']}\tPeriod: {policy['periodSeconds']} seconds"
                )
