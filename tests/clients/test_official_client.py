"""The published `kubernetes` client, unmodified, over HTTP."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError
from kubernetes.stream import stream

from tests.clients.served import served

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("official"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The client leaves the sockets of its watches to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.ApiClient]:
    folder: Path = tmp_path_factory.mktemp("official")
    with served(folder) as kubeconfig:
        made = config.new_client_from_config(str(kubeconfig))
        yield made
        made.close()


def eventually(found: Callable[[], Any], *, within_s: float = 20.0) -> Any:
    """What `found` gives once it is true."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s:g} s; last: {found()!r}")


def deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_deployment_is_created_scaled_by_a_patch_and_deleted(api: client.ApiClient) -> None:
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
    made = apps.create_namespaced_deployment("default", deployment("web", 2))
    assert made.spec.strategy.rolling_update.max_surge == "25%"
    eventually(lambda: apps.read_namespaced_deployment("web", "default").status.ready_replicas == 2)
    apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 3}})
    eventually(lambda: apps.read_namespaced_deployment("web", "default").status.ready_replicas == 3)
    apps.delete_namespaced_deployment("web", "default", propagation_policy="Foreground")
    eventually(lambda: not core.list_namespaced_pod("default", label_selector="app=web").items)


def test_a_stale_update_is_a_conflict_and_an_unknown_name_is_not_found(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    first = core.create_namespaced_config_map("default", config_map("stale", a="1"))
    core.patch_namespaced_config_map("stale", "default", {"data": {"a": "2"}})
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("stale", "default", first)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_config_map("nothing", "default")
    assert missing.value.status == 404
    assert '"reason":"NotFound"' in missing.value.body


def test_a_watch_hears_everything_once_and_in_order_through_disconnects(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    version = core.list_namespaced_config_map("default").metadata.resource_version
    names = [f"note-{number}" for number in range(30)]
    heard: list[str] = []

    def listen() -> None:
        at = version
        while len(heard) < len(names):
            for event in watch.Watch().stream(  # one second a connection: it is cut off again and again
                core.list_namespaced_config_map, "default", resource_version=at, timeout_seconds=1
            ):
                at = event["object"].metadata.resource_version
                if event["object"].metadata.name.startswith("note-"):
                    heard.append(event["object"].metadata.name)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    for name in names:
        core.create_namespaced_config_map("default", config_map(name))
        time.sleep(0.1)
    listener.join(timeout=15)
    assert heard == names


def test_a_watch_from_a_forgotten_revision_is_gone_and_a_new_list_goes_on(tmp_path: Path) -> None:
    (tmp_path / "kind.yaml").write_text("kind: Cluster\nnodes: [{role: control-plane}, {role: worker, count: 15}]\n")
    with served(tmp_path, "--profile", "instant", "--config", str(tmp_path / "kind.yaml")) as kubeconfig:
        api = config.new_client_from_config(str(kubeconfig))
        apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
        old = core.list_namespaced_config_map("default").metadata.resource_version
        apps.create_namespaced_deployment("default", deployment("many", 1_200))  # ten thousand changes are kept
        eventually(lambda: apps.read_namespaced_deployment("many", "default").status.ready_replicas == 1_200)
        with pytest.raises(ApiException) as gone:
            list(watch.Watch().stream(core.list_namespaced_pod, "default", resource_version=old, timeout_seconds=2))
        assert gone.value.status == 410
        fresh = core.list_namespaced_config_map("default").metadata.resource_version
        core.create_namespaced_config_map("default", config_map("after"))
        stream_of = watch.Watch().stream(
            core.list_namespaced_config_map, "default", resource_version=fresh, timeout_seconds=2
        )
        assert [event["object"].metadata.name for event in stream_of] == ["after"]
        api.close()


def test_applying_anothers_field_is_a_conflict_until_forced(api: client.ApiClient) -> None:
    maps = DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")

    def apply(manager: str, value: str, *, force: bool = False) -> Any:
        body = config_map("shared", colour=value)
        return maps.server_side_apply(body, namespace="default", field_manager=manager, force_conflicts=force)

    assert dict(apply("ann", "red").data) == {"colour": "red"}
    with pytest.raises(DynamicApiError) as refused:
        apply("bob", "blue")
    assert refused.value.status == 409
    assert 'conflict with \\"ann\\": .data.colour' in refused.value.body.decode()
    owned = apply("bob", "blue", force=True)
    managers = {(entry.manager, entry.operation) for entry in owned.metadata.managedFields}
    assert managers == {("bob", "Apply")}


def test_a_command_runs_in_a_container_and_logs_are_read(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    container = {"name": "box", "image": "busybox:1.36", "command": ["sh", "-c", "echo hello; sleep 3600"]}
    core.create_namespaced_pod(
        "default", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "box"}, "spec": {"containers": [container]}}
    )
    eventually(lambda: core.read_namespaced_pod("box", "default").status.phase == "Running")
    said = stream(
        core.connect_get_namespaced_pod_exec, "box", "default", command=["hostname"],
        stdin=False, stdout=True, stderr=True, tty=False,
    )  # fmt: skip
    assert said == "box\n"
    assert core.read_namespaced_pod_log("box", "default") == "hello\n"
    with pytest.raises(ApiException) as refused:
        core.read_namespaced_pod_log("box", "default", container="nobody")
    assert refused.value.status == 400


def test_a_finalizer_keeps_an_object_until_it_is_taken_off(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    core.create_namespaced_config_map("default", held)
    core.delete_namespaced_config_map("held", "default")
    assert core.read_namespaced_config_map("held", "default").metadata.deletion_timestamp is not None
    core.patch_namespaced_config_map("held", "default", {"metadata": {"finalizers": None}})
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("held", "default")
    assert gone.value.status == 404


_FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(plural: str, kind: str) -> dict[str, Any]:
    spec = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}}
    schema = {"type": "object", "properties": {"spec": spec, "status": _FREE}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
            "versions": [{**version, "subresources": {"status": {}}}],
        },
    }  # fmt: skip


