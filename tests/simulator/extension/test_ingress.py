"""Ingress: classes, a controller in a pod, and where requests go (ingress-nginx' words)."""

import pytest

from simulator.cluster import Cluster
from tests.proof.follows import follows
from tests.simulator.extension.conftest import Lab, Obj
from tests.simulator.extension.gateways import NODES, GatewayLab

URL = "https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.12.2/deploy/static/provider/{}/deploy.yaml"


def ingress(name: str, *rules: Obj, **spec: object) -> Obj:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": "default"},
        "spec": {"rules": list(rules), **spec} if rules else spec,
    }  # fmt: skip


def rule(host: str, *paths: tuple[str, str, str]) -> Obj:
    listed = [{"path": path, "pathType": kind, "backend": backend(app)} for path, kind, app in paths]
    return {**({"host": host} if host else {}), "http": {"paths": listed}}


def backend(app: str) -> Obj:
    return {"service": {"name": app, "port": {"number": 80}}}


class IngressLab(GatewayLab):
    def post(self, obj: Obj) -> None:
        reply = self.request("POST", "/apis/networking.k8s.io/v1/namespaces/default/ingresses", obj)
        assert reply["status"] == 201, reply
        self.wait(3)

    @property
    def where(self) -> str:
        return str(self.object("services", "ingress-nginx-controller", "ingress-nginx")["spec"]["clusterIP"])

    def answer(self, path: str, host: str, *, port: int = 80, scheme: str = "http") -> str:
        trace = self.ask(path, host=host, port=port, scheme=scheme, address=self.where)
        if trace.backend.startswith("default/"):
            return trace.backend.partition("/")[2].rsplit("-", 2)[0]
        return str(trace.status)


@pytest.fixture(scope="module")
def settled() -> bytes:
    lab = GatewayLab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run(f"kubectl apply -f {URL.format('cloud')}")
    for app in ("coffee", "tea"):
        lab.run(f"kubectl create deployment {app} --image=drydock/web:1.0")
        lab.run(f"kubectl expose deployment {app} --port=80 --target-port=8080")
    lab.run("kubectl run client --image=curlimages/curl --command -- sleep 99999")
    lab.wait(40)
    return lab.cluster.dump()


@pytest.fixture
def nginx(settled: bytes) -> IngressLab:
    return IngressLab(Cluster.load(settled))


def test_without_a_controller_an_ingress_has_no_address(lab: Lab) -> None:
    lab.run("kubectl create ingress cafe --class=nginx --rule=cafe.example.com/*=coffee:80")
    lab.wait(60)
    assert lab.run("kubectl get ingress cafe --no-headers").split()[:4] == ["cafe", "nginx", "cafe.example.com", "80"]
    assert lab.run("kubectl events --for ingress/cafe") == ""


def test_the_controller_takes_its_class_and_tells_its_address(nginx: IngressLab) -> None:
    nginx.post(ingress("cafe", rule("cafe.example.com", ("/", "Prefix", "coffee")), ingressClassName="nginx"))
    nginx.post(ingress("other", rule("other.example.com", ("/", "Prefix", "tea")), ingressClassName="traefik"))
    nginx.run(
        "kubectl patch svc ingress-nginx-controller -n ingress-nginx --subresource=status --type=merge "
        '-p \'{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.7"}]}}}\''
    )
    nginx.wait(3)
    assert nginx.value("ingress cafe", "{.status.loadBalancer.ingress[0].ip}") == "192.0.2.7"
    assert nginx.value("ingress other", "{.status.loadBalancer}") == "{}"
    described = nginx.run("kubectl describe ingress cafe")
    assert "Sync" in described
    assert "nginx-ingress-controller  Scheduled for sync" in described
    assert nginx.answer("/", "cafe.example.com") == "coffee"
    assert nginx.answer("/", "other.example.com") == "404"


@follows(
    "ingress-nginx",
    "kubernetes/ingress-nginx/internal/ingress/controller/location.go: updateServerLocations",
    "kubernetes/ingress-nginx/internal/ingress/controller/template/template.go: buildLocation",
    "https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types",
)
@pytest.mark.parametrize(
    ("path", "host", "answers"),
    [
        pytest.param("/", "cafe.example.com", "coffee", id="root"),
        pytest.param("/tea", "cafe.example.com", "tea", id="exact"),
        pytest.param("/tea/green", "cafe.example.com", "coffee", id="not-exact"),
        pytest.param("/pot/x", "cafe.example.com", "tea", id="longest-prefix"),
        pytest.param("/potato", "cafe.example.com", "coffee", id="whole-elements"),
        pytest.param("/cupboard", "cafe.example.com", "tea", id="any-beginning-where-the-type-is-nginx-own"),
        pytest.param("/", "a.example.org", "tea", id="wildcard"),
        pytest.param("/", "a.b.example.org", "404", id="wildcard-is-one-label"),
        pytest.param("/", "nobody.example.net", "404", id="nobody"),
    ],
)
def test_hosts_and_paths_decide(nginx: IngressLab, path: str, host: str, answers: str) -> None:
    nginx.post(
        ingress(
            "cafe",
            rule(
                "cafe.example.com",
                ("/", "Prefix", "coffee"),
                ("/tea", "Exact", "tea"),
                ("/pot", "Prefix", "tea"),
                ("/cup", "ImplementationSpecific", "tea"),
            ),
            rule("*.example.org", ("/", "Prefix", "tea")),
            ingressClassName="nginx",
        )
    )
    assert nginx.answer(path, host) == answers


