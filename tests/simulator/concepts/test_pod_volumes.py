"""Group L: volumes that live with their pods, and what containers write beside them."""

from typing import Any

import pytest

from tests.simulator.concepts.storage_builders import claim, events, pod

# Volumes without a claim


def two_containers(volume: str, *, first: str, second: str = "sleep 3600", mounts: str = "") -> str:
    mounts = mounts or "[{name: v, mountPath: /data}]"
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: duo, labels: {app: duo}, annotations: {note: first}}\nspec:\n"
        "  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - {{name: a, image: 'busybox:1.36', command: [sh, -c, {first!r}], volumeMounts: {mounts}}}\n"
        f"  - {{name: b, image: 'busybox:1.36', command: [sh, -c, {second!r}], volumeMounts: {mounts}}}\n"
        f"  volumes: [{{name: v, {volume}}}]\n"
    )


def test_an_empty_dir_is_shared_and_outlives_containers_but_not_the_pod(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {}", first="echo from a > /data/a; sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- cat /data/a") == "from a\n"
    lab.run("kubectl exec duo -c b -- sh -c 'echo from b > /data/b'")
    lab.fault("kill-process", "default/duo/b")
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- cat /data/b") == "from b\n"
    lab.run("kubectl delete pod duo")
    lab.wait(5)
    lab.run("kubectl apply -f -", two_containers("emptyDir: {}", first="sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c b -- ls /data") == ""


def test_a_pod_that_fills_its_empty_dir_is_evicted(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {sizeLimit: 20}", first="sleep 3600"))
    lab.wait(15)
    lab.run("kubectl exec duo -c a -- sh -c 'echo more than twenty bytes are too many > /data/a'")
    lab.wait(15)
    assert lab.value("pod duo", "{.status.phase} {.status.reason}") == "Failed Evicted"
    assert lab.value("pod duo", "{.status.message}") == 'Usage of EmptyDir volume "v" exceeds the limit "20". '
    assert 'Evicted: Usage of EmptyDir volume "v" exceeds the limit "20". ' in events(lab, "duo")


def test_a_full_memory_volume_refuses(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("emptyDir: {medium: Memory, sizeLimit: 8}", first="sleep 3600"))
    lab.wait(15)
    assert "No space left on device" in lab.failure("kubectl exec duo -c a -- sh -c 'echo 0123456789 > /data/a'")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        pytest.param("{path: /srv/none, type: Directory}", "/srv/none is not a directory", id="directory"),
        pytest.param("{path: /srv/none, type: File}", "/srv/none is not a file", id="file"),
        pytest.param("{path: /etc, type: Socket}", "/etc is not a socket file", id="socket"),
        pytest.param("{path: /dev/sda, type: CharDevice}", "/dev/sda is not a character device", id="character device"),
        pytest.param("{path: /dev/null, type: BlockDevice}", "/dev/null is not a block device", id="block device"),
        pytest.param(
            "{path: /etc/hostname, type: DirectoryOrCreate}", "/etc/hostname is not a directory", id="or create"
        ),
    ],
)
def test_a_host_path_of_another_type_is_not_mounted(lab: Any, source: str, problem: str) -> None:
    lab.run("kubectl apply -f -", two_containers(f"hostPath: {source}", first="sleep 3600"))
    lab.wait(10)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    assert f'FailedMount: MountVolume.SetUp failed for volume "v" : hostPath type check failed: {problem}' in events(
        lab, "duo"
    )


def test_a_host_path_belongs_to_the_node(make_lab: Any) -> None:
    lab = make_lab(workers=1)
    lab.run(
        "kubectl apply -f -",
        two_containers("hostPath: {path: /srv/x, type: DirectoryOrCreate}", first="echo 1 > /data/a; sleep 3600"),
    )
    lab.wait(15)
    lab.run("kubectl delete pod duo")
    lab.wait(5)
    lab.run("kubectl apply -f -", two_containers("hostPath: {path: /srv, type: Directory}", first="sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec duo -c a -- cat /data/x/a") == "1\n"


def test_a_config_map_changes_in_running_containers_after_a_while(lab: Any) -> None:
    """M4."""
    lab.run("kubectl create configmap settings --from-literal=colour=blue --from-literal=size=big")
    mounts = "[{name: v, mountPath: /etc/settings}, {name: v, mountPath: /etc/colour, subPath: colour}]"
    lab.run("kubectl apply -f -", two_containers("configMap: {name: settings}", first="sleep 3600", mounts=mounts))
    lab.wait(15)
    lab.run('kubectl patch configmap settings -p \'{"data": {"colour": "red"}}\'')
    lab.wait(0.1)
    assert lab.run("kubectl exec duo -c a -- cat /etc/settings/colour").strip() == "blue"
    lab.wait(61)
    assert lab.run("kubectl exec duo -c a -- cat /etc/settings/colour").strip() == "red"
    assert lab.run("kubectl exec duo -c a -- cat /etc/colour").strip() == "blue"
    assert lab.value("pod duo", "{.status.containerStatuses[0].restartCount}") == "0"
    lab.fault("kill-process", "default/duo/a")
    lab.wait(15)
    assert lab.run("kubectl exec duo -c a -- cat /etc/colour").strip() == "red"
    assert "Read-only file system" in lab.failure("kubectl exec duo -c a -- sh -c 'echo x > /etc/settings/colour'")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("configMap: {name: none}", 'configmap "none" not found', id="no ConfigMap"),
        pytest.param("secret: {secretName: none}", 'secret "none" not found', id="no Secret"),
        pytest.param(
            "configMap: {name: there, items: [{key: b, path: b}]}", "references non-existent config key: b", id="no key"
        ),
        pytest.param("projected: {sources: [{secret: {name: none}}]}", 'secret "none" not found', id="projected"),
    ],
)
def test_a_missing_source_holds_the_pod_until_it_comes(lab: Any, source: str, said: str) -> None:
    lab.run("kubectl create configmap there --from-literal=a=1")
    lab.run("kubectl apply -f -", two_containers(source, first="sleep 3600"))
    lab.wait(5)
    assert lab.column("kubectl get pods", "STATUS") == ["ContainerCreating"]
    assert f'FailedMount: MountVolume.SetUp failed for volume "v" : {said}' in events(lab, "duo")


