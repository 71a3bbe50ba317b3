"""`kubectl drain` while time passes: refused evictions are tried again, and a deadline ends them."""

import pytest

from simulator.cluster import Cluster
from tests.simulator.kubectl.conftest import Terminal

REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


@pytest.fixture
def guarded(terminal: Terminal) -> Terminal:
    """A pod `web-…` on kind-worker that its budget lets nobody evict."""
    terminal.run("kubectl cordon kind-worker2")
    terminal.run("kubectl create deployment web --image=nginx:1.27")
    terminal.run("kubectl create pdb web --selector=app=web --min-available=1")
    terminal.let_pass(20)
    terminal.run("kubectl uncordon kind-worker2")
    return terminal


def pod_of(terminal: Terminal) -> str:
    return terminal.run("kubectl get pods -o jsonpath='{.items[0].metadata.name}'")


def test_a_refused_eviction_is_tried_again_every_five_seconds_until_the_budget_allows_it(guarded: Terminal) -> None:
    pod = pod_of(guarded)
    begun = guarded.station.run("kubectl drain kind-worker --ignore-daemonsets")
    again = f'error when evicting pods/"{pod}" -n "default" (will retry after 5s): {REFUSED}\n'
    assert begun.stdout == f"node/kind-worker cordoned\nevicting pod default/{pod}\n"
    assert begun.stderr.endswith(again)
    assert begun.follow is not None
    reply = {"token": begun.follow}
    for second in range(1, 12):
        guarded.let_pass(1)
        reply = guarded.station.follow(reply["token"])
        tried = f"evicting pod default/{pod}\n{again}" if second in (5, 10) else ""
        assert (second, reply["stdout"]) == (second, tried)
    guarded.run("kubectl scale deployment web --replicas=2")
    text = ""
    for _ in range(30):
        guarded.let_pass(1)
        reply = guarded.station.follow(reply["token"])
        text += reply["stdout"]
    assert (reply["done"], reply["exit"]) == (True, 0)
    tried = f"evicting pod default/{pod}\n"
    assert text == f"{tried}{again}{tried}pod/{pod} evicted\nnode/kind-worker drained\n"


def test_the_deadline_ends_it_with_what_is_left(guarded: Terminal) -> None:
    pod = pod_of(guarded)
    text, reply = guarded.follow("kubectl drain kind-worker --ignore-daemonsets --timeout=12s")
    late = f'error when evicting pods/"{pod}" -n "default": global timeout reached: 12s'
    assert reply["exit"] == 1
    assert text.endswith(
        f"evicting pod default/{pod}\n"
        f'There are pending pods in node "kind-worker" when an error occurred: {late}\npod/{pod}\n'
        f'error: unable to drain node "kind-worker" due to error: {late}, continuing command...\n'
        f"There are pending nodes to be drained:\n kind-worker\n{late}\n"
    )
    assert text.count("evicting pod default/") == 4


def test_nodes_are_drained_one_after_the_other(with_web: Terminal) -> None:
    text, reply = with_web.follow("kubectl drain kind-worker kind-worker2 --ignore-daemonsets")
    assert (reply["done"], reply["exit"]) == (True, 0)
    first, second = text.index("node/kind-worker drained\n"), text.index("node/kind-worker2 drained\n")
    assert 0 < first < second
    assert text.count(" evicted\n") >= 3


def test_without_eviction_no_budget_is_asked(guarded: Terminal) -> None:
    text, reply = guarded.follow("kubectl drain kind-worker --ignore-daemonsets --disable-eviction")
    assert (text.count(" deleted\n"), "evict" in text, reply["exit"]) == (1, False, 0)


def test_a_pod_that_hangs_may_be_left_behind(terminal: Terminal) -> None:
    terminal.run("kubectl run lone --image=busybox:1.36 --command -- sh -c \"trap '' TERM; sleep 1d\"")
    terminal.let_pass(10)
    node = terminal.run("kubectl get pod lone -o jsonpath='{.spec.nodeName}'")
    terminal.run("kubectl delete pod lone --wait=false --grace-period=600")
    terminal.let_pass(20)
    text, reply = terminal.follow(f"kubectl drain {node} --ignore-daemonsets --force --skip-wait-for-delete-timeout=10")
    assert reply["exit"] == 0
    assert 'pod "lone" has DeletionTimestamp older than 10 seconds, skipping\n' in text


def test_a_drain_in_the_middle_survives_a_dump(guarded: Terminal) -> None:
    begun = guarded.station.run("kubectl drain kind-worker --ignore-daemonsets --timeout=12s")
    guarded.let_pass(7)
    other = Cluster.load(guarded.cluster.dump())
    guarded.let_pass(20)
    while not other.advance(guarded.cluster.now, 1_000_000):
        pass
    assert begun.follow is not None
    assert other.workstation.follow(begun.follow) == guarded.station.follow(begun.follow)
    assert other.state_hash() == guarded.cluster.state_hash()
    assert guarded.station.follow(begun.follow)["done"]


def test_ctrl_c_ends_a_drain(guarded: Terminal) -> None:
    begun = guarded.station.run("kubectl drain kind-worker --ignore-daemonsets")
    assert begun.follow is not None
    guarded.station.signal("INT", begun.follow)
    guarded.let_pass(20)
    ended = guarded.station.follow(begun.follow)
    assert (ended["done"], ended["exit"], ended["stdout"]) == (True, 130, "")
