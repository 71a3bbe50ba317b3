"""`KubeCluster`: the calls that tests of other people's programs make."""

from datetime import timedelta

import pytest

from simulator import CommandFailed, KubeCluster, NotInTime, Refused

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}


@pytest.fixture
def kube() -> KubeCluster:
    return KubeCluster.create()


@pytest.mark.parametrize(
    "by",
    ["1h30m", 5400, 5400.0, timedelta(minutes=90)],
    ids=["as Go writes it", "whole seconds", "seconds", "a timedelta"],
)
def test_time_moves_as_far_as_it_is_told(kube: KubeCluster, by: str | float | timedelta) -> None:
    kube.advance(by)
    assert kube.now == timedelta(minutes=90)


@pytest.mark.parametrize("by", ["soon", "", "5", -1])
def test_a_duration_that_is_none_is_refused(kube: KubeCluster, by: str | float) -> None:
    with pytest.raises(ValueError, match="wanted one like 5m, 90s or 1h30m"):
        kube.advance(by)
    assert kube.now == timedelta(0)


def test_time_stops_at_the_event_that_makes_it_true() -> None:
    kube = KubeCluster.create(profile="lab")
    kube.kubectl("create deployment web --image=nginx --replicas=3")
    assert "status" in kube.get("deployment", "web")
    kube.advance_until(lambda: kube.get("deployment", "web")["status"].get("readyReplicas") == 3)
    assert timedelta(0) < kube.now < timedelta(minutes=1)


def test_what_never_comes_true_is_an_error_after_the_whole_time(kube: KubeCluster) -> None:
    with pytest.raises(NotInTime, match="not true within 0:02:00 of simulated time"):
        kube.advance_until(lambda: False, within="2m")
    assert kube.now == timedelta(minutes=2)


def test_a_command_that_fails_raises_with_its_words_unless_told_not_to(kube: KubeCluster) -> None:
    words = 'Error from server (NotFound): pods "nothing" not found'
    with pytest.raises(CommandFailed) as failed:
        kube.kubectl("get pod nothing")
    assert words in str(failed.value)
    assert kube.kubectl("get pod nothing", check=False).stderr == words + "\n"


def test_manifests_are_text_an_object_or_several(kube: KubeCluster) -> None:
    two = {**CONFIG_MAP, "metadata": {"name": "two"}}
    three = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three, labels: {a: b}}\n"
    assert kube.apply(CONFIG_MAP).stdout == "configmap/one created\n"
    assert kube.apply([CONFIG_MAP, two]).stdout == "configmap/one unchanged\nconfigmap/two created\n"
    kube.apply(three)
    assert kube.get("configmap", "one")["data"] == {"a": "1"}
    names = [found["metadata"]["name"] for found in kube.list("configmaps")]
    assert names == ["kube-root-ca.crt", "one", "three", "two"]
    assert [found["metadata"]["name"] for found in kube.list("configmaps", "", selector="a=b")] == ["three"]


def test_a_request_gives_the_answer_or_raises_the_refusal(kube: KubeCluster) -> None:
    place = "/api/v1/namespaces/default/configmaps"
    made = kube.request("POST", place, CONFIG_MAP)
    assert kube.request("GET", f"{place}/one") == made
    assert kube.request("PATCH", f"{place}/one", {"data": {"a": "2"}}, dryRun="All")["data"] == {"a": "2"}
    with pytest.raises(Refused) as refused:
        kube.request("POST", place, CONFIG_MAP)
    assert refused.value.status["reason"] == "AlreadyExists"


def test_a_machine_that_breaks_takes_its_node_down() -> None:
    kube = KubeCluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]")
    name = kube.list("nodes", "")[1]["metadata"]["name"]
    kube.break_("node-power-off", name)
    kube.advance("1m")
    conditions = {c["type"]: c["status"] for c in kube.get("node", name)["status"]["conditions"]}
    assert conditions["Ready"] == "Unknown"
    with pytest.raises(ValueError, match="no-such-fault"):
        kube.break_("no-such-fault")
