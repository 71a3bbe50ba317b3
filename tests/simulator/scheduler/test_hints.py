"""Who is tried again after what: the `isSchedulableAfter…` tests beside each plugin in `pkg/scheduler/framework/plugins/`."""

from typing import Any

import pytest

from simulator.scheduler.hints import node_may_help, pod_may_help, storage_may_help
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo, pod_info
from tests.proof.follows import follows

World = Any
Obj = dict[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SPREAD, AFFINITY = "PodTopologySpread", "InterPodAffinity"


def info(labels: Obj | None = None, namespace: str = "default", claims: tuple[str, ...] = (), **spec: Any) -> PodInfo:
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    metadata = {"name": "p", "namespace": namespace, "labels": labels or {}}
    return pod_info({"metadata": metadata, "spec": {"containers": [{"name": "c"}], "volumes": volumes, **spec}})


def cpu(amount: str) -> PodInfo:
    return info(containers=[{"name": "c", "resources": {"requests": {"cpu": amount}}}])


def node(labels: Obj | None = None, amount: str = "2", *pods: PodInfo, **spec: Any) -> NodeInfo:
    status = {"allocatable": {"cpu": amount, "pods": "10"}}
    found = NodeInfo({"metadata": {"name": "n", "labels": labels or {}}, "spec": spec, "status": status})
    for number, pod in enumerate(pods):
        found.add(str(number), pod)
    return found


def term(labels: Obj, key: str = "zone") -> Obj:
    return {"topologyKey": key, "labelSelector": {"matchLabels": labels}}


def constraint(labels: Obj, key: str = "zone", **more: Any) -> Obj:
    return {
        "topologyKey": key,
        "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
        **more,
    }


A, B = {"app": "a"}, {"app": "b"}
NEAR = info(A, affinity={"podAffinity": {REQUIRED: [term(B)]}})
AWAY = info(A, affinity={"podAntiAffinity": {REQUIRED: [term(B)]}})
EVEN = info(A, topologySpreadConstraints=[constraint(A)])
TWO_WAYS = info(A, topologySpreadConstraints=[constraint(A), constraint(B, "rack")])
HERMIT = info(B, affinity={"podAntiAffinity": {REQUIRED: [term(A)]}})

PODS: list[Any] = [
    pytest.param(AFFINITY, NEAR, None, info(B), True, id="the company it waits for came"),
    pytest.param(AFFINITY, NEAR, None, info(A), False, id="other company came"),
    pytest.param(AFFINITY, NEAR, info(A), info(B), True, id="a pod became such company"),
    pytest.param(AFFINITY, NEAR, info(B), info({**B, "x": "y"}), False, id="company changed what does not matter"),
    pytest.param(AFFINITY, NEAR, info(B), None, False, id="company went"),
    pytest.param(AFFINITY, AWAY, info(B), None, True, id="whom it avoids went"),
    pytest.param(AFFINITY, AWAY, info(A), None, False, id="whom it does not mind went"),
    pytest.param(AFFINITY, AWAY, info(B), info(A), True, id="whom it avoids became somebody else"),
    pytest.param(AFFINITY, AWAY, info(A), info(B), False, id="somebody became whom it avoids"),
    pytest.param(AFFINITY, AWAY, None, info(B), False, id="whom it avoids came"),
    pytest.param(AFFINITY, info(A), HERMIT, None, True, id="who kept it away went"),
    pytest.param(AFFINITY, info({}), HERMIT, None, False, id="who kept others away went"),
    pytest.param(SPREAD, EVEN, None, info(A), True, id="one of its kind came"),
    pytest.param(SPREAD, EVEN, None, info(B), False, id="one of another kind came"),
    pytest.param(SPREAD, EVEN, None, info(A, "other"), False, id="one of another namespace came"),
    pytest.param(SPREAD, EVEN, info(A), None, True, id="one of its kind went"),
    pytest.param(SPREAD, EVEN, info(B), None, False, id="one of another kind went"),
    pytest.param(SPREAD, EVEN, info(A), info(B), True, id="one of its kind became another"),
    pytest.param(SPREAD, EVEN, info(A), info({**A, "x": "y"}), False, id="a label that does not matter"),
    pytest.param(SPREAD, TWO_WAYS, None, info(A), False, id="a pod that counts for one of two constraints came"),
    pytest.param(SPREAD, TWO_WAYS, info(A), info({}), True, id="a pod that counted for one of two changed"),
    pytest.param(
        "VolumeRestrictions", info(claims=("d",)), info(claims=("d",)), None, True, id="who had its claim went"
    ),
    pytest.param(
        "VolumeRestrictions", info(claims=("d",)), info(claims=("e",)), None, False, id="who had another claim"
    ),
    pytest.param(
        "VolumeRestrictions",
        info(claims=("d",)),
        info(namespace="x", claims=("d",)),
        None,
        False,
        id="a claim elsewhere",
    ),
    pytest.param(
        "VolumeRestrictions", info(claims=("d",)), None, info(claims=("d",)), False, id="who has its claim came"
    ),
    pytest.param(
        "NodeVolumeLimits", info(claims=("d",)), info(claims=("e",)), None, True, id="somebody with a disk went"
    ),
    pytest.param("NodeVolumeLimits", info(claims=("d",)), info(), None, False, id="somebody without a disk went"),
    pytest.param("VolumeBinding", info(claims=("d",)), info(claims=("d",)), None, False, id="pods do not bind claims"),
]


@follows("InterPodAffinity", "pkg/scheduler/framework/plugins/interpodaffinity/plugin.go: isSchedulableAfterPodChange")
@follows(
    "PodTopologySpread", "pkg/scheduler/framework/plugins/podtopologyspread/plugin.go: isSchedulableAfterPodChange"
)
@follows(
    "VolumeRestrictions",
    "pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go: isSchedulableAfterPodDeleted",
)
@follows("NodeVolumeLimits", "pkg/scheduler/framework/plugins/nodevolumelimits/csi.go: isSchedulableAfterPodDeleted")
@pytest.mark.parametrize(("plugin", "pod", "old", "new", "wanted"), PODS)
def test_after_a_pod(plugin: str, pod: PodInfo, old: PodInfo | None, new: PodInfo | None, wanted: bool) -> None:
    assert pod_may_help(plugin, pod, old, new, node()) == wanted


@follows("NodeResourcesFit", "pkg/scheduler/framework/plugins/noderesources/fit.go: isSchedulableAfterPodEvent")
@pytest.mark.parametrize(
    ("old", "new", "here", "wanted"),
    [
        (cpu("1"), None, node(), True),
        (cpu("1"), None, node(None, "2", cpu("1.5")), False),
        (None, cpu("1"), node(), False),
        (cpu("2"), cpu("1"), node(None, "2", cpu("1")), True),
    ],
    ids=["it went and left room", "it went and left too little", "it came", "it became smaller"],
)
def test_room_on_a_node(old: PodInfo | None, new: PodInfo | None, here: NodeInfo, wanted: bool) -> None:
    assert pod_may_help("NodeResourcesFit", cpu("1"), old, new, here) == wanted


ZONE = {"zone": "z1"}
TAINTED: Any = {"taints": [{"key": "k", "effect": "NoSchedule"}]}
SELECTS = info(nodeSelector={"disk": "ssd"})
NODES: list[Any] = [
    pytest.param("NodeResourcesFit", cpu("2"), None, node(), True, id="a node that is large enough came"),
    pytest.param("NodeResourcesFit", cpu("4"), None, node(), False, id="a node that is too small came"),
    pytest.param("NodeResourcesFit", cpu("3"), node(), node(None, "4"), True, id="a node grew enough"),
    pytest.param("NodeResourcesFit", cpu("5"), node(), node(None, "4"), False, id="a node grew too little"),
    pytest.param("NodeResourcesFit", cpu("1"), node(), node(ZONE), False, id="only labels changed"),
    pytest.param("NodeAffinity", SELECTS, None, node({"disk": "ssd"}), True, id="a node with the label came"),
    pytest.param("NodeAffinity", SELECTS, None, node(), False, id="a node without the label came"),
    pytest.param("NodeAffinity", SELECTS, node(), node({"disk": "ssd"}), True, id="a node got the label"),
    pytest.param(
        "NodeAffinity", SELECTS, node({"disk": "ssd"}), node({"disk": "ssd", **ZONE}), False, id="a node had it before"
    ),
    pytest.param("TaintToleration", info(), None, node(), True, id="a node without a taint came"),
    pytest.param("TaintToleration", info(), None, node(**TAINTED), False, id="a node with a taint came"),
    pytest.param("TaintToleration", info(), node(**TAINTED), node(), True, id="the taint was taken away"),
    pytest.param("TaintToleration", info(), node(), node(**TAINTED), False, id="a taint was put on"),
    pytest.param("TaintToleration", info(), node(), node(ZONE), False, id="there was no taint before either"),
    pytest.param("NodeUnschedulable", info(), node(unschedulable=True), node(), True, id="uncordoned"),
    pytest.param("NodeUnschedulable", info(), None, node(unschedulable=True), False, id="a cordoned node came"),
    pytest.param(AFFINITY, NEAR, None, node(ZONE), True, id="a node in some zone came"),
    pytest.param(AFFINITY, NEAR, None, node({"rack": "r"}), False, id="a node in no zone came"),
    pytest.param(AFFINITY, AWAY, node(), node(ZONE), True, id="a node came into a zone"),
    pytest.param(AFFINITY, AWAY, node(ZONE), node({**ZONE, "x": "y"}), False, id="a node stayed in its zone"),
    pytest.param(AFFINITY, info(A), None, node(), True, id="others kept it away, and a node came"),
    pytest.param(SPREAD, EVEN, None, node(ZONE), True, id="a node that counts came"),
    pytest.param(SPREAD, EVEN, None, node(), False, id="a node that does not count came"),
    pytest.param(SPREAD, EVEN, node(ZONE), None, True, id="a node that counted went"),
    pytest.param(SPREAD, EVEN, node(), None, False, id="a node that did not count went"),
    pytest.param(SPREAD, EVEN, node(ZONE), node({"zone": "z2"}), True, id="a node moved to another zone"),
    pytest.param(SPREAD, EVEN, node(ZONE), node(), True, id="a node lost its zone"),
    pytest.param(SPREAD, EVEN, node(ZONE), node(ZONE, **TAINTED), True, id="a node that counts got a taint"),
    pytest.param(SPREAD, EVEN, node(ZONE), node({**ZONE, "x": "y"}), False, id="a label that is no topology"),
    pytest.param(SPREAD, TWO_WAYS, None, node(ZONE), False, id="a node with one of two labels came"),
    pytest.param("NodeResourcesFit", cpu("1"), node(), None, False, id="a node went"),
    pytest.param("VolumeBinding", info(claims=("d",)), None, node(), True, id="volumes: a node came"),
    pytest.param("VolumeBinding", info(claims=("d",)), node(), node(ZONE), True, id="volumes: labels changed"),
    pytest.param("VolumeBinding", info(claims=("d",)), node(), node(None, "4"), False, id="volumes: it grew"),
    pytest.param("VolumeRestrictions", info(claims=("d",)), node(), node(ZONE), False, id="claims of one pod: labels"),
]


@follows("NodeResourcesFit", "pkg/scheduler/framework/plugins/noderesources/fit.go: isSchedulableAfterNodeChange")
@follows("NodeAffinity", "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go: isSchedulableAfterNodeChange")
@follows(
    "TaintToleration",
    "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go: isSchedulableAfterNodeChange",
)
@follows(
    "NodeUnschedulable",
    "pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go: isSchedulableAfterNodeChange",
)
@follows("InterPodAffinity", "pkg/scheduler/framework/plugins/interpodaffinity/plugin.go: isSchedulableAfterNodeChange")
@follows(
    "PodTopologySpread", "pkg/scheduler/framework/plugins/podtopologyspread/plugin.go: isSchedulableAfterNodeChange"
)
@pytest.mark.parametrize(("plugin", "pod", "old", "new", "wanted"), NODES)
def test_after_a_node(plugin: str, pod: PodInfo, old: NodeInfo | None, new: NodeInfo | None, wanted: bool) -> None:
    assert node_may_help(plugin, pod, old, new) == wanted


def claim(name: str = "d", namespace: str = "default") -> Obj:
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": namespace}}


def volume(**labels: str) -> Obj:
    return {"kind": "PersistentVolume", "metadata": {"name": "v", "labels": labels}}


def storage_class(*zones: str) -> Obj:
    return {"kind": "StorageClass", "metadata": {"name": "c"}, "allowedTopologies": list(zones)}


def csi_node(*drivers: str) -> Obj:
    return {"kind": "CSINode", "metadata": {"name": "n"}, "spec": {"drivers": [{"name": name} for name in drivers]}}


STORAGE: list[Any] = [
    pytest.param("VolumeBinding", None, claim(), True, id="its claim came"),
    pytest.param("VolumeBinding", claim(), claim(), True, id="its claim changed"),
    pytest.param("VolumeBinding", None, claim("e"), False, id="another claim came"),
    pytest.param("VolumeBinding", None, claim(namespace="x"), False, id="a claim of another namespace"),
    pytest.param("VolumeRestrictions", None, claim(), True, id="its claim came, for one pod only"),
    pytest.param("VolumeRestrictions", claim(), claim(), False, id="its claim changed, for one pod only"),
    pytest.param("NodeVolumeLimits", None, claim(), True, id="its claim came, counted"),
    pytest.param("VolumeBinding", None, volume(), True, id="a volume came"),
    pytest.param("VolumeBinding", volume(), None, False, id="a volume went"),
    pytest.param("VolumeZone", volume(), volume(zone="a"), True, id="a volume got a label"),
    pytest.param("VolumeZone", volume(zone="a"), volume(zone="a"), False, id="a volume kept its labels"),
    pytest.param("VolumeBinding", None, storage_class(), True, id="a class came"),
    pytest.param("VolumeBinding", storage_class(), storage_class("a"), True, id="a class allows other places"),
    pytest.param("VolumeBinding", storage_class("a"), storage_class("a"), False, id="a class changed otherwise"),
    pytest.param("VolumeZone", None, storage_class(), True, id="zones: a class came"),
    pytest.param("NodeVolumeLimits", None, csi_node("d"), True, id="a driver is on a node"),
    pytest.param("NodeVolumeLimits", csi_node("d"), csi_node("d"), False, id="no other driver is on a node"),
    pytest.param("NodeResourcesFit", None, claim(), False, id="claims make no room"),
]


@follows("VolumeBinding", "pkg/scheduler/framework/plugins/volumebinding/volume_binding.go: EventsToRegister")
@follows(
    "VolumeRestrictions",
    "pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go: isSchedulableAfterPersistentVolumeClaimAdded",
)
@follows("NodeVolumeLimits", "pkg/scheduler/framework/plugins/nodevolumelimits/csi.go: isSchedulableAfterPVCAdded")
@follows("VolumeZone", "pkg/scheduler/framework/plugins/volumezone/volume_zone.go: EventsToRegister")
@pytest.mark.parametrize(("plugin", "old", "new", "wanted"), STORAGE)
def test_after_storage(plugin: str, old: Obj | None, new: Obj | None, wanted: bool) -> None:
    assert storage_may_help(plugin, info(claims=("d",)), old, new) == wanted


# The whole scheduler


def attempts(world: World, name: str) -> int:
    return sum(count for _, reason, _, count in world.events(name) if reason == "FailedScheduling")


def test_company_that_the_scheduler_places_itself_lets_a_waiting_pod_follow(world: World, pod: Any, node: Any) -> None:
    affinity = {"podAffinity": {REQUIRED: [term({"app": "db"}, "kubernetes.io/hostname")]}}
    world.add(node("a"), node("b"), pod("web", affinity=affinity))
    world.run(30)
    world.add(pod("other"))
    world.run(30)
    assert (world.node_of("web"), attempts(world, "web")) == ("", 1)
    world.add(pod("db", labels={"app": "db"}))
    world.run()
    assert world.node_of("web") == world.node_of("db") != ""


def test_a_pod_that_becomes_smaller_makes_room(world: World, pod: Any, node: Any) -> None:
    world.add(node("a", cpu="2"), pod("large", cpu="2"))
    world.run()
    world.add(pod("next", cpu="1"))
    world.run(30)
    assert world.node_of("next") == ""
    smaller = [{"name": "main", "resources": {"requests": {"cpu": "1"}}}]
    world.client.patch("pods", "default", "large", {"spec": {"containers": smaller}}, subresource="resize")
    world.run()
    assert world.node_of("next") == "a"


def test_a_zone_that_goes_lets_pods_spread_over_the_others(world: World, pod: Any, node: Any) -> None:
    even = [constraint({"app": "web"})]
    world.add(node("a", labels={"zone": "1"}, cpu="4"), node("b", labels={"zone": "2"}, cpu="1", unschedulable=True))
    for number in range(2):
        world.add(pod(f"web-{number}", labels={"app": "web"}, topologySpreadConstraints=even))
        world.run()
    assert [world.node_of(f"web-{number}") for number in range(2)] == ["a", ""]
    world.client.delete("nodes", "", "b")
    world.run()
    assert world.node_of("web-1") == "a"


def test_a_new_label_of_a_namespace_counts_for_the_next_pod(world: World, pod: Any, node: Any) -> None:
    meant = {**term({"app": "db"}, "kubernetes.io/hostname"), "namespaceSelector": {"matchLabels": {"team": "a"}}}
    affinity = {"podAntiAffinity": {REQUIRED: [meant]}}
    world.add(node("a"), pod("db", labels={"app": "db"}))
    world.run()
    world.add(pod("early", affinity=affinity))
    world.run()
    world.client.patch("namespaces", "", "default", {"metadata": {"labels": {"team": "a"}}})
    world.run()
    world.add(pod("late", affinity=affinity), pod("plain", labels={"app": "db"}))
    world.run()
    assert [world.node_of(name) for name in ("early", "late", "plain")] == ["a", "", ""]
