"""`mia check`, which `helm test` runs: ready and self-checked, or one line that says why not."""

import asyncio
import subprocess

from standalone.system.processes import ProcessSystem
from tests.system import MIA, environment, free_port


def check(service: str, port: int, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [*MIA, "check", service, "--url", f"http://127.0.0.1:{port}"]
    return subprocess.run(command, env=environment(variables), capture_output=True, text=True, check=False, timeout=60)


async def test_a_service_is_ready_and_checks_itself_where_it_can(processes: ProcessSystem) -> None:
    checked = {
        name: await asyncio.to_thread(check, name, port, processes.environment)
        for name, port in processes.ports.items()
    }

    failures = [one.stderr for one in checked.values() if one.returncode]
    assert {name: one.returncode for name, one in checked.items()} == dict.fromkeys(processes.ports, 0), failures
    assert all(f"{name}: ready (database" in one.stdout for name, one in checked.items())
    assert "nlp: self-check" in checked["nlp"].stdout
    assert "self-check" not in checked["alerts"].stdout


def test_nobody_there_is_one_line_and_status_two() -> None:
    checked = check("alerts", free_port(), {})

    assert checked.returncode == 2
    assert "GET http://127.0.0.1" in checked.stderr
    assert "Traceback" not in checked.stderr
