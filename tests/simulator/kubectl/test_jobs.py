"""What goes on at the workstation: port-forward, proxy, and bash's job control around them."""

from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.simulator.kubectl.conftest import Terminal

FORWARDING = "Forwarding from 127.0.0.1:8080 -> 80\nForwarding from [::1]:8080 -> 80\n"


def printed(terminal: Terminal, token: dict[str, Any]) -> str:
    text: str = terminal.station.follow(token)["stdout"]
    return text


def test_a_forwarded_port_leads_into_the_pod_and_says_who_came(with_web: Terminal) -> None:
    assert with_web.run("kubectl port-forward deployment/web 8080:80 &") == FORWARDING
    answer = with_web.run("curl -s localhost:8080")
    assert answer.startswith("Handling connection for 8080\n<!DOCTYPE html>\n")
    assert with_web.run("curl -s 127.0.0.1:8080 | grep -c title") == "Handling connection for 8080\n1\n"


def test_a_port_that_nobody_listens_at_in_the_pod_ends_the_command(with_web: Terminal) -> None:
    with_web.run("kubectl port-forward deployment/web 8080:81 &")
    result = with_web.station.run("curl localhost:8080")
    assert (result.exit, result.stderr) == (52, "curl: (52) Empty reply from server\n")
    said = result.stdout.splitlines()
    assert said[0] == "Handling connection for 8080"
    assert (
        ' portforward.go:424] "Unhandled Error" err="an error occurred forwarding 8080 -> 81: error forwarding port 81 to pod '
        in said[1]
    )
    assert said[2] == "error: lost connection to pod"
    assert with_web.run("jobs") == ""
    assert with_web.refused("curl localhost:8080") == (
        "curl: (7) Failed to connect to localhost port 8080 after 0 ms: Could not connect to server\n"
    )


def test_a_pod_that_was_deleted_is_missed_at_the_next_connection(with_web: Terminal) -> None:
    with_web.run("kubectl run lone --image=nginx:1.27 --port=80")
    with_web.let_pass(10)
    with_web.run("kubectl port-forward lone :80 &")
    with_web.run("kubectl delete pod lone --wait=false; kubectl run next --image=nginx:1.27")
    with_web.let_pass(10)
    (job,) = with_web.station.jobs.all()
    port = job["token"]["listens"][0][1]
    lost = with_web.station.run(f"curl -s localhost:{port}")
    assert (lost.exit, lost.stderr) == (52, "")
    assert "failed to find sandbox" in lost.stdout
    assert lost.stdout.endswith("error: lost connection to pod\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("deployment/web", "error: TYPE/NAME and list of ports are required for port-forward\nSee 'kubectl port-forward -h' for help and examples\n"),
        ("deployment/web 1:2:3 a:80", "error: error parsing local port 'a': strconv.ParseUint: parsing \"a\": invalid syntax\n"),
        ("deployment/web 8080:0", "error: remote port must be > 0\n"),
        ("deployment/web 8080:99999", "error: error parsing remote port '99999': strconv.ParseUint: parsing \"99999\": value out of range\n"),
        ("service/web 8080:", "error: Service 'web' does not have a named port ''\n"),
        ("--address 1.2.3 deployment/web 8080", "error: 1.2.3 is not a valid IP\n"),
        ("service/web 81", "error: Service web does not have a service port 81\n"),
        ("service/web http", "error: Service 'web' does not have a named port 'http'\n"),
        ("configmap/kube-root-ca.crt 80", "error: cannot attach to *v1.ConfigMap: selector for *v1.ConfigMap not implemented\n"),
        (
            "--address 10.9.8.7 deployment/web 8080:80",
            "Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 "
            "10.9.8.7:8080: bind: cannot assign requested address]\nerror: unable to listen on any of the requested ports: [{8080 80}]\n",
        ),
        (
            "deployment/web 80",
            "Unable to listen on port 80: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 "
            "127.0.0.1:80: bind: permission denied unable to create listener: Error listen tcp6 [::1]:80: bind: permission denied]\n"
            "error: unable to listen on any of the requested ports: [{80 80}]\n",
        ),
    ],
    ids=lambda value: value if not value.startswith(("error", "Unable")) else "",
)  # fmt: skip
def test_what_cannot_be_forwarded_is_refused_in_the_words_of_kubectl(with_web: Terminal, words: str, says: str) -> None:
    with_web.run("kubectl expose deployment web")
    assert with_web.refused(f"kubectl port-forward {words}") == says


