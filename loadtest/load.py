"""Run one scenario against a new server, and write a report.

    make load
    make load ARGS="--scenario storm --readers 5000 --seconds 60"
    make load ARGS=--break

The exit status is 0 if every reader got every change once and in order, and no write failed. `--break` inserts a proxy
that loses an entry for each reader; then the status is 1, and the failures say which readers missed what.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from loadtest.faulty_proxy import faulty_proxy, without_the_entry
from loadtest.scenarios import SCENARIOS
from loadtest.server import KEY, NodeProcess

LOCUST = Path(".venv-load/bin/python")
BROKEN_FROM = 8
"""The seq from which the faulty proxy loses one entry for each reader."""


def options() -> argparse.Namespace:
    scenarios = "\n".join(f"  {name:9} {one.about}" for name, one in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        epilog=f"scenarios:\n{scenarios}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenario", choices=[*SCENARIOS], default="steady")
    parser.add_argument("--readers", type=int, default=1_000, help="held readers; default 1000")
    parser.add_argument("--probes", type=int, default=10, help="measured readers; default 10")
    parser.add_argument("--seconds", type=int, default=30, help="duration; default 30")
    parser.add_argument(
        "--break", dest="breaks", action="store_true", help="lose an entry for each reader; the run must fail"
    )
    parser.add_argument("--report", type=Path, default=Path("test-results/load.html"))
    return parser.parse_args()


def command(asked: argparse.Namespace, url: str) -> list[str]:
    hostile = SCENARIOS[asked.scenario].hostile
    users = ["ReaderProbe", "ReaderHolder", "Editor", *(["Hostile"] if hostile else [])]
    how_many = asked.probes + 2 + hostile
    return [
        *(str(LOCUST), "-m", "locust", "-f", "loadtest/locustfile.py", "--headless", "--only-summary"),
        *("--host", url, "--users", str(how_many), "--spawn-rate", str(how_many), "--run-time", f"{asked.seconds}s"),
        *("--scenario", asked.scenario, "--readers", str(asked.readers), "--period", str(asked.seconds)),
        *("--html", str(asked.report), *users),
    ]


async def restart_in_the_middle(server: NodeProcess, seconds: float) -> None:
    await asyncio.sleep(seconds / 2)
    await server.stop()
    await server.start()


async def main() -> int:
    asked = options()
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = await stack.enter_async_context(NodeProcess(Path(folder)))
        url = server.url
        if asked.breaks:
            url = await stack.enter_async_context(faulty_proxy(server.port, BROKEN_FROM, without_the_entry))
        locust = await asyncio.create_subprocess_exec(
            *command(asked, url), env={**os.environ, "STOPPRESS_API_KEY": KEY}
        )
        restart = None
        if SCENARIOS[asked.scenario].restarts:
            restart = asyncio.create_task(restart_in_the_middle(server, asked.seconds))
        status = await locust.wait()
        if restart is not None:
            await restart
    print(f"the report is {asked.report}")
    return status


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
