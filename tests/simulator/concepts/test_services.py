"""Groups I and K: labels, services, and how they are found."""

from typing import Any

import pytest


@pytest.fixture
def shop(lab: Any) -> Any:
    lab.run("kubectl create deployment shop --image=nginx:1.27 --replicas=3 --port=80")
    lab.run("kubectl expose deployment shop --port=8080 --target-port=80")
    lab.run("kubectl run jump --image=busybox:1.36 -- sh -c 'sleep 36000'")
    lab.wait(20)
    return lab


def addresses(lab: Any, service: str) -> list[str]:
    found = lab.value(
        f"endpointslices -l kubernetes.io/service-name={service}", "{.items[*].endpoints[*].addresses[*]}"
    )
    return sorted(found.split())


def pods(lab: Any, selector: str) -> list[str]:
    return sorted(lab.value(f"pods -l {selector}", "{.items[*].status.podIP}").split())


def test_the_slice_holds_the_pods_that_the_selector_matches(shop: Any) -> None:
    assert addresses(shop, "shop") == pods(shop, "app=shop")
    assert len(shop.column("kubectl get pods -l 'app in (shop,other),app!=other'", "NAME")) == 3


def test_every_label_of_the_selector_must_match(shop: Any) -> None:
    shop.run('kubectl patch svc shop -p \'{"spec":{"selector":{"app":"shop","tier":"front"}}}\'')
    shop.wait(5)
    assert addresses(shop, "shop") == []
    pod = shop.column("kubectl get pods -l app=shop", "NAME")[0]
    shop.run(f"kubectl label pod {pod} tier=front extra=fine")
    shop.wait(5)
    assert addresses(shop, "shop") == [shop.value(f"pod {pod}", "{.status.podIP}")]


def test_a_relabelled_pod_leaves_service_and_set_and_runs_on(shop: Any) -> None:
    pod = shop.column("kubectl get pods -l app=shop", "NAME")[0]
    address = shop.value(f"pod {pod}", "{.status.podIP}")
    shop.run(f"kubectl label pod {pod} app=other --overwrite")
    shop.wait(20)
    assert address not in addresses(shop, "shop")
    assert len(addresses(shop, "shop")) == 3
    assert shop.column(f"kubectl get pod {pod}", "STATUS") == ["Running"]


def test_a_services_address_and_name_outlive_its_pods(shop: Any) -> None:
    address = shop.value("svc shop", "{.spec.clusterIP}")
    before = pods(shop, "app=shop")
    shop.run("kubectl rollout restart deployment/shop")
    shop.wait(60)
    assert shop.value("svc shop", "{.spec.clusterIP}") == address
    assert not set(before) & set(pods(shop, "app=shop"))
    assert addresses(shop, "shop") == pods(shop, "app=shop")
    assert address in shop.run("kubectl exec jump -- nslookup shop")
    assert "Welcome to nginx!" in shop.run("kubectl exec jump -- wget -qO- http://shop:8080")


def test_a_wrong_target_port_is_refused(shop: Any) -> None:
    shop.run("kubectl expose deployment shop --name=wrong --port=8080 --target-port=81")
    shop.wait(5)
    assert "refused" in shop.failure("kubectl exec jump -- wget -qO- http://wrong:8080")


def test_a_pod_that_is_not_ready_gets_no_traffic(shop: Any) -> None:
    shop.run(
        "kubectl apply -f -",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: ill, labels: {app: ill}}\nspec:\n  containers:\n"
        '  - {name: c, image: "nginx:1.27", readinessProbe: {httpGet: {path: /nope, port: 80}, periodSeconds: 1}}\n',
    )
    shop.run("kubectl expose pod ill --port=80")
    shop.wait(20)
    slices = "endpointslices -l kubernetes.io/service-name=ill"
    assert shop.value(slices, "{.items[*].endpoints[*].conditions.ready}") == "false"
    assert "refused" in shop.failure("kubectl exec jump -- wget -qO- -T 2 http://ill")
    assert shop.column("kubectl get pod ill", "RESTARTS") == ["0"]


