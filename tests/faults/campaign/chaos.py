"""Lets the faults of a schedule happen to a running system, and remembers what it did."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.campaign.schedule import Fault
from tests.faults.campaign.system import System

_PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Done:
    """The faults that happened, counted by kind and target, and those that could not."""

    counts: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


class Chaos:
    """The faults of one campaign; one target suffers one of them at a time."""

    def __init__(self, system: System, schedule: Sequence[Fault]) -> None:
        self._system = system
        self._schedule = schedule
        self._locks = {name: asyncio.Lock() for name in system.programs}
        self.done = Done(left_out=system.missing())

    async def run(self) -> None:
        """Let every fault happen at its time; at the end clocks are right and the disk has room."""
        begun = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                for fault in self._schedule:
                    await asyncio.sleep(max(0.0, begun + fault.at_seconds - time.monotonic()))
                    tasks.create_task(self._happen(fault))
        finally:
            self._mend()

    async def _happen(self, fault: Fault) -> None:
        due = time.monotonic()
        async with self._locks[fault.target]:
            while fault.waits and not await self._system.is_ready(fault.target):
                await asyncio.sleep(0.2)
                if time.monotonic() - due > _PATIENCE_SECONDS:
                    break
            if time.monotonic() - due > _PATIENCE_SECONDS:
                self.done.counts["came too late"] += 1
            elif await self._strike(fault):
                self.done.counts[f"{fault.kind} {fault.target}"] += 1

    async def _strike(self, fault: Fault) -> bool:
        """Do it, and return whether it could be done."""
        system, program, link = self._system, self._system.programs[fault.target], self._system.links.get(fault.target)
        match fault.kind:
            case "kill":
                program.kill()
            case "restart":
                program.restart()
            case "pause":
                await program.pause(fault.seconds)
            case "reset" if link is not None:
                link.reset()
            case "stall" if link is not None:
                await link.stall(fault.seconds)
            case "full_disk" if system.disk is not None:
                return await self._fill_disk(fault.seconds)
            case "clock" if system.clocks is not None:
                system.clocks.set(fault.target, fault.seconds)
            case _:
                return False
        return True

    async def _fill_disk(self, seconds: float) -> bool:
        disk = self._system.disk
        assert disk is not None
        try:
            is_full = await asyncio.to_thread(disk.fill)
            if is_full:
                await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(disk.empty)
        return is_full

    def _mend(self) -> None:
        clocks = self._system.clocks
        if clocks is not None:
            for name in self._system.programs:
                clocks.set(name, 0.0)


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
