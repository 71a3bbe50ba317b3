"""get, describe, logs, events and the like against a running simulated cluster.

The layouts were compared with the output of the real kubectl v1.33 on the same objects.
"""

from dataclasses import replace
from typing import Any

import pytest

from simulator.kubectl.call import ExecRefused


def test_pods_are_a_table_three_spaces_apart(with_web: Any) -> None:
    lines = with_web.run("kubectl get pods").splitlines()
    name = lines[1].split()[0]
    assert lines[0] == "NAME".ljust(len(name) + 3) + "READY   STATUS    RESTARTS   AGE"
    assert lines[1] == f"{name}   1/1     Running   0          20s"
    assert [line.split()[1:] for line in lines[1:]] == [["1/1", "Running", "0", "20s"]] * 3


def test_wide_output_adds_the_columns_of_lower_priority(with_web: Any) -> None:
    header = with_web.run("kubectl get pods -o wide").splitlines()[0]
    assert header.split() == [
        "NAME",
        "READY",
        "STATUS",
        "RESTARTS",
        "AGE",
        "IP",
        "NODE",
        "NOMINATED",
        "NODE",
        "READINESS",
        "GATES",
    ]


def test_get_all_puts_the_type_in_front_of_each_name(with_web: Any) -> None:
    blocks = with_web.run("kubectl get all").split("\n\n")
    assert [block.splitlines()[1].split("/")[0] for block in blocks] == [
        "pod",
        "service",
        "deployment.apps",
        "replicaset.apps",
    ]


def test_one_type_has_no_prefix_even_when_several_names_are_asked_for(with_web: Any) -> None:
    result = with_web.station.run("kubectl get pod/nope deploy/web")
    assert result.stdout.splitlines()[1].startswith("web ")
    assert result.stderr == 'Error from server (NotFound): pods "nope" not found\n'
    assert result.exit == 1


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("kubectl get deploy web -o name", "deployment.apps/web\n"),
        ("kubectl get deploy,svc -o name", "deployment.apps/web\nservice/kubernetes\n"),
        ("kubectl get deploy web -o jsonpath='{.spec.replicas}'", "3"),
        ("kubectl get deploy web -o custom-columns=NAME:.metadata.name,X:.nope", "NAME   X\nweb    <none>\n"),
        ("kubectl get deploy web --no-headers", "web   3/3   3     3     20s\n"),
        (
            "kubectl get deploy -L app",
            "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   APP\nweb    3/3     3            3           20s   web\n",
        ),
        (
            "kubectl get ns --sort-by=.metadata.name -o name",
            "namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system\n",
        ),
        ("kubectl get pods -l app=nope --ignore-not-found", ""),
        ("kubectl get pod nope --ignore-not-found", ""),
        ("kubectl version", "Client Version: v1.33.1\nKustomize Version: v5.6.0\nServer Version: v1.33.1\n"),
        ("kubectl config current-context", "kind-kind\n"),
        ("kubectl rollout history deploy/web", "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n\n"),
    ],
    ids=lambda value: value if value.startswith("kubectl") else "",
)
def test_a_line_prints_exactly_this(with_web: Any, line: str, stdout: str) -> None:
    assert with_web.run(line) == stdout


@pytest.mark.parametrize(
    ("line", "stderr"),
    [
        ("kubectl get pod nope", 'Error from server (NotFound): pods "nope" not found\n'),
        ("kubectl get foo", 'error: the server doesn\'t have a resource type "foo"\n'),
        ("kubectl get pods web -A", "error: a resource cannot be retrieved by name across all namespaces\n"),
        ("kubectl get pods/", "error: arguments in resource/name form must have a single resource and name\n"),
        ("kubectl get pods x -l a=b", "error: name cannot be provided when a selector is specified\n"),
        ("kubectl get pods -o jsonpath='{.items'", "error: error parsing jsonpath {.items, unclosed action\n"),
        (
            "kubectl get pods -o foo",
            'error: unable to match a printer suitable for the output format "foo", allowed formats are: '
            "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,"
            "name,template,templatefile,wide,yaml\n",
        ),
        ("kubectl get --foo", "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n"),
        ("kubectl get -Z", "error: unknown shorthand flag: 'Z' in -Z\nSee 'kubectl get --help' for usage.\n"),
        ("kubectl get pods --output", "error: flag needs an argument: --output\nSee 'kubectl get --help' for usage.\n"),
        (
            "kubectl get pods --watch=maybe",
            'error: invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax\n'
            "See 'kubectl get --help' for usage.\n",
        ),
        ("kubectl gte", 'error: unknown command "gte" for "kubectl"\n\nDid you mean this?\n\tget\n'),
        ("kubectl rollout foo", "error: unknown command \"foo\"\nSee 'kubectl rollout -h' for help and examples\n"),
        ("kubectl logs nope", 'error: error from server (NotFound): pods "nope" not found in namespace "default"\n'),
        ("kubectl top nodes", "error: Metrics API not available\n"),
        ("kubectl explain pod.spec.foo", 'error: field "foo" does not exist\n'),
        ("kubectl config use-context foo", 'error: no context exists with the name: "foo"\n'),
        ("kubectl rollout undo deploy/web", 'error: no rollout history found for deployment "web"\n'),
        ("kubectl delete pod ''", "error: resource name may not be empty\n"),
    ],
    ids=lambda value: value if value.startswith("kubectl") else "",
)
def test_a_mistake_is_reported_in_the_words_of_kubectl(with_web: Any, line: str, stderr: str) -> None:
    assert with_web.refused(line) == stderr


