"""Files on the cluster's machines that mean something: manifests of static pods, what the API server is configured by, what it writes.

`/etc/kubernetes/manifests/*` are the static pods of a machine: written, changed and taken away at any time. `/etc/kubernetes/audit-policy.yaml` and
`/etc/kubernetes/enc/enc.yaml` are what the API servers of this cluster name in `--audit-policy-file` and `--encryption-provider-config`; they take effect
when they are written, and all control plane machines share one set, as if a tool kept them alike. `/var/log/kubernetes/audit/audit.log` is
the audit log. `/var/lib/kubelet/config.yaml` is what a kubelet reads when it starts. Any other file is just kept.
"""

from collections.abc import Sequence
from typing import Protocol

from simulator.apiserver.audit_policy import AuditPolicyError
from simulator.apiserver.encryption import EncryptionError
from simulator.apiserver.registry import Registry
from simulator.config import ClusterConfig
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.kubectl.docker_command import HostRefused
from simulator.kubectl.kubeconfig import kind_document
from simulator.kubectl.small_command import Outcome
from simulator.kubectl.yaml_text import to_yaml
from simulator.manifests import manifests
from simulator.node import kubelet_configuration
from simulator.node.kubelets import Kubelets
from simulator.node.static_pods import DIRECTORY, is_manifest
from simulator.seed_objects import DNS_HOST, service_address
from simulator.workloads.errors import InvalidImageName
from simulator.workloads.images import parse

AUDIT_POLICY = "/etc/kubernetes/audit-policy.yaml"
ENCRYPTION = "/etc/kubernetes/enc/enc.yaml"
AUDIT_LOG = "/var/log/kubernetes/audit/audit.log"
#: The administrator's kubeconfig on a control plane; kind's nodes use it by default.
ADMIN = "/etc/kubernetes/admin.conf"
MAX_FILES, MAX_BYTES = 100, 256_000
_SHARED = (AUDIT_POLICY, ENCRYPTION)
#: Directories that are there even when nothing lies in them.
_DIRECTORIES = (
    "/etc/kubernetes",
    "/etc/kubernetes/enc",
    DIRECTORY,
    "/root",
    "/tmp",
    "/var/lib/kubelet",
    "/var/log/kubernetes/audit",
)


class MachinePrograms(Protocol):
    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome: ...


