"""Groups A and B: the API as HTTP, the path of a write, and watches."""

import re
from typing import Any

import pytest


def answers(said: str) -> list[tuple[str, str, str]]:
    """(verb, path, status) of each line of the client's log."""
    pattern = r'I\d{4} [\d:.]+ +\d+ round_trippers\.go:632\] "Response" verb="(\w+)" url="https://[^/"]+([^"]*)" status="([^"]*)"'
    return re.findall(pattern, said)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("kubectl get pods -v=6", ("GET", "/api/v1/namespaces/default/pods?limit=500", "200 OK")),
        ("kubectl create configmap c -v=6", ("POST", "/api/v1/namespaces/default/configmaps", "201 Created")),
        ("kubectl get deployment none -v=6", ("GET", "/apis/apps/v1/namespaces/default/deployments/none", "404 Not Found")),
        ("kubectl create namespace default -v=6", ("POST", "/api/v1/namespaces", "409 Conflict")),
    ],
)  # fmt: skip
def test_a_verb_is_a_method_and_a_path_and_has_a_status(lab: Any, line: str, told: tuple[str, str, str]) -> None:
    found = answers(lab.reply(line)["stderr"])
    method, path, status = found[-1]
    assert (method, path.partition("?fieldManager")[0].partition("&")[0], status) == told


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/namespaces/default/pods", None, 200),
        ("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "c"}}, 201),
        ("GET", "/api/v1/namespaces/default/pods/none", None, 404),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}}, 409),
        ("POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": {"containers": []}}, 422),
    ],
)
def test_the_api_answers_with_the_statuses_of_http(lab: Any, method: str, path: str, body: Any, status: int) -> None:
    reply = lab.cluster.apply({"kind": "request", "method": method, "path": path, "body": body})
    assert reply["status"] == status


def test_without_the_level_nothing_is_logged(lab: Any) -> None:
    assert answers(lab.reply("kubectl get nodes -v=5")["stderr"]) == []


def test_a_manifest_goes_from_the_learner_to_the_store_to_the_loops_to_a_ready_pod(lab: Any) -> None:
    """Declare, post, implement, watch: each hop is a message with its time."""
    lab.cluster.picture()
    seen = lab.cluster.ev
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    messages = [item[1] for item in lab.cluster.changes(seen) or () if item[0] == "msg" and item[1]["name"] == "web"]
    hops = [(m["from"], m["to"], m["verb"]) for m in messages]
    node = lab.value("pod web", "{.spec.nodeName}")
    wanted = [
        ("you", "apiserver", "create"),
        ("apiserver", "scheduler", "watch"),
        ("scheduler", "apiserver", "bind"),
        ("apiserver", f"kubelet:{node}", "watch"),
        (f"kubelet:{node}", "apiserver", "patch"),
    ]
    assert [hop for hop in hops if hop in wanted][: len(wanted)] == wanted
    times = [m["at"] for m in messages]
    assert times == sorted(times)
    assert lab.value("pod web", '{.status.conditions[?(@.type=="Ready")].status}') == "True"


def watch(lab: Any, since: str) -> tuple[list[tuple[str, str, str]], str]:
    """What a watch from a revision tells: (type, name, phase), and where to go on."""
    reply = lab.cluster.apply({
        "kind": "request", "method": "GET", "path": "/api/v1/namespaces/default/pods",
        "query": {"watch": "true", "resourceVersion": since, "allowWatchBookmarks": "true"},
    })  # fmt: skip
    events = reply["body"]
    told = [
        (event["type"], event["object"]["metadata"]["name"], event["object"]["status"]["phase"])
        for event in events
        if event["type"] != "BOOKMARK"
    ]
    return told, events[-1]["object"]["metadata"]["resourceVersion"]


def test_a_watch_tells_every_change_in_order_and_goes_on_where_it_broke_off(lab: Any) -> None:
    start = str(lab.cluster.revision)
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(2)
    first, broken_off = watch(lab, start)
    lab.wait(20)
    lab.run("kubectl delete pod web --now --wait=false")
    lab.wait(40)
    rest, _ = watch(lab, broken_off)
    whole, _ = watch(lab, start)
    assert first + rest == whole
    assert whole[0] == ("ADDED", "web", "Pending")
    assert whole[-1][:2] == ("DELETED", "web")
    assert "Running" in [phase for _, _, phase in whole]
    assert [kind for kind, _, _ in whole[1:-1]] == ["MODIFIED"] * (len(whole) - 2)


def test_a_watched_table_shows_rows_in_the_order_of_changes(lab: Any) -> None:
    reply = lab.reply("kubectl get pods --watch")
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    followed = lab.cluster.apply({"kind": "follow", "token": reply["follow"]})
    rows = [line.split()[2] for line in followed["stdout"].splitlines() if line.startswith("web")]
    assert rows[0] == "Pending"
    assert rows[-1] == "Running"
    assert "ContainerCreating" in rows
