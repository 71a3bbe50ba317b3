"""The environment that the kubelet gives a container, as a table: `node.environment` and what starts containers."""

from typing import Any

import pytest

from simulator.engine.plain import Obj
from simulator.node.environment import Lookup, Missing, PodFacts, environment, service_links
from tests.proof.follows import follows
from tests.simulator.node.conftest import Machines

PODS = "pkg/kubelet/kubelet_pods_test.go"
SERVICES = [
    ("default", "kubernetes", "10.96.3.1", 8081),
    ("test1", "test", "10.96.3.3", 8083),
    ("test2", "kubernetes", "10.96.3.4", 8084),
    ("test2", "test", "10.96.3.5", 8085),
    ("default", "not-special", "10.96.3.8", 8088),
]
HEADLESS = [("test2", "headless"), ("default", "headless")]


def links(name: str, address: str, port: int) -> dict[str, str]:
    """What one service with one port sets."""
    url, link = f"tcp://{address}:{port}", f"{name}_PORT_{port}_TCP"
    return {
        f"{name}_SERVICE_HOST": address,
        f"{name}_SERVICE_PORT": str(port),
        f"{name}_PORT": url,
        link: url,
        f"{link}_PROTO": "tcp",
        f"{link}_PORT": str(port),
        f"{link}_ADDR": address,
    }


MASTER = links("KUBERNETES", "10.96.3.1", 8081)
TEST = links("TEST", "10.96.3.3", 8083)


