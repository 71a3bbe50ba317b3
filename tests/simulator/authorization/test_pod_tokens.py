"""The token a pod finds in its file system, and what the API server answers to whoever shows it from inside the cluster.

https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/, `pkg/kubelet/token/token_manager.go`, `pkg/serviceaccount/claims.go` (1.33).
"""

import base64
import json
from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.node.service_account_tokens import asked_at
from tests.proof.follows import follows

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
API = "https://kubernetes.default.svc"
SECOND = 1_000_000


class Lab:
    def __init__(self, config: str = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]") -> None:
        self.cluster = Cluster.create(config, epoch_s=1_760_000_000)
        self.let_pass(30)

    def let_pass(self, seconds: int) -> None:
        self.cluster.advance(self.cluster.now + seconds * SECOND, 1_000_000)

    def run(self, line: str) -> str:
        result = self.cluster.workstation.run(line, "")
        return result.stdout + result.stderr

    def inside(self, script: str) -> str:
        return self.run(f"kubectl exec web -- sh -c '{script}'")

    def claims(self) -> dict[str, Any]:
        payload = self.inside(f"cat {FOLDER}/token").split(".")[1]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return found


@pytest.fixture(scope="module")
def lab() -> Lab:
    made = Lab()
    made.run("kubectl run web --image=nginx")
    made.let_pass(20)
    return made


def test_a_pod_finds_its_token_the_clusters_authority_and_its_namespace(lab: Lab) -> None:
    assert lab.inside(f"ls {FOLDER}") == "ca.crt\nnamespace\ntoken\n"
    assert lab.inside(f"cat {FOLDER}/namespace") == "default"
    assert lab.inside(f"cat {FOLDER}/token").count(".") == 2


def test_its_claims_name_account_pod_and_node_and_it_is_accepted_for_a_year(lab: Lab) -> None:
    claims, pod = lab.claims(), json.loads(lab.run("kubectl get pod web -o json"))
    node = json.loads(lab.run(f"kubectl get node {pod['spec']['nodeName']} -o json"))
    account = json.loads(lab.run("kubectl get serviceaccount default -o json"))
    since = claims["iat"]
    assert claims == {
        "aud": ["https://kubernetes.default.svc.cluster.local"],
        "exp": since + 365 * 24 * 3_600,
        "iat": since,
        "iss": "https://kubernetes.default.svc.cluster.local",
        "jti": claims["jti"],
        "kubernetes.io": {
            "namespace": "default",
            "node": {"name": "kind-worker", "uid": node["metadata"]["uid"]},
            "pod": {"name": "web", "uid": pod["metadata"]["uid"]},
            "serviceaccount": {"name": "default", "uid": account["metadata"]["uid"]},
            "warnafter": since + 3_607,
        },
        "nbf": since,
        "sub": "system:serviceaccount:default:default",
    }


REFUSED = """{
  "kind": "Status",
  "apiVersion": "v1",
  "metadata": {},
  "status": "Failure",
  "message": "%s",
  "reason": "%s",%s
  "code": %d
}"""
DEFAULT = "system:serviceaccount:default:default"
NO_PODS = f'pods is forbidden: User \\"{DEFAULT}\\" cannot list resource \\"pods\\" in API group \\"\\" in the namespace \\"default\\"'


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param(
            f"curl -sk {API}/api",
            REFUSED
            % (
                'forbidden: User \\"system:anonymous\\" cannot get path \\"/api\\"',
                "Forbidden",
                '\n  "details": {},',
                403,
            ),
            id="anonymous",
        ),
        pytest.param(
            f'curl -sk -H "Authorization: Bearer x.y.z" {API}/api',
            REFUSED % ("Unauthorized", "Unauthorized", "", 401),
            id="a token of nobody",
        ),
        pytest.param(
            f'curl -s --cacert {FOLDER}/ca.crt -H "Authorization: Bearer $(cat {FOLDER}/token)" {API}/api/v1/namespaces/default/pods',
            REFUSED % (NO_PODS, "Forbidden", '\n  "details": {\n    "kind": "pods"\n  },', 403),
            id="an account without rights",
        ),
        pytest.param(f"curl -sk -o /dev/null -w %{{http_code}} {API}/healthz", "200", id="health is for everybody"),
        pytest.param(
            "curl -s http://kubernetes.default.svc:443/api",
            "Client sent an HTTP request to an HTTPS server.",
            id="without TLS",
        ),
        pytest.param(
            f"curl {API}/api || true",
            "curl: (60) SSL certificate problem: unable to get local issuer certificate\n"
            "More details here: https://curl.se/docs/sslcerts.html\n\n"
            "curl failed to verify the legitimacy of the server and therefore could not\n"
            "establish a secure connection to it. To learn more about this situation and\n"
            "how to fix it, please visit the webpage mentioned above.",
            id="an authority that the image does not know",
        ),
    ],
)
def test_the_api_server_answers_pods_by_the_rights_of_their_account(lab: Lab, script: str, says: str) -> None:
    assert lab.inside(script).rstrip("\n") == says


