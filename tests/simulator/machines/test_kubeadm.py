"""kubeadm on machines: tokens, joining, resetting, upgrading, certificates that expire; the API server's own health checks.

https://kubernetes.io/docs/reference/setup-tools/kubeadm/; texts from `cmd/kubeadm/app`.
"""

import re
from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.config import read_config
from simulator.config_checks import ConfigError
from tests.simulator.machines.conftest import Lab

Obj = dict[str, Any]
NODE, SPARE = "kind-control-plane", "kind-worker2"
CONFIG = "nodes: [{role: control-plane}, {role: worker}, {role: worker, joined: false}]"
HINT = "To see the stack trace of this error execute with --v=5 or higher\n"
IDENTITY = "error execution phase preflight: couldn't validate the identity of the API Server: "
YEAR = 365 * 86_400


@pytest.fixture
def lab() -> Lab:
    return Lab(CONFIG)


def join_command(lab: Lab, *flags: str) -> str:
    printed = lab.on(NODE, f"kubeadm token create --print-join-command {' '.join(flags)}")
    lab.run(1)
    return printed.strip()


def nodes(lab: Lab) -> str:
    return lab.said("kubectl get nodes --no-headers")


# Tokens


def test_a_token_is_a_secret_that_signs_the_cluster_info_and_is_listed(lab: Lab) -> None:
    assert (
        lab.on(NODE, "kubeadm token create abcdef.0123456789abcdef --description spare") == "abcdef.0123456789abcdef\n"
    )
    lab.run(1)
    secret = lab.get("secrets", "bootstrap-token-abcdef", "kube-system")
    assert secret["type"] == "bootstrap.kubernetes.io/token"
    info = lab.get("configmaps", "cluster-info", "kube-public")
    assert info["data"]["jws-kubeconfig-abcdef"].startswith("eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..")
    header, row = lab.on(NODE, "kubeadm token list").splitlines()
    assert header.split() == ["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA", "GROUPS"]
    groups = "system:bootstrappers:kubeadm:default-node-token"
    assert row.split()[:2] == ["abcdef.0123456789abcdef", "23h"]
    assert row.split()[3:] == ["authentication,signing", "spare", groups]
    assert lab.on(NODE, "kubeadm token delete abcdef") == 'bootstrap token "abcdef" deleted\n'
    lab.run(1)
    assert "jws-kubeconfig-abcdef" not in lab.get("configmaps", "cluster-info", "kube-public")["data"]


def test_a_token_may_ask_what_bootstrappers_may_ask_until_it_expires(lab: Lab) -> None:
    lab.on(NODE, "kubeadm token create abcdef.0123456789abcdef --ttl 1h")
    who = "kubectl --token=abcdef.0123456789abcdef auth whoami"
    assert "system:bootstrap:abcdef" in lab.said(who)
    lab.run(3_601)
    assert lab.get("secrets", "bootstrap-token-abcdef", "kube-system") is None
    assert "Unauthorized" in lab.refused("kubectl --token=abcdef.0123456789abcdef get nodes")


# Joining


def test_a_machine_joins_with_the_printed_command_and_becomes_a_node(lab: Lab) -> None:
    assert SPARE not in nodes(lab)
    command = join_command(lab)
    assert re.fullmatch(
        r"kubeadm join kind-control-plane:6443 --token \w{6}\.\w{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}",
        command,
    )
    said = lab.on(SPARE, command)
    assert "\nThis node has joined the cluster:\n* Certificate signing request was sent to apiserver" in said
    lab.run(20)
    assert re.search(rf"{SPARE} +Ready ", nodes(lab))
    request = lab.said("kubectl get csr --no-headers")
    assert "kubernetes.io/kube-apiserver-client-kubelet" in request
    assert "Approved,Issued" in request
    assert re.search(rf"kube-proxy-\w+ +1/1 +Running.*{SPARE}", lab.said("kubectl get pods -A -o wide"))
    lab.restore()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            (r"--token \w{6}", "--token zzzzzz"),
            IDENTITY + 'could not find a JWS signature in the cluster-info ConfigMap for token ID "zzzzzz"\n' + HINT,
            id="unknown-token",
        ),
        pytest.param(
            (r"\.\w{16}", ".0000000000000000"),
            IDENTITY
            + "failed to verify JWS signature of received cluster info object, can't trust this API Server\n"
            + HINT,
            id="wrong-secret",
        ),
        pytest.param(
            (r"sha256:\w+", "sha256:00"),
            IDENTITY + "cluster CA found in cluster-info ConfigMap is invalid: none of the public keys",
            id="wrong-authority",
        ),
        pytest.param(
            (r"kind-control-plane:6443", "nowhere:6443"),
            IDENTITY
            + 'failed to request the cluster-info ConfigMap: Get "https://nowhere:6443/api/v1/namespaces/kube-public'
            '/configmaps/cluster-info?timeout=10s": dial tcp: lookup nowhere: no such host\n' + HINT,
            id="wrong-endpoint",
        ),
        pytest.param(
            (r" --discovery-token-ca-cert-hash \S+", ""),
            'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe.',
            id="no-hash",
        ),
    ],
)
def test_a_join_that_proves_nothing_is_refused(lab: Lab, change: tuple[str, str], says: str) -> None:
    command = re.sub(*change, join_command(lab))
    assert lab.refused(f"docker exec {SPARE} {command}").startswith(says)
    lab.run(20)
    assert SPARE not in nodes(lab)


