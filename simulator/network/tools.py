"""The network programs of small images: `nslookup`, `wget`, `curl`, `nc`, `ping`, in the words they print.

Promises: each run is one question to the data path; what it says on refusal is what the real program says. Options that change
only the looks of the output are accepted and ignored.
"""

from http import HTTPStatus

from simulator.engine.plain import Obj
from simulator.network import curl, dns, wget
from simulator.network.datapath import REFUSED, RESOLVE, Datapath, Source, Trace
from simulator.network.dns_tools import DnsTools
from simulator.network.http_options import NoFile, Reader, curl_request, is_short, wget_request
from simulator.network.http_paths import HttpPath
from simulator.network.reachability import Connection, pings
from simulator.network.traces import TIMEOUT
from simulator.workloads.pauses import ERRORS, STDIN

#: Options that take the next word as their value, by program.
_VALUE_OPTIONS = {
    "wget": frozenset({"-O", "-o", "-T", "-t", "-U", "--header", "--timeout", "--post-data", "--ca-certificate"}),
    "nc": frozenset({"-w", "-i", "-p"}),
    "ping": frozenset({"-c", "-W", "-w", "-i", "-s", "-t"}),
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

    def ask(
        self, pod: Obj, argv: tuple[str, ...], read: Reader = lambda path: None, *, busybox: bool = False
    ) -> tuple[int, list[str], int]:
        """(exit status, lines, microseconds). `read`: the files that options name; `busybox`: the program is BusyBox'."""
        program, rest = argv[0], list(argv[1:])
        source = Source(pod=pod)
        match program:
            case "nslookup":
                return self._dns.nslookup(source, rest, busybox=busybox)
            case "dig":
                return self._dns.dig(source, rest)
            case "host":
                return self._dns.host(source, rest)
            case "getent":
                return self._getent(source, _operands(program, rest))
            case "wget":
                return self._wget(source, rest, read) if busybox else self._gnu_wget(source, rest, read)
            case "curl":
                return self._curl(source, rest, read)
            case "nc":
                return self._nc(source, rest, busybox=busybox)
            case "ping":
                return self._ping(source, rest)
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
        try:
            asked = wget.parse(words)
        except wget.Refused as error:
            return 1, [f"{ERRORS}wget: {error}"], 0
        if not asked.urls:
            return 1, [f"{ERRORS}wget: missing URL"], 0
        url = asked.urls[0]
        host, port, path = url_parts(url)
        try:
            request = wget_request(url, path, asked.words, read, busybox=True)
        except NoFile as error:
            return 1, [f"{ERRORS}wget: can't open '{error}': No such file or directory"], 0
        trace = self._datapath.request(source, host, port, request)
        took_us = _given_up(trace, asked.limit_us)
        authority = url.partition("://")[2] or url
        outcome = wget.Outcome(asked, authority.partition("/")[0], port, path, trace, phrase_of(trace.status))
        return outcome.status, list(outcome.lines()), took_us

    def _gnu_wget(self, source: Source, words: list[str], read: Reader) -> tuple[int, list[str], int]:
        """Only what it writes to the standard output, and its failures."""
        operands = _operands("wget", words)
        url = operands[0] if operands else ""
        host, port, path = url_parts(url)
        try:
            asked = wget_request(url, path, words, read, busybox=False)
        except NoFile as error:
            return 1, [f"{ERRORS}wget: can't open '{error}': No such file or directory"], 0
        trace = self._datapath.request(source, host, port, asked)
        if trace.error == RESOLVE:
            return 4, [f"{ERRORS}wget: unable to resolve host address '{host}'"], trace.took_us
        if trace.error:
            why = "Connection refused." if trace.error == REFUSED else "Connection timed out."
            return 4, [f"{ERRORS}Connecting to {host}:{port}... failed: {why}"], trace.took_us
        if asked.scheme == "https" and asked.trust is not None and not trace.status:
            says = [
                f"ERROR: cannot verify {host}'s certificate, issued by 'CN=kubernetes':",
                "  Unable to locally verify the issuer's authority.",
                f"To connect to {host} insecurely, use `--no-check-certificate'.",
            ]
            return 5, [f"{ERRORS}{line}" for line in says], trace.took_us
        if trace.status >= 400:
            return 8, [f"{ERRORS}ERROR {trace.status}: {phrase_of(trace.status)}."], trace.took_us
        to_screen = any(word in ("-O-", "-qO-", "-O/dev/stdout", "-qO") for word in words) or "-" in words
        return 0, trace.body.splitlines() if to_screen and "--spider" not in words else [], trace.took_us

    def _curl(self, source: Source, words: list[str], read: Reader) -> tuple[int, list[str], int]:
        try:
            asked = curl.parse(words)
        except curl.Refused as refused:
            return refused.code, [f"{ERRORS}{line}" for line in refused.lines], 0
        code, took_us = 0, 0
        lines: list[str] = []
        for number, url in enumerate(asked.urls):
            outcome, after_us = self._transfer(source, asked, url, number, read)
            code, took_us = outcome.code, took_us + after_us
            lines += outcome.lines()
        return code, lines, took_us

    def _transfer(
        self, source: Source, asked: curl.Asked, url: str, number: int, read: Reader
    ) -> tuple[curl.Outcome, int]:
        host, port, path = url_parts(url)
        place = asked.outputs[number] if number < len(asked.outputs) else ""
        if not place and "remote-name" in asked.on:
            place = path.partition("?")[0].rsplit("/", 1)[-1]
        place = "" if place == "-" else place
        try:
            request = curl_request(url, path, asked.words, read)
        except NoFile as error:
            nothing = Trace((), False)
            why = f"curl: (77) error setting certificate file: {error}"
            return curl.Outcome(asked, url, host, port, HttpPath(path), nothing, "", 77, why, place), 0
        trace = self._datapath.request(source, host, port, request)
        code, why = self._judged(asked, request, trace, host, port)
        outcome = curl.Outcome(asked, url, host, port, request, trace, phrase_of(trace.status), code, why, place)
        return outcome, _given_up(trace, asked.limit_us)

    @staticmethod
    def _judged(asked: curl.Asked, request: HttpPath, trace: Trace, host: str, port: int) -> tuple[int, str]:
        """(exit code, words) of a transfer."""
        if trace.error == TIMEOUT and asked.limit_us is not None:
            return curl.timed_out(asked, trace, host, port)
        if trace.error:
            return curl_error(trace, host, port)
        if request.scheme == "https" and request.trust is not None and not trace.status:
            return 60, "\n".join(_UNTRUSTED)
        if trace.status >= 400 and "fail" in asked.on:
            return 22, f"curl: (22) The requested URL returned error: {trace.status}"
        return 0, ""

    def _nc(self, source: Source, words: list[str], *, busybox: bool) -> tuple[int, list[str], int]:
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
        verbosity = sum(word.count("v") for word in words if is_short(word, "v"))
        tried = Connection(host, port, trace, verbosity, busybox)
        return tried.status, list(tried.lines()), trace.took_us

    def _datagram(self, source: Source, host: str, port: int, message: str) -> tuple[int, list[str], int]:
        """A closed port is told by ICMP, a lost message by nobody: `nc` waits for its `-w` and is content."""
        trace = self._datapath.request(source, host, port, message, protocol="UDP")
        if trace.error == RESOLVE:
            return 1, [f"nc: bad address '{host}'"], trace.took_us
        if trace.error == REFUSED:
            return 1, [], trace.took_us
        return 0, [] if trace.error else trace.body.splitlines(), trace.took_us

    def _ping(self, source: Source, words: list[str]) -> tuple[int, list[str], int]:
        """A virtual IP answers no ping: it is a rule, not a machine."""
        operands = _operands("ping", words)
        host = operands[0] if operands else ""
        answer, _ = self._datapath.resolve(source, host)
        if answer is None or not (answer.addresses or host.replace(".", "").isdigit()):
            return 1, [f"{ERRORS}ping: bad address '{host}'"], 0
        address = answer.addresses[0] if answer.addresses else host
        sent = pings(words, host, address, is_reached=self._datapath.is_machine_or_pod(address))
        return sent.status, list(sent.lines()), sent.took_us


def phrase_of(status: int) -> str:
    """`Not Found`; empty for a status without usual words."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _given_up(trace: Trace, limit_us: int | None) -> int:
    """Microseconds that it took; whoever waits in vain stops by himself after his limit."""
    return trace.took_us if trace.error != TIMEOUT or limit_us is None else min(trace.took_us, limit_us)


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
