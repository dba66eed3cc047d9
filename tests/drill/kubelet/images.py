"""What stands for an image: a command of this machine, with the files that the image would bring."""

import json
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Image:
    """One kind of container.

    Parameters
    ----------
    pattern : of the image's name, as `*/nlp-processing:*`.
    command : what the image would start; arguments of the pod follow.
    files : what the image would bring, by the path where it would be.
    environment : what differs on this machine; values of the pod go before.
    overrides : what replaces a value of the pod.
    """

    pattern: str
    command: list[str]
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Images:
    """The images of a machine; a pod with another one is nothing that runs, and is ready at once."""

    known: list[Image]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` has written."""
        return cls([Image(**one) for one in json.loads(path.read_text(encoding="utf-8"))])

    def write(self, path: Path) -> None:
        """Write them where a kubelet reads them at each start of a container."""
        written = path.with_suffix(".new")
        written.write_text(json.dumps([asdict(one) for one in self.known]), encoding="utf-8")
        written.replace(path)

    def find(self, name: str) -> Image | None:
        """Return the first that fits."""
        return next((one for one in self.known if fnmatchcase(name, one.pattern)), None)
