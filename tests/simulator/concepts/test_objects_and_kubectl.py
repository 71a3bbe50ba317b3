"""Groups B and C: objects, manifests and the commands of kubectl."""

import json
import re
from typing import Any

import pytest

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""


def test_wanted_and_observed_differ_after_a_kill_and_meet_again(lab: Any) -> None:
    lab.run("kubectl apply -f -", DEPLOYMENT)
    lab.wait(20)
    pod = lab.column("kubectl get pods", "NAME")[0]
    lab.fault("kill-process", f"default/{pod}/web")
    lab.wait(0.5)
    assert lab.value("deploy web", "{.spec.replicas} {.status.readyReplicas}") == "3 2"
    lab.wait(30)
    assert lab.value("deploy web", "{.spec.replicas} {.status.readyReplicas}") == "3 3"


def test_apply_after_scale_goes_back_to_the_file(lab: Any) -> None:
    lab.run("kubectl apply -f -", DEPLOYMENT)
    assert (
        json.loads(
            lab.value("deploy web", r"{.metadata.annotations.kubectl\.kubernetes\.io/last-applied-configuration}")
        )["spec"]["replicas"]
        == 3
    )
    lab.run("kubectl scale deploy web --replicas=5")
    assert lab.value("deploy web", "{.spec.replicas}") == "5"
    assert lab.run("kubectl apply -f -", DEPLOYMENT) == "deployment.apps/web configured\n"
    assert lab.value("deploy web", "{.spec.replicas}") == "3"


def test_mixing_create_and_apply_is_warned_about(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27")
    said = lab.reply("kubectl apply -f -", DEPLOYMENT)["stderr"]
    assert said == (
        "Warning: resource deployments/web is missing the kubectl.kubernetes.io/last-applied-configuration annotation "
        "which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by "
        "either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
    )


def test_a_bad_indent_is_an_error_with_its_line_and_documents_split(lab: Any) -> None:
    assert re.search(
        r"error converting YAML to JSON: yaml: line \d+: ", lab.refusal("kubectl apply -f -", "a: 1\n b: 2\n")
    )
    two = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n"
    assert lab.run("kubectl apply -f -", two) == "namespace/a created\nnamespace/b created\n"
    as_json = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"c"}}'
    assert lab.run("kubectl apply -f -", as_json) == "namespace/c created\n"


def test_an_old_api_version_is_unknown(lab: Any) -> None:
    said = lab.refusal("kubectl apply -f -", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: x}\n")
    assert 'no matches for kind "Ingress" in version "extensions/v1beta1"' in said
    assert "extensions/v1beta1" not in lab.run("kubectl api-versions")
    assert "apps/v1" in lab.run("kubectl api-versions").splitlines()


def test_an_unknown_kind_is_named_with_its_version(lab: Any) -> None:
    said = lab.refusal("kubectl apply -f -", "apiVersion: v1\nkind: Sandwich\nmetadata: {name: x}\n")
    assert 'no matches for kind "Sandwich" in version "v1"' in said


def test_unknown_fields_are_refused_and_status_is_the_systems(lab: Any) -> None:
    broken = DEPLOYMENT.replace("containers:", "contianers:")
    assert 'unknown field "spec.template.spec.contianers"' in lab.refusal("kubectl apply -f -", broken)
    lab.run("kubectl apply -f -", DEPLOYMENT + "status: {readyReplicas: 99}\n")
    assert lab.value("deploy web", "{.status.readyReplicas}") == ""


def test_a_template_must_carry_the_labels_of_its_selector(lab: Any) -> None:
    other = DEPLOYMENT.replace("metadata: {labels: {app: web}}", "metadata: {labels: {app: api}}")
    assert (
        'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: '
        'map[string]string{"app":"api"}: `selector` does not match template `labels`'
        in lab.refusal("kubectl apply -f -", other)
    )


def test_a_replication_controller_still_works(lab: Any) -> None:
    manifest = (
        "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: old}\nspec:\n  replicas: 2\n"
        "  selector: {app: old}\n  template:\n    metadata: {labels: {app: old}}\n"
        '    spec: {containers: [{name: c, image: "nginx:1.27"}]}\n'
    )
    lab.run("kubectl apply -f -", manifest)
    lab.wait(20)
    head, row = lab.run("kubectl get rc").splitlines()
    assert head.split() == ["NAME", "DESIRED", "CURRENT", "READY", "AGE"]
    assert row.split()[:4] == ["old", "2", "2", "2"]
    victim = lab.column("kubectl get pods", "NAME")[0]
    lab.run(f"kubectl delete pod {victim}")
    lab.wait(20)
    assert len(lab.column("kubectl get pods", "NAME")) == 2