def test_an_expired_token_joins_nobody(lab: Lab) -> None:
    command = join_command(lab, "--ttl 10m")
    lab.run(601)
    assert "could not find a JWS signature" in lab.refused(f"docker exec {SPARE} {command}")


def test_a_node_cannot_join_again_until_it_is_reset(lab: Lab) -> None:
    command = join_command(lab)
    refused = lab.refused(f"docker exec kind-worker {command}")
    assert refused.startswith("error execution phase preflight: [preflight] Some fatal errors occurred:\n")
    assert (
        "\t[ERROR FileAvailable--etc-kubernetes-kubelet.conf]: /etc/kubernetes/kubelet.conf already exists\n" in refused
    )
    assert "won't proceed" in lab.refused("docker exec kind-worker kubeadm reset")
    assert "[reset] Stopping the kubelet service\n" in lab.on("kind-worker", "kubeadm reset -f")
    lab.run(60)
    assert re.search(r"kind-worker +NotReady ", nodes(lab))
    lab.said("kubectl delete node kind-worker")
    lab.restore()
    lab.on("kind-worker", command)
    lab.run(30)
    assert re.search(r"kind-worker +Ready ", nodes(lab))


def test_nobody_signs_while_the_controller_manager_is_down(lab: Lab) -> None:
    command = join_command(lab)
    lab.cluster.apply({"kind": "fault", "fault": "component-stop", "target": "kube-controller-manager"})
    refused = lab.refused(f"docker exec {SPARE} {command}")
    assert "error execution phase kubelet-wait-bootstrap: timed out waiting for the condition" in refused
    assert "Pending" in lab.said("kubectl get csr")


# Upgrading


def test_the_control_plane_is_upgraded_first_and_each_kubelet_by_its_package(lab: Lab) -> None:
    plan = lab.on(NODE, "kubeadm upgrade plan")
    assert "kube-apiserver            kind-control-plane   v1.33.1    v1.33.4\n" in plan
    assert "\tkubeadm upgrade apply v1.33.4\n" in plan
    assert "Note: Before you can perform this upgrade, you have to update kubeadm to v1.33.4.\n" in plan
    refused = lab.refused(f"docker exec {NODE} kubeadm upgrade apply v1.33.4")
    assert (
        'Specified version to upgrade to "v1.33.4" is higher than the kubeadm version "v1.33.1". '
        "Upgrade kubeadm first using the tool you used to install kubeadm"
    ) in refused
    lab.on(NODE, "apt-get install -y kubeadm=1.33.4-1.1")
    said = lab.on(NODE, "kubeadm upgrade apply v1.33.4 -y")
    assert '[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "v1.33.4".\n' in said
    lab.run(60)
    assert "Server Version: v1.33.4\n" in lab.said("kubectl version")
    assert lab.get("pods", f"kube-scheduler-{NODE}", "kube-system")["spec"]["containers"][0]["image"].endswith(
        ":v1.33.4"
    )
    assert "registry.k8s.io/kube-proxy:v1.33.4" in lab.said("kubectl get ds -n kube-system -o wide")
    assert "v1.33.4" not in nodes(lab)
    lab.said("kubectl drain kind-worker --ignore-daemonsets")
    lab.on("kind-worker", "sh -c 'apt-get install -y kubelet=1.33.4-* && kubeadm upgrade node'")
    assert "v1.33.4" not in nodes(lab)
    lab.on("kind-worker", "systemctl restart kubelet")
    lab.said("kubectl uncordon kind-worker")
    lab.run(10)
    assert re.search(r"kind-worker +Ready .* v1.33.4\n", nodes(lab))
    lab.restore()


