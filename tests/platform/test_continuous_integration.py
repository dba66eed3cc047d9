"""Continuous integration builds the tools before the tests, and no test that needs one may be skipped there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from tests.platform.support.chart import ROOT

CHECKS = ["lint", "typecheck"]


def targets(command: str) -> list[str]:
    """Return the targets of `make` in a shell command, in their order."""
    return re.findall(r"^\s*(?:if timeout \S+ |sudo )?make ([a-z-]+)", command, re.MULTILINE)


def test_the_workflow_makes_promtool_and_clocks_as_root_then_the_tools_then_the_checks() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))
    steps = [step for step in workflow["jobs"]["check"]["steps"] if "run" in step]

    made = [target for step in steps for target in targets(step["run"])]
    assert made == ["promtool", "libfaketime", "platform-tools", "test", *CHECKS]
    assert all(step["run"].startswith("sudo ") for step in steps[:2]), "they install packages"
    assert not [step for step in steps[2:] if "sudo" in step["run"]], "what root builds, the next steps cannot write"
    (test,) = [step for step in steps if targets(step["run"]) == ["test"]]
    assert test["env"] == {"PLATFORM_TOOLS": "required"}


def test_the_script_makes_the_tools_then_the_checks() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert targets(script) == ["platform-tools", "cluster-tools", "test", *CHECKS, "test-gitops"]
    made, required, tested = (
        script.index(one) for one in ("make platform-tools", "PLATFORM_TOOLS=required", "make test")
    )
    assert made < required < tested


def test_the_script_does_not_wait_long_for_the_programs_of_a_cluster(tmp_path: Path) -> None:
    """Cold, they take longer than there is; then what needs them says so and is skipped, and nothing fails."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(
        ".PHONY: %\ncluster-tools:\n\t@sleep 30\ntest:\n\t@echo test, cluster=$$CLUSTER_TOOLS\n%:\n\t@echo $@\n",
        encoding="utf-8",
    )
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.touch(0o755)
    # A script and a make that run these tests must not be taken for the caller of the script tried here.
    theirs = ("MAKE", "MFLAGS", "PLATFORM_TOOLS", "CLUSTER_TOOLS", "PYTEST_ARGS")
    outside = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        env={**outside, "CLUSTER_TOOLS_SECONDS": "1", "PATH": f"{go.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 0, done.stderr
    said = "Not all programs of a cluster were built within 1 s: tests that need a missing one are skipped."
    assert done.stdout.splitlines() == ["platform-tools", said, "test, cluster=", "lint", "typecheck"]


def test_the_workflow_proves_the_clusters_where_nothing_may_be_missing() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))
    steps = [step for step in workflow["jobs"]["cluster"]["steps"] if "run" in step]

    assert [target for step in steps for target in targets(step["run"])] == [
        "promtool",
        "etcd",
        "platform-tools",
        "cluster-tools",
        "test",
        "test-gitops",
    ]
    assert all(step["env"]["CLUSTER_TOOLS"] == "required" for step in steps if "make test" in step["run"])


def test_the_tools_include_promtool() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (needed,) = re.findall(r"^platform-tools: (.*?) +##", makefile, re.MULTILINE)

    assert needed.split()[0] == "promtool"
