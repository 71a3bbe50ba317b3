"""A watch with `curl` from inside a pod goes on in the terminal, and ends with Ctrl-C, its time or its container."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.kubectl.verbs.exec_watch import continued
from tests.simulator.kubectl.conftest import Terminal

TOKEN = "$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"
MAPS = "https://kubernetes.default/api/v1/namespaces/default/configmaps?watch=true"
WATCH = f"""kubectl exec asker -- sh -c 'curl -sk -H "Authorization: Bearer {TOKEN}" "{MAPS}"'"""


@pytest.fixture
def asking(terminal: Terminal) -> Terminal:
    terminal.run("kubectl create clusterrolebinding all --clusterrole=view --serviceaccount=default:default")
    terminal.run("kubectl run asker --image=nginx:1.27")
    terminal.let_pass(20)
    return terminal


def types(text: str) -> list[str]:
    return [line.split('"')[3] for line in text.splitlines()]


def looked(terminal: Terminal, token: dict[str, Any]) -> dict[str, Any]:
    terminal.let_pass(2)
    return terminal.station.follow(token)


def test_events_are_told_as_they_happen(asking: Terminal) -> None:
    result = asking.station.run(WATCH, terminal=True)
    assert types(result.stdout) == ["ADDED"]
    assert result.follow is not None
    quiet = looked(asking, result.follow)
    assert (quiet["stdout"], quiet["done"]) == ("", False)
    asking.run("kubectl create configmap one --from-literal=a=b")
    told = looked(asking, quiet["token"])
    assert (types(told["stdout"]), told["done"]) == (["ADDED"], False)
    asking.run("kubectl label configmap one c=d && kubectl delete configmap one")
    told = looked(asking, told["token"])
    assert types(told["stdout"]) == ["MODIFIED", "DELETED"]
    asking.station.signal("INT", result.follow)
    assert looked(asking, told["token"])["done"] is True


def test_it_ends_with_its_container_and_goes_on_after_a_dump(asking: Terminal) -> None:
    result = asking.station.run(WATCH, terminal=True)
    asking.let_pass(2)
    restored = Cluster.load(asking.cluster.dump())
    restored.apply({"kind": "shell", "line": "kubectl create configmap one"})
    restored.advance(restored.now + 2_000_000)
    told = restored.apply({"kind": "follow", "token": result.follow})
    assert types(told["stdout"]) == ["ADDED"]
    restored.apply({"kind": "shell", "line": "kubectl delete pod asker --force"})
    restored.advance(restored.now + 60_000_000)
    told = restored.apply({"kind": "follow", "token": told["token"]})
    assert (told["done"], told["exit"]) == (True, 137)


def test_a_time_of_its_own_ends_it(asking: Terminal) -> None:
    result = asking.station.run(WATCH.replace("watch=true", "watch=true&timeoutSeconds=3"), terminal=True)
    asking.let_pass(5)
    told = asking.station.follow(result.follow or {})
    assert (told["done"], told["exit"]) == (True, 0)


def test_what_is_no_watch_or_is_read_once_is_over_at_once(asking: Terminal) -> None:
    assert asking.station.run(WATCH.replace("?watch=true", ""), terminal=True).follow is None
    piped = asking.station.run(f"{WATCH} | head -n 1", terminal=True)
    assert (types(piped.stdout), piped.follow, asking.station.jobs.all()) == (["ADDED"], None, [])


@pytest.mark.parametrize(
    ("word", "after"),
    [
        (
            "https://a/b?watch=1&allowWatchBookmarks=true",
            "https://a/b?watch=1&allowWatchBookmarks=true&resourceVersion=7",
        ),
        ("https://a/b?watch=true", "https://a/b?watch=true&allowWatchBookmarks=true&resourceVersion=7"),
        ("https://a/b?resourceVersion=5&watch=1", "https://a/b?watch=1&allowWatchBookmarks=true&resourceVersion=7"),
        ("https://a/b?watch=1&resourceVersion=5", "https://a/b?watch=1&allowWatchBookmarks=true&resourceVersion=7"),
        ('curl "https://a/b?watch=1" -k', 'curl "https://a/b?watch=1&allowWatchBookmarks=true&resourceVersion=7" -k'),
        ("curl https://a/b?watch=1 -k", "curl 'https://a/b?watch=1&allowWatchBookmarks=true&resourceVersion=7' -k"),
        ("-k", "-k"),
    ],
)
def test_where_it_goes_on(word: str, after: str) -> None:
    assert continued([word], "7") == [after]
