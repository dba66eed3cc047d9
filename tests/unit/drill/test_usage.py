"""What a container uses is what all of its processes use, and nobody else's."""

import subprocess
import sys
import time

from tests.drill.kubelet.usage import usage_of

WORK = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
PARENT = f"""
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {WORK!r}])
print("done", flush=True)
time.sleep(60)
"""


def test_what_children_used_counts_with_their_first_process():
    with (
        subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as busy,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as idle,
    ):
        assert busy.stdout is not None
        busy.stdout.readline()
        time.sleep(0.1)
        found = usage_of([busy.pid, idle.pid])
        busy.kill()
        idle.kill()

    assert found[busy.pid].seconds >= 0.3
    assert found[idle.pid].seconds < 0.3
    assert all(one.resident_bytes > 2**20 for one in found.values())


def test_a_process_that_is_gone_uses_nothing():
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()

    (found,) = usage_of([ended.pid]).values()

    assert (found.seconds, found.resident_bytes) == (0.0, 0)