def test_owners_form_the_chain_of_wrappings(lab: Any) -> None:
    lab.run("kubectl apply -f -", DEPLOYMENT)
    lab.wait(20)
    pod = lab.column("kubectl get pods", "NAME")[0]
    kind, name = lab.value(
        f"pod {pod}", "{.metadata.ownerReferences[0].kind}|{.metadata.ownerReferences[0].name}"
    ).split("|")
    assert kind == "ReplicaSet"
    assert (
        lab.value(f"rs {name}", "{.metadata.ownerReferences[0].kind}|{.metadata.ownerReferences[0].name}")
        == "Deployment|web"
    )
    table = lab.cluster.picture()["Pod"]
    drawn = [dict(zip(table["cols"], row, strict=True)) for row in table["rows"]]
    [owner] = {row["owner"] for row in drawn if row["ns"] == "default"}
    assert owner == lab.value(f"rs {name}", "{.metadata.uid}")


def test_a_bare_pod_stays_gone_and_a_deployments_pod_comes_back(lab: Any) -> None:
    lab.run("kubectl run alone --image=nginx:1.27")
    lab.run("kubectl apply -f -", DEPLOYMENT)
    lab.wait(20)
    before = set(lab.column("kubectl get pods -l app=web", "NAME"))
    uids = set(lab.value("pods -l app=web", "{.items[*].metadata.uid}").split())
    lab.run(f"kubectl delete pod alone {min(before)}")
    lab.wait(60)
    after = set(lab.column("kubectl get pods", "NAME"))
    assert "alone" not in after
    assert len(after) == 3
    assert len(after - before) == 1
    assert len(set(lab.value("pods", "{.items[*].metadata.uid}").split()) - uids) == 1


def test_names_are_unique_in_a_namespace(lab: Any) -> None:
    lab.run("kubectl create configmap one")
    assert lab.refusal("kubectl create configmap one") == (
        'error: failed to create configmap: configmaps "one" already exists\n'
    )
    lab.run("kubectl create namespace shop")
    assert lab.run("kubectl create configmap one -n shop") == "configmap/one created\n"


def test_a_resource_has_a_path_a_kind_and_objects(lab: Any) -> None:
    [row] = [line for line in lab.run("kubectl api-resources").splitlines() if line.startswith("deployments ")]
    assert row.split() == ["deployments", "deploy", "apps/v1", "true", "Deployment"]
    lab.run("kubectl apply -f -", DEPLOYMENT)
    assert lab.run("kubectl get --raw /apis/apps/v1/namespaces/default/deployments").count('"name":"web"') >= 1


def test_a_kubeconfig_has_four_parts(lab: Any) -> None:
    shown = lab.run("kubectl config view")
    for part in ("clusters:", "contexts:", "users:", "current-context: kind-book", "DATA+OMITTED"):
        assert part in shown


def test_the_star_marks_the_current_context(lab: Any) -> None:
    assert lab.run("kubectl config current-context") == "kind-book\n"
    head, row = lab.run("kubectl config get-contexts").splitlines()
    assert head.split() == ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]
    assert row.split()[:2] == ["*", "kind-book"]
    assert lab.run("kubectl config use-context kind-book") == 'Switched to context "kind-book".\n'
    assert lab.refusal("kubectl config use-context nowhere") == 'error: no context exists with the name: "nowhere"\n'


def test_a_cordon_shows_in_the_list_of_nodes(lab: Any) -> None:
    lab.run("kubectl cordon book-worker")
    assert lab.column("kubectl get nodes", "STATUS") == ["Ready", "Ready,SchedulingDisabled", "Ready"]
    assert set(lab.column("kubectl get nodes", "VERSION")) == {"v1.33.1"}


def test_pods_are_listed_in_every_way(lab: Any) -> None:
    lab.run("kubectl run ok --image=nginx:1.27 --labels=app=ok")
    lab.run("kubectl run crash --image=busybox:1.36 -- sh -c 'exit 1'")
    lab.run("kubectl run nowhere --image=nginx:nope")
    lab.wait(40)
    assert lab.column("kubectl get pods", "STATUS") == ["CrashLoopBackOff", "ImagePullBackOff", "Running"]
    assert lab.column("kubectl get pods -l app=ok --show-labels", "LABELS") == ["app=ok"]
    assert "kube-system" in lab.column("kubectl get pods -A", "NAMESPACE")
    assert "NODE" in lab.run("kubectl get pods -o wide").splitlines()[0]


def test_explain_drills_down_to_an_enum(lab: Any) -> None:
    said = lab.run("kubectl explain pod.spec.restartPolicy")
    assert "FIELD: restartPolicy <string>\nENUM:\n    Always\n    Never\n    OnFailure\n" in said
    tree = lab.run("kubectl explain pods --recursive")
    assert "\n    containers\t<[]Container> -required-\n" in tree


def test_apply_says_created_unchanged_configured(lab: Any) -> None:
    assert lab.run("kubectl apply -f -", DEPLOYMENT) == "deployment.apps/web created\n"
    assert lab.run("kubectl apply -f -", DEPLOYMENT) == "deployment.apps/web unchanged\n"
    assert lab.value("deploy web", "{.metadata.generation}") == "1"
    assert (
        lab.run("kubectl apply -f -", DEPLOYMENT.replace("replicas: 3", "replicas: 4"))
        == "deployment.apps/web configured\n"
    )
    assert lab.value("deploy web", "{.metadata.generation}") == "2"
    assert (
        lab.run("kubectl apply --dry-run=server -f -", DEPLOYMENT)
        == "deployment.apps/web configured (server dry run)\n"
    )
    assert lab.value("deploy web", "{.spec.replicas}") == "4"


