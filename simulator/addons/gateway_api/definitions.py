"""The CustomResourceDefinitions of Gateway API, by release and channel.

Schemas of our own after `apis/v1/*_types.go` of kubernetes-sigs/gateway-api: the fields, defaults, limits and rules that decide what is
accepted, without descriptions. TCPRoute and UDPRoute came to the standard channel with release 1.6, TLSRoute with 1.5, BackendTLSPolicy
with 1.4, GRPCRoute with 1.1.
"""

from typing import Any

Obj = dict[str, Any]
GROUP = "gateway.networking.k8s.io"
_APPROVED = "https://github.com/kubernetes-sigs/gateway-api/pull/3328"
_TEXT: Obj = {"type": "string"}
_HOSTNAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
_SECTION = {
    "type": "string",
    "minLength": 1,
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
_PORT = {"type": "integer", "format": "int32", "minimum": 1, "maximum": 65535}
_DURATION = {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
_PENDING = {"status": "Unknown", "reason": "Pending", "message": "Waiting for controller"}
_BEGINNING = "1970-01-01T00:00:00Z"


def obj(properties: Obj, *required: str, **more: Any) -> Obj:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {}), **more}


def array(items: Obj, **more: Any) -> Obj:
    return {"type": "array", "items": items, **more}


def named(items: Obj, key: str = "name", **more: Any) -> Obj:
    return array(items, **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}, **more)


def choice(*values: str, default: str = "") -> Obj:
    return {"type": "string", "enum": list(values), **({"default": default} if default else {})}


def _default(schema: Obj, value: Any) -> Obj:
    return {**schema, "default": value}


