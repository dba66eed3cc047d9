"""One cluster for all scenarios; what each of them saw is told at the end of the run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.cluster import OVERLAY as DRILL_OVERLAY
from tests.drill.cluster import Cluster, running_cluster
from tests.drill.machine import require_machine
from tests.drill.releases import Releases
from tests.drill.report import Report
from tests.gitops.repository import OVERLAY
from tests.platform.support.chart import ROOT

SEEN = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Staging, running."""
    require_machine()
    capture = request.config.pluginmanager.getplugin("capturemanager")
    folder: Path = tmp_path_factory.mktemp("drill")

    def say(text: str) -> None:
        request.config.stash.setdefault(SEEN, []).append(text)
        with capture.global_and_fixture_disabled():
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    with running_cluster(folder, say) as running:
        yield running


@pytest.fixture(scope="session")
def releases(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Releases]:
    """What releases, and keeps what came of it; the report is written at the end, whatever happened."""
    made = Releases(
        cluster, Report(overlays=[("Everywhere", OVERLAY.read_text()), ("Here", DRILL_OVERLAY.read_text())])
    )
    try:
        yield made
    finally:
        made.report.lines = request.config.stash.get(SEEN, [])
        cluster.say(f"the report: {made.report.write(ROOT / '.local' / 'drill')}")