@pytest.mark.parametrize(
    ("version", "says"),
    [
        pytest.param(
            "v1.35.0",
            'Specified version to upgrade to "v1.35.0" is too high; kubeadm can upgrade only 1 minor version at a time',
            id="two-minors",
        ),
        pytest.param(
            "v1.34.0",
            'Specified version to upgrade to "v1.34.0" is at least one minor release higher than the kubeadm minor release '
            "(34 > 33). Such an upgrade is not supported",
            id="newer-than-kubeadm",
        ),
        pytest.param("latest", 'couldn\'t parse kubernetes version "latest"', id="no-version"),
    ],
)
def test_versions_that_do_not_go_together_are_refused(lab: Lab, version: str, says: str) -> None:
    assert says in lab.refused(f"docker exec {NODE} kubeadm upgrade apply {version}")


# Certificates


def test_certificates_live_a_year_and_authorities_ten(lab: Lab) -> None:
    said = lab.on(NODE, "kubeadm certs check-expiration")
    assert (
        "apiserver                  Oct 09, 2026 08:52 UTC   364d            ca                      no      \n" in said
    )
    assert "etcd-ca                 Oct 07, 2035 08:52 UTC   9y              no      \n" in said


def test_after_a_year_nobody_trusts_the_api_server_until_its_certificate_is_renewed(lab: Lab) -> None:
    lab.said("kubectl create deployment web --image=nginx")
    lab.cluster.advance((YEAR + 60) * 1_000_000, 1_000_000)
    refused = lab.refused("kubectl get nodes")
    assert refused == (
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
        "current time 2026-10-09T08:54:20Z is after 2026-10-09T08:52:20Z\n"
    )
    assert "apiserver                  Oct 09, 2026 08:52 UTC   <invalid>" in lab.on(
        NODE, "kubeadm certs check-expiration"
    )
    said = lab.on(NODE, "kubeadm certs renew all")
    assert said.startswith(
        "[renew] Error reading configuration from the Cluster. Falling back to default configuration\n\n"
    )
    assert "certificate for serving the Kubernetes API renewed\n" in said
    lab.run(5)
    lab.said("kubectl scale deployment web --replicas=2")
    lab.run(20)
    assert lab.said("kubectl get pods --no-headers").count("Running") == 2
    lab.restore()


def test_an_upgrade_renews_them_in_passing(lab: Lab) -> None:
    lab.run(86_400 * 10)
    lab.on(NODE, "apt-get install -y kubeadm=1.33.2-1.1")
    lab.on(NODE, "kubeadm upgrade apply v1.33.2")
    assert "apiserver                  Oct 19, 2026" in lab.on(NODE, "kubeadm certs check-expiration")


# Health and the configuration


def test_the_api_server_checks_itself_one_by_one(lab: Lab) -> None:
    assert lab.said("kubectl get --raw=/livez") == "ok"
    lines = lab.said("kubectl get --raw='/readyz?verbose'").splitlines()
    assert lines[:5] == ["[+]ping ok", "[+]log ok", "[+]etcd ok", "[+]etcd-readiness ok", "[+]informer-sync ok"]
    assert lines[-2:] == ["[+]shutdown ok", "readyz check passed"]
    lines = lab.said("kubectl get --raw='/livez?verbose&exclude=etcd'").splitlines()
    assert lines[2] == "[+]etcd excluded: ok"
    lab.cluster.apply({"kind": "fault", "fault": "component-stop", "target": "etcd"})
    assert "[-]etcd failed: reason withheld" in lab.refused("kubectl get --raw='/readyz'")


def test_only_a_worker_of_ones_own_waits_for_kubeadm() -> None:
    with pytest.raises(ConfigError, match="only a worker of one's own"):
        read_config("nodes: [{role: control-plane, joined: false}]")
    config = read_config(CONFIG)
    assert read_config(config.dump()) == config


@pytest.mark.parametrize("pause", [0.0, 0.3, 3.0])
def test_a_restored_cluster_joins_alike(lab: Lab, pause: float) -> None:
    lab.on(SPARE, join_command(lab))
    lab.run(pause)
    other = Cluster.load(lab.cluster.dump())
    for one in (lab.cluster, other):
        one.advance(one.now + 30_000_000)
    assert other.state_hash() == lab.cluster.state_hash()