def test_nothing_found_is_said_on_standard_error(terminal: Any) -> None:
    result = terminal.station.run("kubectl get pods")
    assert (result.stdout, result.stderr, result.exit) == ("", "No resources found in default namespace.\n", 0)


def test_describing_a_deployment_shows_template_conditions_and_events(with_web: Any) -> None:
    replica_set = with_web.run("kubectl get rs -o name").strip().partition("/")[2]
    assert with_web.run("kubectl describe deploy web") == (
        "Name:                   web\n"
        "Namespace:              default\n"
        "CreationTimestamp:      Thu, 09 Oct 2025 08:53:20 +0000\n"
        "Labels:                 app=web\n"
        "Annotations:            deployment.kubernetes.io/revision: 1\n"
        "Selector:               app=web\n"
        "Replicas:               3 desired | 3 updated | 3 total | 3 available | 0 unavailable\n"
        "StrategyType:           RollingUpdate\n"
        "MinReadySeconds:        0\n"
        "RollingUpdateStrategy:  25% max unavailable, 25% max surge\n"
        "Pod Template:\n"
        "  Labels:  app=web\n"
        "  Containers:\n"
        "   nginx:\n"
        "    Image:         nginx:1.27\n"
        "    Port:          80/TCP\n"
        "    Host Port:     0/TCP\n"
        "    Environment:   <none>\n"
        "    Mounts:        <none>\n"
        "  Volumes:         <none>\n"
        "  Node-Selectors:  <none>\n"
        "  Tolerations:     <none>\n"
        "Conditions:\n"
        "  Type           Status  Reason\n"
        "  ----           ------  ------\n"
        "  Available      True    MinimumReplicasAvailable\n"
        "  Progressing    True    NewReplicaSetAvailable\n"
        "OldReplicaSets:  <none>\n"
        f"NewReplicaSet:   {replica_set} (3/3 replicas created)\n"
        "Events:\n"
        "  Type    Reason             Age   From                   Message\n"
        "  ----    ------             ----  ----                   -------\n"
        f"  Normal  ScalingReplicaSet  20s   deployment-controller  Scaled up replica set {replica_set} from 0 to 3\n"
    )


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("kubectl describe pods -l app=web", "\n\n\nName:             web-"),
        ("kubectl describe node kind-worker", "Roles:              <none>\n"),
        ("kubectl describe node kind-worker", "  (Total limits may be over 100 percent, i.e., overcommitted.)\n"),
        ("kubectl describe ns default", "Status:       Active\n\nNo resource quota.\n\nNo LimitRange resource.\n"),
        ("kubectl describe svc kubernetes", "Port:                     https  443/TCP\n"),
        ("kubectl describe lease -n kube-node-lease kind-worker", "  Holder Identity:         kind-worker\n"),
        (
            "kubectl describe sa default",
            "Image pull secrets:  <none>\nMountable secrets:   <none>\nTokens:              <none>\n",
        ),
    ],
    ids=["pods", "node roles", "node totals", "namespace", "service", "any kind", "service account"],
)
def test_describe_knows_the_layout_of_a_kind(with_web: Any, line: str, part: str) -> None:
    assert part in with_web.run(line)


def test_a_beginning_of_a_name_describes_every_match(with_web: Any) -> None:
    assert with_web.run("kubectl describe deploy we").startswith("Name:                   web\n")


def test_explain_shows_fields_with_their_types(terminal: Any) -> None:
    text = terminal.run("kubectl explain pod.spec.restartPolicy")
    assert text.startswith(
        "KIND:       Pod\nVERSION:    v1\n\nFIELD: restartPolicy <string>\nENUM:\n    Always\n    Never\n    OnFailure\n\nDESCRIPTION:\n"
    )
    assert "  replicas\t<integer>\n" in terminal.run("kubectl explain deploy.spec --recursive")


def test_logs_of_a_workload_name_the_pod_they_come_from(with_web: Any) -> None:
    result = with_web.station.run("kubectl logs deploy/web --tail=1")
    assert result.stdout.count("\n") == 1
    assert result.stderr.startswith("Found 3 pods, using pod/web-")


def test_a_default_container_is_announced(terminal: Any) -> None:
    terminal.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: two}\nspec:\n  containers:\n"
        "  - {name: a, image: nginx}\n  - {name: b, image: nginx}\n",
    )
    terminal.let_pass(20)
    result = terminal.station.run("kubectl logs two --tail=0")
    assert result.stderr == 'Defaulted container "a" out of: a, b\n'
    assert terminal.refused("kubectl logs two -c x") == "error: container x is not valid for pod two\n"


def test_exec_runs_through_the_hook_of_the_cluster(with_web: Any) -> None:
    pod = with_web.run("kubectl get pods -o name").splitlines()[0].partition("/")[2]
    asked: list[tuple[object, ...]] = []

    def run(namespace: str, name: str, container: str, command: list[str], stdin: str) -> tuple[str, str, int]:
        asked.append((namespace, name, container, command, stdin))
        if command[0] == "nope":
            raise ExecRefused('exec: "nope": executable file not found in $PATH')
        return "out\n", "", 0 if command == ["ls"] else 3

    with_web.cluster.end = replace(with_web.cluster.end, exec_in_container=run)
    assert with_web.run(f"kubectl exec {pod} -- ls") == "out\n"
    assert asked == [("default", pod, "nginx", ["ls"], "")]
    failed = with_web.station.run("kubectl exec deploy/web -- sh -c 'exit 3'")
    assert (failed.stdout, failed.stderr, failed.exit) == ("out\n", "command terminated with exit code 3\n", 3)
    assert 'exec: "nope": executable file not found in $PATH: unknown\n' in with_web.refused(
        f"kubectl exec {pod} -- nope"
    )
