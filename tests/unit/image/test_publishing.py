"""Which images are built, recorded and released, in a repository of four services that a test makes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from common.gateway import SERVICES
from image.publishing import INPUTS, NOT_IN_IMAGES, Repository
from tests.gitops.repository import GIT

CHECKOUT = Path(__file__).resolve().parents[3]
CHART = Path("charts/market-impact-analysis-system")
ALL = ["news_ingestion", "nlp", "market_impact", "alerts"]
DIGEST = f"sha256:{'0' * 64}"
PRODUCTION = Path("clusters/production/apps/chart.yaml")
FILES = {
    CHART / "Chart.yaml": "version: 0.1.0\nappVersion: 0.1.0\n",
    CHART / "values-images.yaml": "# What was built.\nservices: {}\n",
    CHART / "values-production.yaml": "global: {imageRegistry: registry.example.com/mia}\n",
    PRODUCTION: "kind: HelmRepository\n---\nkind: HelmChart\nspec: {version: 0.1.0}\n",
}


class Working(Repository):
    """A repository that commits, too."""

    def commit(self, *paths: str) -> str:
        for path in paths:
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as text:
                text.write("# changed\n")
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", "A change")
        return self.run("rev-parse", "HEAD")[:12]

    def run(self, *arguments: str) -> str:
        command, variables = ["git", *arguments], {**os.environ, **GIT}
        done = subprocess.run(
            command, cwd=self.root, env=variables, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def record_all(self, digest: str = DIGEST) -> list[str]:
        return self.record([f"{name}={self.newest_tag(name)}@{digest}" for name in ALL])


@pytest.fixture
def repository(tmp_path: Path) -> Working:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    shutil.copy(CHECKOUT / CHART / "values.yaml", tmp_path / CHART)
    found = Working(tmp_path)
    found.run("init", "--quiet", "--initial-branch=main")
    found.commit("Dockerfile", "libs/common/app.py", *(f"services/{name}/app.py" for name in ALL))
    return found


def set_version(repository: Working, version: str) -> None:
    for path in (CHART / "Chart.yaml", PRODUCTION):
        file = repository.root / path
        file.write_text(
            file.read_text(encoding="utf-8").replace("version: 0.1.0", f"version: {version}"), encoding="utf-8"
        )


@pytest.mark.parametrize(
    ("path", "outdated"),
    [
        ("services/nlp/analysis.py", ["nlp"]),
        ("migrations/alerts/0002_more.py", ["alerts"]),
        ("services/standalone/cli.py", ALL),
        ("libs/common/app.py", ALL),
        ("constraints.txt", ALL),
        ("image/slimming.py", ALL),
        ("image/publishing.py", []),
        ("README.md", []),
        ("docs/api.md", []),
        ("charts/market-impact-analysis-system/values-staging.yaml", []),
        ("clusters/base/sources/charts.yaml", []),
    ],
)
def test_a_change_outdates_the_images_that_it_goes_into(repository: Working, path: str, outdated: list[str]) -> None:
    repository.record_all()
    assert repository.outdated() == []

    commit = repository.commit(path)

    assert repository.outdated() == outdated
    assert all(repository.newest_tag(name) == f"0.1.0-{commit}" for name in outdated)


def test_everything_that_the_dockerfile_copies_is_an_input_or_is_run_by_nobody() -> None:
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall("^COPY ([^-].*) ", text, re.MULTILINE) for name in line.split()}

    assert copied | {"Dockerfile", ".dockerignore"} == {*INPUTS, "README.md", "LICENSE"}
    assert all((CHECKOUT / name).exists() for name in [*INPUTS, NOT_IN_IMAGES])


def test_this_repository_has_the_images_of_its_services() -> None:
    repository = Repository(CHECKOUT)

    assert repository.names == {service.name: service.kubernetes_name for service in SERVICES}
    assert set(repository.recorded()) <= set(repository.names)


def test_what_was_never_built_is_outdated(repository: Working) -> None:
    assert repository.outdated() == ALL


def test_one_service_is_recorded_and_the_others_stay(repository: Working) -> None:
    repository.record_all()
    before = repository.recorded()
    commit = repository.commit("services/nlp/analysis.py")
    new = f"sha256:{'1' * 64}"

    written = repository.record([f"nlp=0.1.0-{commit}@{new}"])

    assert written == ["nlp"]
    assert repository.recorded() == before | {"nlp": {"tag": f"0.1.0-{commit}", "digest": new}}
    text = (repository.root / CHART / "values-images.yaml").read_text(encoding="utf-8")
    assert text.startswith("# What was built.\nservices:\n")
    assert list(yaml.safe_load(text)["services"]) == ALL


def test_a_build_that_was_overtaken_is_left_out(repository: Working) -> None:
    older = repository.newest_tag("nlp")
    repository.commit("services/nlp/analysis.py")
    repository.record_all()
    before = repository.recorded()

    assert repository.record([f"nlp={older}@sha256:{'1' * 64}"]) == []

    assert repository.recorded() == before


def test_the_same_commit_built_again_is_recorded(repository: Working) -> None:
    repository.record_all()

    assert repository.record_all(f"sha256:{'1' * 64}") == ALL


@pytest.mark.parametrize("built", ["nlp=0.1.0@latest", "nlp", f"translation=0.1.0@{DIGEST}", f"nlp=0.1.0 --x@{DIGEST}"])
def test_what_is_no_image_of_a_service_is_refused(repository: Working, built: str) -> None:
    with pytest.raises(SystemExit, match="is not SERVICE=TAG@sha256:DIGEST"):
        repository.record([built])


def test_a_whole_release_is_the_version_of_the_chart(repository: Working) -> None:
    repository.record_all()

    assert repository.release() == "0.1.0"
    names = ("news-ingestion", "nlp-processing", "market-impact", "alert-signal")
    assert repository.production_images() == [f"registry.example.com/mia/{name}@{DIGEST}" for name in names]


@pytest.mark.parametrize("tag", ["v0.1.0", "v0.1.1", "v0.10.0", "v1.0.0"])
def test_a_version_must_be_higher_than_every_tag(repository: Working, tag: str) -> None:
    repository.record_all()
    repository.run("tag", tag)
    repository.run("tag", "v0.0.9")

    with pytest.raises(SystemExit, match=rf"version 0\.1\.0 of Chart\.yaml is not higher than {tag}: raise it"):
        repository.release()


def test_candidates_and_other_tags_do_not_count(repository: Working) -> None:
    repository.record_all()
    for tag in ("v0.2.0-rc.1", "validated", "v2"):
        repository.run("tag", tag)

    assert repository.release() == "0.1.0"


def test_a_rollback_counts(repository: Working) -> None:
    """It is an older commit under a higher version; the next release comes after it."""
    repository.record_all()
    repository.run("tag", "v0.1.0")
    set_version(repository, "0.1.1")
    repository.commit()
    repository.run("tag", "v0.1.1")
    repository.run("tag", "v0.1.2", "v0.1.0^{}")

    with pytest.raises(SystemExit, match=r"not higher than v0\.1\.2"):
        repository.release()


def test_production_must_name_the_version_that_is_released(repository: Working) -> None:
    repository.record_all()
    (repository.root / CHART / "Chart.yaml").write_text("version: 0.2.0\nappVersion: 0.1.0\n", encoding="utf-8")

    with pytest.raises(SystemExit, match=r"chart\.yaml names version \['0\.1\.0'\], Chart\.yaml 0\.2\.0"):
        repository.release()


def test_nothing_is_released_before_its_images_are_built(repository: Working) -> None:
    repository.record_all()
    repository.commit("services/nlp/analysis.py")

    with pytest.raises(SystemExit, match="the newest images of nlp are not built"):
        repository.release()
