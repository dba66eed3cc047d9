"""One cluster after the other under the real Flux; what was seen is told at the end of the run."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gitops.drill import Drill, start_drill
from tests.gitops.repository import OVERLAY, OVERLAY_OF_PRODUCTION
from tests.system import own_databases

REPORT = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def drill(
    request: pytest.FixtureRequest, postgres: str, redis: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drill]:
    """A cluster that has nothing but Flux yet; parametrized with its name."""
    report = request.config.stash.setdefault(REPORT, [])
    folder: Path = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        yield start_drill(stack, request.param, folder, own_databases(postgres, redis), report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell what the run replaced, and how long each step took."""
    report = config.stash.get(REPORT, [])
    if report:
        terminalreporter.section("GitOps: what was replaced")
        for file in (OVERLAY, OVERLAY_OF_PRODUCTION):
            terminalreporter.write(file.read_text(encoding="utf-8"))
        terminalreporter.section("GitOps: what was seen")
        terminalreporter.write("".join(f"{line}\n" for line in report))