def seen_in(namespace: str, *, with_links: bool, env: dict[str, str]) -> dict[str, str]:
    """The environment of a container that prints it."""
    machines = Machines()
    for name in ("test1", "test2"):
        machines.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    made = [(*one[:2], {"clusterIP": one[2], "ports": [{"port": one[3], "protocol": "TCP"}]}) for one in SERVICES]
    made += [(*one, {"clusterIP": "None", "ports": [{"port": 8085, "protocol": "TCP"}]}) for one in HEADLESS]
    for place, name, spec in made:
        metadata = {"name": name, "namespace": place}
        machines.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    container = {
        "name": "web",
        "image": "busybox:1.36",
        "command": ["sh", "-c", "env; sleep 1d"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    spec = {
        "nodeName": "node-0",
        "automountServiceAccountToken": False,
        "enableServiceLinks": with_links,
        "containers": [container],
    }
    metadata = {"name": "web", "namespace": namespace}
    machines.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    machines.run(1)
    found = machines.kubelets.logs(machines.registry.get("test", "pods", namespace, "web"), "web", {})
    return dict(line.split("=", 1) for line in found.splitlines() if "=" in line)


@follows(
    "Environment",
    f"{PODS}: TestMakeEnvironmentVariables",
    "pkg/kubelet/kubelet_pods.go: getServiceEnvVarMap",
    "pkg/kubelet/envvars/envvars_test.go: TestFromServices",
)
@pytest.mark.parametrize(
    ("namespace", "with_links", "env", "wanted"),
    [
        pytest.param("test1", False, {"FOO": "BAR", **TEST}, {"FOO": "BAR", **TEST, **MASTER}, id="set by the pod"),
        pytest.param("test1", False, {"FOO": "BAZ"}, {"FOO": "BAZ", **MASTER}, id="without service env vars"),
        pytest.param("test1", True, {"FOO": "BAZ"}, {"FOO": "BAZ", **TEST, **MASTER}, id="service env vars"),
        pytest.param("test2", False, {"FOO": "ZAP"}, {"FOO": "ZAP", **MASTER}, id="master service in pod ns"),
        pytest.param(
            "test2",
            True,
            {"FOO": "ZAP"},
            {"FOO": "ZAP", **links("TEST", "10.96.3.5", 8085), **links("KUBERNETES", "10.96.3.4", 8084)},
            id="master service in pod ns, service env vars",
        ),
        pytest.param("default", False, {}, MASTER, id="pod in master service ns"),
        pytest.param(
            "default",
            True,
            {},
            {**links("NOT_SPECIAL", "10.96.3.8", 8088), **MASTER},
            id="pod in master service ns, service env vars",
        ),
    ],
)
def test_services_in_the_environment(
    namespace: str, with_links: bool, env: dict[str, str], wanted: dict[str, str]
) -> None:
    found = seen_in(namespace, with_links=with_links, env=env)
    ours = {name: found[name] for name in found if name not in ("HOSTNAME", "PATH", "HOME", "PWD", "SHLVL", "OLDPWD")}
    assert ours == wanted


POD: Obj = {
    "metadata": {"name": "dapi-test-pod-name", "namespace": "downward-api"},
    "spec": {"serviceAccountName": "special", "nodeName": "node-name"},
}
FACTS = PodFacts(POD, ("1.2.3.4", "fd00::6"), ("127.0.0.1", "::1"), "node-name", (1, 1))


def nothing(resource: str, namespace: str, name: str) -> Obj | None:
    return None


def holding(**data: str) -> Lookup:
    return lambda resource, namespace, name: {"kind": "ConfigMap", "data": data} if resource == "configmaps" else None


def given(container: Obj, lookup: Lookup = nothing, services: dict[str, str] | None = None) -> dict[str, str] | str:
    found = environment(container, FACTS, lookup, services or {})
    return found.message if isinstance(found, Missing) else found


def field(path: str) -> Obj:
    return {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}


@follows("Environment", f"{PODS}: TestMakeEnvironmentVariables")
def test_the_downward_api_of_a_pod_of_two_families() -> None:
    paths = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "POD_NODE_NAME": "spec.nodeName",
        "POD_SERVICE_ACCOUNT_NAME": "spec.serviceAccountName",
        "POD_IP": "status.podIP",
        "POD_IPS": "status.podIPs",
        "HOST_IP": "status.hostIP",
        "HOST_IPS": "status.hostIPs",
    }
    assert given({"env": [{"name": name, "valueFrom": field(path)} for name, path in paths.items()]}) == {
        "POD_NAME": "dapi-test-pod-name",
        "POD_NAMESPACE": "downward-api",
        "POD_NODE_NAME": "node-name",
        "POD_SERVICE_ACCOUNT_NAME": "special",
        "POD_IP": "1.2.3.4",
        "POD_IPS": "1.2.3.4,fd00::6",
        "HOST_IP": "127.0.0.1",
        "HOST_IPS": "127.0.0.1,::1",
    }


@follows(
    "Environment",
    f"{PODS}: TestMakeEnvironmentVariables",
    "third_party/forked/golang/expansion/expand_test.go: TestMapping",
)
@pytest.mark.parametrize(
    ("env", "name", "wanted"),
    [
        pytest.param({"TEST_LITERAL": "test-test-test"}, "TEST_LITERAL", "test-test-test", id="literal"),
        pytest.param({"A": "1", "B": "b-$(A)"}, "B", "b-1", id="one made of another"),
        pytest.param({"A": "1", "B": "$(A)2", "C": "$(B)-3"}, "C", "12-3", id="and of that"),
        pytest.param({"EMPTY": "", "B": "foo-$(EMPTY)"}, "B", "foo-", id="an empty one"),
        pytest.param({"B": "$(LATER)", "LATER": "FOO"}, "B", "$(LATER)", id="out of order"),
        pytest.param({"B": "$(UNDEFINED_VAR)"}, "B", "$(UNDEFINED_VAR)", id="undefined"),
        pytest.param(
            {"B": "$(TEST_SERVICE_HOST):$(TEST_SERVICE_PORT)"}, "B", "10.96.3.3:8083", id="made of a service's"
        ),
        pytest.param({"B": "$(POD)"}, "B", "dapi-test-pod-name", id="made of a field"),
        pytest.param({"B": "$(HOSTNAME)"}, "B", "$(HOSTNAME)", id="not of what the runtime sets"),
        pytest.param({"A": "1", "B": "$$(A) $$$(A) $A ${A}"}, "B", "$(A) $1 $A ${A}", id="escaped"),
        pytest.param({"A": "1", "B": "$(A $(A"}, "B", "$(A $(A", id="not closed"),
        pytest.param({"A": "1", "B": "$(A)$(A)$"}, "B", "11$", id="a dollar at the end"),
        pytest.param({"A": "1", "B": "$() $(A)"}, "B", "$() 1", id="no name"),
    ],
)
def test_variables_made_of_others(env: dict[str, str], name: str, wanted: str) -> None:
    fields = [{"name": "POD", "valueFrom": field("metadata.name")}]
    made = {"env": [*fields, *({"name": each, "value": value} for each, value in env.items())]}
    found = given(made, services=TEST)
    assert isinstance(found, dict)
    assert found[name] == wanted


OPTIONAL = {"name": "missing", "key": "key", "optional": True}
KEYS = {"DUPE_TEST": "CONFIG_MAP", "REPLACE_ME": "FROM_CONFIG_MAP"}
FROM = {"configMapRef": {"name": "test-config-map"}}
ENV = [
    {"name": "TEST_LITERAL", "value": "test-test-test"},
    {"name": "EXPANSION_TEST", "value": "$(REPLACE_ME)"},
    {"name": "DUPE_TEST", "value": "ENV_VAR"},
]
BOTH = {
    "TEST_LITERAL": "test-test-test",
    "REPLACE_ME": "FROM_CONFIG_MAP",
    "EXPANSION_TEST": "FROM_CONFIG_MAP",
    "DUPE_TEST": "ENV_VAR",
}


@follows("Environment", f"{PODS}: TestMakeEnvironmentVariables")
@pytest.mark.parametrize(
    ("container", "lookup", "wanted"),
    [
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": OPTIONAL}}]},
            nothing,
            {},
            id="configmapkeyref_missing_optional",
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": OPTIONAL}}]},
            holding(a="b"),
            {},
            id="configmapkeyref_missing_key_optional",
        ),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": OPTIONAL}}]},
            nothing,
            {},
            id="secretkeyref_missing_optional",
        ),
        pytest.param(
            {"envFrom": [FROM, {"prefix": "p_", **FROM}], "env": ENV},
            holding(**KEYS),
            {**BOTH, "p_REPLACE_ME": "FROM_CONFIG_MAP", "p_DUPE_TEST": "CONFIG_MAP"},
            id="configmap",
        ),
        pytest.param(
            {"envFrom": [FROM, {"prefix": "1_", **FROM}], "env": ENV},
            holding(**KEYS),
            {**BOTH, "1_REPLACE_ME": "FROM_CONFIG_MAP", "1_DUPE_TEST": "CONFIG_MAP"},
            id="configmap allow prefix to start with a digital",
        ),
        pytest.param({"envFrom": [FROM]}, nothing, 'configmap "test-config-map" not found', id="configmap_missing"),
        pytest.param(
            {"envFrom": [{"configMapRef": {"name": "missing", "optional": True}}]},
            nothing,
            {},
            id="configmap_missing_optional",
        ),
        pytest.param(
            {"envFrom": [{"prefix": "p_", **FROM}]},
            holding(**{"1234": "abc"}),
            {"p_1234": "abc"},
            id="configmap_invalid_keys_valid",
        ),
        pytest.param(
            {"envFrom": [FROM]}, holding(**{"1234.name": "abc"}), {"1234.name": "abc"}, id="keys that no shell can read"
        ),
        pytest.param(
            {"envFrom": [{"secretRef": {"name": "test-secret"}}]},
            nothing,
            'secret "test-secret" not found',
            id="secret_missing",
        ),
        pytest.param(
            {"envFrom": [{"secretRef": {"name": "missing", "optional": True}}]},
            nothing,
            {},
            id="secret_missing_optional",
        ),
    ],
)
def test_variables_from_config_maps(container: Obj, lookup: Lookup, wanted: dict[str, str] | str) -> None:
    assert given(container, lookup) == wanted


