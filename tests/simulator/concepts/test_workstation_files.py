"""Group C: the kubeconfig of the workstation, and flags of former days."""

from typing import Any

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""
DEPRECATED = "Flag --record has been deprecated, --record will be removed in the future\n"
REFUSED = "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n"


def test_the_kubeconfig_is_a_file_and_without_it_nobody_answers(lab: Any) -> None:
    assert "current-context: kind-book\n" in lab.run("cat ~/.kube/config")
    lab.run("cp ~/.kube/config kept")
    lab.run("rm ~/.kube/config")
    assert lab.refusal("kubectl get pods").endswith(REFUSED)
    assert lab.refusal("kubectl apply -f -", DEPLOYMENT) == (
        'error: error validating "STDIN": error validating data: failed to download openapi: '
        'Get "http://localhost:8080/openapi/v2?timeout=32s": dial tcp 127.0.0.1:8080: connect: connection refused; '
        "if you choose to ignore these errors, turn validation off with --validate=false\n"
    )
    lab.run("cp kept ~/.kube/config")
    assert lab.column("kubectl get nodes", "NAME")[0] == "book-control-plane"


def test_a_broken_kubeconfig_is_an_error_that_names_the_file(lab: Any) -> None:
    lab.run("echo '{' > ~/.kube/config")
    assert lab.refusal("kubectl get pods").startswith('error: error loading config file "/home/learner/.kube/config": ')


def test_use_context_switches_in_the_file_and_knows_only_what_stands_there(lab: Any) -> None:
    lab.run("kubectl config set-context shop --cluster=kind-book --user=kind-book --namespace=kube-system")
    assert lab.run("kubectl config use-context shop") == 'Switched to context "shop".\n'
    assert lab.run("grep current-context ~/.kube/config") == "current-context: shop\n"
    assert lab.refusal("kubectl config use-context nope") == 'error: no context exists with the name: "nope"\n'
    assert lab.run("kubectl config current-context") == "shop\n"


def test_record_is_deprecated_and_writes_the_change_cause(lab: Any) -> None:
    lab.run("cat > web.yaml", DEPLOYMENT)
    assert lab.reply("kubectl apply -f web.yaml --record")["stderr"] == DEPRECATED
    lab.wait(20)
    said = lab.reply("kubectl set image deploy/web web=nginx:1.28 --record")
    assert (said["stdout"], said["stderr"]) == ("deployment.apps/web image updated\n", DEPRECATED)
    lab.wait(20)
    assert lab.run("kubectl rollout history deploy web").splitlines() == [
        "deployment.apps/web ",
        "REVISION  CHANGE-CAUSE",
        "1         kubectl apply --filename=web.yaml --record=true",
        "2         kubectl set image deploy/web web=nginx:1.28 --record=true",
        "",
    ]


def test_a_change_cause_needs_no_flag(lab: Any) -> None:
    assert lab.reply("kubectl apply -f - --record=false", DEPLOYMENT)["stderr"] == DEPRECATED
    lab.wait(20)
    assert "1         <none>" in lab.run("kubectl rollout history deploy web")
    lab.run("kubectl annotate deploy web kubernetes.io/change-cause='first of all'")
    lab.wait(5)
    assert "1         first of all" in lab.run("kubectl rollout history deploy web")


def test_stateful_pods_start_one_by_one_unless_told_otherwise(lab: Any) -> None:
    for name, policy in (("ordered", ""), ("parallel", "podManagementPolicy: Parallel, ")):
        spec = f"{{replicas: 3, {policy}serviceName: x, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: 'nginx:1.27'}}]}}}}}}"
        lab.run(
            "kubectl apply -f -", f"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {spec}\n"
        )
    lab.wait(0.5)
    assert lab.column("kubectl get pods -l app=ordered", "NAME") == ["ordered-0"]
    assert lab.column("kubectl get pods -l app=parallel", "NAME") == ["parallel-0", "parallel-1", "parallel-2"]
    assert lab.value("sts ordered parallel", "{.items[*].spec.podManagementPolicy}") == "OrderedReady Parallel"
    lab.wait(60)
    assert lab.value("sts ordered", "{.status.readyReplicas}") == "3"