def test_an_account_reads_and_writes_what_it_may_from_inside_its_pod(lab: Lab) -> None:
    lab.run("kubectl create rolebinding inside --clusterrole=edit --serviceaccount=default:default")
    bearer = f'-H "Authorization: Bearer $(cat {FOLDER}/token)"'
    where = f"{API}/api/v1/namespaces/default"
    assert json.loads(lab.inside(f"curl -sk {bearer} {where}/pods"))["items"][0]["metadata"]["name"] == "web"
    body = '{\\"apiVersion\\":\\"v1\\",\\"kind\\":\\"ConfigMap\\",\\"metadata\\":{\\"name\\":\\"made\\"}}'
    lab.inside(f'curl -sk {bearer} -H "Content-Type: application/json" -d "{body}" {where}/configmaps')
    assert lab.run("kubectl get configmap made -o name") == "configmap/made\n"
    assert json.loads(lab.inside(f"curl -sk {bearer} -X DELETE {where}/configmaps/made"))["status"] == "Success"


def test_a_pods_token_tells_a_review_which_pod_it_is_and_dies_with_it(lab: Lab) -> None:
    lab.run("kubectl run short --image=nginx")
    lab.let_pass(20)
    token = lab.run(f"kubectl exec short -- cat {FOLDER}/token")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}

    def reviewed() -> dict[str, Any]:
        request = {"kind": "request", "method": "POST", "path": "/apis/authentication.k8s.io/v1/tokenreviews"}
        found: dict[str, Any] = lab.cluster.apply({**request, "query": {}, "headers": {}, "body": review})["body"]
        return found["status"]

    status = reviewed()
    assert status["authenticated"] is True
    assert status["audiences"] == ["https://kubernetes.default.svc.cluster.local"]
    assert sorted(status["user"]["extra"]) == [
        "authentication.kubernetes.io/credential-id",
        "authentication.kubernetes.io/node-name",
        "authentication.kubernetes.io/node-uid",
        "authentication.kubernetes.io/pod-name",
        "authentication.kubernetes.io/pod-uid",
    ]
    assert status["user"]["extra"]["authentication.kubernetes.io/pod-name"] == ["short"]
    lab.run("kubectl delete pod short --force --grace-period=0")
    lab.let_pass(1)
    assert reviewed() == {"user": {}, "error": "[invalid bearer token, service account token has been invalidated]"}


@follows("ServiceAccount tokens", "pkg/kubelet/token/token_manager_test.go: TestRequiresRefresh")
@pytest.mark.parametrize(
    ("now_s", "lifetime_s", "since_s"),
    [
        pytest.param(0, 3_607, 0, id="the first"),
        pytest.param(2_885, 3_607, 0, id="until four fifths of its life are over"),
        pytest.param(2_940, 3_607, 2_940, id="then with the next sync"),
        pytest.param(5_879, 3_607, 2_940, id="and that one as long"),
        pytest.param(5_880, 3_607, 5_880, id="and so on"),
        pytest.param(480, 600, 480, id="the shortest life"),
        pytest.param(86_400, 1 << 31, 86_400, id="no token is older than a day"),
    ],
)
def test_a_token_is_asked_for_anew_when_most_of_its_life_is_over(now_s: int, lifetime_s: int, since_s: int) -> None:
    assert asked_at(0, now_s * SECOND, lifetime_s, 0) == since_s * SECOND


def test_the_file_changes_with_the_token_and_both_are_accepted(lab: Lab) -> None:
    first = lab.inside(f"cat {FOLDER}/token")
    lab.let_pass(3_000)
    second = lab.inside(f"cat {FOLDER}/token")
    assert first != second
    for token in (first, second):
        assert "200" in lab.inside(
            f'curl -sk -o /dev/null -w %{{http_code}} -H "Authorization: Bearer {token}" {API}/api'
        )


def test_a_managed_control_plane_answers_too() -> None:
    lab = Lab("kind: Cluster\nflavour: cloud\nnodeGroups: [{name: a, size: 1}]")
    lab.let_pass(90)
    lab.run("kubectl run web --image=nginx")
    lab.let_pass(60)
    assert '"gitVersion": "v1.33' in lab.inside(f"curl -sk {API}/version")


def test_a_restored_cluster_shows_the_same_token(lab: Lab) -> None:
    again = Cluster.load(lab.cluster.dump())
    line = f"kubectl exec web -- cat {FOLDER}/token"
    assert again.workstation.run(line, "").stdout == lab.run(line)
