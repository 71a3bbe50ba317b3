"""Services, configuration, storage, policies and everything else, down to kinds without a layout of their own."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl import go_text
from simulator.kubectl.describers.event_lines import describe_events, since
from simulator.kubectl.describers.page import Page, or_none, pairs_on_one_line
from simulator.kubectl.describers.pod_templates import describe_volume_source, quantity, selector_text
from simulator.kubectl.describers.surroundings import Surroundings

_UNSET = "<unset>"
_MODES = (("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"))


# Namespaces and their limits


def describe_namespace(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    status = obj.get("status") or {}
    page.raw(f"Status:\t{status.get('phase', '')}\n")
    if status.get("conditions"):
        page.raw("Conditions:\n")
        _timed_conditions(page, status["conditions"])
    name = obj["metadata"]["name"]
    page.raw("\n")
    _quotas(page, around.items("resourcequotas", name))
    page.raw("\n")
    _limit_ranges(page, around.items("limitranges", name))
    return page.text()


def _timed_conditions(page: Page, conditions: Sequence[Obj]) -> None:
    rows = [
        (
            c["type"],
            c["status"],
            go_text.rfc1123z(c.get("lastTransitionTime")),
            c.get("reason", ""),
            c.get("message", ""),
        )
        for c in conditions
    ]
    page.table(1, ("Type", "Status", "LastTransitionTime", "Reason", "Message"), rows)


def _quotas(page: Page, quotas: Sequence[Obj]) -> None:
    if not quotas:
        page.raw("No resource quota.\n")
        return
    page.raw("Resource Quotas\n")
    for quota in sorted(quotas, key=lambda q: str(q["metadata"]["name"])):
        page.line(1, f"Name:\t{quota['metadata']['name']}")
        page.line(1, "Resource\tUsed\tHard")
        page.line(1, "--------\t---\t---")
        _quota_rows(page, quota, level=1)


def _quota_rows(page: Page, quota: Obj, *, level: int) -> None:
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    for name in sorted(hard):
        page.line(level, f"{name}\t{quantity(used.get(name, '0'))}\t{quantity(hard[name])}")


def describe_quota(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.raw("Resource\tUsed\tHard\n--------\t----\t----\n")
    _quota_rows(page, obj, level=0)
    return page.text()


_LIMIT_HEADER = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")


def _limit_ranges(page: Page, ranges: Sequence[Obj]) -> None:
    if not ranges:
        page.raw("No LimitRange resource.\n")
        return
    page.raw("Resource Limits\n " + "\t".join(_LIMIT_HEADER) + "\n")
    page.raw(" " + "\t".join("-" * len(word) for word in _LIMIT_HEADER) + "\n")
    for limit_range in ranges:
        _limit_rows(page, limit_range, prefix=" ")


def _limit_rows(page: Page, limit_range: Obj, *, prefix: str) -> None:
    fields = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        names = dict.fromkeys(
            name
            for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
            for name in limit.get(field) or {}
        )
        for name in sorted(names):
            values = [quantity(limit[field][name]) if name in (limit.get(field) or {}) else "-" for field in fields]
            page.raw("\t".join((f"{prefix}{limit['type']}", name, *values)) + "\n")


def describe_limit_range(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.table(0, _LIMIT_HEADER, ())
    _limit_rows(page, obj, prefix="")
    return page.text()


# Configuration


def describe_config_map(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw("\nData\n====\n")
    data = obj.get("data") or {}
    for key in sorted(data):
        page.raw(f"{key}:\n----\n{data[key]}\n\n")
    page.raw("\nBinaryData\n====\n")
    binary = obj.get("binaryData") or {}
    for key in sorted(binary):
        page.raw(f"{key}: {_decoded_size(binary[key])} bytes\n")
    page.raw("\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_secret(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw(f"\nType:\t{obj.get('type', '')}\n\nData\n====\n")
    data = obj.get("data") or {}
    for key in sorted(data):
        if key == "token" and obj.get("type") == "kubernetes.io/service-account-token":
            page.raw(f"{key}:\t{base64.b64decode(data[key]).decode(errors='replace')}\n")
        else:
            page.raw(f"{key}:\t{_decoded_size(data[key])} bytes\n")
    return page.text()


def _decoded_size(text: str) -> int:
    return len(base64.b64decode(text))


def describe_service_account(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    secrets = around.items("secrets", obj["metadata"]["namespace"])
    mounted = [secret.get("name", "") for secret in obj.get("secrets") or ()]
    known = [secret["metadata"]["name"] for secret in secrets]
    for title, names in (
        ("Image pull secrets:", [secret.get("name", "") for secret in obj.get("imagePullSecrets") or ()]),
        ("Mountable secrets: ", mounted),
        ("Tokens:            ", [secret["metadata"]["name"] for secret in secrets if _is_token_of(secret, obj)]),
    ):
        for number, name in enumerate(names or ["<none>"]):
            missing = " (not found)" if names is mounted and name not in known and names else ""
            page.raw(f"{title if number == 0 else ' ' * 19}\t{name}{missing}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _is_token_of(secret: Obj, account: Obj) -> bool:
    annotations = secret["metadata"].get("annotations") or {}
    return (
        secret.get("type") == "kubernetes.io/service-account-token"
        and annotations.get("kubernetes.io/service-account.name") == account["metadata"]["name"]
        and annotations.get("kubernetes.io/service-account.uid") == account["metadata"].get("uid")
    )


# Services


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
                    shown.append(f"{address}:{port['port']}" if port is not None else address)
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


# Storage


def _modes(modes: Sequence[str] | None) -> str:
    return ",".join(short for name, short in _MODES if name in (modes or ()))


def _finalizers(obj: Obj) -> str:
    return go_text.value(obj["metadata"].get("finalizers") or [])


def _phase(page: Page, obj: Obj, now_us: int) -> None:
    stamp = obj["metadata"].get("deletionTimestamp")
    phase = f"Terminating (lasts {since(stamp, now_us)})" if stamp else (obj.get("status") or {}).get("phase", "")
    page.raw(f"Status:\t{phase}\n")


def describe_volume(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec = obj["spec"]
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    page.raw(f"Finalizers:\t{_finalizers(obj)}\n")
    page.raw(f"StorageClass:\t{spec.get('storageClassName', '')}\n")
    _phase(page, obj, around.now_us)
    claim = spec.get("claimRef")
    page.raw(f"Claim:\t{claim.get('namespace', '') + '/' + claim.get('name', '') if claim else ''}\n")
    page.raw(f"Reclaim Policy:\t{spec.get('persistentVolumeReclaimPolicy', '')}\n")
    page.raw(f"Access Modes:\t{_modes(spec.get('accessModes'))}\n")
    if spec.get("volumeMode"):
        page.raw(f"VolumeMode:\t{spec['volumeMode']}\n")
    page.raw(f"Capacity:\t{quantity((spec.get('capacity') or {}).get('storage', '0'))}\n")
    _volume_affinity(page, (spec.get("nodeAffinity") or {}).get("required"))
    page.raw(f"Message:\t{(obj.get('status') or {}).get('message', '')}\n")
    page.raw("Source:\n")
    describe_volume_source(page, spec)
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _volume_affinity(page: Page, required: Obj | None) -> None:
    if not required:
        page.raw("Node Affinity:\t<none>\n")
        return
    page.raw("Node Affinity:\t\n")
    terms = required.get("nodeSelectorTerms") or ()
    page.line(1, "Required Terms:\t" if terms else "Required Terms:\t<none>")
    for number, term in enumerate(terms):
        expressions = term.get("matchExpressions") or ()
        if not expressions:
            page.line(2, f"Term {number}:\t<none>")
        for index, expression in enumerate(expressions):
            text = f"{expression['key']} {expression['operator'].lower()}"
            if expression.get("values"):
                text += f" [{', '.join(expression['values'])}]"
            page.line(2, f"{f'Term {number}:' if index == 0 else ''}\t{text}")


def describe_claim(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status, metadata = obj["spec"], obj.get("status") or {}, obj["metadata"]
    page.head(obj)
    page.raw(f"StorageClass:\t{spec.get('storageClassName') or ''}\n")
    _phase(page, obj, around.now_us)
    page.raw(f"Volume:\t{spec.get('volumeName', '')}\n")
    page.labels_and_annotations(obj)
    page.raw(f"Finalizers:\t{_finalizers(obj)}\n")
    bound = bool(spec.get("volumeName"))
    page.raw(f"Capacity:\t{quantity((status.get('capacity') or {}).get('storage', '0')) if bound else ''}\n")
    page.raw(f"Access Modes:\t{_modes(status.get('accessModes')) if bound else ''}\n")
    if spec.get("volumeMode"):
        page.raw(f"VolumeMode:\t{spec['volumeMode']}\n")
    if spec.get("dataSource"):
        page.raw("DataSource:\n")
        for title, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")):
            if field in spec["dataSource"]:
                page.line(1, f"{title}:\t{spec['dataSource'][field]}")
    users = [
        pod["metadata"]["name"]
        for pod in around.items("pods", metadata["namespace"])
        for volume in pod["spec"].get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == metadata["name"]
    ]
    for number, name in enumerate(sorted(users) or ["<none>"]):
        page.raw(f"{'Used By:' if number == 0 else ''}\t{name}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_storage_class(obj: Obj, around: Surroundings) -> str:
    page = Page()
    annotations = obj["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    page.raw(f"Name:\t{obj['metadata']['name']}\n")
    page.raw(f"IsDefaultClass:\t{'Yes' if default else 'No'}\n")
    page.raw(f"Annotations:\t{pairs_on_one_line(annotations)}\n")
    page.raw(f"Provisioner:\t{obj.get('provisioner', '')}\n")
    page.raw(f"Parameters:\t{pairs_on_one_line(obj.get('parameters'))}\n")
    expands = obj.get("allowVolumeExpansion")
    page.raw(f"AllowVolumeExpansion:\t{_UNSET if expands is None else 'True' if expands else 'False'}\n")
    options = obj.get("mountOptions") or ()
    page.raw("MountOptions:\n" if options else "MountOptions:\t<none>\n")
    for option in options:
        page.line(1, option)
    for title, field in (("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")):
        if obj.get(field):
            page.raw(f"{title}:\t{obj[field]}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


# Policies


def describe_disruption_budget(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    if spec.get("minAvailable") is not None:
        page.raw(f"Min available:\t{spec['minAvailable']}\n")
    elif spec.get("maxUnavailable") is not None:
        page.raw(f"Max unavailable:\t{spec['maxUnavailable']}\n")
    page.raw(f"Selector:\t{selector_text(spec['selector']) if 'selector' in spec else _UNSET}\n")
    page.raw("Status:\n")
    for title, field in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        page.line(2, f"{title}:\t{status.get(field, 0)}")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_priority_class(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.raw(f"Name:\t{obj['metadata']['name']}\n")
    page.raw(f"Value:\t{obj.get('value', 0)}\n")
    page.raw(f"GlobalDefault:\t{go_text.value(bool(obj.get('globalDefault')))}\n")
    page.raw(f"PreemptionPolicy:\t{obj.get('preemptionPolicy', '')}\n")
    page.raw(f"Description:\t{obj.get('description', '')}\n")
    page.raw(f"Annotations:\t{pairs_on_one_line(obj['metadata'].get('annotations'))}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


# Everything else

_SKIPPED = (
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
)
_ACRONYMS = ("API", "URL", "UID", "GUID")
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|-")


def describe_anything(obj: Obj, around: Surroundings) -> str:
    """Field by field, for kinds without a layout of their own."""
    page = Page()
    page.head(obj)
    page.labels_and_annotations(obj)
    _fields(page, obj, level=0, path="")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _fields(page: Page, content: Obj, *, level: int, path: str) -> None:
    for name in sorted(content):
        value, inside = content[name], f"{path}.{name}"
        if inside in _SKIPPED:
            continue
        label = label_of(name)
        if isinstance(value, dict):
            page.line(level, f"{label}:")
            _fields(page, value, level=level + 1, path=inside)
        elif isinstance(value, list):
            page.line(level, f"{label}:")
            for item in value:
                if isinstance(item, dict):
                    _fields(page, item, level=level + 1, path=inside)
                else:
                    page.line(level + 1, go_text.value(item))
        else:
            page.line(level, f"{label}:\t{go_text.value(value)}")


def label_of(name: str) -> str:
    """`creationTimestamp` as `Creation Timestamp`; names with other signs stay as they are."""
    if not name.replace("-", "").isalpha():
        return name
    words = _WORDS.findall(name)
    return " ".join(
        word.upper() if word.upper() in _ACRONYMS else word.capitalize() if word.islower() else word for word in words
    )
