"""Group A: several machines of the control plane: etcd's members, leader election by Lease, partitions."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster


def leader_of(lab: Any, component: str) -> str:
    holder = lab.value(f"lease {component} -n kube-system", "{.spec.holderIdentity}")
    return str(re.sub(r"_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", "", holder))


def etcdctl(lab: Any, words: str, node: str = "book-control-plane") -> dict[str, Any]:
    return dict(lab.reply(f"kubectl exec -n kube-system etcd-{node} -- etcdctl {words}"))


@pytest.fixture
def three(make_lab: Callable[..., Any]) -> Any:
    return make_lab(control_planes=3)


def test_the_scheduler_and_the_controller_manager_hold_a_lease_that_is_renewed(lab: Any) -> None:
    lease = "{.spec.leaseDurationSeconds} {.spec.leaseTransitions}"
    for component in ("kube-scheduler", "kube-controller-manager"):
        assert leader_of(lab, component) == "book-control-plane"
        assert lab.value(f"lease {component} -n kube-system", lease) == "15 0"
    first = lab.value("lease kube-scheduler -n kube-system", "{.spec.renewTime}")
    revision = lab.cluster.revision
    lab.wait(2)
    assert lab.value("lease kube-scheduler -n kube-system", "{.spec.renewTime}") > first
    assert lab.cluster.revision == revision, "renewals of a healthy leader are worked out, not written"


UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.parametrize(
    ("lease", "source"),
    [
        pytest.param("kube-scheduler", "default-scheduler", id="the scheduler, by its first profile"),
        pytest.param("kube-controller-manager", "kube-controller-manager", id="the controller manager"),
    ],
)
def test_the_first_leaders_of_a_cluster_say_so(three: Any, lease: str, source: str) -> None:
    holder = three.value(f"lease {lease} -n kube-system", "{.spec.holderIdentity}")
    wanted = f"--field-selector involvedObject.name={lease},reason=LeaderElection"
    told = three.run(
        f"kubectl get events -n kube-system {wanted} -o jsonpath='{{.items[*].source.component}}|{{.items[*].message}}'"
    )
    assert told == f"{source}|{holder} became leader"


def test_another_instance_takes_over_once_the_lease_has_run_out(three: Any) -> None:
    before = leader_of(three, "kube-scheduler")
    three.fault("component-stop", f"kube-scheduler@{before}")
    three.run("kubectl run waits --image=nginx:1.27")
    three.wait(12)
    assert three.value("pod waits", "{.spec.nodeName}") == ""
    three.wait(6)
    after = leader_of(three, "kube-scheduler")
    assert after not in ("", before)
    assert three.value("lease kube-scheduler -n kube-system", "{.spec.leaseTransitions}") == "1"
    said = three.run("kubectl events -n kube-system --for lease/kube-scheduler --no-headers").splitlines()
    holder = three.value("lease kube-scheduler -n kube-system", "{.spec.holderIdentity}")
    assert [line.split(None, 4)[1:4] for line in said] == [["Normal", "LeaderElection", "Lease/kube-scheduler"]] * 2
    first, second = (line.split(None, 4)[4] for line in said)
    assert re.fullmatch(rf"{before}_{UUID} became leader", first)
    assert second == f"{holder} became leader"
    three.wait(10)
    assert three.value("pod waits", "{.status.phase}") == "Running"


def test_etcdctl_lists_a_member_for_each_control_plane_node(three: Any) -> None:
    listed = etcdctl(three, "member list")["stdout"].splitlines()
    assert len(listed) == 3
    assert re.fullmatch(
        r"[0-9a-f]{15,16}, started, book-control-plane, https://[\d.]+:2380, https://[\d.]+:2379, false", listed[0]
    )
    table = etcdctl(three, "endpoint status --cluster -w table")["stdout"].splitlines()
    assert re.fullmatch(
        r"\| +ENDPOINT +\| +ID +\| VERSION \| DB SIZE \| IS LEADER \| IS LEARNER \| RAFT TERM \| RAFT INDEX "
        r"\| RAFT APPLIED INDEX \| ERRORS \|",
        table[1],
    )
    assert [row.split("|")[5].strip() for row in table[3:-1]] == ["true", "false", "false"]
    assert table[0] == table[2] == table[-1]


def test_the_leader_flag_and_the_term_move_when_the_leader_dies(three: Any) -> None:
    three.fault("component-stop", "etcd@book-control-plane")
    three.wait(5)
    told = etcdctl(three, "endpoint status --cluster", "book-control-plane2")
    rows = [row.split(", ") for row in told["stdout"].splitlines()]
    assert [row[4] for row in rows].count("true") == 1
    assert {row[6] for row in rows} == {"2"}
    assert re.search(
        r"Failed to get the status of endpoint https://[\d.]+:2379 \(context deadline exceeded\)", told["stderr"]
    )
    health = etcdctl(three, "endpoint health --cluster", "book-control-plane2")
    assert health["stdout"].count("is healthy: successfully committed proposal: took = ") == 2
    assert health["stderr"].endswith("Error: unhealthy cluster\n") or "unhealthy cluster" in health["stderr"]


def test_leadership_can_be_moved_and_members_taken_away(three: Any) -> None:
    ids = [row.split(", ")[0] for row in etcdctl(three, "member list")["stdout"].splitlines()]
    assert etcdctl(three, f"move-leader {ids[1]}")["stdout"] == f"Leadership transferred from {ids[0]} to {ids[1]}\n"
    assert three.cluster.etcd.leader == "book-control-plane2"
    assert "removed from cluster" in etcdctl(three, f"member remove {ids[2]}")["stdout"]
    assert len(etcdctl(three, "member list")["stdout"].splitlines()) == 2
    assert three.cluster.etcd.majority == 2


def test_a_partition_moves_every_leader_to_the_majority_and_pods_go_on(three: Any) -> None:
    three.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    three.wait(20)
    three.fault("control-plane-partition", "book-control-plane")
    three.wait(30)
    assert three.run("kubectl create configmap goes-on") == "configmap/goes-on created\n"
    assert three.cluster.etcd.leader != "book-control-plane"
    assert leader_of(three, "kube-scheduler") != "book-control-plane"
    three.run("kubectl scale deployment web --replicas=3")
    three.wait(20)
    assert three.value("deployment web", "{.status.readyReplicas}") == "3"
    three.fault("control-plane-heal", "all")
    three.wait(5)
    status = etcdctl(three, "endpoint status --cluster")["stdout"].splitlines()
    assert len({row.split(", ")[7] for row in status}) == 1, "the one that was cut off has caught up"


def test_kubectl_goes_on_while_one_api_server_is_down(three: Any) -> None:
    three.fault("component-stop", "kube-apiserver@book-control-plane")
    assert three.run("kubectl get nodes -o name").count("node/") == 5
    assert three.run("kubectl create configmap c") == "configmap/c created\n"


def test_without_a_majority_reads_fail_too_and_say_why(three: Any) -> None:
    for node in ("book-control-plane", "book-control-plane2"):
        three.fault("component-stop", f"etcd@{node}")
    three.wait(5)
    assert "etcdserver: request timed out" in three.refusal("kubectl get pods")


def test_an_idle_control_plane_of_five_costs_nothing(make_lab: Callable[..., Any]) -> None:
    lab = make_lab(control_planes=5)
    lab.wait(300)
    tickets, revision = lab.cluster.engine.tickets, lab.cluster.revision
    lab.wait(3_000)
    assert lab.cluster.engine.tickets - tickets < 10
    assert lab.cluster.revision == revision


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(
        st.one_of(
            st.tuples(
                st.sampled_from(("component-stop", "component-start")),
                st.sampled_from(("etcd", "kube-scheduler", "kube-controller-manager", "kube-apiserver")),
                st.sampled_from(("", "2", "3")),
            ),
            st.tuples(
                st.sampled_from(("control-plane-partition", "control-plane-heal")),
                st.just(""),
                st.sampled_from(("", "2")),
            ),
            st.tuples(st.just("wait"), st.just(""), st.sampled_from(("1", "9", "40"))),
        ),
        max_size=8,
    ),
    cut=st.integers(0, 8),
)
def test_elections_have_the_same_future_after_a_restore(history: list[tuple[str, str, str]], cut: int) -> None:
    straight = Cluster.create({"name": "book", "nodes": [{"role": "control-plane", "count": 3}, {"role": "worker"}]})
    restored: Cluster | None = None
    for number, (deed, component, which) in enumerate([*history, ("wait", "", "40")]):
        if number == min(cut, len(history)):
            restored = Cluster.load(straight.dump())
        for one in filter(None, (straight, restored)):
            if deed == "wait":
                until = one.now + int(which) * 1_000_000
                while not one.advance(until):
                    continue
            else:
                node = f"book-control-plane{which}"
                one.apply({"kind": "fault", "fault": deed, "target": f"{component}@{node}" if component else node})
    assert restored is not None
    assert restored.state_hash() == straight.state_hash()


def test_component_statuses_are_deprecated_and_still_tell_who_is_down(lab: Any) -> None:
    reply = lab.reply("kubectl get componentstatuses")
    assert reply["stderr"] == "Warning: v1 ComponentStatus is deprecated in v1.19+\n"
    rows = [line.split() for line in reply["stdout"].splitlines()]
    assert rows == [
        ["NAME", "STATUS", "MESSAGE", "ERROR"],
        ["controller-manager", "Healthy", "ok"],
        ["etcd-0", "Healthy", "ok"],
        ["scheduler", "Healthy", "ok"],
    ]
    lab.fault("component-stop", "kube-scheduler")
    assert lab.column("kubectl get cs scheduler", "MESSAGE") == [
        'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: connection refused'
    ]
