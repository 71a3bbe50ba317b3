"""The network programs of small images: `nslookup`, `wget`, `curl`, `nc`, `ping`, in the words they print.

Promises: each run is one question to the data path; what it says on refusal is what the real program says. Options that change
only the looks of the output are accepted and ignored.
"""

from itertools import pairwise

from simulator.engine.plain import Obj
from simulator.network import dns
from simulator.network.datapath import REFUSED, RESOLVE, Datapath, Source, Trace
from simulator.network.dns_tools import DnsTools
from simulator.network.http_options import NoFile, Reader, curl_request, is_short, wget_request
from simulator.workloads.pauses import STDIN

#: Options that take the next word as their value, by program.
_VALUE_OPTIONS = {
    "wget": frozenset({"-O", "-o", "-T", "-t", "-U", "--header", "--timeout", "--post-data", "--ca-certificate"}),
    "curl": frozenset(
        {
            "-o",
            "-w",
            "-m",
            "-H",
            "-X",
            "-d",
            "-A",
            "-u",
            "--max-time",
            "--connect-timeout",
            "--retry",
            "--header",
            "--cacert",
            "--request",
            "--data",
            "--data-binary",
            "--data-raw",
            "--json",
            "--output",
            "--write-out",
        }
    ),
    "nc": frozenset({"-w", "-i", "-p"}),
    "ping": frozenset({"-c", "-W", "-w", "-i", "-s", "-t"}),
}
STATUS_WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
#: What curl 8 says of a server whose certificate it cannot verify.
_UNTRUSTED = (
    "curl: (60) SSL certificate problem: unable to get local issuer certificate",
    "More details here: https://curl.se/docs/sslcerts.html",
    "",
    "curl failed to verify the legitimacy of the server and therefore could not",
    "establish a secure connection to it. To learn more about this situation and",
    "how to fix it, please visit the webpage mentioned above.",
)


