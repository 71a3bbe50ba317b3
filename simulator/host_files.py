"""Files on the control plane's machines that mean something: what the API server is configured by, and what it writes.

`/etc/kubernetes/audit-policy.yaml` and `/etc/kubernetes/enc/enc.yaml` are what the API servers of this cluster name in `--audit-policy-file` and
`--encryption-provider-config`; they take effect when they are written. `/var/log/kubernetes/audit/audit.log` is the audit log. All
control plane machines share one set, as if a tool kept them alike.
"""

from simulator.apiserver.audit_policy import AuditPolicyError
from simulator.apiserver.encryption import EncryptionError
from simulator.apiserver.registry import Registry
from simulator.engine import Plain
from simulator.kubectl.docker_command import HostRefused

AUDIT_POLICY = "/etc/kubernetes/audit-policy.yaml"
ENCRYPTION = "/etc/kubernetes/enc/enc.yaml"
AUDIT_LOG = "/var/log/kubernetes/audit/audit.log"
MAX_FILES, MAX_BYTES = 100, 256_000


class ControlPlaneFiles:
    """`kubectl.docker_command.HostFiles` of one cluster."""

    name = "host-files"

    def __init__(self, registry: Registry, machines: list[str], control_planes: list[str]) -> None:
        self._registry = registry
        self._machines = machines
        self._control_planes = control_planes
        self._files: dict[str, str] = {}
        self.version = 0
        """Grows with every write."""
        registry.engine.register(self)

    def machines(self) -> list[str]:
        return list(self._machines)

    def read(self, machine: str, path: str) -> str | None:
        if machine not in self._control_planes:
            return None
        if path == AUDIT_LOG:
            return self._registry.audit.log() if self._registry.audit.is_on or self._registry.audit.version else None
        return self._files.get(path)

    def names(self, machine: str, directory: str) -> list[str]:
        if machine not in self._control_planes:
            return []
        root = directory.rstrip("/") + "/"
        known = [*self._files, *([AUDIT_LOG] if self.read(machine, AUDIT_LOG) is not None else [])]
        return sorted({path.removeprefix(root).partition("/")[0] for path in known if path.startswith(root)})

    def write(self, machine: str, path: str, text: str) -> None:
        """Raises HostRefused; a configuration that cannot be used leaves the old one in force."""
        if machine not in self._control_planes:
            raise HostRefused(f"{machine}: only control plane machines keep files here")
        if len(text) > MAX_BYTES or (path not in self._files and len(self._files) >= MAX_FILES):
            raise HostRefused(f"{path}: no space left on device")
        try:
            if path == AUDIT_POLICY:
                self._registry.audit.configure(text)
            elif path == ENCRYPTION:
                self._registry.encryption.configure(text)
        except (AuditPolicyError, EncryptionError) as error:
            raise HostRefused(f"kube-apiserver: {path}: {error}") from error
        self._files[path] = text
        self.version += 1

    def dump(self) -> Plain:
        return {"files": dict(self._files), "version": self.version}

    def load(self, state: Plain) -> None:
        self._files, self.version = dict(state["files"]), state["version"]
