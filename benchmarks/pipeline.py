"""From headline to alert, on four processes behind Envoy and on one process: articles per second and CPU of each hop.

Replays a file of articles (an argument, with files of bars after it; the bundled sample repeated otherwise).
Goals: 4,000 articles/s in batches; CPU per article at most 1.6 times that of one process.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import psutil

from common.gateway import SERVICES
from standalone.api_client import system_client
from standalone.replay.bar_files import import_bars
from standalone.replay.replay import read_all, replay
from standalone.sample.files import bars_path, headlines_path
from standalone.system.processes import process_system


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far, in seconds."""
    process = psutil.Process(pid)
    return sum(sum(one.cpu_times()[:2]) for one in [process, *process.children(recursive=True)])


async def main(arguments: list[str]) -> None:
    """Measure and report."""
    articles = read_all(Path(arguments[0]) if arguments else headlines_path())
    bars = [Path(name) for name in arguments[1:]] or [bars_path()]
    with tempfile.TemporaryDirectory(prefix="mia-bench-") as folder:
        async with process_system(Path(folder), 0) as system:
            async with system_client(system.address) as client:
                for file in bars:
                    await import_bars(client, file)
                before = {name: cpu_seconds(process.pid) for name, process in system.processes.items()}
                report = await replay(client, articles, batch_items=200)
            spent = {name: cpu_seconds(process.pid) - before[name] for name, process in system.processes.items()}
    print(f"{len(articles):,} articles in {report.seconds:.2f} s: {len(articles) / report.seconds:,.0f}/s")
    print(f"counts balance: {report.adds_up}")
    for name in [service.name for service in SERVICES] + ["envoy"]:
        print(f"  {name:<16}{spent[name] / len(articles) * 1e6:10,.0f} us CPU per article")
    print(f"  {'all processes':<16}{sum(spent.values()) / len(articles) * 1e6:10,.0f} us CPU per article")
    print(f"  load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
