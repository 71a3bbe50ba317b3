"""The official client: https://github.com/kubernetes-client/python."""

import pytest
from kubernetes import client, config, watch


@pytest.fixture
def core(kube_api):
    with config.new_client_from_config(str(kube_api.kubeconfig)) as api:
        yield client.CoreV1Api(api)


def note(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def test_a_stale_update_is_refused(core):
    first = core.create_namespaced_config_map("default", note("a", turn="1"))
    core.patch_namespaced_config_map("a", "default", {"data": {"turn": "2"}})
    with pytest.raises(client.ApiException) as refused:
        core.replace_namespaced_config_map("a", "default", first)
    assert refused.value.status == 409


def test_a_watch_sees_a_pod_start(kube_cluster, core):
    kube_cluster.kubectl("run web --image=nginx")
    kube_cluster.advance("1m")
    events = watch.Watch().stream(core.list_namespaced_pod, "default", timeout_seconds=1)
    assert [(event["type"], event["object"].status.phase) for event in events] == [("ADDED", "Running")]
