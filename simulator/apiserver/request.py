"""One API call and its answer, as values. The HTTP front translates to and from these and adds no rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.engine.plain import Obj


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What else the authenticator knows, sorted by key."""

    def info(self) -> Obj:
        """As `authentication.k8s.io/v1` UserInfo."""
        found: Obj = {"username": self.name}
        if self.uid:
            found["uid"] = self.uid
        if self.groups:
            found["groups"] = list(self.groups)
        if self.extra:
            found["extra"] = {key: list(values) for key, values in self.extra}
        return found


#: Whoever holds the cluster's first kubeconfig, as kubeadm makes it.
ADMIN = User("kubernetes-admin", ("kubeadm:cluster-admins", "system:authenticated"))


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names."""
    body: Any = None
    """A parsed JSON value, or text where the path wants text."""
    user: User = ADMIN
    certificate: str = ""
    """The client's certificate in PEM, when its connection showed one."""
    with_ownership: bool = True
    """Whether the answer should tell the managedFields of objects that only components wrote; not if nobody looks."""
    is_logged: bool = True
    """Whether it may appear in the audit log; questions that must leave no trace do not."""
    findings: tuple[str, ...] = ()
    """What a strict reader says of the text of the body: `duplicate field "spec.replicas"`."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: Any
    """A JSON value, JSON already encoded (bytes), or text for logs and health checks."""
    warnings: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; only what differs from the usual `application/json`."""

    @property
    def ok(self) -> bool:
        return self.status < 400

    def object(self) -> Obj:
        """The body of a call that answers with one object."""
        assert isinstance(self.body, dict), f"expected a JSON object, found {type(self.body).__name__}"
        return self.body
