"""Container images that an instructor adds: the form and its refusals, who may, and which clusters get them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import guest_create
from classroom.errors import NotTheInstructor, TooManyImages
from classroom.image_form import ImageForm
from classroom.images import MOST, image_save
from classroom.models import OwnImage
from classroom.services import class_close, class_join, class_open
from labs.models import Cluster
from labs.services import cluster_create, cluster_reset
from simulator.cluster import Cluster as Simulation

pytestmark = pytest.mark.django_db
REF = "small/01-two-steps"
SECOND = 1_000_000
Account = Callable[[str], User]
Browser = Callable[[User], Client]

SHOP = {
    "name": "acme/shop",
    "tags": "1.0, 1.1",
    "size_mb": "30",
    "program": "",
    "ports": "8080/http",
    "ready_ms": "500",
    "cpu_m": "5",
    "request_us": "900",
    "memory_mb": "64",
    "log": "shop is open",
    "routes": "/ 200 welcome\n/healthz 200 for 60s ok",
    "needs": "SHOP_OWNER 3 nobody owns this shop",
    "writes": "",
}


def entry(**changed: str) -> dict[str, Any]:
    form = ImageForm({**SHOP, **changed})
    assert form.is_valid(), form.errors
    return form.entry()


def run(config: str, *lines: str) -> list[dict[str, Any]]:
    sim = Simulation.create(config)
    replies = []
    for line in lines:
        replies.append(sim.apply({"kind": "shell", "line": line}))
        sim.advance(sim.now + 30 * SECOND, 10**6)
    return replies


def test_an_instructor_adds_an_image_with_the_form_and_finds_it_in_the_list(
    signed_in: Browser, account: Account
) -> None:
    browser = signed_in(account("jana"))
    answer = browser.post("/classes/images/new/", SHOP, follow=True)
    page = answer.content.decode()
    assert "docker.io/acme/shop is there for every cluster" in page
    assert "acme/shop</a>" in page
    assert "8080/http" in page


def test_the_form_shows_an_image_as_it_was_written(signed_in: Browser, account: Account) -> None:
    jana = account("jana")
    image = image_save(user=jana, entry=entry())
    shown = ImageForm.initial_of(image.entry)
    assert {key: str(value) for key, value in shown.items()} == {**SHOP, "program": "shop"}
    assert signed_in(jana).get(f"/classes/images/{image.pk}/").status_code == 200


def test_an_image_runs_logs_and_answers_as_described(account: Account) -> None:
    jana = account("jana")
    image_save(user=jana, entry=entry())
    cluster = cluster_create(owner=jana, name="mine")
    _, pods, logs, answer = run(
        cluster.config,
        "kubectl run shop --image=acme/shop:1.0 --env=SHOP_OWNER=jana",
        "kubectl get pod shop",
        "kubectl logs shop",
        "kubectl exec shop -- curl -s localhost:8080/",
    )
    assert "Running" in pods["stdout"]
    assert "shop is open" in logs["stdout"]
    assert "welcome" in answer["stdout"]


def test_an_image_crashes_as_described_when_its_configuration_is_missing(account: Account) -> None:
    jana = account("jana")
    image_save(user=jana, entry=entry())
    cluster = cluster_create(owner=jana, name="mine")
    _, pods, logs = run(
        cluster.config, "kubectl run shop --image=acme/shop:1.0", "kubectl get pod shop", "kubectl logs shop"
    )
    assert "CrashLoopBackOff" in pods["stdout"]
    assert "nobody owns this shop" in logs["stdout"]


WRONG = [
    ("name", "Acme/Shop", "must be lowercase"),
    ("name", "acme/shop:1", "wanted a name without a tag or digest"),
    ("tags", "one two!", "found &#x27;two!&#x27;, wanted a tag"),
    ("ports", "80800", "wanted a port from 1 to 65535"),
    ("ports", "80/smtp", "wanted one of http, tcp, udp, grpc"),
    ("ports", "", "Found no http port, wanted one"),
    ("routes", "/ ok", "line 1: found &#x27;/ ok&#x27;, wanted a path, a status and a text"),
    ("routes", "/ 200 a\n/b 999 b", "line 2: found"),
    ("needs", "SHOP-OWNER 1 x", "line 1: found"),
    ("needs", "SHOP_OWNER 0 x", "wanted a variable, an exit code from 1 to 255"),
    ("memory_mb", "0", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("field", "value", "said"), WRONG, ids=[f"{field} {value!r}" for field, value, _ in WRONG])
def test_the_form_says_what_is_wrong(signed_in: Browser, account: Account, field: str, value: str, said: str) -> None:
    answer = signed_in(account("jana")).post("/classes/images/new/", {**SHOP, field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not OwnImage.objects.exists()


def test_a_guest_is_asked_for_an_account_and_may_not_add_images(signed_in: Browser) -> None:
    guest = guest_create(name="Mei")
    assert signed_in(guest).post("/classes/images/new/", SHOP)["Location"].startswith("/accounts/keep/")
    with pytest.raises(NotTheInstructor):
        image_save(user=guest, entry=entry())


def test_nobody_sees_changes_or_deletes_an_image_of_somebody_else(signed_in: Browser, account: Account) -> None:
    image = image_save(user=account("jana"), entry=entry())
    other = signed_in(account("otto"))
    assert "acme/shop" not in other.get("/classes/images/").content.decode()
    assert other.get(f"/classes/images/{image.pk}/").status_code == 404
    assert other.post(f"/classes/images/{image.pk}/", SHOP).status_code == 404
    assert other.post(f"/classes/images/{image.pk}/delete/").status_code == 404
    assert OwnImage.objects.get() == image


def test_clusters_of_a_class_get_the_instructors_images_and_others_do_not(account: Account) -> None:
    jana, mei, otto = account("jana"), account("mei"), account("otto")
    image_save(user=jana, entry=entry())
    member = class_join(user=mei, group=class_open(instructor=jana, name="B", lesson=REF))
    assert member.cluster is not None
    assert "docker.io/acme/shop" in member.cluster.config
    assert "acme/shop" not in cluster_create(owner=mei, name="free").config
    assert "acme/shop" not in cluster_create(owner=otto, name="other", lesson=REF).config


def test_a_cluster_that_has_begun_gets_a_new_image_when_it_is_reset(account: Account) -> None:
    jana, mei = account("jana"), account("mei")
    group = class_open(instructor=jana, name="B", lesson=REF)
    member = class_join(user=mei, group=group)
    assert member.cluster is not None
    image_save(user=jana, entry=entry())
    assert "acme/shop" in cluster_reset(cluster=member.cluster).config
    image_save(user=jana, entry=entry(tags="2.0"))
    again = cluster_reset(cluster=Cluster.objects.get(pk=member.cluster.pk)).config
    assert (again.count("docker.io/acme/shop"), "'2.0'" in again) == (1, True)


def test_a_closed_class_gives_no_images(account: Account) -> None:
    jana, mei = account("jana"), account("mei")
    group = class_open(instructor=jana, name="B", lesson=REF)
    image_save(user=jana, entry=entry())
    class_join(user=mei, group=group)
    class_close(by=jana, class_id=group.pk)
    assert "acme/shop" not in cluster_create(owner=mei, name="again", lesson=REF).config


def test_a_description_without_added_images_stays_as_it_was(account: Account) -> None:
    config = "# mine\nnodes:\n- role: control-plane\n- role: worker\n"
    assert cluster_create(owner=account("jana"), name="mine", config=config).config == config


def test_there_is_an_end_to_how_many_images_one_may_have(account: Account) -> None:
    jana = account("jana")
    for number in range(MOST):
        image_save(user=jana, entry=entry(name=f"acme/shop-{number}"))
    with pytest.raises(TooManyImages):
        image_save(user=jana, entry=entry())
    image_save(user=jana, entry=entry(name="acme/shop-1", tags="9"))
