"""`nc` and `ping` in containers: what they say of who can be reached.

`networking/nc_bloaty.c` and `networking/ping.c` of BusyBox; where there is no BusyBox, OpenBSD's `nc`. Of a connection over TCP nothing is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.network.traces import REFUSED, RESOLVE, Trace
from simulator.workloads.pauses import ERRORS

#: /etc/services, as far as OpenBSD's nc meets it here.
_SERVICES = {
    22: "ssh",
    53: "domain",
    80: "http",
    443: "https",
    3306: "mysql",
    5432: "postgresql",
    6379: "redis",
    8080: "http-alt",
}
_WITHOUT_END = 3
"""So many packets are sent where nobody says how many, as if Ctrl-C had come then."""
#: Microseconds of the first answer and of those that follow it on a warm path.
_FIRST_US, _NEXT_US = 412, (87, 93, 101, 90)
_WAIT_US = 10_000_000
"""How long the last answer is waited for."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One try of `nc` over TCP."""

    host: str
    port: int
    trace: Trace
    verbosity: int
    busybox: bool

    @property
    def status(self) -> int:
        return int(bool(self.trace.error))

    def lines(self) -> Iterator[str]:
        if self.trace.error == RESOLVE:
            yield self._unknown()
        elif self.busybox:
            yield from self._of_busybox()
        else:
            yield from self._of_openbsd()

    def _unknown(self) -> str:
        if self.busybox:
            return f"{ERRORS}nc: bad address '{self.host}'"
        return f'{ERRORS}nc: getaddrinfo for host "{self.host}" port {self.port}: Name does not resolve'

    def _of_busybox(self) -> Iterator[str]:
        """A refusal is told to those only who ask twice (`-vv`)."""
        where = f"{self.host} ({self.trace.address}:{self.port})"
        if not self.trace.error:
            if self.verbosity:
                yield f"{ERRORS}{where} open"
        elif self.verbosity > 1 or (self.verbosity and self.trace.error != REFUSED):
            yield f"{ERRORS}nc: {where}: {_why(self.trace)}"
        if self.verbosity > 1:
            yield f"{ERRORS}sent 0, rcvd 0"

    def _of_openbsd(self) -> Iterator[str]:
        where = f"{self.host} ({self.trace.address})" if self.host != self.trace.address else self.host
        if self.verbosity and not self.trace.error:
            name = _SERVICES.get(self.port, "*")
            yield f"{ERRORS}Connection to {where} {self.port} port [tcp/{name}] succeeded!"
        elif self.verbosity:
            yield f"{ERRORS}nc: connect to {where} port {self.port} (tcp) failed: {_why(self.trace)}"


def _why(trace: Trace) -> str:
    return "Connection refused" if trace.error == REFUSED else "Connection timed out"


@dataclass(frozen=True, slots=True)
class Pings:
    """One run of BusyBox' `ping`."""

    host: str
    address: str
    is_reached: bool
    count: int
    size: int
    is_quiet: bool
    interval_us: int
    wait_us: int

    @property
    def status(self) -> int:
        return int(not self.is_reached)

    @property
    def took_us(self) -> int:
        between = (self.count - 1) * self.interval_us
        return between + (_FIRST_US if self.is_reached else self.wait_us)

    def lines(self) -> Iterator[str]:
        yield f"PING {self.host} ({self.address}): {self.size} data bytes"
        times = [_FIRST_US, *(_NEXT_US[number % len(_NEXT_US)] for number in range(self.count - 1))]
        if self.is_reached and not self.is_quiet:
            for number, us in enumerate(times):
                yield f"{self.size + 8} bytes from {self.address}: seq={number} ttl=62 time={_ms(us)} ms"
        received = self.count if self.is_reached else 0
        yield ""
        yield f"--- {self.host} ping statistics ---"
        lost = 100 * (self.count - received) // self.count
        yield f"{self.count} packets transmitted, {received} packets received, {lost}% packet loss"
        if received:
            yield f"round-trip min/avg/max = {_ms(min(times))}/{_ms(sum(times) // len(times))}/{_ms(max(times))} ms"


def _ms(us: int) -> str:
    return f"{us // 1000}.{us % 1000:03}"


def pings(words: list[str], host: str, address: str, *, is_reached: bool) -> Pings:
    """`-c`, `-s`, `-i`, `-W`, `-w` and `-q` count; others change nothing."""
    values = _values(words)
    interval_us = round(float(values.get("i", "1")) * 1_000_000)
    count = int(values.get("c", "0")) or _WITHOUT_END
    if "w" in values and "c" not in values:
        count = max(int(values["w"]) * 1_000_000 // max(interval_us, 1), 1)
    wait_us = int(values["W"]) * 1_000_000 if values.get("W", "").isdecimal() else _WAIT_US
    return Pings(
        host, address, is_reached, min(count, 100), int(values.get("s", "56")), "q" in values, interval_us, wait_us
    )


def _values(words: list[str]) -> dict[str, str]:
    """Letter → value of the options that are numbers; others are left out."""
    found: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if word[:1] != "-":
            continue
        for place, letter in enumerate(word[1:], start=2):
            if letter not in "csiWwtIp":
                found[letter] = ""
                continue
            value = word[place:] or (left.pop(0) if left else "")
            if value.replace(".", "", 1).isdecimal():
                found[letter] = value if letter == "i" else value.partition(".")[0]
            break
    return found
