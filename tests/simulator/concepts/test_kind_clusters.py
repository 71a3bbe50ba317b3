"""Group C: more than one cluster at one workstation. Words of kind v0.29 (`pkg/cmd/kind`, `pkg/cluster/internal/create`)."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

THREE_NODES = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraPortMappings: [{containerPort: 30080, hostPort: 8080}]
- role: worker
  image: kindest/node:v1.33.1
- role: worker
networking: {ipFamily: ipv4, podSubnet: 10.200.0.0/16, serviceSubnet: 10.201.0.0/16}
"""
MADE = """\
Creating cluster "second" ...
 ✓ Ensuring node image (kindest/node:v1.33.1) 🖼
 ✓ Preparing nodes 📦 📦 📦 \n\
 ✓ Writing configuration 📜
 ✓ Starting control-plane 🕹️
 ✓ Installing CNI 🔌
 ✓ Installing StorageClass 💾
 ✓ Joining worker nodes 🚜
Set kubectl context to "kind-second"
You can now use your cluster with:

kubectl cluster-info --context kind-second

"""


@pytest.fixture
def two(lab: Any) -> Any:
    """The lab's own cluster `book` and one beside it, which is the current one."""
    lab.run("cat > three.yaml", THREE_NODES)
    lab.run("kind create cluster --name second --config three.yaml")
    lab.wait(15)
    return lab


def test_kind_makes_a_cluster_as_its_configuration_says(lab: Any) -> None:
    lab.run("cat > three.yaml", THREE_NODES)
    line = "kind create cluster --name second --config three.yaml"
    said = lab.cluster.apply({"kind": "shell", "line": line, "terminal": True})
    assert said["stdout"] == ""
    assert said["stderr"].startswith(MADE)
    assert lab.run("kubectl config current-context") == "kind-second\n"
    assert lab.run("kind get clusters") == "book\nsecond\n"
    assert lab.column("kubectl get nodes", "STATUS") == ["NotReady"] * 3
    lab.wait(15)
    assert lab.column("kubectl get nodes", "STATUS") == ["Ready"] * 3
    assert lab.column("kubectl get nodes", "NAME") == ["second-control-plane", "second-worker", "second-worker2"]
    assert lab.run("kind get nodes --name second").split() == lab.column("kubectl get nodes", "NAME")
    assert lab.value("svc kubernetes", "{.spec.clusterIP}") == "10.201.0.1"
    assert lab.value("node second-worker", "{.spec.podCIDR}").startswith("10.200.")


def test_without_a_terminal_every_step_is_told_twice(lab: Any) -> None:
    lines = lab.reply("kind create cluster")["stderr"].splitlines()
    assert lines[:3] == [
        'Creating cluster "kind" ...',
        " • Ensuring node image (kindest/node:v1.33.1) 🖼  ...",
        " ✓ Ensuring node image (kindest/node:v1.33.1) 🖼",
    ]


def test_wait_goes_on_until_the_control_plane_is_ready(lab: Any) -> None:
    said = lab.cluster.apply({"kind": "shell", "line": "kind create cluster --wait 5m", "terminal": True})
    token, text = said["follow"], ""
    for _ in range(10):
        lab.wait(1)
        looked = lab.cluster.apply({"kind": "follow", "token": token})
        token, text = looked["token"], text + looked["stdout"]
        if looked["done"]:
            break
    first, second, *rest = text.splitlines()
    assert first == " ✓ Waiting ≤ 5m0s for control-plane = Ready ⏳"
    assert second.startswith(" • Ready after ")
    assert second.endswith("s 💚")
    assert rest[0] == 'Set kubectl context to "kind-kind"'
    assert lab.column("kubectl get nodes", "STATUS") == ["Ready"]


def test_a_cluster_that_is_deleted_is_gone_with_its_context(make_lab: Callable[..., Any]) -> None:
    lab = type(make_lab())(Cluster.create({"flavour": "desktop"}))
    assert lab.reply("kind get clusters")["stderr"] == "No kind clusters found.\n"
    lab.run("kind create cluster --name second")
    assert lab.run("kubectl config get-contexts -o name") == "kind-desktop\nkind-second\n"
    gone = lab.reply("kind delete cluster --name second")
    assert gone["stderr"] == 'Deleting cluster "second" ...\nDeleted nodes: ["second-control-plane"]\n'
    assert lab.run("kubectl config get-contexts -o name") == "kind-desktop\n"
    assert lab.reply("kind get clusters")["stderr"] == "No kind clusters found.\n"
    assert lab.refusal("kubectl config current-context") == "error: current-context is not set\n"
    assert lab.refusal("kubectl get nodes --context kind-second") == (
        "Error in configuration: context was not found for specified context: kind-second\n"
    )