class NetworkTools:
    """What the kubelets hand their containers' questions to (`node.fleet.Network`)."""

    def __init__(self, datapath: Datapath) -> None:
        self._datapath = datapath
        self._dns = DnsTools(datapath)

    def ask(self, pod: Obj, argv: tuple[str, ...], read: Reader = lambda path: None) -> tuple[int, list[str], int]:
        """(exit status, lines, microseconds). `read`: the files that options name."""
        program, rest = argv[0], list(argv[1:])
        source = Source(pod=pod)
        match program:
            case "nslookup":
                return self._dns.nslookup(source, rest, busybox=_has_busybox(pod))
            case "dig":
                return self._dns.dig(source, rest)
            case "host":
                return self._dns.host(source, rest)
            case "getent":
                return self._getent(source, _operands(program, rest))
            case "wget":
                return self._wget(source, rest, read)
            case "curl":
                return self._curl(source, rest, read)
            case "nc":
                return self._nc(source, rest)
            case "ping":
                return self._ping(source, _operands(program, rest))
        return 1, [f"{program}: could not connect to the server"], 0

    def resolv_conf(self, pod: Obj) -> str:
        return dns.resolver_of(pod, self._datapath.dns_address).text

    def omissions(self, pod: Obj) -> list[str]:
        return dns.omissions(pod, self._datapath.dns_address)

    def hosts(self, pod: Obj) -> str:
        """The content of `/etc/hosts`; a pod on the host's network has the machine's own file."""
        address = self._datapath.servers.address_of(pod)
        return dns.hosts_file(pod, address, self._datapath.servers.second_address(address) if address else "")

    def _getent(self, source: Source, operands: list[str]) -> tuple[int, list[str], int]:
        name = operands[-1] if operands else ""
        pod = source.pod
        if pod is not None and (own := dns.in_hosts_file(pod, name, self._datapath.servers.address_of(pod))):
            return 0, [f"{own:<16}{name}"], 0
        answer, _ = self._datapath.resolve(source, name)
        if answer is None or not answer.addresses:
            return 2, [], 0
        return 0, [f"{address:<16}{answer.name}" for address in answer.addresses], 0

    def _wget(self, source: Source, words: list[str], read: Reader) -> tuple[int, list[str], int]:
        operands = _operands("wget", words)
        url = operands[0] if operands else ""
        host, port, path = url_parts(url)
        try:
            asked = wget_request(url, path, words, read, busybox=source.pod is not None and _has_busybox(source.pod))
        except NoFile as error:
            return 1, [f"wget: can't open '{error}': No such file or directory"], 0
        trace = self._datapath.request(source, host, port, asked)
        if trace.error == RESOLVE:
            return 1, [f"wget: bad address '{host if port == 80 else f'{host}:{port}'}'"], trace.took_us
        if trace.error == REFUSED:
            return 1, [f"wget: can't connect to remote host ({trace.address}): Connection refused"], trace.took_us
        if trace.error:
            return 1, ["wget: download timed out"], trace.took_us
        if asked.scheme == "https" and asked.trust is not None and not trace.status:
            says = [
                f"ERROR: cannot verify {host}'s certificate, issued by 'CN=kubernetes':",
                "  Unable to locally verify the issuer's authority.",
                f"To connect to {host} insecurely, use `--no-check-certificate'.",
            ]
            return 5, says, trace.took_us
        if trace.status >= 400:
            return (
                1,
                [f"wget: server returned error: HTTP/1.1 {trace.status} {STATUS_WORDS.get(trace.status, '')}".rstrip()],
                trace.took_us,
            )
        to_screen = any(word in ("-O-", "-qO-", "-O/dev/stdout", "-qO") for word in words) or "-" in words
        return 0, trace.body.splitlines() if to_screen and "--spider" not in words else [], trace.took_us

    def _curl(self, source: Source, words: list[str], read: Reader) -> tuple[int, list[str], int]:
        operands = _operands("curl", words)
        url = operands[0] if operands else ""
        host, port, path = url_parts(url)
        silent = any(is_short(word, "s") and "S" not in word for word in words) and "-S" not in words
        try:
            asked = curl_request(url, path, words, read)
        except NoFile as error:
            says = f"curl: (77) error setting certificate file: {error}"
            return 77, [] if silent else [says], 0
        trace = self._datapath.request(source, host, port, asked)
        if trace.error:
            code, text = curl_error(trace, host, port)
            return code, [] if silent else [text], trace.took_us
        if asked.scheme == "https" and asked.trust is not None and not trace.status:
            return 60, [] if silent else list(_UNTRUSTED), trace.took_us
        fails = "--fail" in words or any(is_short(word, "f") for word in words)
        if trace.status >= 400 and fails:
            return 22, [] if silent else [f"curl: (22) The requested URL returned error: {trace.status}"], trace.took_us
        wanted = next((after for word, after in pairwise(words) if word in ("-w", "--write-out")), "")
        lines = [] if "-o" in words or "--output" in words else trace.body.splitlines()
        return (
            0,
            [*lines, *([wanted.replace("%{http_code}", str(trace.status)).rstrip("\n")] if wanted else [])],
            trace.took_us,
        )

    def _nc(self, source: Source, words: list[str]) -> tuple[int, list[str], int]:
        """Of a connection over TCP nothing is read; a message over UDP is sent, and what comes back is shown."""
        said = next((word[len(STDIN) :] for word in words if word.startswith(STDIN)), "")
        words = [word for word in words if not word.startswith(STDIN)]
        operands = _operands("nc", words)
        host, port = (
            operands[0] if operands else "",
            int(operands[1]) if len(operands) > 1 and operands[1].isdigit() else 0,
        )
        if any(is_short(word, "u") for word in words):
            return self._datagram(source, host, port, said)
        trace = self._datapath.request(source, host, port, "")
        if trace.error == RESOLVE:
            return 1, [f"nc: bad address '{host}'"], trace.took_us
        if trace.error:
            why = "Connection refused" if trace.error == REFUSED else "Connection timed out"
            return 1, [f"nc: {host} ({trace.address}:{port}): {why}"], trace.took_us
        return 0, [f"{host} ({trace.address}:{port}) open"], trace.took_us

    def _datagram(self, source: Source, host: str, port: int, message: str) -> tuple[int, list[str], int]:
        """A closed port is told by ICMP, a lost message by nobody: `nc` waits for its `-w` and is content."""
        trace = self._datapath.request(source, host, port, message, protocol="UDP")
        if trace.error == RESOLVE:
            return 1, [f"nc: bad address '{host}'"], trace.took_us
        if trace.error == REFUSED:
            return 1, [], trace.took_us
        return 0, [] if trace.error else trace.body.splitlines(), trace.took_us

    def _ping(self, source: Source, operands: list[str]) -> tuple[int, list[str], int]:
        """A virtual IP answers no ping: it is a rule, not a machine."""
        host = operands[0] if operands else ""
        answer, _ = self._datapath.resolve(source, host)
        if answer is None or not (answer.addresses or host.replace(".", "").isdigit()):
            return 1, [f"ping: bad address '{host}'"], 0
        address = answer.addresses[0] if answer.addresses else host
        reached = self._datapath.is_machine_or_pod(address)
        head = f"PING {host} ({address}): 56 data bytes"
        if not reached:
            return (
                1,
                [
                    head,
                    "",
                    f"--- {host} ping statistics ---",
                    "1 packets transmitted, 0 packets received, 100% packet loss",
                ],
                10_000_000,
            )
        return (
            0,
            [
                head,
                f"64 bytes from {address}: seq=0 ttl=62 time=0.412 ms",
                "",
                f"--- {host} ping statistics ---",
                "1 packets transmitted, 1 packets received, 0% packet loss",
            ],
            1_000,
        )


#: Images whose small programs are BusyBox'.
_BUSYBOX = ("busybox", "alpine", "curl", "agnhost", "stress")


def _has_busybox(pod: Obj) -> bool:
    return any(name in container.get("image", "") for container in pod["spec"]["containers"] for name in _BUSYBOX)


def curl_error(trace: Trace, host: str, port: int) -> tuple[int, str]:
    """curl's exit code and words for a request that got no answer."""
    if trace.error == RESOLVE:
        return 6, f"curl: (6) Could not resolve host: {host}"
    after = trace.took_us // 1000
    if trace.error == REFUSED:
        return 7, f"curl: (7) Failed to connect to {host} port {port} after {after} ms: Could not connect to server"
    return 28, f"curl: (28) Failed to connect to {host} port {port} after {after} ms: Timeout was reached"


def _operands(program: str, words: list[str]) -> list[str]:
    valued = _VALUE_OPTIONS.get(program, frozenset())
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in valued:
            skip = True
        elif not word.startswith("-"):
            found.append(word)
    return found


def url_parts(text: str) -> tuple[str, int, str]:
    """(host, port, path) of what people type: `web`, `http://web:8080/x`, `10.96.0.1`."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    authority, slash, path = rest.partition("/")
    host, _, port = authority.partition(":")
    return host, int(port) if port.isdigit() else 443 if scheme == "https" else 80, f"/{path}" if slash else "/"