def test_a_service_without_endpoints_gives_503_and_a_default_backend_takes_the_rest(nginx: IngressLab) -> None:
    nginx.post(ingress("gone", rule("gone.example.com", ("/", "Prefix", "milk")), ingressClassName="nginx"))
    assert nginx.answer("/", "gone.example.com") == "503"
    nginx.post(ingress("rest", ingressClassName="nginx", defaultBackend=backend("tea")))
    assert nginx.answer("/any", "who.knows") == "tea"


def test_tls_redirects_plain_requests(nginx: IngressLab) -> None:
    nginx.post(
        ingress(
            "cafe",
            rule("cafe.example.com", ("/", "Prefix", "coffee")),
            ingressClassName="nginx",
            tls=[{"hosts": ["cafe.example.com"], "secretName": "cafe-tls"}],
        )
    )
    assert nginx.answer("/", "cafe.example.com") == "308"
    assert nginx.answer("/", "cafe.example.com", port=443, scheme="https") == "coffee"
    assert "80, 443" in nginx.run("kubectl get ingress cafe")


def test_an_ingress_without_a_class_gets_the_default_one(nginx: IngressLab) -> None:
    nginx.post(ingress("plain", rule("cafe.example.com", ("/", "Prefix", "coffee"))))
    assert nginx.answer("/", "cafe.example.com") == "404"
    nginx.run("kubectl annotate ingressclass nginx ingressclass.kubernetes.io/is-default-class=true")
    nginx.post(ingress("defaulted", rule("tea.example.com", ("/", "Prefix", "tea"))))
    assert nginx.value("ingress defaulted", "{.spec.ingressClassName}") == "nginx"
    assert nginx.answer("/", "tea.example.com") == "tea"


def test_the_kind_provider_takes_ingresses_without_a_class_and_calls_itself_localhost(lab: Lab) -> None:
    lab.run(f"kubectl apply -f {URL.format('kind')}")
    lab.run("kubectl create ingress cafe --rule=cafe.example.com/*=coffee:80")
    lab.wait(60)
    assert lab.run("kubectl get ingress cafe --no-headers").split()[:4] == [
        "cafe",
        "<none>",
        "cafe.example.com",
        "localhost",
    ]


def test_the_trace_leads_through_the_controllers_pod(nginx: IngressLab) -> None:
    nginx.post(ingress("cafe", rule("cafe.example.com", ("/", "Prefix", "coffee")), ingressClassName="nginx"))
    trace = nginx.ask("/", host="cafe.example.com", address=nginx.where)
    assert [hop.say for hop in trace.hops if hop.kind in ("listener", "route")] == [
        "ingress-nginx listens on port 80",
        "Ingress default/cafe rule 1: path prefix /",
    ]


OPTION = "nginx.ingress.kubernetes.io/"
PATTERN = ("/api(/|$)(.*)", "ImplementationSpecific", "tea")
ROOT = ("/", "Prefix", "coffee")