_CONDITION = obj(
    {
        "type": _TEXT,
        "status": choice("True", "False", "Unknown"),
        "reason": _TEXT,
        "message": _TEXT,
        "lastTransitionTime": {"type": "string", "format": "date-time"},
        "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
    },
    "type", "status", "reason", "message", "lastTransitionTime",
)  # fmt: skip
_CONDITIONS = named(_CONDITION, "type", maxItems=8)
_PARENT = obj(
    {
        "group": _default(_TEXT, GROUP),
        "kind": _default(_TEXT, "Gateway"),
        "namespace": _TEXT,
        "name": {"type": "string", "minLength": 1, "maxLength": 253},
        "sectionName": _SECTION,
        "port": _PORT,
    },
    "name",
)
_PARENTS = obj(
    {
        "parents": array(
            obj(
                {"parentRef": _PARENT, "controllerName": _TEXT, "conditions": _CONDITIONS},
                "parentRef",
                "controllerName",
            ),
            maxItems=32,
        )
    },
    "parents",
)
_BACKEND = {
    "group": _default(_TEXT, ""),
    "kind": _default(_TEXT, "Service"),
    "namespace": _TEXT,
    "name": {"type": "string", "minLength": 1, "maxLength": 253},
    "port": _PORT,
}
_WEIGHT = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 1_000_000, "default": 1}
_HAS_PORT = {
    "rule": "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
    "message": "Must have port for Service reference",
}
_HEADER_VALUE = obj({"name": _TEXT, "value": _TEXT}, "name", "value")
_HEADERS = obj(
    {
        "set": named(_HEADER_VALUE, maxItems=16),
        "add": named(_HEADER_VALUE, maxItems=16),
        "remove": array(_TEXT, maxItems=16),
    }
)
_PATH_CHANGE = obj(
    {"type": choice("ReplaceFullPath", "ReplacePrefixMatch"), "replaceFullPath": _TEXT, "replacePrefixMatch": _TEXT},
    "type",
)
_FILTER = obj(
    {
        "type": choice(
            "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "RequestRedirect", "URLRewrite", "ExtensionRef"
        ),
        "requestHeaderModifier": _HEADERS,
        "responseHeaderModifier": _HEADERS,
        "requestMirror": obj({"backendRef": obj(_BACKEND, "name"), "percent": {"type": "integer"}}, "backendRef"),
        "requestRedirect": obj(
            {
                "scheme": choice("http", "https"),
                "hostname": _HOSTNAME,
                "path": _PATH_CHANGE,
                "port": _PORT,
                "statusCode": {"type": "integer", "enum": [301, 302], "default": 302},
            }
        ),
        "urlRewrite": obj({"hostname": _HOSTNAME, "path": _PATH_CHANGE}),
        "extensionRef": obj({"group": _TEXT, "kind": _TEXT, "name": _TEXT}, "group", "kind", "name"),
    },
    "type",
)  # fmt: skip
_FILTERS = array(_FILTER, maxItems=16)
_NAME_MATCH = {
    "type": choice("Exact", "RegularExpression", default="Exact"),
    "name": {"type": "string", "minLength": 1, "maxLength": 256},
    "value": {"type": "string", "minLength": 1, "maxLength": 4096},
}
_PATH_MATCH = _default(
    obj(
        {
            "type": choice("Exact", "PathPrefix", "RegularExpression", default="PathPrefix"),
            "value": {"type": "string", "maxLength": 1024, "default": "/"},
        }
    ),
    {"type": "PathPrefix", "value": "/"},
)
_PATH_MATCH["x-kubernetes-validations"] = [
    {
        "rule": "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true",
        "message": "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
    }
]
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_HTTP_MATCH = obj(
    {
        "path": _PATH_MATCH,
        "headers": named(obj(_NAME_MATCH, "name", "value"), maxItems=16),
        "queryParams": named(obj(_NAME_MATCH, "name", "value"), maxItems=16),
        "method": choice(*_METHODS),
    }
)
_HTTP_BACKEND = {**obj({**_BACKEND, "weight": _WEIGHT, "filters": _FILTERS}, "name")}
_HTTP_RULE = obj(
    {
        "name": _SECTION,
        "matches": array(_HTTP_MATCH, maxItems=64, default=[{"path": {"type": "PathPrefix", "value": "/"}}]),
        "filters": _FILTERS,
        "backendRefs": array({**_HTTP_BACKEND, "x-kubernetes-validations": [_HAS_PORT]}, maxItems=16),
        "timeouts": obj({"request": _DURATION, "backendRequest": _DURATION}),
        "retry": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "sessionPersistence": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
)
_GRPC_MATCH = obj(
    {
        "method": obj(
            {"type": choice("Exact", "RegularExpression", default="Exact"), "service": _TEXT, "method": _TEXT}
        ),
        "headers": named(obj(_NAME_MATCH, "name", "value"), maxItems=16),
    }
)
_GRPC_RULE = obj(
    {
        "name": _SECTION,
        "matches": array(_GRPC_MATCH, maxItems=64),
        "filters": _FILTERS,
        "backendRefs": array({**_HTTP_BACKEND, "x-kubernetes-validations": [_HAS_PORT]}, maxItems=16),
    }
)
_L4_RULE = obj(
    {"name": _SECTION, "backendRefs": array(obj({**_BACKEND, "weight": _WEIGHT}, "name"), minItems=1, maxItems=16)},
    "backendRefs",
)
_CERTIFICATE = obj(
    {
        "group": _default(_TEXT, ""),
        "kind": _default(_TEXT, "Secret"),
        "name": {"type": "string", "minLength": 1, "maxLength": 253},
        "namespace": _TEXT,
    },
    "name",
)
_LABELS: Obj = {"type": "object", "additionalProperties": _TEXT}
_SELECTOR = obj(
    {
        "matchLabels": _LABELS,
        "matchExpressions": array(obj({"key": _TEXT, "operator": _TEXT, "values": array(_TEXT)}, "key", "operator")),
    }
)
_LISTENER = obj(
    {
        "name": _SECTION,
        "hostname": _HOSTNAME,
        "port": _PORT,
        "protocol": {"type": "string", "minLength": 1, "maxLength": 255},
        "tls": obj(
            {
                "mode": choice("Terminate", "Passthrough", default="Terminate"),
                "certificateRefs": array(_CERTIFICATE, maxItems=64),
                "options": _LABELS,
            }
        ),
        "allowedRoutes": _default(
            obj(
                {
                    "namespaces": _default(
                        obj({"from": choice("All", "Selector", "Same", default="Same"), "selector": _SELECTOR}), {"from": "Same"}
                    ),
                    "kinds": array(obj({"group": _default(_TEXT, GROUP), "kind": _TEXT}, "kind"), maxItems=8),
                }
            ),
            {"namespaces": {"from": "Same"}},
        ),
    },
    "name", "port", "protocol",
)  # fmt: skip
_LISTENERS = named(_LISTENER, minItems=1, maxItems=64)
_LISTENERS["x-kubernetes-validations"] = [
    {
        "rule": "self.all(l, l.protocol in ['HTTP', 'TCP', 'UDP'] ? !has(l.tls) : true)",
        "message": "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']",
    },
    {
        "rule": "self.all(l, l.protocol in ['TCP', 'UDP'] ? (!has(l.hostname) || l.hostname == '') : true)",
        "message": "hostname must not be specified for protocols ['TCP', 'UDP']",
    },
    {
        "rule": "self.all(l1, self.exists_one(l2, l1.name == l2.name))",
        "message": "Listener name must be unique within the Gateway",
    },
]
_ADDRESS = obj({"type": _default(_TEXT, "IPAddress"), "value": _TEXT})
_GATEWAY_SPEC = obj(
    {
        "gatewayClassName": {"type": "string", "minLength": 1, "maxLength": 253},
        "listeners": _LISTENERS,
        "addresses": array(_ADDRESS, maxItems=16),
        "infrastructure": obj({"labels": _LABELS, "annotations": _LABELS, "parametersRef": obj({"group": _TEXT, "kind": _TEXT, "name": _TEXT})}),
    },
    "gatewayClassName", "listeners",
)  # fmt: skip
_GATEWAY_STATUS = obj(
    {
        "addresses": array(_ADDRESS),
        "conditions": _CONDITIONS,
        "listeners": named(
            obj(
                {
                    "name": _TEXT,
                    "supportedKinds": array(obj({"group": _TEXT, "kind": _TEXT}, "kind")),
                    "attachedRoutes": {"type": "integer", "format": "int32"},
                    "conditions": _CONDITIONS,
                },
                "name", "attachedRoutes", "conditions",
            )
        ),
    },
    default={"conditions": [{"type": kind, **_PENDING, "lastTransitionTime": _BEGINNING} for kind in ("Accepted", "Programmed")]},
)  # fmt: skip
_CLASS_SPEC = obj(
    {
        "controllerName": {"type": "string", "minLength": 1, "maxLength": 253},
        "description": {"type": "string", "maxLength": 64},
        "parametersRef": obj(
            {"group": _TEXT, "kind": _TEXT, "name": _TEXT, "namespace": _TEXT}, "group", "kind", "name"
        ),
    },
    "controllerName",
)
_CLASS_SPEC["properties"]["controllerName"]["x-kubernetes-validations"] = [
    {"rule": "self == oldSelf", "message": "Value is immutable"}
]
_CLASS_STATUS = obj(
    {"conditions": _CONDITIONS, "supportedFeatures": array(obj({"name": _TEXT}, "name"))},
    default={"conditions": [{"type": "Accepted", **_PENDING, "lastTransitionTime": _BEGINNING}]},
)
_GRANT_SPEC = obj(
    {
        "from": array(obj({"group": _TEXT, "kind": _TEXT, "namespace": _TEXT}, "group", "kind", "namespace"), minItems=1, maxItems=16),
        "to": array(obj({"group": _TEXT, "kind": _TEXT, "name": _TEXT}, "group", "kind"), minItems=1, maxItems=16),
    },
    "from", "to",
)  # fmt: skip
_ANYTHING: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _route_spec(rule: Obj, *, hostnames: bool, required: tuple[str, ...] = (), **more: Any) -> Obj:
    named_hosts = {"hostnames": array(_HOSTNAME, maxItems=16)} if hostnames else {}
    rules = array(rule, minItems=1, maxItems=16, **more) if required else array(rule, maxItems=16, **more)
    return obj({"parentRefs": array(_PARENT, maxItems=32), **named_hosts, "rules": rules}, *required)


_HTTP_DEFAULT = [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]
_ROUTES = {
    "HTTPRoute": _route_spec(_HTTP_RULE, hostnames=True, default=_HTTP_DEFAULT),
    "GRPCRoute": _route_spec(_GRPC_RULE, hostnames=True),
    "TLSRoute": _route_spec(_L4_RULE, hostnames=True, required=("rules",)),
    "TCPRoute": _route_spec(_L4_RULE, hostnames=False, required=("rules",)),
    "UDPRoute": _route_spec(_L4_RULE, hostnames=False, required=("rules",)),
}
#: Kind → (first minor release in which it stands in the standard channel).
_STANDARD = {
    "GatewayClass": 0, "Gateway": 0, "HTTPRoute": 0, "ReferenceGrant": 0, "GRPCRoute": 1, "BackendTLSPolicy": 4, "TLSRoute": 5,
    "TCPRoute": 6, "UDPRoute": 6,
}  # fmt: skip
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_HOSTS = {"name": "Hostnames", "type": "string", "jsonPath": ".spec.hostnames"}


def definitions(minor: int, patch: int, channel: str) -> list[Obj]:
    """What `<channel>-install.yaml` of release 1.`minor`.`patch` holds."""
    return [
        _definition(kind, f"v1.{minor}.{patch}", channel, is_new=minor < first)
        for kind, first in _STANDARD.items()
        if channel == "experimental" or minor >= first
    ]


def _definition(kind: str, release: str, channel: str, *, is_new: bool) -> Obj:
    plural, short, scope = _NAMES[kind]
    version = "v1alpha2" if is_new else "v1beta1" if kind == "ReferenceGrant" else "v1"
    if kind == "BackendTLSPolicy" and is_new:
        version = "v1alpha3"
    spec, status, columns = _parts(kind)
    schema = obj({"spec": spec, **({"status": status} if status else {})}, "spec")
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [*columns, _AGE],
        **({"subresources": {"status": {}}} if status else {}),
    }
    annotations = {
        "api-approved.kubernetes.io": _APPROVED,
        "gateway.networking.k8s.io/bundle-version": release,
        "gateway.networking.k8s.io/channel": channel,
    }
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "categories": ["gateway-api"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "annotations": annotations},
        "spec": {
            "group": GROUP,
            "names": {**names, **({"shortNames": [short]} if short else {})},
            "scope": scope,
            "versions": [served, *_also(kind, served)],
        },
    }