def test_switching_the_context_changes_target_identity_and_picture(two: Any) -> None:
    two.run("kubectl create deployment web --image=nginx:1.27")
    two.run("kubectl create serviceaccount reader")
    two.run("kubectl create clusterrole look --verb=get,list --resource=nodes")
    two.run("kubectl create clusterrolebinding look --clusterrole=look --serviceaccount=default:reader")
    token = two.run("kubectl create token reader").strip()
    two.run(f"kubectl config set-credentials reader --token={token}")
    two.run("kubectl config set-context ops-prod --cluster=kind-second --user=reader")
    two.run("kubectl config use-context ops-prod")
    assert two.column("kubectl auth whoami", "VALUE")[0] == "system:serviceaccount:default:reader"
    assert two.column("kubectl get nodes", "NAME")[0] == "second-control-plane"
    assert two.refusal("kubectl delete deployment web") == (
        'Error from server (Forbidden): deployments.apps "web" is forbidden: User '
        '"system:serviceaccount:default:reader" cannot delete resource "deployments" in API group "apps" in the namespace "default"\n'
    )
    assert shown(two) == ["second-control-plane", "second-worker", "second-worker2"]
    two.run("kubectl config use-context kind-book")
    assert two.column("kubectl auth whoami", "VALUE")[0] == "kubernetes-admin"
    assert two.column("kubectl get nodes", "NAME")[0] == "book-control-plane"
    assert shown(two) == ["book-control-plane", "book-worker", "book-worker2"]
    assert two.reply("kubectl get deployments")["stderr"] == "No resources found in default namespace.\n"
    assert two.run("kubectl get deployments -o name --context kind-second") == "deployment.apps/web\n"


def shown(lab: Any) -> list[str]:
    """The machines in the picture of the page."""
    table = lab.cluster.picture()["Node"]
    return sorted(row[table["cols"].index("name")] for row in table["rows"])


def test_keys_of_one_cluster_open_no_other(two: Any) -> None:
    two.run("kubectl config set-context mixed --cluster=kind-second --user=kind-book")
    said = "error: You must be logged in to the server (Unauthorized)\n"
    assert two.refusal("kubectl get pods --context mixed") == said
    token = two.run("kubectl create token default").strip()
    assert two.refusal(f"kubectl get pods --token={token} --context kind-book") == said
    assert "Forbidden" in two.refusal(f"kubectl get pods --token={token}")


def test_an_address_where_nobody_listens_is_refused(two: Any) -> None:
    two.run("kubectl config set-cluster nowhere --server=https://127.0.0.1:7443")
    two.run("kubectl config set-context nowhere --cluster=nowhere --user=kind-book")
    assert two.refusal("kubectl get pods --context nowhere").endswith(
        "\nThe connection to the server 127.0.0.1:7443 was refused - did you specify the right host or port?\n"
    )


def test_the_address_that_containers_use_means_nothing_at_the_workstation(two: Any) -> None:
    two.run("kind get kubeconfig --name second --internal > inside.yaml")
    assert two.refusal("kubectl get pods --kubeconfig inside.yaml") == (
        "Unable to connect to the server: dial tcp: lookup second-control-plane: no such host\n"
    )


