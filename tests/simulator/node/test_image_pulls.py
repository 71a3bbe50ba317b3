"""Pull policies, failures in containerd's words, backoff, one pull at a time.

Words follow `pkg/kubelet/images/image_manager.go` (1.33) and containerd's resolver.
"""

from itertools import pairwise
from typing import Any

import pytest

from tests.proof.follows import follows

NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.99": '
    'failed to resolve reference "docker.io/library/nginx:1.99": docker.io/library/nginx:1.99: not found'
)


def test_a_missing_tag_fails_with_the_registrys_answer(machines: Any) -> None:
    machines.start(image="nginx:1.99")
    machines.run(1)
    assert machines.events()[:5] == [
        ("Pulling", 'Pulling image "nginx:1.99"', 1),
        ("Failed", f'Failed to pull image "nginx:1.99": {NOT_FOUND}', 1),
        ("Failed", "Error: ErrImagePull", 1),
        ("BackOff", 'Back-off pulling image "nginx:1.99"', 2),
        ("Failed", "Error: ImagePullBackOff", 2),
    ]
    assert machines.status()["phase"] == "Pending"
    waiting = machines.container()["state"]["waiting"]
    assert waiting == {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "nginx:1.99": ErrImagePull: {NOT_FOUND}',
    }


def test_err_image_pull_is_reported_before_the_backoff(lab: Any) -> None:
    lab.start(image="nginx:1.99")
    seen = []
    for _ in range(40):
        lab.run(0.1)
        seen.append(lab.container()["state"]["waiting"]["reason"])
    assert list(dict.fromkeys(seen)) == ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]


def test_pulls_are_tried_again_after_ten_twenty_forty_seconds_up_to_five_minutes(machines: Any) -> None:
    machines.start(image="nginx:1.99")
    attempts = []
    for second in range(1_500):
        machines.run(min(second, 1))
        [count] = [count for reason, _, count in machines.events() if reason == "Pulling"]
        if count > len(attempts):
            attempts.append(second)
    assert [after - before for before, after in pairwise(attempts)] == [10, 20, 40, 80, 160, 300, 300, 300]


@follows(
    "Images", "pkg/kubelet/images/image_manager.go", "pkg/kubelet/images/image_manager_test.go: TestParallelPuller"
)
@pytest.mark.parametrize(
    ("image", "reason", "message"),
    [
        pytest.param(
            "nobody/nothing:1",
            "ImagePullBackOff",
            'Back-off pulling image "nobody/nothing:1": ErrImagePull: failed to pull and unpack image "docker.io/nobody/nothing:1": '
            'failed to resolve reference "docker.io/nobody/nothing:1": pull access denied, repository does not exist or may require '
            "authorization: server message: insufficient_scope: authorization failed",
            id="unknown repository",
        ),
        pytest.param(
            "registry.invalid/web:1",
            "ImagePullBackOff",
            'Back-off pulling image "registry.invalid/web:1": ErrImagePull: failed to pull and unpack image "registry.invalid/web:1": '
            'failed to resolve reference "registry.invalid/web:1": failed to do request: Head "https://registry.invalid/v2/web/manifests/1": '
            "dial tcp: lookup registry.invalid on 172.18.0.1:53: no such host",
            id="unknown registry",
        ),
        pytest.param(
            "NGINX:1",
            "InvalidImageName",
            'Failed to apply default image tag "NGINX:1": couldn\'t parse image name "NGINX:1": invalid reference format: '
            "repository name (library/NGINX) must be lowercase",
            id="no image name at all",
        ),
    ],
)
def test_why_an_image_cannot_be_had(machines: Any, image: str, reason: str, message: str) -> None:
    machines.start(image=image)
    machines.run(1)
    assert machines.container()["state"]["waiting"] == {"reason": reason, "message": message}


@follows("Images", "pkg/kubelet/images/image_manager_test.go: pullerTestCases")
@pytest.mark.parametrize(
    ("policy", "is_present", "said", "waits"),
    [
        pytest.param("IfNotPresent", False, ["Pulling", "Pulled"], "", id="image missing, pulled"),
        pytest.param("IfNotPresent", True, ["Pulled"], "", id="image present, don't pull"),
        pytest.param("Always", True, ["Pulling", "Pulled"], "", id="image present, pull all the same"),
        pytest.param("Never", True, ["Pulled"], "", id="image present, never pull"),
        pytest.param("Never", False, ["ErrImageNeverPull"], "ErrImageNeverPull", id="image missing, never pull"),
    ],
)
def test_pull_policies(machines: Any, policy: str, is_present: bool, said: list[str], waits: str) -> None:
    if is_present:
        machines.start("first")
        machines.run(1)
    machines.start(imagePullPolicy=policy)
    machines.run(1)
    assert [one for one in machines.reasons() if one not in ("Created", "Started", "Failed")] == said
    assert machines.container()["state"].get("waiting", {}).get("reason", "") == waits
    if said == ["Pulled"]:
        assert machines.said("Pulled") == ['Container image "nginx:1.27" already present on machine']


def test_never_pull_refuses_an_absent_image(machines: Any) -> None:
    machines.start(imagePullPolicy="Never")
    machines.run(1)
    text = 'Container image "nginx:1.27" is not present with pull policy of Never'
    assert machines.container()["state"]["waiting"] == {"reason": "ErrImageNeverPull", "message": text}
    assert machines.said("ErrImageNeverPull") == [text]


def test_always_pull_asks_the_registry_although_the_image_is_there(machines: Any) -> None:
    machines.start("first")
    machines.run(1)
    machines.start(imagePullPolicy="Always")
    machines.run(1)
    assert machines.reasons()[:2] == ["Pulling", "Pulled"]


def test_pulls_of_one_machine_wait_for_each_other(lab: Any) -> None:
    lab.start("large", image="postgres:16", env=[{"name": "POSTGRES_PASSWORD", "value": "x"}])
    lab.run(1)
    lab.start("small", image="redis:7-alpine")
    lab.run(30)
    [large], [small] = lab.said("Pulled", "large"), lab.said("Pulled", "small")
    assert large.startswith('Successfully pulled image "postgres:16" in 6.')
    assert small.startswith('Successfully pulled image "redis:7-alpine" in 1.')
    assert "s (7." in small


def test_images_that_are_pulled_show_up_at_the_node(machines: Any) -> None:
    machines.start()
    machines.run(11)
    names = [one["names"][1] for one in machines.get("nodes", "node-0", "")["status"]["images"]]
    assert "docker.io/library/nginx:1.27" in names


def test_unknown_images_run_as_a_plain_server_where_the_cluster_allows_it(many: Any) -> None:
    machines = many(generic=True)
    machines.start(image="acme/shop:7", ports=[{"containerPort": 3000}], readinessProbe={"httpGet": {"port": 3000}})
    machines.run(12)
    assert machines.container()["ready"] is True


def test_a_new_image_in_the_spec_replaces_the_container(machines: Any) -> None:
    machines.start()
    machines.run(1)
    changed = machines.pod()
    spec = {**changed["spec"], "containers": [{**changed["spec"]["containers"][0], "image": "nginx:1.28"}]}
    machines.registry.update("test", "pods", {**changed, "spec": spec})
    machines.run(5)
    assert ("Killing", "Container web definition changed, will be restarted", 1) in machines.events()
    assert (machines.container()["image"], machines.container()["restartCount"]) == ("docker.io/library/nginx:1.28", 1)
