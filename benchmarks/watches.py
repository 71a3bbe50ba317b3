"""What watching costs: 200 clients on one cluster of `drydock serve`, 100 changes a second, half of the clients unreliable.

Load comes from this process, on the same machine, so the delays are upper bounds.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report, percentile
from tests.clients.reflector import Reflector, Writer, delays, settled, watching
from tests.clients.test_watch_load import CONFIG_MAPS, check, serve

_CLIENTS = 200
_RATE = 100
_SECONDS = 60
_WRITERS = 4


def run(report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="dd-") as folder, serve(Path(folder)) as served:
        clients = [Reflector(served.url, CONFIG_MAPS, hangs_up_every=(97 * (n + 1)) * (n % 2)) for n in range(_CLIENTS)]
        writers = [Writer(served.url, CONFIG_MAPS, [f"w{n}-{k}" for k in range(20)]) for n in range(_WRITERS)]

        async def load() -> tuple[float, float, float]:
            for writer in writers:
                await writer.create()
            async with watching(clients):
                before, begin, cpu = served.memory_mb(), time.monotonic(), sum(served.process.cpu_times()[:2])
                count = _RATE * _SECONDS // _WRITERS
                await asyncio.gather(*(writer.change(count, _RATE / _WRITERS) for writer in writers))
                took = time.monotonic() - begin
                await settled(clients, max(max(writer.written) for writer in writers))
                return took, served.memory_mb() - before, sum(served.process.cpu_times()[:2]) - cpu

        took, grown, cpu = asyncio.run(load())
    written = {revision: sent for writer in writers for revision, sent in writer.written.items()}
    check(clients, sorted(written))
    late = delays(clients, written)
    report.add("watch_200_changes_per_s", len(written) / took, "changes/s", f"{_CLIENTS} clients, none lost or doubled")
    report.add("watch_200_delivered_per_s", len(late) / took, "events/s")
    report.add("watch_200_delay_p50_ms", percentile(late, 0.5) * 1e3, "ms", "from sending the change to hearing of it")
    report.add("watch_200_delay_p99_ms", percentile(late, 0.99) * 1e3, "ms")
    report.add("watch_200_server_cpu_share", cpu / took, "cores")
    report.add("watch_200_memory_growth_mb", grown, "MB", f"after {len(written)} changes")