def test_a_service_port_by_name_leads_to_its_target_port(with_web: Terminal) -> None:
    with_web.run("kubectl create service clusterip web --tcp=8081:80")
    text = with_web.run("kubectl port-forward svc/web 8081:8081-80 &")
    assert text == "Forwarding from 127.0.0.1:8081 -> 80\nForwarding from [::1]:8081 -> 80\n"


def test_a_port_that_is_taken_is_refused(with_web: Terminal) -> None:
    with_web.run("kubectl port-forward deployment/web 8080:80 &")
    assert with_web.refused("kubectl port-forward deployment/web 8080:80").endswith(
        "bind: address already in use]\nerror: unable to listen on any of the requested ports: [{8080 80}]\n"
    )
    assert with_web.refused("kubectl proxy --port 8080") == (
        "error: listen tcp 127.0.0.1:8080: bind: address already in use\n"
    )
    assert with_web.refused("kubectl proxy --port 6443") == (
        "error: listen tcp 127.0.0.1:6443: bind: address already in use\n"
    )


def test_the_proxy_serves_the_api_to_whoever_asks(terminal: Terminal) -> None:
    assert terminal.run("kubectl proxy &") == "Starting to serve on 127.0.0.1:8001\n"
    assert terminal.run("curl -s localhost:8001/api/v1/namespaces/default | head -n 5") == (
        '{\n  "kind": "Namespace",\n  "apiVersion": "v1",\n  "metadata": {\n    "name": "default",\n'
    )
    assert terminal.run("curl -s localhost:8001/healthz") == "ok"
    assert terminal.run("curl -s localhost:8001/api/v1/namespaces/x/pods?pretty=false -o out; cat out").endswith("}\n")
    made = terminal.run(
        "curl -s -X POST -H 'Content-Type: application/json' localhost:8001/api/v1/namespaces -w '%{http_code}' -o /dev/null "
        """-d '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'"""
    )
    assert (made, terminal.run("kubectl get namespace shop -o name")) == ("201", "namespace/shop\n")


@pytest.mark.parametrize(
    "words",
    ["-H 'Host: evil.example' localhost:8001/version", "localhost:8001/api/v1/namespaces/default/pods/x/exec"],
)
def test_the_proxy_turns_away_strangers_and_dangerous_paths(terminal: Terminal, words: str) -> None:
    terminal.run("kubectl proxy &")
    assert terminal.run(f"curl -s -w '%{{http_code}}' {words}") == "Forbidden\n403"


def test_the_proxy_may_serve_the_api_elsewhere_and_files_beside_it(terminal: Terminal) -> None:
    terminal.run("echo hello > page.html")
    terminal.run("kubectl proxy --port=8002 --api-prefix=/k8s --www=. &")
    assert terminal.run("curl -s localhost:8002/k8s/healthz") == "ok"
    assert terminal.run("curl -s localhost:8002/static/page.html") == "hello\n"
    assert terminal.run("curl -s localhost:8002/healthz") == "404 page not found\n"


def test_the_proxy_of_somebody_without_rights_is_refused_like_that_person(terminal: Terminal) -> None:
    terminal.run("kubectl --as=jane proxy &")
    answer = terminal.run("curl -s localhost:8001/api/v1/pods")
    assert '"message": "pods is forbidden: User \\"jane\\" cannot list resource' in answer


def test_the_api_server_itself_wants_to_be_trusted_and_to_know_who_asks(terminal: Terminal) -> None:
    untrusted = terminal.station.run("curl https://127.0.0.1:6443/api/v1/pods")
    assert untrusted.exit == 60
    assert untrusted.stderr.startswith("curl: (60) SSL certificate problem: unable to get local issuer certificate\n")
    assert 'User \\"system:anonymous\\" cannot list' in terminal.run("curl -sk https://127.0.0.1:6443/api/v1/pods")
    assert terminal.run("curl http://127.0.0.1:6443/") == "Client sent an HTTP request to an HTTPS server.\n"
    terminal.run(
        "kubectl create serviceaccount reader; kubectl create rolebinding r --clusterrole=view --serviceaccount=default:reader"
    )
    terminal.let_pass(1)
    terminal.run("kubectl create token reader > token")
    token = terminal.run("cat token").strip()
    seen = terminal.run(
        f"curl -sk -H 'Authorization: Bearer {token}' https://127.0.0.1:6443/api/v1/namespaces/default/pods"
    )
    assert seen.startswith('{\n  "kind": "PodList",\n')


