"""kr8s: https://docs.kr8s.org."""

import kr8s
import pytest
from kr8s.objects import Deployment

LABELS = {"app": "web"}
WEB = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        },
    },
}


@pytest.mark.kube(speed=20)
def test_a_deployment_rolls_out_and_scales(kube_api):
    api = kr8s.api(kubeconfig=str(kube_api.kubeconfig))
    web = Deployment(WEB, namespace="default", api=api)
    web.create()
    web.wait("condition=Available", timeout=20)
    web.scale(3)
    assert web.replicas == 3
