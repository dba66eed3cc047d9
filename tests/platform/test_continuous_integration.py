"""Continuous integration builds the tools before the tests, and no test that needs one may be skipped there."""

import re

import yaml

from tests.platform.chart import ROOT

CHECKS = ["lint", "typecheck"]


def targets(command: str) -> list[str]:
    """Return the targets of `make` in a shell command, in their order."""
    return re.findall(r"^\s*(?:sudo )?make ([a-z-]+)", command, re.MULTILINE)


def test_the_workflow_makes_promtool_as_root_then_the_tools_then_the_checks() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text(encoding="utf-8"))
    steps = [step for step in workflow["jobs"]["check"]["steps"] if "run" in step]

    made = [target for step in steps for target in targets(step["run"])]
    assert made == ["promtool", "platform-tools", "test", *CHECKS]
    assert steps[0]["run"].startswith("sudo "), "it installs a package"
    assert not [step for step in steps[1:] if "sudo" in step["run"]], "what root builds, the next steps cannot write"
    (test,) = [step for step in steps if targets(step["run"]) == ["test"]]
    assert test["env"] == {"PLATFORM_TOOLS": "required"}


def test_the_script_makes_the_tools_then_the_checks() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert targets(script) == ["platform-tools", "test", *CHECKS]
    made, required, tested = (
        script.index(one) for one in ("make platform-tools", "PLATFORM_TOOLS=required", "make test")
    )
    assert made < required < tested


def test_the_tools_include_promtool() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (needed,) = re.findall(r"^platform-tools: (.*?) +##", makefile, re.MULTILINE)

    assert needed.split()[0] == "promtool"