def test_images_of_the_workstation_are_loaded_into_nodes(two: Any) -> None:
    said = two.reply("kind load docker-image nginx:1.27 --name second --nodes second-worker")["stderr"]
    assert said.startswith('Image: "nginx:1.27" with ID "sha256:')
    assert said.endswith('" not yet present on node "second-worker", loading...\n')
    again = two.reply("kind load docker-image nginx:1.27 --name second --nodes second-worker")["stderr"]
    assert again.endswith('" found to be already present on all nodes.\n')
    two.pin("web", "second-worker")
    two.wait(5)
    assert 'Container image "nginx:1.27" already present on machine' in two.run("kubectl describe pod web")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "kind create cluster --name book",
            'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "book"\n',
        ),
        (
            "kind create cluster --name Book",
            "ERROR: failed to create cluster: 'Book' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`\n",
        ),
        (
            "kind create cluster --config no.yaml",
            "ERROR: failed to create cluster: error reading file: open no.yaml: no such file or directory\n",
        ),
        ("kind create cluster --config old.yaml", "ERROR: failed to create cluster: unknown apiVersion: v1\n"),
        (
            "kind create cluster --config pod.yaml",
            "ERROR: failed to create cluster: unknown kind Pod for apiVersion: kind.x-k8s.io/v1alpha4\n",
        ),
        (
            "kind create cluster --config field.yaml",
            "ERROR: failed to create cluster: unable to decode config: nodes[0]: found the unknown field 'colour', wanted one of ",
        ),
        ("kind create cluster --colour", "ERROR: unknown flag: --colour\n"),
        ("kind create pod", 'ERROR: unknown command "pod" for "kind create"\n'),
        (
            "kind get kubeconfig --name nope",
            "ERROR: could not locate any control plane nodes for cluster named 'nope'. "
            "Use the --name option to select a different cluster\n",
        ),
        ("kind load docker-image nginx:no-such-tag", 'ERROR: image: "nginx:no-such-tag" not present locally\n'),
        ("kind load docker-image nginx:1.27 --name nope", 'ERROR: no nodes found for cluster "nope"\n'),
        ("kind load docker-image nginx:1.27 --name book --nodes x", 'ERROR: unknown node: "x"\n'),
        ("kind load docker-image", "ERROR: a list of image names is required\n"),
        ("kind delete clusters", "ERROR: no cluster names provided\n"),
        (
            "kind delete cluster --name book",
            'Deleting cluster "book" ...\nERROR: failed to delete cluster "book": it is this lab\'s own cluster: ',
        ),
    ],
)
def test_what_kind_refuses_is_said_in_its_words(lab: Any, line: str, said: str) -> None:
    lab.run("echo 'apiVersion: v1' > old.yaml")
    lab.run("printf 'x' > nothing || true")
    lab.run("cat > pod.yaml", "kind: Pod\napiVersion: kind.x-k8s.io/v1alpha4\n")
    lab.run("cat > field.yaml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{colour: red}]\n")
    assert lab.refusal(line).startswith(said)


def test_deleting_what_is_not_there_is_no_mistake(lab: Any) -> None:
    said = lab.reply("kind delete cluster --name nope")
    assert (said["exit"], said["stderr"]) == (0, 'Deleting cluster "nope" ...\n')


def test_a_kubeconfig_is_printed_and_exported(two: Any) -> None:
    text = two.run("kind get kubeconfig --name second")
    assert "current-context: kind-second\n" in text
    assert "server: https://127.0.0.1:" in text
    assert "server: https://second-control-plane:6443\n" in two.run("kind get kubeconfig --name second --internal")
    said = two.reply("kind export kubeconfig --name book")
    assert said["stderr"] == 'Set kubectl context to "kind-book"\n'
    assert two.run("kubectl config current-context") == "kind-book\n"


def test_the_environment_names_the_kubeconfig_and_the_cluster(lab: Any) -> None:
    lab.run("export KUBECONFIG=~/second.yaml KIND_CLUSTER_NAME=second")
    lab.run("kind create cluster")
    assert lab.run("kubectl config get-contexts -o name") == "kind-second\n"
    lab.run("unset KUBECONFIG")
    assert lab.run("kubectl config get-contexts -o name") == "kind-book\n"
    assert lab.run("kubectl config current-context --kubeconfig second.yaml") == "kind-second\n"
    lab.run("export KUBECONFIG=second.yaml:.kube/config")
    assert lab.run("kubectl config get-contexts -o name") == "kind-book\nkind-second\n"
    assert lab.run("kubectl config use-context kind-book") == 'Switched to context "kind-book".\n'
    assert lab.run("grep current-context second.yaml") == "current-context: kind-book\n"
    assert "kind-second" not in lab.run("cat .kube/config")
    assert lab.refusal("kubectl get pods --kubeconfig no.yaml") == "error: stat no.yaml: no such file or directory\n"