def test_a_custom_resource_is_validated_pruned_and_has_a_status(api: client.ApiClient) -> None:
    client.ApiextensionsV1Api(api).create_custom_resource_definition(definition("boats", "Boat"))
    custom, where = client.CustomObjectsApi(api), ("example.com", "v1", "default", "boats")
    boat = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "one"}, "spec": {"size": 3, "x": 1}}
    eventually(lambda: _listed(custom, where) is not None)
    assert custom.create_namespaced_custom_object(*where, boat)["spec"] == {"size": 3}
    with pytest.raises(ApiException) as refused:
        custom.patch_namespaced_custom_object(*where, "one", {"spec": {"size": 0}})
    assert refused.value.status == 422
    assert "spec.size in body should be greater than or equal to 1" in refused.value.body
    told = custom.patch_namespaced_custom_object_status(
        *where, "one", {"status": {"afloat": True}, "spec": {"size": 9}}
    )
    assert told["spec"] == {"size": 3}


def _listed(custom: client.CustomObjectsApi, where: tuple[str, ...]) -> Any:
    try:
        return custom.list_namespaced_custom_object(*where)
    except ApiException:
        return None


def test_one_of_two_candidates_leads_and_the_other_takes_over(api: client.ApiClient) -> None:
    leases = client.CoordinationV1Api(api)

    def take(holder: str) -> bool:
        """What a candidate does: create the Lease, or take it over when its time is up, guarded by its revision."""
        now = "2026-01-01T00:00:00.000000Z"
        try:
            lease = leases.read_namespaced_lease("leader", "default")
        except ApiException:
            body = {
                "metadata": {"name": "leader"},
                "spec": {"holderIdentity": holder, "leaseDurationSeconds": 1, "renewTime": now},
            }
            leases.create_namespaced_lease("default", body)
            return True
        seen[holder] = lease
        if lease.spec.holder_identity not in ("", holder):
            return False
        lease.spec.holder_identity = holder
        leases.replace_namespaced_lease("leader", "default", lease)
        return True

    seen: dict[str, Any] = {}
    assert take("ann")
    assert not take("bob")
    leases.patch_namespaced_lease("leader", "default", {"spec": {"holderIdentity": ""}})  # ann steps down
    stale = seen["bob"]
    assert take("bob")
    stale.spec.holder_identity = "carol"
    with pytest.raises(ApiException) as refused:
        leases.replace_namespaced_lease("leader", "default", stale)
    assert refused.value.status == 409


def test_a_bound_token_is_its_account_over_http_and_nobody_when_the_account_is_gone(api: client.ApiClient) -> None:
    core, rbac = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
    core.create_namespaced_service_account("default", {"metadata": {"name": "bot"}})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    rbac.create_namespaced_role("default", {"metadata": {"name": "reader"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "bot", "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    rbac.create_namespaced_role_binding(
        "default", {"metadata": {"name": "bot"}, "subjects": [subject], "roleRef": role}
    )
    asked = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=600))
    token = core.create_namespaced_service_account_token("bot", "default", asked).status.token

    settings = client.Configuration(host=api.configuration.host, api_key={"authorization": f"Bearer {token}"})
    with client.ApiClient(settings) as bot:
        mine = client.CoreV1Api(bot)
        who = client.AuthenticationV1Api(bot).create_self_subject_review({"kind": "SelfSubjectReview"})
        assert who.status.user_info.username == "system:serviceaccount:default:bot"
        assert mine.list_namespaced_config_map("default").kind == "ConfigMapList"
        events = watch.Watch().stream(mine.list_namespaced_config_map, "default", timeout_seconds=1)
        assert {event["type"] for event in events} == {"ADDED"}
        with pytest.raises(ApiException) as refused:
            mine.list_namespaced_pod("default")
        assert refused.value.status == 403
        said = json.loads(refused.value.body)["message"]
        assert 'User "system:serviceaccount:default:bot" cannot list resource "pods"' in said
        with pytest.raises(ApiException) as refused:
            mine.create_namespaced_config_map("default", config_map("not-mine"))
        assert refused.value.status == 403
        core.delete_namespaced_service_account("bot", "default")
        for call in (lambda: mine.list_namespaced_config_map("default"), lambda: mine.list_namespaced_pod("default")):
            with pytest.raises(ApiException) as refused:
                call()
            assert (refused.value.status, refused.value.reason) == (401, "Unauthorized")