def test_a_node_port_is_reached_from_the_workstation(with_web: Terminal) -> None:
    with_web.run("kubectl create service nodeport web --tcp=80:80 --node-port=30080")
    with_web.let_pass(5)
    address = with_web.run("kubectl get node kind-worker -o jsonpath='{.status.addresses[0].address}'")
    assert with_web.run(f"curl -s http://{address}:30080").startswith("<!DOCTYPE html>\n")
    assert with_web.refused("curl http://web").startswith("curl: (6) Could not resolve host: web")


# Job control


def test_jobs_are_numbered_shown_and_ended_as_in_bash(with_web: Terminal) -> None:
    begun = with_web.station.run("kubectl port-forward deployment/web 8080:80 &", terminal=True)
    assert begun.stdout == f"[1] 2002\n{FORWARDING}"
    with_web.station.run("kubectl proxy &", terminal=True)
    assert with_web.run("jobs") == (
        "[1]-  Running                 kubectl port-forward deployment/web 8080:80 &\n"
        + "[2]+  Running                 kubectl proxy &\n"
    )
    assert with_web.run("jobs -l %2") == "[2]+ 2003 Running                 kubectl proxy &\n"
    token = begun.background[0]
    assert with_web.run("kill %1; jobs") == "[2]+  Running                 kubectl proxy &\n"
    ended = with_web.station.follow(token)
    assert (ended["done"], ended["exit"]) == (True, 143)
    assert ended["stdout"].endswith("[1]+  Terminated              kubectl port-forward deployment/web 8080:80\n")
    assert with_web.refused("kill %1") == "bash: kill: %1: no such job\n"
    assert with_web.refused("fg %7") == "bash: fg: %7: no such job\n"


def test_ctrl_c_ends_and_ctrl_z_stops_what_is_in_front(with_web: Terminal) -> None:
    first = with_web.station.run("kubectl port-forward deployment/web 8080:80", terminal=True)
    assert first.follow is not None
    assert with_web.station.signal("INT", first.follow).stdout == ""
    assert with_web.station.jobs.all() == []
    again = with_web.station.run("kubectl port-forward deployment/web 8080:80", terminal=True)
    assert again.follow is not None
    assert with_web.station.signal("TSTP", again.follow).stdout == (
        "\n[1]+  Stopped                 kubectl port-forward deployment/web 8080:80\n"
    )
    assert with_web.station.run("bg").stdout == "[1]+ kubectl port-forward deployment/web 8080:80 &\n"
    front = with_web.station.run("fg", terminal=True)
    assert front.stdout == "kubectl port-forward deployment/web 8080:80\n"
    with_web.run("curl -so /dev/null localhost:8080")
    assert front.follow is not None
    assert printed(with_web, front.follow) == "Handling connection for 8080\n"


def test_a_watch_goes_on_behind_the_prompt_and_is_waited_for(terminal: Terminal) -> None:
    terminal.run("kubectl run lone --image=nginx:1.27")
    begun = terminal.station.run("kubectl wait pod/lone --for=condition=Ready &", terminal=True)
    assert begun.stdout == "[1] 2002\n"
    text, _ = terminal.follow("wait; echo after")
    terminal.let_pass(5)
    ended = terminal.station.follow(begun.background[0])
    assert ended["stdout"] == (
        "pod/lone condition met\n[1]+  Done                    kubectl wait pod/lone --for=condition=Ready\n"
    )
    assert text == ""


def test_sleep_holds_up_the_rest_of_its_line(terminal: Terminal) -> None:
    _, reply = terminal.follow("sleep 3; echo awake", seconds=4)
    assert (reply["done"], reply["then"]) == (True, "echo awake")
    assert terminal.refused("sleep long") == (
        "sleep: invalid time interval 'long'\nTry 'sleep --help' for more information.\n"
    )


def test_too_many_jobs_are_refused(terminal: Terminal) -> None:
    for _ in range(6):
        terminal.station.run("sleep 1h &")
    assert terminal.station.run("sleep 1h &").stderr == "bash: fork: Resource temporarily unavailable\n"


def test_jobs_survive_a_dump(with_web: Terminal) -> None:
    with_web.run("kubectl port-forward deployment/web 8080:80 & sleep 1h &")
    other = Cluster.load(with_web.cluster.dump())
    assert other.state_hash() == with_web.cluster.state_hash()
    reply = other.apply({"kind": "shell", "line": "curl -s localhost:8080 | head -n 2; jobs"})
    assert reply["stdout"] == (
        "Handling connection for 8080\n<!DOCTYPE html>\n<html>\n"
        "[1]-  Running                 kubectl port-forward deployment/web 8080:80 &\n"
        "[2]+  Running                 sleep 1h &\n"
    )