def test_a_service_of_the_other_family_has_its_address_in_brackets() -> None:
    service = {"metadata": {"name": "web"}, "spec": {"clusterIP": "fd00::7", "ports": [{"port": 80}]}}
    assert service_links([service])["WEB_PORT"] == "tcp://[fd00::7]:80"


@follows("Environment", "pkg/kubelet/container/helpers_test.go: TestExpandCommandAndArgs")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        pytest.param(["foo"], "foo", id="plain"),
        pytest.param(["$(FOO)", "a", "$(BAR)"], "true a false", id="expanded"),
        pytest.param(["$(NOT_THERE)"], "$(NOT_THERE)", id="unknown"),
        pytest.param(["$$(FOO)"], "$(FOO)", id="escaped"),
        pytest.param(["$(HOSTNAME)"], "$(HOSTNAME)", id="what only the runtime sets"),
        pytest.param(["$(KUBERNETES_SERVICE_HOST)"], "10.96.0.1", id="a service"),
    ],
)
def test_words_of_a_command(machines: Any, words: list[str], wanted: str) -> None:
    spec = {"clusterIP": "10.96.0.1", "ports": [{"port": 443, "protocol": "TCP"}]}
    metadata = {"name": "kubernetes", "namespace": "default"}
    machines.create("services", {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    env = [{"name": "FOO", "value": "true"}, {"name": "BAR", "value": "false"}]
    machines.start(image="busybox:1.36", command=["echo", *words], env=env, spec={"restartPolicy": "Never"})
    machines.run(1)
    assert machines.logs() == [wanted]
