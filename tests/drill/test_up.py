"""A cluster that was left standing for people goes when they tell it to, and leaves nothing."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.drill.machine import require_machine
from tests.platform.support.api_server import until
from tests.platform.support.chart import ROOT

pytestmark = pytest.mark.drill

STARTED, SECONDS = "Flux has its root", 180.0


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_when_it_is_told_to_end_it_leaves_no_process_and_no_file(tmp_path: Path, signal_number: signal.Signals) -> None:
    require_machine()
    kubeconfig, log = tmp_path / "kubeconfig", tmp_path / "log"
    # Sockets lie in it, whose paths must be short.
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "tests.drill.up", f"--kubeconfig={kubeconfig}"]
    with log.open("wb") as output:
        up = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        until(lambda: STARTED in log.read_text(encoding="utf-8"), SECONDS, lambda: log.read_text(encoding="utf-8"))
        family = psutil.Process(up.pid).children(recursive=True)
        assert any(one.name() == "kube-apiserver" for one in family)

        up.send_signal(signal_number)

        assert up.wait(30) == 0
    finally:
        up.kill()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    assert not kubeconfig.exists()
    assert list(folder.iterdir()) == []
    folder.rmdir()
