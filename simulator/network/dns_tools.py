"""`nslookup`, `dig` and `host` as BusyBox and the BIND utilities print them.

Follows BIND 9.18: `bin/dig/dig.c`, `nslookup.c`, `host.c`, `lib/dns/masterdump.c` (columns), and BusyBox' `networking/nslookup.c`. Promises:
each run asks what the real program asks: `dig` one full name without the search list, `nslookup` and `host` along the list.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

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

    # host

    def host(self, source: Source, words: list[str]) -> Printed:
        """Addresses, or the records of `-t`; an address is turned round (`host.c`)."""
        type, operands = _host_words(words)
        if not operands:
            return 1, ["Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]"], 0
        name, server = operands[0], operands[1] if len(operands) > 1 else ""
        head = ["Using domain server:", f"Name: {server}", f"Address: {server}#53", "Aliases: ", ""] if server else []
        asked = _reversed(name)
        types = ("PTR",) if asked else (type,) if type else ("A", "AAAA", "MX")
        reply = self._host_reply(source, asked or name, types[0], server)
        if reply is None:
            failed = f";; communications error to {server or self._path.resolver(source).nameserver}#53: timed out"
            return 1, [*head, failed, failed, ";; no servers could be reached"], _TIMEOUT_US
        if reply[1].code != NOERROR:
            number = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}.get(reply[1].code, 2)
            shown = (asked or name).rstrip(".") if reply[1].code == "NXDOMAIN" else reply[0]
            return 1, [*head, f"Host {shown}{'.' if asked else ''} not found: {number}({reply[1].code})"], 0
        lines = _host_lines(reply[1], types[0])
        for one in types[1:]:
            more = self._path.ask(source, reply[0], one, server)
            lines += [line for line in _host_lines(more, one) if line not in lines] if more is not None else []
        if not lines and type:
            lines = [f"{reply[0]} has no {type} record"]
        return 0, [*head, *lines], 0

    def _host_reply(self, source: Source, name: str, type: str, server: str) -> tuple[str, Reply] | None:
        """The first name of the search list that somebody knows, or the last answer."""
        found: tuple[str, Reply] | None = None
        for full in dns.candidates(name, self._path.resolver(source)):
            reply = self._path.ask(source, full.rstrip("."), type, server)
            if reply is None:
                return None
            found = (full.rstrip("."), reply)
            if reply.code == NOERROR:
                break
        return found

    # dig

    def dig(self, source: Source, words: list[str]) -> Printed:
        asked = _dig_words(words)
        reply = self._dig_reply(source, asked)
        server = asked.server or self._path.resolver(source).nameserver
        found = ["; (1 server found)"] if asked.server else []
        head = ["", f"; <<>> DiG 9.18.13 <<>> {' '.join(words)}", *found, ";; global options: +cmd"]
        if reply is None:
            error = f";; communications error to {server}#53: timed out"
            lines = [error] * 3
            return 9, [*lines, *([] if asked.short else head), ";; no servers could be reached"], _DIG_TIMEOUT_US
        if asked.answer_only:
            return 0, [record_line(one) for one in reply.answers if one.type in (asked.type, "CNAME")], 0
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
            f"; COOKIE: {_cookie(name)} (echoed)",
            ";; QUESTION SECTION:",
            _in_columns(f"{name}.", (32, "IN"), (40, asked.type), lead=";"),
            "",
        ]
        if main:
            lines += [";; ANSWER SECTION:", *map(record_line, main), ""]
        if soa:
            lines += [";; AUTHORITY SECTION:", record_line(self._soa(reply)), ""]
        if more:
            lines += [";; ADDITIONAL SECTION:", *map(record_line, more), ""]
        moment = datetime.fromisoformat(self._path.timestamp())
        lines += [
            ";; Query time: 0 msec",
            f";; SERVER: {server}#53({server}) (UDP)",
            f";; WHEN: {moment:%a %b %d %H:%M:%S} UTC {moment:%Y}",
            f";; MSG SIZE  rcvd: {_size(name, [*reply.answers, *([self._soa(reply)] if soa else [])])}",
            "",
        ]
        return lines

    def _soa(self, reply: Reply) -> Record:
        zone = reply.soa
        data = f"ns.dns.{zone}. hostmaster.{zone}. {self._serial()} 7200 1800 86400 30"
        return Record(zone, 30, "SOA", data)

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


def _host_words(words: list[str]) -> tuple[str, list[str]]:
    type, operands, skip = "", [], ""
    for word in words:
        if skip == "-t":
            type = word.upper()
        elif not skip and not word.startswith("-"):
            operands.append(word)
        skip = word if word in ("-t", "-W", "-c", "-N", "-R") and not skip else ""
    return type, operands


_SAYS = {
    "A": "has address",
    "AAAA": "has IPv6 address",
    "CNAME": "is an alias for",
    "PTR": "domain name pointer",
    "SRV": "has SRV record",
    "NS": "name server",
    "TXT": "descriptive text",
    "MX": "mail is handled by",
}


def _host_lines(reply: Reply, type: str) -> list[str]:
    wanted = [one for one in reply.answers if one.type in (type, "CNAME")]
    return [f"{one.name} {_SAYS[one.type]} {one.data}" for one in wanted if one.type in _SAYS]


def _found(records: tuple[Record, ...]) -> list[str]:
    lines: list[str] = []
    for one in records:
        lines += [_nslookup_line(one)] if one.type == "CNAME" else [f"Name:\t{one.name}", f"Address: {one.data}"]
    return lines


def _nslookup_line(record: Record) -> str:
    words = {"CNAME": "canonical name", "PTR": "name", "SRV": "service"}
    return f"{record.name}\t{words[record.type]} = {record.data}" if record.type in words else ""


def record_line(record: Record) -> str:
    """A record as `dig` prints it."""
    return _in_columns(f"{record.name}.", (24, str(record.ttl)), (32, "IN"), (40, record.type), (48, record.data))


def _in_columns(first: str, *columns: tuple[int, str], lead: str = "") -> str:
    """Words at their columns, by tabs of eight; one that is late follows after a space (`masterdump.c: indent`)."""
    line, at = first, len(first)
    for column, word in columns:
        to = max(column, at + 1)
        tabs = to // 8 - at // 8
        line += "\t" * tabs + " " * (to - (to // 8 * 8 if tabs else at)) + word
        at = to + len(word)
    return lead + line


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


def _cookie(name: str) -> str:
    """Eight bytes that look drawn and depend on the name only; CoreDNS sends back what it got."""
    return blake2b(name.encode(), digest_size=8).hexdigest()


def _size(name: str, records: list[Record]) -> int:
    """Bytes of the message, whose names CoreDNS does not shorten: header, question, records, EDNS with a cookie."""
    return 12 + _octets(name) + 4 + sum(_octets(one.name) + 10 + _data_octets(one) for one in records) + 23


def _octets(name: str) -> int:
    return len(name.rstrip(".")) + 2 if name.rstrip(".") else 1


def _data_octets(record: Record) -> int:
    words = record.data.split(" ")
    match record.type:
        case "A":
            return 4
        case "AAAA":
            return 16
        case "SRV":
            return 6 + _octets(words[-1])
        case "SOA":
            return _octets(words[0]) + _octets(words[1]) + 20
        case "CNAME" | "PTR" | "NS":
            return _octets(record.data)
    return len(record.data) + 1
