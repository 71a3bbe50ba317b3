"""The images that exist in the simulated world, read from `catalog/*.yaml`, and the registries that serve them.

Promises: `pull(name)` answers as the real registry would, through containerd: the image, or the error text of a
missing tag, an unknown repository or an unreachable host. Data errors raise `CatalogError` with file and entry.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from simulator.workloads.errors import CatalogError, InvalidImageName
from simulator.workloads.images import ImageName, parse

_MB = 1_000_000
_GENERIC_SIZE = 48 * _MB
#: Registries a name may point at; any other host does not resolve.
_REGISTRIES = {
    "docker.io": "pull access denied, repository does not exist or may require authorization: "
    "server message: insufficient_scope: authorization failed",
    "registry.k8s.io": "",
    "gcr.io": "",
    "mcr.microsoft.com": "",
    "ghcr.io": "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
    "https://ghcr.io/token?scope=repository%3A{scope}%3Apull&service=ghcr.io: 403 Forbidden",
    "quay.io": "unexpected status from HEAD request to https://quay.io/v2/{repository}/manifests/{tag}: 401 UNAUTHORIZED",
}


@dataclass(frozen=True, slots=True)
class Listener:
    port: int
    protocol: str
    """`http`, `https`, `tcp`, `udp` or `grpc`; all but udp are also reachable by a plain TCP connection."""
    flag: str = ""
    """The argument that moves it to another port, or away with -1."""


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    """`*` stands for any."""
    status: int = 200
    body: str = ""
    until_us: int | None = None
    """The route answers only while the process is younger than this."""
    flag: str = ""
    """The argument without which this route is not there; `!--flag`: with which."""


@dataclass(frozen=True, slots=True)
class Need:
    """Environment without which the process refuses to start."""

    any_of: tuple[str, ...]
    log: tuple[str, ...]
    exit: int


@dataclass(frozen=True, slots=True)
class Server:
    """What one program of an image does when it runs."""

    program: str
    listens: tuple[Listener, ...] = ()
    declared_ports: bool = False
    """Listens on whatever `ports` the container declares, besides `listens`."""
    port_flag: str = ""
    """The argument that moves the first listener to another port."""
    responder: str = ""
    """Whose answers are worked out (`responders`), where routes do not say enough."""
    ready_us: int = 0
    stop_us: int | None = 0
    """How long it takes to end after SIGTERM; None ignores the signal."""
    memory: int = 0
    cpu_milli: int = 0
    request_us: int = 1_000
    """Processor time that one request costs."""
    log: tuple[str, ...] = ()
    stop_log: tuple[str, ...] = ()
    access: str = ""
    routes: tuple[Route, ...] = ()
    needs: tuple[Need, ...] = ()
    writes: tuple[str, ...] = ()
    """Paths it must be able to write before it serves."""
    write_error: str = ""
    """What it says when it may not: {path}, {errno}, {why}."""
    bind_error: tuple[str, ...] = ()
    """What it says when its {port} is taken."""
    processes: tuple[str, ...] = ()
    """Command lines of its processes, the first one first; empty: one, as it was started."""
    docroot: str = ""
    """Where it finds the pages it serves."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One per name and tag in a catalogue, so identity is equality, and plans are found by it quickly."""

    name: ImageName
    size: int
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    shell: str = "full"
    """`none` (distroless), `busybox` or `full`."""
    programs: tuple[str, ...] = ()
    servers: tuple[Server, ...] = field(default=(), repr=False)
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
    """What its manifest list offers, as `os/arch`."""
    user: str = ""
    """Number or name; empty: root."""
    directory: str = ""
    """WORKDIR."""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Path → text, of files worth reading."""
    release: str = ""
    """/etc/os-release."""
    private: bool = False
    """The registry asks for credentials."""
    slow: int = 1
    """How many times longer the pull takes than the size says."""
    refusal: str = ""
    """Why the registry does not give it out, in containerd's words."""
    is_stand_in: bool = False
    """Nobody has described it: whatever is started in it that is no ordinary program runs as its one server, or ends when it has to."""

    def server(self, argv: tuple[str, ...]) -> Server | None:
        """The server that this command line runs: `agnhost liveness` is looked for before `agnhost`."""
        program = argv[0].rsplit("/", 1)[-1]
        two_words = f"{program} {argv[1]}" if len(argv) > 1 else program
        for wanted in (two_words, program):
            for server in self.servers:
                if server.program == wanted:
                    return server
        return None


@dataclass(frozen=True, slots=True)
class PullError:
    """Why a pull failed, in containerd's words as the kubelet repeats them."""

    message: str


