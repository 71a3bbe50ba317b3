"""Everything about a cluster in one command, on the screen or in files."""

import json

from tests.simulator.kubectl.conftest import Terminal


def test_objects_and_logs_of_the_present_namespace_and_of_kube_system(with_web: Terminal) -> None:
    text = with_web.run("kubectl cluster-info dump")
    first, end = json.JSONDecoder().raw_decode(text)
    assert (first["kind"], len(first["items"])) == ("NodeList", 3)
    assert text.count("==== START logs for container nginx of pod default/web-") == 3
    assert "==== END logs for container coredns of pod kube-system/coredns-" in text[end:]


def test_files_in_a_directory(with_web: Terminal) -> None:
    done = with_web.run("kubectl cluster-info dump --output-directory=out --namespaces=default -o yaml")
    assert done == "Cluster info dumped to out\n"
    home = with_web.station.home
    assert home.entries("out") == ["default/", "nodes.yaml"]
    assert [name for name in home.entries("out/default") if not name.startswith("web-")] == [
        "daemonsets.yaml",
        "deployments.yaml",
        "events.yaml",
        "pods.yaml",
        "replicasets.yaml",
        "replication-controllers.yaml",
        "services.yaml",
    ]


def test_another_format_is_refused(with_web: Terminal) -> None:
    assert (
        with_web.refused("kubectl cluster-info dump -o wide")
        == "error: unable to dump as 'wide': wanted json or yaml\n"
    )