def _also(kind: str, served: Obj) -> list[Obj]:
    """v1beta1 is still served for the kinds that had it."""
    if kind not in ("GatewayClass", "Gateway", "HTTPRoute"):
        return []
    return [{**served, "name": "v1beta1", "storage": False}]


_NAMES = {
    "GatewayClass": ("gatewayclasses", "gc", "Cluster"),
    "Gateway": ("gateways", "gtw", "Namespaced"),
    "HTTPRoute": ("httproutes", "", "Namespaced"),
    "GRPCRoute": ("grpcroutes", "", "Namespaced"),
    "TLSRoute": ("tlsroutes", "", "Namespaced"),
    "TCPRoute": ("tcproutes", "", "Namespaced"),
    "UDPRoute": ("udproutes", "", "Namespaced"),
    "ReferenceGrant": ("referencegrants", "refgrant", "Namespaced"),
    "BackendTLSPolicy": ("backendtlspolicies", "btlspolicy", "Namespaced"),
}


def _parts(kind: str) -> tuple[Obj, Obj | None, list[Obj]]:
    """Schema of spec, schema of status, printer columns."""
    if kind == "GatewayClass":
        columns = [
            {"name": "Controller", "type": "string", "jsonPath": ".spec.controllerName"},
            {"name": "Accepted", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Accepted")].status'},
        ]
        return _CLASS_SPEC, _CLASS_STATUS, columns
    if kind == "Gateway":
        columns = [
            {"name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"},
            {"name": "Address", "type": "string", "jsonPath": ".status.addresses[*].value"},
            {"name": "Programmed", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Programmed")].status'},
        ]
        return _GATEWAY_SPEC, _GATEWAY_STATUS, columns
    if kind == "ReferenceGrant":
        return _GRANT_SPEC, None, []
    if kind == "BackendTLSPolicy":
        return _ANYTHING, _ANYTHING, []
    return _ROUTES[kind], _PARENTS, [_HOSTS] if "hostnames" in _ROUTES[kind]["properties"] else []
