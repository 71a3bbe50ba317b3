"""A restored cluster has the same future also while kinds come and go, and while controllers in pods start and stop."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster
from tests.simulator.extension.conftest import BOOKS, Lab
from tests.simulator.extension.test_rules import BOOK, RULE, RULES

Step = tuple[str, str]
commands: st.SearchStrategy[Step] = st.sampled_from(
    (
        ("kubectl apply -f -", BOOKS),
        ("kubectl apply -f -", BOOKS.replace("maxLength: 20", "maxLength: 30")),
        ("kubectl apply -f -", BOOK),
        ("kubectl apply -f -", BOOK.replace("replicas: 2", "replicas: 3, size: S")),
        ("kubectl apply -f -", RULE),
        (f"kubectl apply -f {RULES}", ""),
        ("kubectl delete bk ai --wait=false", ""),
        ("kubectl delete crd bks.example.com --wait=false", ""),
        ("kubectl delete deployment ai --wait=false", ""),
        ("kubectl scale deployment rule-controller -n rule-controller --replicas=0", ""),
        ("kubectl scale deployment rule-controller -n rule-controller --replicas=1", ""),
        ("kubectl get bk,crd -A -o wide", ""),
    )
)
waits = st.sampled_from((("wait", "0.02"), ("wait", "1"), ("wait", "9"), ("wait", "70")))


def play(lab: Lab, step: Step) -> object:
    line, text = step
    if line != "wait":
        return lab.reply(line, text)
    lab.wait(float(text))
    return None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=st.lists(st.one_of(commands, waits), min_size=4, max_size=16), cut=st.floats(0, 1))
def test_a_restored_cluster_with_custom_kinds_has_the_same_future(history: list[Step], cut: float) -> None:
    straight = Lab(Cluster.create())
    begun: list[Step] = [("kubectl apply -f -", BOOKS), (f"kubectl apply -f {RULES}", ""), ("wait", "20")]
    whole = [*begun, *history]
    at = round(cut * len(whole))
    for step in whole[:at]:
        play(straight, step)
    restored = straight.restored()
    for step in whole[at:]:
        assert play(restored, step) == play(straight, step), step
    for lab in (straight, restored):
        lab.wait(30)
    assert restored.cluster.state_hash() == straight.cluster.state_hash()