def test_an_optional_source_may_be_missing(lab: Any) -> None:
    lab.run("kubectl apply -f -", two_containers("configMap: {name: none, optional: true}", first="sleep 3600"))
    lab.wait(15)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]


def test_several_sources_are_projected_into_one_directory(lab: Any) -> None:
    lab.run("kubectl create configmap settings --from-literal=colour=blue")
    lab.run("kubectl create secret generic keys --from-literal=token=s3cret")
    sources = (
        "projected: {sources: [{configMap: {name: settings, items: [{key: colour, path: conf/colour}]}}, {secret: {name: keys}}, "
        "{downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: name, fieldRef: {fieldPath: metadata.name}}]}}]}"
    )
    lab.run("kubectl apply -f -", two_containers(sources, first="sleep 3600"))
    lab.wait(15)
    shown = [
        lab.run(f"kubectl exec duo -c a -- cat /data/{name}").strip()
        for name in ("conf/colour", "token", "labels", "name")
    ]
    assert shown == ["blue", "s3cret", 'app="duo"', "duo"]


def test_an_ephemeral_volume_has_a_claim_of_its_own_that_goes_with_the_pod(lab: Any) -> None:
    template = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}"
    lab.run("kubectl apply -f -", two_containers(template, first="echo 1 > /data/a; sleep 3600"))
    lab.wait(20)
    assert lab.column("kubectl get pvc", "NAME") == ["duo-v"]
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"]
    assert lab.value("pvc duo-v", "{.metadata.ownerReferences[0].name}") == "duo"
    lab.run("kubectl delete pod duo")
    lab.wait(20)
    assert lab.run("kubectl get pvc,pv") == ""