@follows(
    "ingress-nginx",
    "kubernetes/ingress-nginx/internal/ingress/annotations/rewrite/main_test.go",
    "kubernetes/ingress-nginx/internal/ingress/annotations/redirect/redirect_test.go",
    "kubernetes/ingress-nginx/internal/ingress/controller/template/template_test.go: TestBuildLocation, TestBuildProxyPass",
)
@pytest.mark.parametrize(
    ("options", "paths", "asked", "status", "leads_to"),
    [
        pytest.param(
            {"rewrite-target": "/$2"}, [PATTERN], "/api/v1/x?y=1", 200, "/v1/x?y=1", id="what the second group took"
        ),
        pytest.param({"rewrite-target": "/$2"}, [PATTERN], "/api", 200, "/", id="which may be nothing"),
        pytest.param(
            {"rewrite-target": "/$2"}, [PATTERN], "/API/v1", 200, "/v1", id="patterns do not look at the case"
        ),
        pytest.param({"rewrite-target": "/$2"}, [PATTERN], "/apis", 404, "", id="a pattern that does not hold"),
        pytest.param({"rewrite-target": "/here"}, [ROOT], "/any/where", 200, "/here", id="the same for all"),
        pytest.param(
            {"use-regex": "true"},
            [("/v[0-9]+/x", "ImplementationSpecific", "tea")],
            "/v12/x/y",
            200,
            "/v12/x/y",
            id="a pattern alone",
        ),
        pytest.param(
            {"use-regex": "true"},
            [("/tea", "Exact", "tea")],
            "/teapot",
            200,
            "/teapot",
            id="an exact path among patterns is one",
        ),
        pytest.param(
            {"app-root": "/app"}, [ROOT], "/", 302, "http://cafe.example.com/app", id="the application's root"
        ),
        pytest.param({"app-root": "/app"}, [ROOT], "/other", 200, "/other", id="only from the root"),
        pytest.param(
            {"permanent-redirect": "https://example.org/new"},
            [ROOT],
            "/x",
            301,
            "https://example.org/new",
            id="moved for good",
        ),
        pytest.param(
            {"permanent-redirect": "https://example.org/new", "permanent-redirect-code": "308"},
            [ROOT],
            "/x",
            308,
            "https://example.org/new",
            id="with a code",
        ),
        pytest.param(
            {"temporal-redirect": "https://example.org/now"},
            [ROOT],
            "/x",
            302,
            "https://example.org/now",
            id="moved for now",
        ),
        pytest.param(
            {"force-ssl-redirect": "true"},
            [ROOT],
            "/x",
            308,
            "https://cafe.example.com/x",
            id="to TLS without a certificate",
        ),
        pytest.param({"ssl-redirect": "true"}, [ROOT], "/x", 200, "/x", id="not to TLS where there is no certificate"),
    ],
)
def test_annotations_change_where_a_request_goes(
    nginx: IngressLab,
    options: dict[str, str],
    paths: list[tuple[str, str, str]],
    asked: str,
    status: int,
    leads_to: str,
) -> None:
    made = ingress("cafe", rule("cafe.example.com", *paths), ingressClassName="nginx")
    made["metadata"]["annotations"] = {OPTION + name: value for name, value in options.items()}
    nginx.post(made)
    trace = nginx.ask(asked, host="cafe.example.com", address=nginx.where)
    assert trace.backend.startswith("default/") is (status == 200)
    assert status in (200, trace.status)
    if status == 200:
        rewritten = [hop.say for hop in trace.hops if hop.say.startswith("rewritten to ")]
        assert (rewritten or [f"rewritten to cafe.example.com{leads_to}"]) == [
            f"rewritten to cafe.example.com{leads_to}"
        ]
    elif leads_to:
        assert f"redirected to {leads_to}" in [hop.say for hop in trace.hops]


@follows(
    "ingress-nginx",
    "kubernetes/ingress-nginx/internal/ingress/annotations/canary/main_test.go",
    "kubernetes/ingress-nginx/internal/ingress/controller/controller_test.go: TestMergeAlternativeBackends",
)
@pytest.mark.parametrize(
    ("options", "headers", "answers"),
    [
        pytest.param({"canary-weight": "100"}, "", "tea", id="all of them"),
        pytest.param({"canary-weight": "0"}, "", "coffee", id="none of them"),
        pytest.param({"canary-weight": "5", "canary-weight-total": "5"}, "", "tea", id="of another total"),
        pytest.param({"canary-by-header": "X-Beta"}, "X-Beta: always", "tea", id="by header"),
        pytest.param(
            {"canary-by-header": "X-Beta", "canary-weight": "100"},
            "X-Beta: never",
            "coffee",
            id="never, whatever the weight",
        ),
        pytest.param({"canary-by-header": "X-Beta"}, "X-Beta: perhaps", "coffee", id="another word"),
        pytest.param(
            {"canary-by-header": "X-Beta", "canary-by-header-value": "yes"},
            "X-Beta: yes",
            "tea",
            id="by header and value",
        ),
        pytest.param(
            {"canary-by-header": "X-Beta", "canary-by-header-value": "yes"},
            "X-Beta: always",
            "coffee",
            id="not by the usual word then",
        ),
    ],
)
def test_a_canary_takes_its_share(nginx: IngressLab, options: dict[str, str], headers: str, answers: str) -> None:
    nginx.post(ingress("cafe", rule("cafe.example.com", ROOT), ingressClassName="nginx"))
    canary = ingress("next", rule("cafe.example.com", ("/", "Prefix", "tea")), ingressClassName="nginx")
    given = {"canary": "true", **options}
    canary["metadata"]["annotations"] = {OPTION + name: value for name, value in given.items()}
    nginx.post(canary)
    line = f"kubectl exec client -- curl -s -H 'Host: cafe.example.com' {f'-H {headers!r}' if headers else ''} http://{nginx.where}/"
    assert answers in nginx.run(line)
