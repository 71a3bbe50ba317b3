"""Group L: volumes and the claims that get them, and the classes they name."""

import re
from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.concepts.storage_builders import claim, events, pod, volume

# Volumes and claims


def test_a_volume_is_available_bound_released_and_back_by_hand(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk"))
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Bound"]
    lab.run("kubectl delete pvc data")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Released"]
    lab.run("""kubectl patch pv disk --type=json -p '[{"op": "remove", "path": "/spec/claimRef"}]'""")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]


def test_a_volume_that_nobody_can_delete_fails_and_says_why(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk", policy="Delete", hostPath="{path: /srv/disk}"))
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.wait(1)
    lab.run("kubectl delete pvc data")
    lab.wait(1)
    assert lab.column("kubectl get pv", "STATUS") == ["Failed"]
    assert events(lab, "disk") == [
        "VolumeFailedDelete: host_path deleter only supports /tmp/.+ but received provided /srv/disk"
    ]


def test_a_recycled_volume_is_empty_for_the_next_claim(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk", policy="Recycle"))
    lab.run("kubectl apply -f -", claim(storageClassName="manual"))
    lab.run("kubectl apply -f -", pod(script="echo mine > /data/a; sleep 3600"))
    lab.wait(15)
    assert lab.run("kubectl exec web -- cat /data/a") == "mine\n"
    lab.run("kubectl delete pod web")
    lab.run("kubectl delete pvc data")
    lab.wait(20)
    assert lab.column("kubectl get pv", "STATUS") == ["Available"]
    assert events(lab, "disk") == ["VolumeRecycled: Volume recycled"]


@pytest.mark.parametrize(
    ("volumes", "asks", "wanted"),
    [
        pytest.param(
            volume("big", "10Gi") + volume("small", "2Gi"),
            claim(storageClassName="manual"),
            "small",
            id="the smallest that fits",
        ),
        pytest.param(volume("a", "1Gi"), claim(size="2Gi", storageClassName="manual"), "", id="too small"),
        pytest.param(volume("a"), claim(mode="ReadWriteMany", storageClassName="manual"), "", id="another mode"),
        pytest.param(volume("a"), claim(storageClassName="other"), "", id="another class"),
        pytest.param(
            volume("a") + volume("b"),
            claim(storageClassName="manual", selector="{matchLabels: {pv: b}}"),
            "b",
            id="a selector",
        ),
        pytest.param(volume("a"), claim(storageClassName="manual", volumeMode="Block"), "", id="another volume mode"),
        pytest.param(
            volume("a") + volume("z", "5Gi", claimRef="{namespace: default, name: data}"),
            claim(storageClassName="manual"),
            "z",
            id="one that is reserved for it",
        ),
        pytest.param(
            volume("a") + volume("b"), claim(storageClassName="manual", volumeName="b"), "b", id="one that it names"
        ),
    ],
)
def test_a_claim_gets_the_volume_that_fits(lab: Any, volumes: str, asks: str, wanted: str) -> None:
    lab.run("kubectl apply -f -", volumes)
    lab.wait(1)
    lab.run("kubectl apply -f -", asks)
    lab.wait(2)
    assert lab.value("pvc data", "{.spec.volumeName}") == wanted
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound" if wanted else "Pending"]


def test_a_claim_without_class_says_that_nothing_fits(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(storageClassName='""'))
    lab.wait(2)
    assert events(lab, "data") == [
        "FailedBinding: no persistent volumes available for this claim and no storage class is set"
    ]
    assert lab.column("kubectl get pvc", "STATUS") == ["Pending"]


def test_one_volume_is_bound_to_one_claim_only(lab: Any) -> None:
    """L11 within the cluster: two claims for one volume, one of them goes without."""
    lab.run("kubectl apply -f -", volume("only"))
    lab.run("kubectl apply -f -", claim("one", storageClassName="manual") + claim("two", storageClassName="manual"))
    lab.wait(3)
    assert sorted(lab.column("kubectl get pvc", "STATUS")) == ["Bound", "Pending"]


def test_a_claim_whose_volume_is_gone_is_lost(lab: Any) -> None:
    lab.run("kubectl apply -f -", volume("disk") + claim(storageClassName="manual"))
    lab.wait(2)
    lab.run("kubectl delete pv disk --wait=false")
    lab.run("""kubectl patch pv disk -p '{"metadata": {"finalizers": null}}'""")
    lab.wait(2)
    assert lab.column("kubectl get pvc", "STATUS") == ["Lost"]
    assert (
        events(lab, "data")[-1] == "ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    )


# Classes


def test_a_claim_without_a_word_takes_the_default_class(lab: Any) -> None:
    assert lab.column("kubectl get sc", "NAME") == ["standard (default)"]
    lab.run("kubectl apply -f -", claim())
    assert lab.value("pvc data", "{.spec.storageClassName}") == "standard"
    described = lab.run("kubectl describe sc standard")
    assert re.search(r"^IsDefaultClass: +Yes$", described, re.MULTILINE)
    assert re.search(r"^VolumeBindingMode: +WaitForFirstConsumer$", described, re.MULTILINE)


def test_a_class_that_becomes_default_later_is_given_to_those_that_wait(lab: Any) -> None:
    mark = "storageclass.kubernetes.io/is-default-class"
    lab.run(f"kubectl annotate sc standard {mark}-")
    lab.run("kubectl apply -f -", claim())
    lab.wait(1)
    assert lab.value("pvc data", "{.spec.storageClassName}") == ""
    lab.run(f"kubectl annotate sc standard {mark}=true")
    lab.wait(1)
    assert lab.value("pvc data", "{.spec.storageClassName}") == "standard"


def test_an_unknown_class_is_named(lab: Any) -> None:
    lab.run("kubectl apply -f -", claim(storageClassName="fast"))
    lab.wait(1)
    assert events(lab, "data") == ['ProvisioningFailed: storageclass.storage.k8s.io "fast" not found']


@pytest.mark.parametrize(
    ("config", "classes"),
    [
        pytest.param(
            {"flavour": "kind"}, [("standard (default)", "rancher.io/local-path", "WaitForFirstConsumer")], id="kind"
        ),
        pytest.param({"flavour": "desktop"}, [("hostpath (default)", "docker.io/hostpath", "Immediate")], id="desktop"),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "aws"}},
            [("gp3 (default)", "ebs.csi.aws.com", "WaitForFirstConsumer")],
            id="aws",
        ),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "google"}},
            [
                ("premium-rwo", "pd.csi.storage.gke.io", "WaitForFirstConsumer"),
                ("standard-rwo (default)", "pd.csi.storage.gke.io", "WaitForFirstConsumer"),
            ],
            id="google",
        ),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "linode"}},
            [
                ("linode-block-storage", "linodebs.csi.linode.com", "Immediate"),
                ("linode-block-storage-retain (default)", "linodebs.csi.linode.com", "Immediate"),
            ],
            id="linode",
        ),
    ],
)
def test_every_flavour_has_the_classes_of_its_driver(
    lab: Any, config: dict[str, Any], classes: list[tuple[str, ...]]
) -> None:
    made = type(lab)(Cluster.create(config))
    columns = [made.column("kubectl get sc", name) for name in ("NAME", "PROVISIONER", "VOLUMEBINDINGMODE")]
    assert list(zip(*columns, strict=True)) == classes


