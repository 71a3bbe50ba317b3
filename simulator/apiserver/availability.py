"""Whether the API server can be talked to: an instance of it is up, its certificate is good, and etcd answers.

Promises: while it cannot, watches are broken; when it can again, every watcher takes its watches up by a list.
"""

from simulator.apiserver import errors
from simulator.apiserver.errors import ApiUnavailable, CertificateExpired
from simulator.apiserver.etcd import Etcd
from simulator.apiserver.watchers import Watchers
from simulator.engine import Engine


class Availability:
    """Its state is dumped by the registry."""

    def __init__(self, engine: Engine, etcd: Etcd, watchers: Watchers) -> None:
        self.serving = True
        """Whether any instance of kube-apiserver is up."""
        self.certificate_ends: int | None = None
        """When the API servers' serving certificate expires (microseconds); None: never, it is somebody else's business."""
        self._engine = engine
        self._etcd = etcd
        self._watchers = watchers

    def is_serving(self) -> bool:
        ends = self.certificate_ends
        return self.serving and (ends is None or self._engine.now < ends)

    def _is_expired(self) -> bool:
        return self.certificate_ends is not None and self._engine.now >= self.certificate_ends

    def certify(self, until: int) -> None:
        """The API servers have a certificate that is good until then; whoever had given up takes up its watches again."""
        was_expired = self._is_expired()
        self.certificate_ends = until
        if was_expired and self.is_serving():
            self._watchers.resync()

    def set_serving(self, serving: bool) -> None:
        """The last instance went or the first one came: watches break, and are taken up again by a list."""
        if serving == self.serving:
            return
        self.serving = serving
        if serving:
            self._watchers.resync()

    def reach(self) -> None:
        """Raises ApiUnavailable when no API server can be talked to."""
        if not self.serving:
            raise ApiUnavailable
        if self._is_expired():
            now, end = self._engine.timestamp(), self._engine.timestamp(self.certificate_ends)
            raise CertificateExpired(
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
                f"current time {now} is after {end}"
            )

    def reach_store(self) -> None:
        """Raises ApiUnavailable, and StatusError while etcd cannot answer."""
        ends = self.certificate_ends
        if self.serving and (ends is None or self._engine.now < ends) and self._etcd.raft.leader:
            return
        self.reach()
        if not self._etcd.is_writable:
            raise errors.etcd_timeout()
