"""`openssl` at the workstation, as far as a client certificate needs it: a key, a signing request, a look into a certificate.

    openssl genrsa -out ann.key 2048
    openssl req -new -key ann.key -out ann.csr -subj "/CN=ann/O=dev"
    openssl x509 -in ann.crt -noout -subject -dates

Whatever kind of key is asked for, it is Ed25519: small, and the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from simulator.kubectl.home import FileError
from simulator.kubectl.small_command import Outcome, Surface, fail
from simulator.machinery.certificates import CertificateError, Subject, key_of, make_request, read_certificate

_SWITCHES = frozenset(
    {"-new", "-noout", "-nodes", "-text", "-subject", "-issuer", "-dates", "-startdate", "-enddate", "-serial"}
)


def openssl(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    program, *rest = words or ["help"]
    options, operands = _options(rest)
    try:
        match program:
            case "genrsa" | "genpkey" | "ecparam":
                return _key(surface, options, operands)
            case "req":
                return _request(surface, options)
            case "x509":
                return _x509(surface, options, stdin)
    except FileError as error:
        return fail("openssl", str(error))
    except CertificateError as error:
        return fail("openssl", str(error))
    return fail("openssl", f"found {program}, wanted genrsa, req or x509")


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    operands: list[str] = []
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("-"):
            operands.append(word)
        elif word in _SWITCHES or not remaining:
            options[word] = ""
        else:
            options[word] = remaining.pop(0)
    return options, operands


def _written(surface: Surface, options: dict[str, str], text: str) -> Outcome:
    if "-out" not in options:
        return Outcome(text)
    surface.home.write(options["-out"], text)
    return Outcome()


def _key(surface: Surface, options: dict[str, str], operands: list[str]) -> Outcome:
    return _written(surface, options, key_of(f"workstation/{surface.home.version}/{options.get('-out', '')}"))


def _request(surface: Surface, options: dict[str, str]) -> Outcome:
    if "-key" not in options or "-subj" not in options:
        return fail("req", "wanted -new -key FILE -subj /CN=NAME[/O=GROUP] [-out FILE]")
    parts = [part.partition("=") for part in options["-subj"].strip("/").split("/") if part]
    name = next((value for key, _, value in parts if key == "CN"), "")
    groups = tuple(value for key, _, value in parts if key == "O")
    return _written(surface, options, make_request(surface.home.read(options["-key"]), Subject(name, groups)))


def _x509(surface: Surface, options: dict[str, str], stdin: str) -> Outcome:
    text = surface.home.read(options["-in"]) if "-in" in options else stdin
    found = read_certificate(text)
    subject = ", ".join([*(f"O = {one}" for one in found.subject.organizations), f"CN = {found.subject.name}"])
    lines = {
        "-serial": f"serial={found.serial:X}",
        "-issuer": f"issuer=CN = {found.issuer}",
        "-subject": f"subject={subject}",
        "-startdate": f"notBefore={_moment(found.begins_s)}",
        "-enddate": f"notAfter={_moment(found.ends_s)}",
    }
    wanted = [name for name in options if name in lines]
    if "-dates" in options:
        wanted += ["-startdate", "-enddate"]
    if "-text" in options:
        wanted = list(lines)
    shown = "".join(f"{lines[name]}\n" for name in wanted)
    return Outcome(shown if "-noout" in options else shown + text)


def _moment(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S %Y} GMT"
