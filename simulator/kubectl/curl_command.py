"""`curl` on the workstation: to its own ports, to the API server, and into the clusters' networks.

A port of the workstation belongs to `kubectl port-forward`, to `kubectl proxy` or to an API server; every other address is asked for from outside
the cluster, as from the machine that kind runs on. Follows curl 8 in its words and exit codes. What it cannot do here it refuses by name.

Leaves to others: the way through the cluster (`network/`), the API (`ApiServer`), what a forwarded port leads to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.apiserver.errors import ApiUnavailable, CertificateExpired
from simulator.apiserver.request import ADMIN, Request, Response, User
from simulator.kubectl.acting import Acted
from simulator.kubectl.call import End, Session
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.jobs import Job, Jobs
from simulator.kubectl.small_command import Outcome
from simulator.kubectl.verbs.proxy import passed
from simulator.machinery.go_text import klog_stamp, quoted
from simulator.machinery.json_text import compact, indented
from simulator.network.http_paths import HttpPath
from simulator.network.tools import curl_error, phrase_of, url_parts

_ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
_AGENT = "curl/8.5.0"
_LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "[::1]": "::1"}
_VALUED = {
    "-o": "output", "--output": "output", "-w": "write-out", "--write-out": "write-out", "-X": "request", "--request": "request",
    "-H": "header", "--header": "header", "-d": "data", "--data": "data", "--data-raw": "data", "--data-binary": "data",
    "-A": "agent", "--user-agent": "agent", "-m": "time", "--max-time": "time", "--connect-timeout": "time", "--retry": "time",
    "--cacert": "cacert", "--cert": "cert", "-E": "cert", "--key": "key", "--resolve": "resolve",
}  # fmt: skip
_SWITCHES = {
    "-s": "silent", "--silent": "silent", "-S": "errors", "--show-error": "errors", "-i": "include", "--include": "include",
    "-I": "head", "--head": "head", "-k": "insecure", "--insecure": "insecure", "-f": "fail", "--fail": "fail",
    "-L": "location", "--location": "location", "-4": "four", "-6": "six", "-g": "globoff", "-N": "no-buffer",
}  # fmt: skip
_UNVERIFIED = """curl: (60) SSL certificate problem: unable to get local issuer certificate
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.
"""


class CurlError(Exception):
    """The request failed; `code` is curl's exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class _Asked:
    """What the words of the line ask for."""

    url: str = ""
    on: dict[str, None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    data: str | None = None

    @property
    def method(self) -> str:
        usual = "HEAD" if "head" in self.on else "GET" if self.data is None else "POST"
        return self.values.get("request", usual)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: str
    kind: str = ""
    version: str = "1.1"


def curl(session: Session, words: Sequence[str], stdin: str) -> Outcome:
    """One request."""
    asked = _Asked()
    try:
        _read(session, asked, list(words), stdin)
        answer = _answered(session, asked)
        return _shown(session, asked, answer)
    except CurlError as error:
        silent = "silent" in asked.on and "errors" not in asked.on
        text = str(error)
        return Outcome(stderr="" if silent else text if text.endswith("\n") else text + "\n", exit=error.code)


def _read(session: Session, asked: _Asked, words: list[str], stdin: str) -> None:
    while words:
        word = words.pop(0)
        name = word.partition("=")[0]
        if not word.startswith("-") or word == "-":
            asked.url = asked.url or word
        elif word in _VALUED:
            if not words:
                raise CurlError(
                    2,
                    f"curl: option {word}: requires parameter\ncurl: try 'curl --help' or 'curl --manual' for more information",
                )
            _set(session, asked, _VALUED[word], words.pop(0), stdin)
        elif word in _SWITCHES:
            asked.on[_SWITCHES[word]] = None
        elif not word.startswith("--") and word[:2] in _VALUED:
            _set(session, asked, _VALUED[word[:2]], word[2:], stdin)
        elif not word.startswith("--") and len(word) > 2:
            words[:0] = [word[:2], f"-{word[2:]}"]
            if word[:2] not in _SWITCHES:
                raise _unknown(word[:2])
        else:
            raise _unknown(name)
    if not asked.url:
        raise CurlError(2, "curl: (2) no URL specified")


def _unknown(word: str) -> CurlError:
    return CurlError(
        2, f"curl: option {word}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information"
    )


def _set(session: Session, asked: _Asked, name: str, value: str, stdin: str) -> None:
    if name == "header":
        key, _, text = value.partition(":")
        asked.headers[key.strip().lower()] = text.strip()
    elif name == "data":
        text = value
        if value.startswith("@"):
            text = stdin if value == "@-" else _file(session, value[1:], 26)
        asked.data = text if asked.data is None else f"{asked.data}&{text}"
    else:
        asked.values[name] = value


def _file(session: Session, path: str, code: int) -> str:
    try:
        return session.home.read(path)
    except FileError as error:
        words = {26: f"curl: option -d: error encountered when reading a file\ncurl: ({code}) Failed to open {path}"}
        raise CurlError(code, words.get(code, f"curl: ({code}) {path}: {error}")) from error


# Who answers


def _answered(session: Session, asked: _Asked) -> _Answer:
    host, port, path = url_parts(asked.url)
    scheme = asked.url.partition("://")[0] if "://" in asked.url else "http"
    if scheme not in ("http", "https"):
        raise CurlError(1, f'curl: (1) Protocol "{scheme}" not supported')
    if asked.url.partition("://")[2].startswith("[") or asked.url.startswith("["):
        host, port, path = _six(asked.url)
    if host in _LOOPBACK or host.startswith("127."):
        return _local(session, asked, host, port, path, scheme)
    end = _network(session)
    if end.fetch is None:
        raise CurlError(6, f"curl: (6) Could not resolve host: {host}")
    trace = end.fetch(host, port, _http(asked, host, path, scheme))
    if trace.error:
        code, text = curl_error(trace, host, port)
        raise CurlError(code, text)
    if not trace.status and scheme == "https" and "insecure" not in asked.on:
        raise CurlError(60, _UNVERIFIED)
    if not trace.status:
        raise CurlError(52, "curl: (52) Empty reply from server")
    return _Answer(trace.status, trace.body)


def _six(url: str) -> tuple[str, int, str]:
    rest = url.partition("://")[2] or url
    authority, slash, path = rest.partition("/")
    address, _, port = authority.partition("]")
    return f"{address}]", int(port[1:]) if port[1:].isdecimal() else 80, f"/{path}" if slash else "/"


def _network(session: Session) -> End:
    """The cluster in whose network the address is looked for: that of the current context, or the first."""
    try:
        found = session.reach.end(session.config.context().server)
    except CommandError:
        found = None
    return found or session.reach.first()


def _http(asked: _Asked, host: str, path: str, scheme: str) -> HttpPath:
    headers = {"accept": "*/*", "user-agent": asked.values.get("agent", _AGENT), **asked.headers}
    named = headers.pop("host", host)
    trust = None if "insecure" in asked.on else ""
    body = asked.data or ""
    return HttpPath(path, host=named, method=asked.method, headers=headers, scheme=scheme, body=body, trust=trust)


def _local(session: Session, asked: _Asked, host: str, port: int, path: str, scheme: str) -> _Answer:
    addresses = ["127.0.0.1", "::1"] if host == "localhost" else [_LOOPBACK.get(host, host)]
    jobs = session.jobs
    for address in addresses:
        found = None if jobs is None else jobs.listener(address, port)
        if jobs is not None and found is not None:
            job, entry = found
            if job["state"] == "stopped":
                raise CurlError(130, "")
            if scheme == "https" and job["token"]["kind"] == "proxy":
                raise CurlError(35, "curl: (35) OpenSSL/3.0.13: error:0A00010B:SSL routines::wrong version number")
            if job["token"]["kind"] == "proxy":
                return _proxied(session, asked, job, host, path)
            return _forwarded(session, jobs, job, entry, _http(asked, host, path, scheme))
    end = session.reach.end(f"https://127.0.0.1:{port}") if "127.0.0.1" in addresses else None
    if end is None:
        raise CurlError(7, f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Could not connect to server")
    return _secure(session, asked, end, host, port, path, scheme)


def _forwarded(session: Session, jobs: Jobs, job: Job, entry: list[Any], path: HttpPath) -> _Answer:
    """Through `kubectl port-forward`; a connection that fails ends it."""
    token, local, remote = job["token"], entry[1], entry[2]
    acted = Acted(token)
    acted.out(f"Handling connection for {local}\n")
    end = session.reach.end(token["server"])
    if end is None or end.forward is None:
        answer: dict[str, Any] = {"refused": "error upgrading connection: connection refused"}
    else:
        answer = end.forward(token["namespace"], token["pod"], remote, path, uid=token["uid"])
    if answer["refused"]:
        why = f"an error occurred forwarding {local} -> {remote}: {answer['refused']}"
        stamp = klog_stamp(session.clock())
        acted.err(f'E{stamp} {job["pid"]:7} portforward.go:424] "Unhandled Error" err={quoted(why)}\n')
        acted.err("error: lost connection to pod\n")
        acted.done, acted.exit = True, 1
    jobs.take(job, acted)
    if not answer.get("status"):
        raise CurlError(52, "curl: (52) Empty reply from server")
    return _Answer(answer["status"], answer["body"])


def _proxied(session: Session, asked: _Asked, job: Job, host: str, path: str) -> _Answer:
    """Through `kubectl proxy`, as the user of its kubeconfig."""
    token = job["token"]
    named = asked.headers.get("host", host).rpartition(":")[0] or asked.headers.get("host", host)
    way = passed(token, session.home, asked.method, path, named)
    if way.status:
        return _Answer(way.status, way.text, "text/plain; charset=utf-8")
    end = session.reach.end(token["server"])
    address = token["server"].partition("://")[2]
    if end is None:
        return _Answer(502, "")
    headers = {**asked.headers, **token["identity"]}
    try:
        return _of_api(asked, end, way.path, headers, ADMIN, "")
    except ApiUnavailable:
        stamp = klog_stamp(session.clock())
        why = f"dial tcp {address}: connect: connection refused"
        acted = Acted(token)
        acted.err(f"E{stamp} {job['pid']:7} proxy_server.go:147] Error while proxying request: {why}\n")
        if session.jobs is not None:
            session.jobs.take(job, acted)
        return _Answer(500, f"{why}\n", "text/plain; charset=utf-8")


def _secure(session: Session, asked: _Asked, end: End, host: str, port: int, path: str, scheme: str) -> _Answer:
    """The API server itself: nobody is known there who does not say who it is."""
    if scheme == "http":
        return _Answer(400, "Client sent an HTTP request to an HTTPS server.\n", "text/plain; charset=utf-8", "1.0")
    if "insecure" not in asked.on:
        if "cacert" not in asked.values:
            raise CurlError(60, _UNVERIFIED)
        if not session.home.is_file(asked.values["cacert"]):
            path_of = asked.values["cacert"]
            raise CurlError(
                77, f"curl: (77) error setting certificate verify locations:  CAfile: {path_of} CApath: /etc/ssl/certs"
            )
    certificate = _file(session, asked.values["cert"], 58) if "cert" in asked.values else ""
    try:
        return _of_api(asked, end, path, asked.headers, _ANONYMOUS, certificate)
    except (ApiUnavailable, CertificateExpired):
        raise CurlError(
            7, f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Could not connect to server"
        ) from None


def _of_api(asked: _Asked, end: End, path: str, headers: dict[str, str], user: User, certificate: str) -> _Answer:
    plain, _, query = path.partition("?")
    pairs = [part.partition("=") for part in query.split("&") if part]
    body: Any = None
    if asked.data is not None:
        try:
            body = json.loads(asked.data)
        except ValueError:
            body = asked.data
    method = "GET" if asked.method == "HEAD" else asked.method
    agent = asked.values.get("agent", _AGENT)
    usual = {"accept": "*/*", "user-agent": agent}
    if body is not None:
        usual["content-type"] = "application/x-www-form-urlencoded"
    request = Request(
        method,
        plain,
        {key: value for key, _, value in pairs},
        {**usual, **headers},
        body,
        user=user,
        certificate=certificate,
    )
    response = end.server.handle(request)
    usual_kind = "text/plain; charset=utf-8" if isinstance(response.body, str) else "application/json"
    kind = response.headers.get("content-type", usual_kind)
    return _Answer(response.status, _text_of(response, request), kind, "2")


def _text_of(response: Response, request: Request) -> str:
    """JSON is indented for curl, as for browsers, unless `pretty` says otherwise (`endpoints/handlers/negotiation`)."""
    body = response.body
    if isinstance(body, bytes):
        body = json.loads(body)
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "".join(f"{compact(each)}\n" for each in body)
    asked = request.query.get("pretty", "")
    is_pretty = asked in ("1", "t", "T", "true", "TRUE", "True") if asked else _is_for_people(request)
    return indented(_in_order(body)) if is_pretty else compact(body) + "\n"


def _in_order(body: Any) -> Any:
    """An object as Go's structures stand: first what it is."""
    if not isinstance(body, dict):
        return body
    head = {key: body[key] for key in ("kind", "apiVersion", "metadata") if key in body}
    if "items" in body and isinstance(body["items"], list):
        body = {**body, "items": [_in_order(item) for item in body["items"]]}
    return head | {key: value for key, value in body.items() if key not in head}


def _is_for_people(request: Request) -> bool:
    return request.headers.get("user-agent", "").startswith(("curl", "Wget", "Mozilla/5.0"))


# What is shown


def _shown(session: Session, asked: _Asked, answer: _Answer) -> Outcome:
    if answer.status >= 400 and "fail" in asked.on:
        raise CurlError(22, f"curl: (22) The requested URL returned error: {answer.status}")
    outcome = Outcome()
    if "include" in asked.on or "head" in asked.on:
        outcome.stdout += _head(answer)
    if "head" not in asked.on:
        outcome.stdout += answer.body
    if (path := asked.values.get("output")) is not None:
        try:
            if path != "/dev/null":
                session.home.write(path, outcome.stdout)
        except FileError as error:
            raise CurlError(23, f"curl: (23) Failed to open the file {path}: {error}") from error
        outcome.stdout = ""
    wanted = asked.values.get("write-out", "").replace("\\n", "\n").replace("\\t", "\t")
    outcome.stdout += wanted.replace("%{http_code}", str(answer.status)).replace("%{response_code}", str(answer.status))
    return outcome


def _head(answer: _Answer) -> str:
    phrase = "" if answer.version == "2" else f" {phrase_of(answer.status)}"
    lines = [f"HTTP/{answer.version} {answer.status}{phrase}".rstrip()]
    if answer.kind:
        lines.append(f"content-type: {answer.kind}" if answer.version == "2" else f"Content-Type: {answer.kind}")
    length = len(answer.body.encode())
    lines.append(f"content-length: {length}" if answer.version == "2" else f"Content-Length: {length}")
    return "".join(f"{line}\r\n" for line in lines) + "\r\n"
