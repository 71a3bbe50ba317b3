"""The sockets of the cluster by address: what the network's data path knocks at (`network.objects.Servers`).

Promises: an answer follows from the plan of the process that listens, at its present age; a request with a client is
written to the server's access log, and nothing else is ever changed.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from simulator.engine.plain import Obj
from simulator.machinery.pod_names import kernel_name
from simulator.node.addresses import first_address, second_address
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.probes import http_status
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.workloads.agnhost_servers import Asked, Got, Wish
from simulator.workloads.file_tree import absolute
from simulator.workloads.image_catalog import Listener
from simulator.workloads.plans import argv_of
from simulator.workloads.responders import RESPONDERS
from simulator.workloads.timeline import Plan

_AGENT = "curl/8.11.1"
#: Where a server's memory is kept among the changes of its file system: no path that a program can name.
_MEMORY = "\x06memory"
#: Ports that clients call from.
_FIRST_PORT, _PORTS = 32_768, 28_232
_API_SERVER, _SYSTEM = "kube-apiserver", "kube-system"


class Place(NamedTuple):
    node: str
    namespace: str
    pod: str


class Answer(NamedTuple):
    status: int = 0
    body: str = ""
    container: str = ""
    error: str = ""


class ApiDoor(Protocol):
    """What the API server says to whoever reaches one of its processes through the network."""

    def machine(self, address: str) -> str:
        """The machine of a managed control plane that has this address; "" when there is none. It is no node."""

    def listens(self, address: str, port: int) -> bool:
        """Whether an API server runs there."""

    def answer(self, path: str) -> tuple[int, str]:
        """(status, body); 0: the client has ended the connection, for it does not trust the server's certificate."""