def test_describe_shows_the_events_of_its_pod(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    described = lab.run("kubectl describe pod web")
    for part in ("Containers:", "Conditions:", "Volumes:", "QoS Class:", "Tolerations:", "Events:"):
        assert f"\n{part}" in described
    uid = lab.value("pod web", "{.metadata.uid}")
    messages = lab.run(
        f"kubectl get events --field-selector involvedObject.uid={uid} -o jsonpath='{{range .items[*]}}{{.message}}{{\"\\n\"}}{{end}}'"
    )
    assert len(messages.splitlines()) == 5
    for message in messages.splitlines():
        assert message in described


def test_several_pods_are_deleted_at_once_and_wait_for_their_grace(lab: Any) -> None:
    for name in ("a", "b"):
        lab.run(f"kubectl run {name} --image=busybox:1.36 -- sh -c 'sleep 3600'")
    lab.wait(20)
    assert lab.run("kubectl delete pod a b --wait=false") == 'pod "a" deleted\npod "b" deleted\n'
    lab.wait(2)
    assert lab.column("kubectl get pods", "STATUS") == ["Terminating", "Terminating"]
    lab.wait(40)
    assert lab.column("kubectl get pods", "NAME") == []


def test_expose_makes_a_service_of_the_targets_selector(lab: Any) -> None:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=2")
    lab.run("kubectl expose deployment web --port=80 --type=NodePort")
    lab.wait(20)
    assert lab.value("svc web", "{.spec.selector} {.spec.type}") == '{"app":"web"} NodePort'
    ips = sorted(lab.value("pods", "{.items[*].status.podIP}").split())
    assert sorted(lab.value("ep web", "{.subsets[*].addresses[*].ip}").split()) == ips


def test_logs_per_container_and_of_the_one_before(lab: Any) -> None:
    lab.run("kubectl run talk --image=busybox:1.36 -- sh -c 'echo hello; sleep 5; exit 1'")
    lab.wait(14)
    assert lab.run("kubectl logs talk") == "hello\n"
    assert lab.run("kubectl logs talk --previous") == "hello\n"
    assert lab.run("kubectl logs talk --tail=1 -c talk") == "hello\n"
    assert "container nope is not valid for pod talk" in lab.refusal("kubectl logs talk -c nope")


def test_a_command_in_a_container(lab: Any) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    assert lab.run("kubectl exec web -- hostname") == "web\n"
    assert "HOSTNAME=web" in lab.run("kubectl exec web -- env").splitlines()


def test_a_stale_edit_is_a_conflict(lab: Any) -> None:
    lab.run("kubectl create configmap one --from-literal=k=v")
    stale = lab.run("kubectl get cm one -o yaml")
    lab.run("kubectl label cm one seen=yes")
    assert "the object has been modified; please apply your changes to the latest version and try again" in lab.refusal(
        "kubectl replace -f -", stale
    )


@pytest.mark.parametrize("field", ["hostNetwork: true", "nodeName: elsewhere"], ids=["host network", "node name"])
def test_most_of_a_pod_cannot_be_changed(lab: Any, field: str) -> None:
    lab.run("kubectl run web --image=nginx:1.27")
    lab.wait(20)
    name, _, value = field.partition(": ")
    value = value if value == "true" else f'"{value}"'
    said = lab.refusal(f'kubectl patch pod web -p \'{{"spec":{{"{name}":{value}}}}}\'')
    assert "pod updates may not change fields other than" in said


def test_kubectl_speaks_http_and_shows_it(lab: Any) -> None:
    listed = json.loads(lab.run("kubectl get --raw /api/v1/namespaces/kube-system/pods"))
    assert (listed["kind"], listed["apiVersion"]) == ("PodList", "v1")
    said = lab.reply("kubectl get pods -v=6")["stderr"]
    assert re.search(
        r'round_trippers.go:632\] "Response" verb="GET" '
        r'url="https://127.0.0.1:6443/api/v1/namespaces/default/pods\?limit=500" status="200 OK" milliseconds=1\n',
        said,
    )
    missing = lab.reply("kubectl get pod gone -v=6")["stderr"]
    assert 'status="404 Not Found"' in missing
    told = lab.reply("kubectl get configmaps -v=8")["stderr"]
    assert "\tAccept: application/json;as=Table;v=v1;g=meta.k8s.io," in told
    assert '"Response Body" body="{' in told


@pytest.mark.parametrize(
    ("line", "status"),
    [
        pytest.param("kubectl create configmap made", "201 Created", id="created"),
        pytest.param("kubectl create configmap kube-root-ca.crt", "409 Conflict", id="taken"),
        pytest.param("kubectl get pods --as ann", "403 Forbidden", id="forbidden"),
        pytest.param("kubectl run BAD --image=nginx", "422 Unprocessable Entity", id="invalid"),
    ],
)
def test_every_outcome_is_a_status(lab: Any, line: str, status: str) -> None:
    assert f'status="{status}"' in lab.reply(f"{line} -v=6")["stderr"]