def test_endpoints_mirror_the_slices(shop: Any) -> None:
    assert sorted(shop.value("ep shop", "{.subsets[*].addresses[*].ip}").split()) == addresses(shop, "shop")


def test_a_cluster_ip_is_for_the_inside_only(shop: Any) -> None:
    [row] = shop.run("kubectl get svc shop --no-headers").splitlines()
    assert row.split()[1] == "ClusterIP"
    assert row.split()[4] == "8080/TCP"


def test_a_service_is_posted_like_any_object(shop: Any) -> None:
    [made] = [
        row
        for row in shop.cluster.engine.trail.rows()
        if row.verb == "create" and row.resource == "services" and row.name == "shop"
    ]
    assert (made.type, made.namespace) == ("write", "default")
    assert shop.column("kubectl get svc", "NAME") == ["kubernetes", "shop"]


def test_node_ports_have_a_range_and_an_owner(shop: Any) -> None:
    shop.run("kubectl expose deployment shop --name=out --port=80 --type=NodePort")
    port = shop.value("svc out", "{.spec.ports[0].nodePort}")
    assert 30_000 <= int(port) <= 32_767
    assert f"80:{port}/TCP" in shop.run("kubectl get svc out")
    assert "provided port is not in the valid range. The range of valid ports is 30000-32767" in shop.refusal(
        "kubectl create service nodeport low --tcp=80:80 --node-port=29999"
    )
    assert "provided port is already allocated" in shop.refusal(
        f"kubectl create service nodeport twice --tcp=80:80 --node-port={port}"
    )


def test_names_are_found_in_their_own_namespace_first(shop: Any) -> None:
    shop.run("kubectl create namespace prod")
    shop.run("kubectl create deployment shop --image=httpd:2.4 --port=80 -n prod")
    shop.run("kubectl expose deployment shop --port=8080 --target-port=80 -n prod")
    shop.wait(20)
    here = shop.run("kubectl exec jump -- wget -qO- http://shop:8080")
    there = shop.run("kubectl exec jump -- wget -qO- http://shop.prod.svc.cluster.local:8080")
    assert "Welcome to nginx!" in here
    assert "It works!" in there


def test_a_new_service_is_in_dns_at_once(shop: Any) -> None:
    shop.run("kubectl expose deployment shop --name=fresh --port=80")
    shop.wait(2)
    address = shop.value("svc fresh", "{.spec.clusterIP}")
    assert f"Address: {address}" in shop.run("kubectl exec jump -- nslookup fresh")


def test_every_container_asks_the_cluster_dns_first_in_its_own_namespace(shop: Any) -> None:
    shop.run("kubectl create namespace prod")
    shop.run("kubectl run jump --image=busybox:1.36 -n prod -- sh -c 'sleep 36000'")
    shop.wait(20)
    for namespace in ("default", "prod"):
        assert shop.run(f"kubectl exec jump -n {namespace} -- cat /etc/resolv.conf").splitlines() == [
            f"search {namespace}.svc.cluster.local svc.cluster.local cluster.local",
            "nameserver 10.96.0.10",
            "options ndots:5",
        ]


def test_without_dns_names_fail_and_addresses_work(shop: Any) -> None:
    address = shop.value("svc shop", "{.spec.clusterIP}")
    shop.run("kubectl scale deployment coredns -n kube-system --replicas=0")
    shop.wait(20)
    assert shop.reply("kubectl exec jump -- nslookup shop")["exit"] != 0
    assert "Welcome to nginx!" in shop.run(f"kubectl exec jump -- wget -qO- http://{address}:8080")


def test_a_headless_service_answers_with_the_pods(shop: Any) -> None:
    shop.run("kubectl expose deployment shop --name=bare --port=80 --cluster-ip=None")
    shop.wait(5)
    assert shop.column("kubectl get svc bare", "CLUSTER-IP") == ["None"]
    answer = shop.run("kubectl exec jump -- nslookup bare")
    for address in pods(shop, "app=shop"):
        assert f"Address: {address}" in answer
