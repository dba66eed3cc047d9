"""Which images are to be built, which were, and whether they make a release; the workflows `images` and `release` ask.

- `python image/publishing.py outdated` prints, as JSON, what is to be built.
- `record SERVICE=TAG@DIGEST ...` writes what was built into the chart.
- `release` prints the version to release, or says why there is none.
- `list` prints the images of production.
"""

import argparse
import json
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

# What an image is made of. README.md and LICENSE come in too, but nothing runs them.
INPUTS = (
    ".dockerignore",
    "Dockerfile",
    "alembic.ini",
    "constraints.txt",
    "image",
    "libs",
    "migrations",
    "pyproject.toml",
    "services",
)
# Of these an image runs only what is its own service's.
FOLDERS_BY_SERVICE = ("migrations", "services")
NOT_IN_IMAGES = "image/publishing.py"

_TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_BUILT = re.compile(r"(?P<service>\w+)=(?P<tag>[\w.-]+)@(?P<digest>sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Repository:
    """A checkout with its history."""

    root: Path

    @property
    def _chart(self) -> Path:
        return self.root / "charts" / "market-impact-analysis-system"

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of each service's image."""
        services = self._yaml("values.yaml")["services"]
        return {name: one["kubernetesName"] for name, one in services.items()}

    def newest_tag(self, service: str) -> str:
        """Return the version and the commit that last changed what goes into the service's image."""
        others = [name for name in self.names if name != service]
        excluded = [f":(exclude){folder}/{name}" for folder in FOLDERS_BY_SERVICE for name in others]
        paths = [*INPUTS, *excluded, f":(exclude){NOT_IN_IMAGES}"]
        commit = self._git("log", "--max-count=1", "--format=%H", "--", *paths)
        return f"{self._yaml('Chart.yaml')['appVersion']}-{commit[:12]}"

    def recorded(self) -> dict[str, dict[str, str]]:
        """Return tag and digest of the images that were built, by service."""
        services = self._yaml("values-images.yaml")["services"]
        return {name: one["image"] for name, one in services.items()}

    def outdated(self) -> list[str]:
        """Return the services whose recorded image is of older inputs than this commit's."""
        recorded = self.recorded()
        return [name for name in self.names if recorded.get(name, {}).get("tag") != self.newest_tag(name)]

    def record(self, built: list[str]) -> list[str]:
        """Write what was built, unless an image of a later commit is recorded already; return the services written."""
        images, written = self.recorded(), []
        for one in built:
            found = _BUILT.fullmatch(one)
            if found is None or found["service"] not in self.names:
                raise SystemExit(f"{one!r} is not SERVICE=TAG@sha256:DIGEST")
            old = images.get(found["service"], {}).get("tag", "")
            if old and old != found["tag"] and self._is_ancestor(found["tag"], old):
                continue
            images[found["service"]] = {"tag": found["tag"], "digest": found["digest"]}
            written.append(found["service"])
        file = self._chart / "values-images.yaml"
        comment = [line for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if line.startswith("#")]
        values = {"services": {name: {"image": images[name]} for name in self.names if name in images}}
        file.write_text("".join(comment) + yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        return written

    def release(self) -> str:
        """Return the version to release; refuse one that is not newer than all others, or not whole."""
        version = str(self._yaml("Chart.yaml")["version"])
        tags = [tag for tag in self._git("tag", "--list", "v*").split() if _TAG.fullmatch(tag)]
        newest = max(tags, key=numbers, default="v0.0.0")
        if numbers(f"v{version}") <= numbers(newest):
            raise SystemExit(f"version {version} of Chart.yaml is not higher than {newest}: raise it")
        production = self.root / "clusters" / "production" / "apps" / "chart.yaml"
        named = [
            one["spec"]["version"]
            for one in yaml.safe_load_all(production.read_text(encoding="utf-8"))
            if one["kind"] == "HelmChart"
        ]
        if named != [version]:
            raise SystemExit(f"{production.relative_to(self.root)} names version {named}, Chart.yaml {version}")
        if outdated := self.outdated():
            raise SystemExit(
                f"the newest images of {', '.join(outdated)} are not built: wait for the workflow `images`"
            )
        return version

    def production_images(self) -> list[str]:
        """Return the image of each service as production pulls it."""
        registry = self._yaml("values-production.yaml")["global"]["imageRegistry"].removesuffix("/")
        return [f"{registry}/{self.names[name]}@{one['digest']}" for name, one in self.recorded().items()]

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _is_ancestor(self, tag: str, other: str) -> bool:
        commits = [one.rpartition("-")[2] for one in (tag, other)]
        command = ["git", "merge-base", "--is-ancestor", *commits]
        return subprocess.run(command, cwd=self.root, capture_output=True, check=False).returncode == 0

    def _yaml(self, name: str) -> dict[str, Any]:
        values: dict[str, Any] = yaml.safe_load((self._chart / name).read_text(encoding="utf-8"))
        return values


def numbers(tag: str) -> tuple[int, ...]:
    """Return the three numbers of `v1.2.3`."""
    found = _TAG.fullmatch(tag)
    if found is None:
        raise SystemExit(f"{tag!r} is not a version with three numbers")
    return tuple(map(int, found.groups()))


def main() -> None:
    """Answer one question about this checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("outdated").add_argument("--all", action="store_true", help="as if nothing had been built")
    commands.add_parser("record").add_argument("built", nargs="+", metavar="SERVICE=TAG@DIGEST")
    commands.add_parser("release")
    commands.add_parser("list")
    given = parser.parse_args()
    repository = Repository(Path(__file__).resolve().parents[1])
    if given.command == "outdated":
        names = list(repository.names) if given.all else repository.outdated()
        tags = {name: repository.newest_tag(name) for name in names}
        print(json.dumps([{"service": one, "image": repository.names[one], "tag": tags[one]} for one in names]))
    elif given.command == "record":
        print(" ".join(repository.record(given.built)))
    elif given.command == "release":
        print(repository.release())
    else:
        print("\n".join(repository.production_images()))


if __name__ == "__main__":
    main()