class HostFiles:
    """`kubectl.docker_command.HostFiles` of one cluster."""

    name = "host-files"

    def __init__(self, registry: Registry, config: ClusterConfig, kubelets: Kubelets) -> None:
        self._registry = registry
        self._config = config
        self._kubelets = kubelets
        self._control_planes = [node.name for node in config.control_planes]
        self._files: dict[str, str] = {}
        """Of all control plane machines."""
        self._own: dict[str, dict[str, str | None]] = {}
        """Machine → path → what was written there; None where a file that came with the machine was taken away."""
        self._made: dict[str, list[str]] = {}
        """Machine → directories that somebody made."""
        self.shell: MachinePrograms | None = None
        """What runs commands on machines; set at assembly."""
        self.version = 0
        """Grows with every write."""
        registry.engine.register(self)

    def machines(self) -> list[str]:
        """Those of a managed control plane are nobody's to look into."""
        hidden = [node.name for node in self._config.nodes if node.managed]
        known = [node.name for node in self._config.nodes] + self._kubelets.nodes()
        return [name for name in dict.fromkeys(known) if name not in hidden]

    def manifests(self, machine: str) -> dict[str, Obj]:
        """The static pods that a machine comes with."""
        for index, node in self._config.joining:
            if node.name == machine and node.role == "control-plane":
                return manifests(self._config, index)
        return {}

    @property
    def endpoint(self) -> str:
        """Where the API server is found from a machine."""
        return f"https://{self._config.control_planes[0].name}:6443"

    # Reading

    def read(self, machine: str, path: str) -> str | None:
        if machine in self._control_planes:
            if path == AUDIT_LOG:
                is_there = self._registry.audit.is_on or self._registry.audit.version
                return self._registry.audit.log() if is_there else None
            if path in _SHARED:
                return self._files.get(path)
        own = self._own.get(machine, {})
        if path in own:
            return own[path]
        if path == kubelet_configuration.PATH and self._is_node(machine):
            return kubelet_configuration.fresh(service_address(self._config, DNS_HOST))
        if path == ADMIN and self.manifests(machine):
            return to_yaml(kind_document(self._config.name, self.endpoint))
        manifest = self.manifests(machine).get(path)
        return None if manifest is None else to_yaml(manifest)

    def image_document(self, reference: str) -> tuple[str, Obj | None]:
        """What the image's registry answers. Raises HostRefused for what is no reference."""
        try:
            name = parse(reference)
        except InvalidImageName as refusal:
            raise HostRefused("invalid reference format") from refusal
        return name.full, self._kubelets.image_document(name)

    def names(self, machine: str, directory: str) -> list[str]:
        root = directory.rstrip("/") + "/"
        known = [*self._paths(machine), *(f"{one}/" for one in self._directories(machine))]
        return sorted({path.removeprefix(root).partition("/")[0] for path in known if path.startswith(root)} - {""})

    def _directories(self, machine: str) -> tuple[str, ...]:
        return (*_DIRECTORIES, *self._made.get(machine, ()))

    def is_directory(self, machine: str, path: str) -> bool:
        root = path.rstrip("/") + "/"
        known = [*self._paths(machine), *(f"{one}/" for one in self._directories(machine))]
        return root == "/" or any(one.startswith(root) for one in known)

    def forget(self, machine: str) -> None:
        """kubeadm reset: manifests and what was written below /etc/kubernetes are gone."""
        own = self._own.setdefault(machine, {})
        for path in [one for one in own if one.startswith(("/etc/kubernetes/", kubelet_configuration.PATH))]:
            del own[path]
        own.update(dict.fromkeys(self.manifests(machine)))
        self.version += 1

    def _paths(self, machine: str) -> list[str]:
        own = self._own.get(machine, {})
        found = [path for path in (*self.manifests(machine), ADMIN) if path not in own and self.manifests(machine)]
        found += [path for path, text in own.items() if text is not None]
        if kubelet_configuration.PATH not in own and self._is_node(machine):
            found.append(kubelet_configuration.PATH)
        if machine in self._control_planes:
            found += [*self._files, *([AUDIT_LOG] if self.read(machine, AUDIT_LOG) is not None else [])]
        return found

    def _is_node(self, machine: str) -> bool:
        """kubeadm has been there, and has written what a kubelet reads."""
        return machine in self._kubelets.nodes() and self._kubelets.is_bootstrapped(machine)

    # Writing

    def write(self, machine: str, path: str, text: str) -> None:
        """Raises HostRefused; a configuration that cannot be used leaves the old one in force."""
        own = self._own.get(machine, {})
        if len(text) > MAX_BYTES or (path not in own and len(own) + len(self._files) >= MAX_FILES):
            raise HostRefused(f"{path}: no space left on device")
        if self.is_directory(machine, path):
            raise HostRefused(f"{path}: Is a directory")
        if machine in self._control_planes and path in _SHARED:
            self._configure(path, text)
            self._files[path] = text
        else:
            self._own.setdefault(machine, {})[path] = text
            if is_manifest(path):
                self._kubelets.manifest(machine, path, text)
            elif path == kubelet_configuration.PATH:
                self._kubelets.configure(machine, text)
        self.version += 1

    def _configure(self, path: str, text: str) -> None:
        try:
            if path == AUDIT_POLICY:
                self._registry.audit.configure(text)
            else:
                self._registry.encryption.configure(text)
        except (AuditPolicyError, EncryptionError) as error:
            raise HostRefused(f"kube-apiserver: {path}: {error}") from error

    def remove(self, machine: str, path: str) -> None:
        """Raises HostRefused when there is no such file."""
        if self.read(machine, path) is None:
            raise HostRefused(f"cannot remove '{path}': No such file or directory")
        if machine in self._control_planes and path in (*_SHARED, AUDIT_LOG):
            raise HostRefused(f"cannot remove '{path}': Device or resource busy")
        own = self._own.setdefault(machine, {})
        if path in self.manifests(machine) or path in (ADMIN, kubelet_configuration.PATH):
            own[path] = None
        else:
            del own[path]
        if is_manifest(path):
            self._kubelets.manifest(machine, path, None)
        elif path == kubelet_configuration.PATH:
            self._kubelets.configure(machine, None)
        self.version += 1

    def make_directory(self, machine: str, path: str) -> None:
        self._made.setdefault(machine, []).append(path)
        self.version += 1

    def remove_directory(self, machine: str, path: str) -> None:
        """With everything in it; what every machine has stays, empty."""
        root = path.rstrip("/") + "/"
        for known in [one for one in self._paths(machine) if one.startswith(root)]:
            self.remove(machine, known)
        made = self._made.get(machine, [])
        self._made[machine] = [one for one in made if not f"{one}/".startswith(root)]
        self.version += 1

    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        assert self.shell is not None
        return self.shell.run(machine, words, stdin)

    # State

    def dump(self) -> Plain:
        return {"files": dict(self._files), "own": self._own, "made": self._made, "version": self.version}

    def load(self, state: Plain) -> None:
        self._files, self._own, self._made = dict(state["files"]), state["own"], state["made"]
        self.version = state["version"]