class Catalog:
    def __init__(self, entries: dict[str, dict[str, Image]], *, generic: bool = False) -> None:
        self._entries = entries
        self._generic = generic

    def allowing_generic(self, allowed: bool) -> "Catalog":
        """The same catalogue where images of any registry that nobody described run as a plain server, or fail. Docker's own are all
        known, so that a misspelt `ngnix` fails in either."""
        return Catalog(self._entries, generic=allowed)

    def with_images(self, given: Sequence[Any]) -> "Catalog":
        """The same catalogue with images of a class's own; one that it knows already is replaced. Raises CatalogError."""
        if not given:
            return self
        return Catalog({**self._entries, **own_images(given)}, generic=self._generic)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def tags(self, path: str) -> tuple[str, ...]:
        """Known tags of `docker.io/library/nginx`, in the order of the data."""
        return tuple(self._entries.get(path, {}))

    def pull(self, name: ImageName) -> Image | PullError:
        tags = self._entries.get(name.path)
        if tags is not None:
            found = next(iter(tags.values())) if name.digest else tags.get(name.tag)
            if found is not None and found.refusal:
                return PullError(_unresolved(name) + found.refusal.format(tag=name.tag))
            return found or _not_found(name)
        if self._generic and not name.path.startswith("docker.io/library/"):
            return _stand_in(name)
        if name.registry not in _REGISTRIES:
            return _no_such_host(name)
        return _unknown_repository(name)

    def denied(self, name: ImageName) -> PullError:
        """What the registry of a private repository says to somebody without credentials."""
        return PullError(_unresolved(name) + _REGISTRIES["docker.io"])


def no_platform(name: ImageName) -> PullError:
    """What containerd says when nothing in the manifest list runs on the machine."""
    return PullError(
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name.full}": '
        "no match for platform in manifest: not found"
    )


def _not_found(name: ImageName) -> PullError:
    return PullError(f"rpc error: code = NotFound desc = {_unresolved(name)}{name.full}: not found")


def _unknown_repository(name: ImageName) -> PullError:
    text = _REGISTRIES[name.registry]
    if not text:
        return _not_found(name)
    scope = name.repository.replace("/", "%2F")
    return PullError(_unresolved(name) + text.format(scope=scope, repository=name.repository, tag=name.tag))


def _no_such_host(name: ImageName) -> PullError:
    host = name.registry.partition(":")[0]
    url = f"https://{name.registry}/v2/{name.repository}/manifests/{name.digest or name.tag}"
    return PullError(
        f'{_unresolved(name)}failed to do request: Head "{url}": dial tcp: lookup {host} on 172.18.0.1:53: no such host'
    )


def _unresolved(name: ImageName) -> str:
    return f'failed to pull and unpack image "{name.full}": failed to resolve reference "{name.full}": '


@cache
def _stand_in(name: ImageName) -> Image:
    program = name.repository.rsplit("/", 1)[-1]
    server = Server(
        program=program,
        declared_ports=True,
        ready_us=300_000,
        stop_us=200_000,
        memory=20 * _MB,
        cpu_milli=2,
        log=(f"{{at:%H:%M:%S}} {program} started",),
        routes=(Route("*", body=f"{program} on {{hostname}}\n"),),
    )
    return Image(name, _GENERIC_SIZE, cmd=(program,), servers=(server,), is_stand_in=True)


# Reading the data


@cache
def catalog() -> Catalog:
    """The catalogue that comes with the simulator, read once per process."""
    entries: dict[str, dict[str, Image]] = {}
    folder = files("simulator.workloads") / "catalog"
    for source in sorted(folder.iterdir(), key=lambda path: path.name):
        if source.name.endswith(".yaml"):
            _read(source.name, source.read_text("utf-8"), entries)
    return Catalog(entries)


def read_catalog(source: str, text: str) -> Catalog:
    """A catalogue from one document, for tests and for classes that bring their own images."""
    entries: dict[str, dict[str, Image]] = {}
    _read(source, text, entries)
    return Catalog(entries)


def own_images(given: Sequence[Any]) -> dict[str, dict[str, Image]]:
    """Entries that came with a cluster's configuration, written as those of `catalog/*.yaml`. Raises CatalogError."""
    entries: dict[str, dict[str, Image]] = {}
    for number, raw in enumerate(given):
        where = f"images[{number}]"
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            raise CatalogError(f"{where}: found no name, wanted a mapping with name and tags")
        _known_keys(where, raw, _KEYS)
        try:
            entries[parse(raw["name"]).path] = _images(where, raw)
        except (InvalidImageName, KeyError, TypeError, ValueError, AttributeError) as problem:
            raise CatalogError(
                f"{where}: found {type(problem).__name__} {problem}, wanted an entry as in the catalogue"
            ) from problem
    return entries


_KEYS = {
    "name",
    "about",
    "tags",
    "entrypoint",
    "cmd",
    "shell",
    "programs",
    "servers",
    "platforms",
    "amd64_only",
    "user",
    "directory",
    "files",
    "release",
    "private",
    "slow",
    "refusal",
}