# Quota


def test_a_quota_counts_claims_and_what_they_ask_for(lab: Any) -> None:
    lab.run("kubectl create quota space --hard=persistentvolumeclaims=2,requests.storage=3Gi")
    lab.wait(1)
    lab.run("kubectl apply -f -", claim("one", "2Gi"))
    said = lab.refusal("kubectl apply -f -", claim("two", "2Gi"))
    assert (
        "exceeded quota: space, requested: requests.storage=2Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi"
        in said
    )
    lab.run("kubectl apply -f -", claim("two", "1Gi"))
    assert "exceeded quota: space, requested: persistentvolumeclaims=1" in lab.refusal(
        "kubectl apply -f -", claim("three", "1")
    )


# Flavours


@pytest.mark.parametrize(
    ("config", "storage_class", "has_address", "zones"),
    [
        pytest.param({"flavour": "kind"}, "standard", False, [""], id="kind"),
        pytest.param(
            {"flavour": "cloud", "cloud": {"provider": "aws"}, "nodeGroups": [{"size": 3}]},
            "gp3",
            True,
            ["us-east-2a", "us-east-2b", "us-east-2c"],
            id="cloud",
        ),
    ],
)
def test_a_cluster_shows_where_it_was_got(
    lab: Any, config: dict[str, Any], storage_class: str, has_address: bool, zones: list[str]
) -> None:
    """A30: storage class, external address and zone labels tell a laptop from a cloud."""
    made = type(lab)(Cluster.create({"name": "book", **config}))
    assert made.column("kubectl get sc", "NAME") == [f"{storage_class} (default)"]
    made.run("kubectl create deployment web --image=nginx:1.27")
    made.run("kubectl expose deployment web --port=80 --type=LoadBalancer")
    made.wait(120)
    address = made.value("svc web", "{.status.loadBalancer.ingress[0]}")
    assert bool(address) is has_address
    shown = made.column("kubectl get nodes -L topology.kubernetes.io/zone", "ZONE")
    assert sorted(set(shown)) == zones
