"""What a newcomer sees: one command, real headlines, and a table of what they did."""

import socket
import subprocess
from pathlib import Path

from tests.system import MIA, environment, free_port


def run_once(tmp_path: Path, backing: dict[str, str]) -> str:
    finished = subprocess.run(
        [*MIA, "up", "--once", "--data", str(tmp_path), "--port", str(free_port())],
        env=environment(backing),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_first_run_replays_the_sample_and_the_second_only_shows_it(
    tmp_path: Path, backing_environment: dict[str, str]
) -> None:
    first = run_once(tmp_path, backing_environment)
    second = run_once(tmp_path, backing_environment)

    assert "balances" in first
    assert "NO" not in first.split("balances")[1].split("Strongest impacts")[0]
    assert "balances" not in second
    for output in (first, second):
        assert "Strongest impacts" in output
        # A newcomer's table is never empty: clear news of the sample reaches the default rules.
        assert output.split("Alerts that fired")[1].count("Notable move expected") >= 8
        assert "/impact/docs" in output
        assert output.rstrip().endswith("Stopped.")


def test_a_taken_port_is_said_in_one_line(tmp_path: Path, backing_environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        finished = subprocess.run(
            [*MIA, "up", "--once", "--data", str(tmp_path), "--port", str(taken.getsockname()[1])],
            env=environment(backing_environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert finished.returncode == 2
    assert "Address already in use" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_without_a_credential_it_refuses_to_be_reached_from_elsewhere(
    tmp_path: Path, backing_environment: dict[str, str]
) -> None:
    finished = subprocess.run(
        [*MIA, "up", "--once", "--host", "0.0.0.0", "--data", str(tmp_path), "--port", str(free_port())],
        env=environment(backing_environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 2
    assert "mia keys create" in finished.stderr