def test_a_sidecar_brings_the_content_that_the_server_serves(lab: Any) -> None:
    """D34: the synchroniser writes, the web server answers with what is there now."""
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: site, labels: {app: site}}\nspec:\n  containers:\n"
        "  - {name: web, image: 'nginx:1.27', volumeMounts: [{name: html, mountPath: /usr/share/nginx/html, readOnly: true}]}\n"
        "  - {name: sync, image: 'busybox:1.36', command: [sh, -c, 'echo version one > /repo/index.html; sleep 3600'], "
        "volumeMounts: [{name: html, mountPath: /repo}]}\n"
        "  volumes: [{name: html, emptyDir: {}}]\n",
    )
    lab.run("kubectl run jump --image=curlimages/curl --command -- sleep 3600")
    lab.wait(20)
    address = lab.value("pod site", "{.status.podIP}")
    assert lab.run(f"kubectl exec jump -- curl -s http://{address}/") == "version one\n"
    lab.run("kubectl exec site -c sync -- sh -c 'echo version two > /repo/index.html'")
    assert lab.run(f"kubectl exec jump -- curl -s http://{address}/") == "version two\n"


# Raw devices and what containers write beside volumes


def test_a_raw_device_is_a_file_that_keeps_its_bytes(cloud: Any) -> None:
    lab = cloud("aws")
    raw = pod().replace(
        "volumeMounts: [{name: files, mountPath: /data}]", "volumeDevices: [{name: files, devicePath: /dev/xvda}]"
    )
    lab.run("kubectl apply -f -", claim(volumeMode="Block") + raw)
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]
    lab.run("kubectl exec web -- sh -c 'echo bytes > /dev/xvda'")
    lab.run("kubectl delete pod web")
    lab.wait(20)
    lab.run("kubectl apply -f -", raw.replace("name: web", "name: next"))
    lab.wait(20)
    assert lab.run("kubectl exec next -- cat /dev/xvda") == "bytes\n"


def test_a_raw_device_cannot_be_mounted_as_a_directory(cloud: Any) -> None:
    lab = cloud("aws")
    lab.run("kubectl apply -f -", claim(volumeMode="Block") + pod())
    lab.wait(150)
    assert events(lab, "web")[-1] == (
        "FailedMount: Unable to attach or mount volumes: unmounted volumes=[files], unattached volumes=[], failed to process "
        "volumes=[files]: volume files has volumeMode Block, but is specified in volumeMounts"
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        pytest.param(
            "{ephemeral-storage: 1Ki}",
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ",
            id="pod",
        ),
    ],
)
def test_a_pod_that_writes_more_than_its_limit_is_evicted(lab: Any, limits: str, message: str) -> None:
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec:\n  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - {{name: c, image: 'busybox:1.36', command: [sleep, '3600'], resources: {{limits: {limits}}}}}\n",
    )
    lab.wait(15)
    lab.run(f"kubectl exec big -- sh -c 'echo {'x' * 1500} > /tmp/big'")
    lab.wait(12)
    assert lab.value("pod big", "{.status.phase} {.status.reason}") == "Failed Evicted"
    assert lab.value("pod big", "{.status.message}") == message


def test_one_container_of_several_may_be_the_cause(lab: Any) -> None:
    two = (
        two_containers("emptyDir: {}", first="sleep 3600")
        .replace(
            "{name: a, image: 'busybox:1.36'",
            "{name: a, resources: {limits: {ephemeral-storage: 1Ki}}, image: 'busybox:1.36'",
        )
        .replace(
            "{name: b, image: 'busybox:1.36'",
            "{name: b, resources: {limits: {ephemeral-storage: 1Mi}}, image: 'busybox:1.36'",
        )
    )
    lab.run("kubectl apply -f -", two)
    lab.wait(15)
    lab.run(f"kubectl exec duo -c a -- sh -c 'echo {'x' * 1500} > /tmp/big'")
    lab.wait(12)
    assert lab.value("pod duo", "{.status.message}") == 'Container a exceeded its local ephemeral storage limit "1Ki". '


def test_ephemeral_storage_is_part_of_what_a_node_has_to_give(make_lab: Any) -> None:
    lab = make_lab(workers=1)
    node = next(name for name in lab.column("kubectl get nodes", "NAME") if "worker" in name)
    assert lab.value(f"node {node}", "{.status.capacity.ephemeral-storage}") == "61255492Ki"
    lab.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec:\n  containers:\n"
        "  - {name: c, image: 'nginx:1.27', resources: {requests: {ephemeral-storage: 100Gi}}}\n",
    )
    lab.wait(3)
    assert "1 Insufficient ephemeral-storage" in events(lab, "big")[0]