def _read(source: str, text: str, entries: dict[str, dict[str, Image]]) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for number, raw in enumerate(yaml.load(text, Loader=loader) or ()):
        where = f"{source}: entry {number + 1}"
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            raise CatalogError(f"{where}: found no name, wanted a mapping with name and tags")
        where = f"{source}: {raw['name']}"
        _known_keys(where, raw, _KEYS)
        if raw["name"] in entries:
            raise CatalogError(f"{where}: found it in another place already, wanted each image once")
        entries[raw["name"]] = _images(where, raw)


def _images(where: str, raw: dict[str, Any]) -> dict[str, Image]:
    base = parse(raw["name"])
    shell = raw.get("shell", "full")
    if shell not in ("none", "busybox", "full"):
        raise CatalogError(f"{where}: shell: found {shell!r}, wanted none, busybox or full")
    tags = raw.get("tags")
    if not isinstance(tags, dict) or not tags:
        raise CatalogError(f"{where}: tags: found {tags!r}, wanted a mapping of tag to megabytes")
    servers = tuple(
        _server(f"{where}: servers: {name}", name, body) for name, body in (raw.get("servers") or {}).items()
    )
    return {
        tag: Image(
            name=ImageName(base.registry, base.repository, tag),
            size=_size(base, tag, megabytes),
            entrypoint=tuple(raw.get("entrypoint", ())),
            cmd=tuple(raw.get("cmd", ())),
            shell="busybox" if shell == "full" and "alpine" in tag else shell,
            programs=tuple(raw.get("programs", ())),
            servers=servers,
            platforms=_platforms(raw, tag),
            user=str(raw.get("user", "")),
            directory=raw.get("directory", ""),
            files={str(path): str(text) for path, text in (raw.get("files") or {}).items()},
            release=raw.get("release", ""),
            private=bool(raw.get("private", False)),
            slow=int(raw.get("slow", 1)),
            refusal=raw.get("refusal", ""),
        )
        for tag, megabytes in tags.items()
    }


def _platforms(raw: dict[str, Any], tag: str) -> tuple[str, ...]:
    """`platforms` for all tags of an entry; `amd64_only` names tags that were never built for another processor."""
    if tag in raw.get("amd64_only", ()):
        return ("linux/amd64",)
    return tuple(raw.get("platforms", ("linux/amd64", "linux/arm64")))


def _size(base: ImageName, tag: str, megabytes: float) -> int:
    """Bytes with a few uneven digits that depend on the name only: real sizes are never round."""
    uneven = sum(index * ord(letter) for index, letter in enumerate(f"{base.path}:{tag}", start=7)) * 37 % 99_991
    return int(megabytes * _MB) + uneven


def _server(where: str, name: str, raw: dict[str, Any]) -> Server:
    keys = {
        "about",
        "listens",
        "declared_ports",
        "port_flag",
        "responder",
        "ready_ms",
        "stop_ms",
        "memory_mb",
        "cpu_m",
        "request_us",
        "log",
        "stop_log",
        "access",
        "routes",
        "needs",
        "writes",
        "write_error",
        "bind_error",
        "docroot",
        "processes",
    }
    _known_keys(where, raw, keys)
    return Server(
        program=name,
        listens=tuple(Listener(one["port"], one["protocol"], one.get("flag", "")) for one in raw.get("listens", ())),
        declared_ports=raw.get("declared_ports", False),
        port_flag=raw.get("port_flag", ""),
        responder=raw.get("responder", ""),
        ready_us=raw.get("ready_ms", 0) * 1000,
        stop_us=None if "stop_ms" not in raw else raw["stop_ms"] * 1000,
        memory=raw.get("memory_mb", 0) * _MB,
        cpu_milli=raw.get("cpu_m", 0),
        request_us=raw.get("request_us", 1_000),
        log=tuple(raw.get("log", ())),
        stop_log=tuple(raw.get("stop_log", ())),
        access=raw.get("access", ""),
        routes=tuple(_route(one) for one in raw.get("routes", ())),
        needs=tuple(Need(tuple(one["any_of"]), tuple(one.get("log", ())), one["exit"]) for one in raw.get("needs", ())),
        writes=tuple(raw.get("writes", ())),
        write_error=raw.get("write_error", ""),
        bind_error=tuple(raw.get("bind_error", ())),
        docroot=raw.get("docroot", ""),
        processes=tuple(raw.get("processes", ())),
    )


def _route(raw: dict[str, Any]) -> Route:
    until_s = raw.get("until_s")
    return Route(
        raw["path"],
        raw.get("status", 200),
        raw.get("body", ""),
        None if until_s is None else until_s * 1_000_000,
        raw.get("flag", ""),
    )


def _known_keys(where: str, raw: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(raw.keys() - known)
    if unknown:
        raise CatalogError(f"{where}: found {', '.join(unknown)}, wanted only {', '.join(sorted(known))}")