class PodServers:
    onward: Callable[[Obj, Wish], Got] | None = None
    """Makes a request that a server wants to make itself, from its pod; set at assembly."""

    def __init__(self, fleet: Fleet, runtime: ContainerRuntime) -> None:
        self.api: ApiDoor | None = None
        """Set at assembly: who answers for a kube-apiserver."""
        self._fleet = fleet
        self._runtime = runtime

    def place(self, address: str) -> Place | None:
        """The pod or machine that has this address."""
        address = self._first(address)
        node = self._fleet.nodes.get(self._fleet.machines.get(address, ""))
        if node is None:
            machine = "" if self.api is None else self.api.machine(address)
            return Place(machine, "", "") if machine else None
        record = self._fleet.pods.get(node.addresses.get(address, ""))
        return Place(node.name, "", "") if record is None else Place(node.name, record.namespace, record.name)

    def is_reachable(self, node: str) -> bool:
        known = self._fleet.nodes.get(node)
        return known is None or known.powered

    def address_of(self, pod: Obj) -> str:
        record = self._fleet.record_of(pod)
        return "" if record is None else record.ip

    def runs(self, pod: Obj) -> bool:
        """Whether a process of the pod runs now."""
        record = self._fleet.record_of(pod)
        return record is not None and any(one.state == "running" for one in record.containers.values())

    def pod_at(self, address: str) -> Obj | None:
        """The pod that has this address for itself; None for machines, whose pods share theirs."""
        address = self._first(address)
        node = self._fleet.nodes.get(self._fleet.machines.get(address, ""))
        record = None if node is None else self._fleet.pods.get(node.addresses.get(address, ""))
        return None if record is None else self._fleet.pod(record)

    def second_address(self, address: str) -> str:
        """The IPv6 address beside an IPv4 one; "" in a cluster of one family."""
        node = self._fleet.nodes.get(self._fleet.machines.get(address, ""))
        return second_address(address) if node is not None and node.spec["address6"] else ""

    def _first(self, address: str) -> str:
        """Everything is kept under the IPv4 address."""
        if ":" not in address:
            return address
        first = first_address(address)
        return first if first and self.second_address(first) else ""

    def network_plugin(self, node: str) -> str:
        """The CNI plugin of a machine, "" without one."""
        known = self._fleet.nodes.get(node)
        return "" if known is None else known.cni

    def node_address(self, node: str) -> str:
        known = self._fleet.nodes.get(node)
        return "" if known is None else str(known.spec["address"])

    def listening(self, address: str) -> list[tuple[int, str]]:
        """(port, protocol) of every socket that is open at this address now, in order."""
        found: dict[tuple[int, str], None] = {}
        now = self._fleet.engine.now
        for record in self._at(address):
            for one in record.containers.values():
                if one.state == "running" and one.run is not None:
                    plan = self._fleet.plan(one.run)
                    if now - one.run.started_us >= plan.serving_us:
                        found.update(
                            ((each.port, "UDP" if each.protocol == "udp" else "TCP"), None) for each in plan.listens
                        )
        return sorted(found)

    def next_change(self, address: str) -> int | None:
        """When, in microseconds from now, an answer from this address changes by itself; None: never as things stand."""
        moments: list[int] = []
        now = self._fleet.engine.now
        for record in self._at(address):
            for one in record.containers.values():
                if one.state == "running" and one.run is not None:
                    plan, age = self._fleet.plan(one.run), now - one.run.started_us
                    moments += [at - age for at in _turning_points(plan) if at > age]
        return min(moments, default=None)

    def connect(self, address: str, port: int, protocol: str, path: str, client: str, *, agent: str = _AGENT) -> Answer:
        """One request to whoever listens; `path` "" only opens the connection, `client` "" leaves no trace in logs."""
        for record in self._at(address):
            for one in record.containers.values():
                plan = self._listening(one, port, protocol)
                if plan is not None:
                    is_udp = protocol == "UDP"
                    return self._answer(record, one, plan, port, path, client, is_udp=is_udp, agent=agent)
        if self.api is not None and protocol == "TCP" and self.api.listens(address, port):
            status, body = self.api.answer(path) if client and path else (0, "")
            return Answer(status, body, _API_SERVER)
        return Answer(error="connection refused")

    def host_port(self, node: str, address: str, port: int, protocol: str) -> tuple[str, int, str] | None:
        """(address, port, namespace/name) of the pod that a port of the machine leads to, as the CNI's portmap plugin has it."""
        known = self._fleet.nodes.get(node)
        for record in () if known is None else [self._fleet.pods[uid] for uid in known.pods]:
            pod = self._fleet.pod(record)
            if pod is None or not record.ip or pod["spec"].get("hostNetwork"):
                continue
            for one in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
                for declared in one.get("ports") or ():
                    wanted = (declared.get("hostPort"), declared.get("protocol", "TCP"))
                    if wanted == (port, protocol) and declared.get("hostIP", "") in ("", "0.0.0.0", address):
                        return record.ip, int(declared["containerPort"]), f"{record.namespace}/{record.name}"
        return None

    def speaks_tls(self, address: str, port: int) -> bool:
        """Whether the server on this port wants TLS."""
        plans = [
            self._listening(one, port, "TCP") for record in self._at(address) for one in record.containers.values()
        ]
        return any(
            each.protocol == "https" for plan in plans if plan is not None for each in plan.listens if each.port == port
        )

    def _at(self, address: str) -> list[PodRecord]:
        """The pod of this address, or all pods on the network of this machine."""
        address = self._first(address)
        node = self._fleet.nodes.get(self._fleet.machines.get(address, ""))
        if node is None:
            return []
        record = self._fleet.pods.get(node.addresses.get(address, ""))
        return self._on_host(node) if record is None else [record]

    def _on_host(self, node: NodeRecord) -> list[PodRecord]:
        records = [self._fleet.pods[uid] for uid in node.pods]
        return [record for record in records if record.ip == node.spec["address"]]

    def _listening(self, one: ContainerRecord, port: int, protocol: str) -> Plan | None:
        if one.state != "running" or one.run is None:
            return None
        plan = self._fleet.plan(one.run)
        age = self._fleet.engine.now - one.run.started_us
        if protocol == "TCP":
            return plan if plan.answers(port, age) is not None else None
        is_open = age >= plan.serving_us and any(
            listener.port == port and listener.protocol == protocol.lower() for listener in plan.listens
        )
        return plan if is_open else None

    def _page(self, record: PodRecord, one: ContainerRecord, plan: Plan, path: str) -> tuple[int, str] | None:
        """What a server of files answers where a volume or a person has put pages; None: as its image does."""
        pod = self._fleet.pod(record)
        if not plan.docroot or pod is None or one.run is None:
            return None
        own = plan.changes_at(self._fleet.engine.now - one.run.started_us)
        root = plan.docroot.rstrip("/")
        mounted = any(
            mount.path == plan.docroot or mount.path.startswith(f"{root}/") for mount in one.run.recipe.setting.mounts
        )
        if not mounted and not any(changed.startswith(f"{root}/") for changed in own):
            return None
        wanted = absolute(path.partition("?")[0].lstrip("/"), plan.docroot)
        if wanted == "/":
            return None
        shown = self._runtime.files.shown(record, pod, container_spec(pod, one.name)) if mounted else {}
        text = shown.get(wanted, own.get(wanted))
        if text is None:
            text = shown.get(f"{wanted}/index.html", own.get(f"{wanted}/index.html"))
        if text is not None:
            return 200, text
        if wanted in own or mounted:
            return (403, "403 Forbidden\n") if wanted == plan.docroot else (404, "404 Not Found\n")
        return None

    def _respond(
        self, record: PodRecord, one: ContainerRecord, plan: Plan, port: int, path: str, client: str, *, is_udp: bool
    ) -> Answer:
        """The answer of a server that is more than its routes; whoever only looks leaves no trace."""
        assert one.run is not None
        recipe, now = one.run.recipe, self._fleet.engine.now
        pod = self._fleet.pod(record)
        asked = Asked(
            path=str(path),
            method=getattr(path, "method", "GET"),
            body=getattr(path, "body", ""),
            client=f"{client or record.ip}:{_FIRST_PORT + now // 1000 % _PORTS}",
            port=port,
            now=self._fleet.engine.timestamp(),
            address=record.ip,
            hostname=kernel_name(pod) if pod is not None else record.name,
            argv=argv_of(self._fleet.image(recipe.image), recipe.command, recipe.args),
            env=dict(recipe.env),
            memory=plan.changes_at(now - one.run.started_us).get(_MEMORY) or "",
        )

        def dial(wish: Wish) -> Got:
            if not client or pod is None or self.onward is None:
                return Got(error="not asked")
            return self.onward(pod, wish)

        said = RESPONDERS[f"{plan.responder}/udp" if is_udp else plan.responder](asked, dial)
        if client:
            stamp = self._fleet.strftime(now, "%Y/%m/%d %H:%M:%S")
            for line in said.log:
                self._runtime.note_line(one, f"{stamp} {line}")
            if said.memory is not None:
                self._fleet.happen(one.run, "write", _MEMORY, said.memory)
        body = said.body.replace("{now}", f"{self._fleet.strftime(now, '%Y-%m-%d %H:%M:%S.%f')} +0000 UTC")
        return Answer(0 if is_udp else said.status, body, one.name)

    def _answer(
        self,
        record: PodRecord,
        one: ContainerRecord,
        plan: Plan,
        port: int,
        path: str,
        client: str,
        *,
        is_udp: bool,
        agent: str,
    ) -> Answer:
        assert one.run is not None
        listener = next((each for each in plan.listens if each.port == port and _is_udp(each) == is_udp), None)
        if not path or listener is None or listener.protocol not in ("http", "https", "udp"):
            return Answer(container=one.name)
        wants_tls = getattr(path, "scheme", "http") == "https"
        if plan.responder and wants_tls != (listener.protocol == "https") and not is_udp:
            # Go's server tells the one; the other end of TLS cannot read the answer.
            status, body = (0, "") if wants_tls else (400, "Client sent an HTTP request to an HTTPS server.\n")
            return Answer(status, body, one.name)
        if plan.responder:
            return self._respond(record, one, plan, port, path, client, is_udp=is_udp)
        if client and self.api is not None and one.name == _API_SERVER and record.namespace == _SYSTEM:
            status, body = self.api.answer(path)
            return Answer(status, body, one.name)
        age = self._fleet.engine.now - one.run.started_us
        status, _ = http_status(plan, path, age)
        route, _ = plan.route(path, age)
        body = "404 page not found\n" if route is None else self._fleet.placed(route.body, record)
        page = self._page(record, one, plan, path)
        if page is not None:
            status, body = page
        if client and plan.access:
            fields = {
                "{client}": client,
                "{path}": path,
                "{status}": str(status),
                "{size}": str(len(body)),
                "{agent}": agent,
            }
            line = plan.access
            for field, text in fields.items():
                line = line.replace(field, text)
            self._runtime.note_line(one, self._fleet.placed(line, record))
        return Answer(status, body, one.name)


def _is_udp(listener: Listener) -> bool:
    return listener.protocol == "udp"


def _turning_points(plan: Plan) -> list[int]:
    """Ages at which a plan's answers change: its sockets open, a route goes."""
    return [plan.serving_us, *(route.until_us for route in plan.routes if route.until_us is not None)]
