"""The machines below the cluster: the cloud that they come from, new ones, their files, and the cgroups of a pod."""

from simulator.commands.fields import MAX_TEXT, BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots
from simulator.config_checks import ConfigError
from simulator.kubectl.docker_command import HostRefused
from simulator.node.pod_cgroups import cgroups


class Machines:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def cloud(self, command: Command) -> Reply:
        cloud = self._parts.cloud
        if cloud is None:
            return {"cloud": None}
        autoscaler, zero = self._parts.autoscaler, self._parts.zero
        return {"cloud": {**cloud.panel(zero), "autoscaler": None if autoscaler is None else autoscaler.panel(zero)}}

    def cgroups(self, command: Command) -> Reply:
        namespace, name = text_of(command, "namespace", 253), text_of(command, "name", 253)
        pod = self._parts.registry.store.get("pods", (namespace, name))
        if pod is None:
            raise BadCommand("name", repr(name), f"a pod in {namespace}")
        return {"pod": cgroups(pod, self._parts.kubelets.uses(namespace, name))}

    def join(self, command: Command) -> Reply:
        yard = self._parts.yard
        try:
            node = yard.described(command.get("node") or {})
        except ConfigError as error:
            raise BadCommand(error.path, error.found, error.wanted) from error
        if (most := self._parts.most_nodes) and self._parts.nodes_together >= most:
            raise BadCommand("node", f"{self._parts.nodes_together} machines in this lab", f"at most {most}")
        self._roots.rooted(f"the machine {node.name} joins", lambda: yard.join(node))
        return {"ok": True, "name": node.name}

    def write_host_file(self, command: Command) -> Reply:
        node, path, text = (
            text_of(command, "node", 253),
            text_of(command, "path", 300),
            text_of(command, "text", MAX_TEXT),
        )
        try:
            self._parts.files.write(node, path, text)
        except HostRefused as error:
            raise BadCommand("file", str(error), "a file that the machine can use") from error
        self._roots.rooted(f"{node} gets {path}", lambda: None, always=True)
        return {"ok": True}

    def read_host_file(self, command: Command) -> Reply:
        node, path = text_of(command, "node", 253), text_of(command, "path", 300)
        text = self._parts.files.read(node, path)
        if text is None:
            raise BadCommand("path", repr(path), f"a file of {node}")
        return {"text": text}
