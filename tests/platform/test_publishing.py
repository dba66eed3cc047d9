"""The workflows that publish: nothing is recorded or released before it is scanned and signed; actions are pinned."""

import re
import subprocess

import pytest
import yaml

from tests.platform.support.chart import JSON, ROOT
from tests.platform.support.clusters import step
from tests.platform.support.programs import program

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yaml"))
EVERY_WORKFLOW = pytest.mark.parametrize("name", WORKFLOWS)


def jobs(name: str) -> dict[str, JSON]:
    """Return the jobs of a workflow."""
    found: dict[str, JSON] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["jobs"]
    return found


def steps(name: str) -> list[JSON]:
    """Return every step of a workflow, with the name of its job."""
    return [one | {"job": job} for job, spec in jobs(name).items() for one in spec.get("steps", [])]


def commands(name: str, job: str) -> str:
    """Return all that a job runs, in its order."""
    return "\n".join(one.get("run", one.get("uses", "")) for one in jobs(name)[job]["steps"])


def in_order(text: str, *parts: str) -> bool:
    places = [text.index(part) for part in parts]
    return places == sorted(places)


def test_actionlint_finds_nothing() -> None:
    checked = subprocess.run(
        [program("actionlint"), *WORKFLOWS], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@EVERY_WORKFLOW
def test_actions_of_others_are_pinned_by_commit(name: str) -> None:
    """A tag can be moved to other code, which then has the workflow's rights; the comment says which version it is."""
    used = re.findall(r"uses: (\S+)(.*)", (FOLDER / name).read_text(encoding="utf-8"))

    assert used
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_an_action_has_one_version_in_what_publishes() -> None:
    used = {one["uses"] for name in ("images.yaml", "release.yaml") for one in steps(name) if "uses" in one}

    assert len({action.partition("@")[0] for action in used}) == len(used)


@EVERY_WORKFLOW
def test_a_job_has_only_the_rights_that_it_needs(name: str) -> None:
    assert yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
    rights = {f"{name}/{job}": set(spec.get("permissions", {}).items()) for job, spec in jobs(name).items()}
    writing = {job: {right for right, level in given if level == "write"} for job, given in rights.items()}

    # The first calls the second, and may hand on no more than it has.
    assert {job: given for job, given in writing.items() if given} == {
        "ci.yaml": {"ci.yaml/images": {"contents", "packages", "id-token"}},
        "images.yaml": {"images.yaml/image": {"packages", "id-token"}, "images.yaml/record": {"contents"}},
        "release.yaml": {"release.yaml/release": {"contents", "packages", "id-token"}},
    }[name]


@EVERY_WORKFLOW
def test_nothing_is_pasted_into_a_script_and_every_script_is_one(name: str) -> None:
    """A value that is pasted is read as part of the program; as a variable it is only a value."""
    for one in steps(name):
        script = one.get("run", "")
        assert "${{" not in script
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_images_are_made_of_what_has_passed_on_main() -> None:
    caller = jobs("ci.yaml")["images"]

    assert set(caller["needs"]) == set(jobs("ci.yaml")) - {"images"}
    assert caller["if"] == "github.event_name == 'push'"
    # `on`, which YAML reads as true.
    triggers = yaml.safe_load((FOLDER / "ci.yaml").read_text(encoding="utf-8"))[True]
    assert triggers["push"] == {"branches": ["main"]}
    assert caller["uses"] == "./.github/workflows/images.yaml"
    for name, job in (("images.yaml", "plan"), ("release.yaml", "release")):
        # Elsewhere there is no registry, or nothing that may be signed as main's.
        assert jobs(name)[job]["if"] == "vars.REGISTRY != '' && github.ref == 'refs/heads/main'"


def test_an_image_is_built_once_scanned_listed_signed_and_only_then_recorded() -> None:
    text = commands("images.yaml", "image")

    assert in_order(
        text,
        "make trivy",
        "docker/build-push-action@",
        "trivy image --severity HIGH,CRITICAL",
        "trivy image --format spdx-json",
        "cosign attest",
        "cosign sign",
        "upload-artifact@",
    )
    assert text.count("docker/build-push-action@") == 1
    assert jobs("images.yaml")["image"]["strategy"]["matrix"] == {
        "include": "${{ fromJSON(needs.plan.outputs.images) }}"
    }
    assert "python image/publishing.py outdated" in commands("images.yaml", "plan")
    assert "image" in jobs("images.yaml")["record"]["needs"]
    assert in_order(commands("images.yaml", "record"), "download-artifact@", "publishing.py record", "git push")


def test_what_is_scanned_and_signed_is_named_by_its_digest() -> None:
    """A tag may name another image by then."""
    named = re.findall(r"(?:trivy image|cosign) .*$", commands("images.yaml", "image"), re.MULTILINE)

    assert len(named) == 4
    assert all(line.endswith('"$IMAGE@$DIGEST"') for line in named)
    for one in jobs("images.yaml")["image"]["steps"]:
        if "$DIGEST" in one.get("run", ""):
            assert one["env"]["DIGEST"] == "${{ steps.build.outputs.digest }}"
    assert '"$CHARTS/market-impact-analysis-system@${digest:?}"' in commands("release.yaml", "release")


def test_a_release_is_whole_before_its_tag_moves_production() -> None:
    text = commands("release.yaml", "release")

    assert in_order(
        text,
        "publishing.py release",
        "publishing.py list",
        "cosign verify ",
        "cosign verify-attestation --type spdxjson",
        "helm package charts/market-impact-analysis-system",
        "helm push",
        "cosign sign",
        "git push",
    )
    assert text.rstrip().endswith('git push origin "v$VERSION"')
    assert jobs("release.yaml")["release"]["environment"] == "production"


def test_who_is_trusted_is_who_signs() -> None:
    """Images are signed by one workflow, the chart by the other, and the cluster asks for that one."""
    signer = yaml.safe_load((FOLDER / "release.yaml").read_text(encoding="utf-8"))["env"]["SIGNER_OF_IMAGES"]
    (chart,) = [one for one in step("production", "apps") if one["kind"] == "HelmChart"]
    (identity,) = chart["spec"]["verify"]["matchOIDCIdentity"]

    assert signer.endswith("/.github/workflows/images.yaml@refs/heads/main")
    assert identity["subject"].replace("\\", "").endswith("/.github/workflows/release.yaml@refs/heads/main$")
    page = (ROOT / "docs" / "operations" / "images.md").read_text(encoding="utf-8")
    (policy,) = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "ImagePolicy" in block
    ]
    (authority,) = policy["spec"]["authorities"]
    (admitted,) = authority["keyless"]["identities"]
    assert admitted["subject"].endswith("/.github/workflows/images.yaml@refs/heads/main")
    assert admitted["issuer"] == "https://token.actions.githubusercontent.com"
