"""What the autoscaler asks the metrics APIs, and in which words they refuse.

Follows `pkg/controller/podautoscaler/metrics/client.go` of v1.33. Values are thousandths: milli-CPU, bytes times 1,000, metric values times 1,000.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from simulator.engine.plain import Obj


class MetricsError(Exception):
    """The text is what an event and a condition will say."""


class PodMetric(NamedTuple):
    value: int
    at: int
    window_us: int


class MetricsClient(Protocol):
    """Every method raises MetricsError."""

    def resource(self, namespace: str, pods: list[Obj], name: str, container: str) -> dict[str, PodMetric]:
        """Use of a resource by pod name; pods that are not measured are missing."""

    def of_pods(self, namespace: str, pods: list[Obj], metric: str) -> dict[str, PodMetric]:
        """A custom metric of each pod."""

    def of_object(self, namespace: str, about: Mapping[str, str], metric: str) -> int:
        """A custom metric of one object."""

    def external(self, namespace: str, metric: str, selector: Obj | None) -> list[int]:
        """A metric of something outside the cluster, by series."""
