"""`nslookup`, `dig` and `host` as BusyBox and the BIND utilities print them.

Promises: each run asks what the real program asks: `dig` one full name without the search list, `nslookup` along the list.
"""

from dataclasses import dataclass
from datetime import datetime

from simulator.network import dns
from simulator.network.datapath import Datapath, Source
from simulator.network.zone import NOERROR, Record, Reply, reverse_name

Printed = tuple[int, list[str], int]
_TYPES = ("A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
_TIMEOUT_US = 10_000_000
_DIG_TIMEOUT_US = 15_000_000


_NOT_OURS = "Non-authoritative answer:"


class DnsTools:
    def __init__(self, datapath: Datapath) -> None:
        self._path = datapath

    # nslookup

    def nslookup(self, source: Source, words: list[str], *, busybox: bool) -> Printed:
        type, operands = "", []
        for word in words:
            if word.startswith("-"):
                type = word.partition("=")[2].upper() or type
            else:
                operands.append(word)
        name = operands[0] if operands else ""
        server = operands[1] if len(operands) > 1 else ""
        resolver = self._path.resolver(source)
        shown = server or resolver.nameserver
        mark = ":53" if busybox else "#53"
        head = [f"Server:\t\t{shown}", f"Address:\t{shown}{mark}", ""]
        asked = _reversed(name)
        if asked:
            return self._direct(source, head, asked, "PTR", server)
        if type and type not in ("A", "AAAA"):
            return self._direct(source, head, name, type, server)
        return self._addresses(source, head, name, (type,) if type else ("A", "AAAA"), server, busybox=busybox)

    def _direct(self, source: Source, head: list[str], name: str, type: str, server: str) -> Printed:
        """One question for one full name."""
        reply = self._path.ask(source, name.rstrip("."), type, server)
        if reply is None:
            return 1, [";; connection timed out; no servers could be reached", ""], _TIMEOUT_US
        if reply.code != NOERROR:
            return 1, [*head, f"** server can't find {name}: {reply.code}", ""], 0
        lines = [] if reply.authoritative else [_NOT_OURS]
        lines += [line for one in reply.answers if one.type == type and (line := _nslookup_line(one))]
        return 0, [*head, *(lines or [f"*** Can't find {name}: No answer"]), ""], 0

    def _addresses(
        self, source: Source, head: list[str], name: str, types: tuple[str, ...], server: str, *, busybox: bool
    ) -> Printed:
        answer = self._resolve(source, name, types, server)
        if answer is None:
            return 1, [";; connection timed out; no servers could be reached", ""], _TIMEOUT_US
        if busybox:
            return int(not answer.records), [*head, *self._replies(source, answer.name, types, server)], 0
        if not answer.records:
            return 1, [*head, f"** server can't find {name}: NXDOMAIN", ""], 0
        reply = self._path.ask(source, answer.name, types[0], server)
        lines = [] if reply is None or reply.authoritative else [_NOT_OURS]
        return 0, [*head, *lines, *_found(answer.records), ""], 0

    def _replies(self, source: Source, name: str, types: tuple[str, ...], server: str) -> list[str]:
        """BusyBox prints each reply as it comes, and a blank line after it (`networking/nslookup.c`: send_queries)."""
        lines: list[str] = []
        for type in types:
            reply = self._path.ask(source, name, type, server)
            if reply is None or reply.code != NOERROR:
                lines += [f"** server can't find {name}: {'SERVFAIL' if reply is None else reply.code}", ""]
                continue
            lines += [] if reply.authoritative else [_NOT_OURS]
            lines += [*_found(tuple(one for one in reply.answers if one.type in (type, "CNAME"))), ""]
        return lines

    def _resolve(self, source: Source, name: str, types: tuple[str, ...], server: str) -> dns.Answer | None:
        if not server:
            return self._path.resolve(source, name, types=types)[0]
        if self._path.ask(source, name.rstrip("."), "A", server) is None:
            return None
        unreachable = Reply("SERVFAIL")
        return dns.resolve(
            name,
            self._path.resolver(source),
            lambda full, type: self._path.ask(source, full, type, server) or unreachable,
            types=types,
        )

    # dig

    def dig(self, source: Source, words: list[str]) -> Printed:
        asked = _dig_words(words)
        reply = self._dig_reply(source, asked)
        server = asked.server or self._path.resolver(source).nameserver
        head = ["", f"; <<>> DiG 9.18.13 <<>> {' '.join(words)}", ";; global options: +cmd"]
        if reply is None:
            error = f";; communications error to {server}#53: timed out"
            lines = [error] * 3
            return (
                9,
                [
                    *([] if asked.short else head[:2]),
                    *lines,
                    *([] if asked.short else head[2:]),
                    ";; no servers could be reached",
                ],
                _DIG_TIMEOUT_US,
            )
        if asked.answer_only:
            return 0, [_dig_line(one) for one in reply.answers if one.type in (asked.type, "CNAME")], 0
        if asked.short:
            wanted = [one for one in reply.answers if one.type in (asked.type, "CNAME") or asked.type == "ANY"]
            return 0, [one.data for one in wanted], 0
        return 0, [*head, *self._dig_body(asked, reply, server)], 0

    def _dig_reply(self, source: Source, asked: "_Asked") -> Reply | None:
        """With `+search` the suffixes of resolv.conf are tried as well, until one has an answer."""
        names = dns.candidates(asked.name, self._path.resolver(source)) if asked.search else (asked.name.rstrip("."),)
        reply: Reply | None = None
        for name in names:
            reply = self._path.ask(source, name, asked.type, asked.server)
            if reply is None or reply.answers:
                break
        return reply

    def _dig_body(self, asked: "_Asked", reply: Reply, server: str) -> list[str]:
        main = [one for one in reply.answers if one.type in (asked.type, "CNAME")]
        more = [one for one in reply.answers if one not in main]
        soa = bool(reply.soa) and not main
        flags = "qr aa rd" if reply.authoritative else "qr rd ra"
        counts = f"QUERY: 1, ANSWER: {len(main)}, AUTHORITY: {int(soa)}, ADDITIONAL: {len(more) + 1}"
        name = asked.name.rstrip(".")
        lines = [
            ";; Got answer:",
            *_mdns_warning(name),
            f";; ->>HEADER<<- opcode: QUERY, status: {reply.code}, id: {_id(name)}",
            f";; flags: {flags}; {counts}",
            *([";; WARNING: recursion requested but not available"] if reply.authoritative else []),
            "",
            ";; OPT PSEUDOSECTION:",
            "; EDNS: version: 0, flags:; udp: 1232",
            ";; QUESTION SECTION:",
            f";{name}.\tIN\t{asked.type}",
            "",
        ]
        if main:
            lines += [";; ANSWER SECTION:", *map(_dig_line, main), ""]
        if soa:
            lines += [
                ";; AUTHORITY SECTION:",
                f"{reply.soa}.\t30\tIN\tSOA\tns.dns.{reply.soa}. hostmaster.{reply.soa}. {self._serial()} 7200 1800 86400 30",
                "",
            ]
        if more:
            lines += [";; ADDITIONAL SECTION:", *map(_dig_line, more), ""]
        moment = datetime.fromisoformat(self._path.timestamp())
        lines += [
            ";; Query time: 0 msec",
            f";; SERVER: {server}#53({server}) (UDP)",
            f";; WHEN: {moment:%a %b %d %H:%M:%S} UTC {moment:%Y}",
            f";; MSG SIZE  rcvd: {_size(name, reply)}",
            "",
        ]
        return lines

    def _serial(self) -> int:
        return round(datetime.fromisoformat(self._path.timestamp()).timestamp())


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    type: str
    server: str
    short: bool
    search: bool
    """`+search`."""
    answer_only: bool
    """`+noall +answer`."""


def _dig_words(words: list[str]) -> _Asked:
    name, type, server, short = "", "", "", False
    skip = ""
    for word in words:
        if skip == "-x":
            name, type = _reversed(word) or word, "PTR"
        elif skip == "-t":
            type = word.upper()
        elif word.startswith("@"):
            server = word[1:]
        elif word.startswith("+"):
            short = short or word == "+short"
        elif word.upper() in _TYPES:
            type = word.upper()
        elif word.upper() != "IN" and not word.startswith("-"):
            name = word
        skip = word if word in ("-x", "-t") and not skip else ""
    only = "+noall" in words and "+answer" in words
    return _Asked(name or ".", type or "A", server, short, "+search" in words, only)


def _found(records: tuple[Record, ...]) -> list[str]:
    lines: list[str] = []
    for one in records:
        lines += [_nslookup_line(one)] if one.type == "CNAME" else [f"Name:\t{one.name}", f"Address: {one.data}"]
    return lines


def _nslookup_line(record: Record) -> str:
    words = {"CNAME": "canonical name", "PTR": "name", "SRV": "service"}
    return f"{record.name}\t{words[record.type]} = {record.data}" if record.type in words else ""


def _dig_line(record: Record) -> str:
    return f"{record.name}.\t{record.ttl}\tIN\t{record.type}\t{record.data}"


def _mdns_warning(name: str) -> list[str]:
    if not name.endswith(".local"):
        return []
    return [
        ";; WARNING: .local is reserved for Multicast DNS",
        ";; You are currently testing what happens when an mDNS query is leaked to DNS",
    ]


def _reversed(name: str) -> str:
    try:
        return reverse_name(name)
    except ValueError:
        return ""


def _id(name: str) -> int:
    """A number that looks drawn and depends on the name only: a question changes nothing."""
    return sum(index * ord(letter) for index, letter in enumerate(name, start=3)) * 7_919 % 65_536


def _size(name: str, reply: Reply) -> int:
    """Bytes of the message: a header, the question, sixteen and the data for each record, EDNS."""
    return 12 + len(name) + 6 + sum(16 + len(one.data) for one in reply.answers) + 23
