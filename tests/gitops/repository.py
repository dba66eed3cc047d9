"""The repository that Flux reads: this one's clusters/ and charts/, with Secrets of its own and the overlay."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import yaml

from tests.platform.support.chart import ROOT
from tests.platform.support.clusters import CLUSTERS
from tests.platform.support.programs import program

# What a run changes: everywhere, and in production besides.
OVERLAY = Path(__file__).parent / "overlay.yaml"
OVERLAY_OF_PRODUCTION = Path(__file__).parent / "overlay-production.yaml"
NAME = "market-impact-analysis-system.git"
# An identity that is nobody's, and none of the settings of who runs the tests.
GIT = {
    "GIT_AUTHOR_NAME": "tests",
    "GIT_AUTHOR_EMAIL": "tests@example.com",
    "GIT_COMMITTER_NAME": "tests",
    "GIT_COMMITTER_EMAIL": "tests@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def overlay(cluster: str, addresses: dict[str, str], more: Path | None = None) -> str:
    """Return the overlays of a cluster for addresses: `git`, `charts`, `registry`, `inbox`, `webhooks`, `traces`."""
    files = [OVERLAY, OVERLAY_OF_PRODUCTION] if cluster == "production" else [OVERLAY]
    files += [] if more is None else [more]
    first, *others = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    for other in others:
        first["patches"] += other["patches"]
    return Template(yaml.safe_dump(first)).substitute(addresses)


def write_tree(folder: Path, addresses: dict[str, str], more: Path | None = None) -> None:
    """Write what the repository holds but for the Secrets: this checkout's files, and in each root its overlay."""
    for name in ("clusters", "charts"):
        shutil.copytree(ROOT / name, folder / name)
    for cluster in CLUSTERS:
        component = folder / "clusters" / f"overlay-{cluster}"
        component.mkdir()
        (component / "kustomization.yaml").write_text(overlay(cluster, addresses, more), encoding="utf-8")
        root = folder / "clusters" / cluster / "kustomization.yaml"
        written = yaml.safe_load(root.read_text(encoding="utf-8"))
        written["components"].append(f"../overlay-{cluster}")
        root.write_text(yaml.safe_dump(written), encoding="utf-8")


@dataclass
class Repository:
    """A working copy, and the bare repository that it pushes to."""

    folder: Path
    secrets: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict, repr=False)
    age_key: str = field(default="", repr=False)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def chart(self) -> Path:
        return self.work / "charts" / "market-impact-analysis-system"

    def create(
        self,
        addresses: dict[str, str],
        inbox_header: str,
        *,
        values: Mapping[str, Mapping[str, str]] | None = None,
        more: Path | None = None,
    ) -> None:
        """Make the repository with its first commit.

        Parameters
        ----------
        values : what Secrets hold, by the name of the Secret and the key; others hold where they are from.
        more : another component of patches, after the overlay.
        """
        write_tree(self.work, addresses, more)
        self._encrypt_secrets({"alerts-inbox": {"headers": inbox_header}, **(values or {})})
        self._git("init", "--quiet", "--initial-branch=main", cwd=self.work)
        served = self.folder / "served" / NAME
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(served), cwd=self.folder)
        self._git("remote", "add", "origin", str(served), cwd=self.work)
        self.commit("The clusters as they are")

    def commit(self, message: str) -> str:
        """Commit every change and push it; return its revision as Flux writes it."""
        self._git("add", "--all", cwd=self.work)
        self._git("commit", "--quiet", "--message", message, cwd=self.work)
        return self._push()

    def revert(self, count: int = 1) -> str:
        """Take the newest commits back by others."""
        self._git("revert", "--no-edit", f"HEAD~{count}..HEAD", cwd=self.work)
        return self._push()

    def set_version(self, version: str) -> None:
        """Write the version of the next release into the two files that name it."""
        for file in (self.chart / "Chart.yaml", self.work / "clusters" / "production" / "apps" / "chart.yaml"):
            text = file.read_text(encoding="utf-8")
            text, count = re.subn(r"^( *version:) \S+$", rf"\1 {version}", text, flags=re.MULTILINE)
            assert count == 1, f"{file} names {count} versions"
            file.write_text(text, encoding="utf-8")

    def tag(self, version: str, commit: str = "HEAD") -> str:
        """Set the tag of a release; return its revision as Flux writes it."""
        self._git("tag", f"v{version}", commit, cwd=self.work)
        self._git("push", "--quiet", "origin", f"v{version}", cwd=self.work)
        return f"v{version}@sha1:{self._git('rev-parse', commit, cwd=self.work).strip()}"

    def _push(self) -> str:
        self._git("push", "--quiet", "origin", "main", cwd=self.work)
        return f"main@sha1:{self._git('rev-parse', 'HEAD', cwd=self.work).strip()}"

    def _encrypt_secrets(self, given: Mapping[str, Mapping[str, str]]) -> None:
        """Write each Secret anew and encrypt it, as docs/operations/clusters.md tells everybody to."""
        self.age_key = _run([program("age-keygen")], self.folder)
        (recipient,) = re.findall("public key: (age1[a-z0-9]+)", self.age_key)
        rules = re.sub("age1[a-z0-9]+", recipient, (ROOT / ".sops.yaml").read_text(encoding="utf-8"))
        (self.work / ".sops.yaml").write_text(rules, encoding="utf-8")
        for cluster in CLUSTERS:
            for path in sorted((self.work / "clusters" / cluster / "secrets").glob("*.yaml")):
                if path.name != "kustomization.yaml":
                    self._encrypt_secret(cluster, path, given)

    def _encrypt_secret(self, cluster: str, path: Path, given: Mapping[str, Mapping[str, str]]) -> None:
        item = yaml.safe_load(path.read_text(encoding="utf-8"))
        del item["sops"]
        name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
        values = {key: f"{key} of {name} in {cluster}" for key in item["stringData"]}
        values |= given.get(name, {})
        item["stringData"] = self.secrets[cluster, namespace, name] = values
        path.write_text(yaml.safe_dump(item), encoding="utf-8")
        _run([program("sops"), "encrypt", "--in-place", str(path.relative_to(self.work))], self.work)
        assert not [value for value in values.values() if value in path.read_text(encoding="utf-8")]

    def _git(self, *arguments: str, cwd: Path) -> str:
        return _run(["git", *arguments], cwd)


def _run(command: list[str], cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **GIT}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
