"""lightkube: https://lightkube.readthedocs.io."""

import pytest
from lightkube import Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Pod


@pytest.fixture
def client(kube_api):
    return Client(KubeConfig.from_file(kube_api.kubeconfig).get(), field_manager="example")


def test_what_is_applied_is_owned(client):
    note = ConfigMap(metadata=ObjectMeta(name="note", namespace="default"), data={"turn": "1"})
    client.apply(note)
    again = client.apply(ConfigMap(metadata=ObjectMeta(name="note", namespace="default"), data={"turn": "2"}))
    assert again.data == {"turn": "2"}
    assert [entry.manager for entry in again.metadata.managedFields] == ["example"]


def test_pods_of_a_deployment_run_after_a_minute(kube_cluster, client):
    kube_cluster.kubectl("create deployment web --image=nginx --replicas=3")
    kube_cluster.advance("1m")
    pods = list(client.list(Pod, namespace="default", labels={"app": "web"}))
    assert [pod.status.phase for pod in pods] == ["Running"] * 3
