"""Leaves in an image's environment what its service loads: run by the Dockerfile with the environment's own Python.

What goes: distributions that nothing needs at run time, folders of tests, second copies of a library, symbols and debug
information, and the bytecode of modules that are never imported.
"""

import argparse
import pkgutil
import py_compile
import shutil
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import distribution, distributions
from importlib.util import source_from_cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = "market-impact-analysis-system"

# Only `Tokenizer.from_pretrained` asks for it, to download; our word pieces are in the wheel. It brings 22 MB.
NEVER_LOADED = frozenset({"huggingface-hub"})

# The first is the runtime once more, for programs in C (35 MB); the others prepare models, which is not done here.
UNUSED_FILES = {"onnxruntime": ("capi/libonnxruntime.so.*", "quantization", "tools", "transformers")}

# The wheel holds the code of every service; the models of one weigh 45 MB.
OWN_FILES = {"nlp": "nlp/artefacts"}

_ELF64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"


def needed_distributions(root: str, extra: str) -> set[str]:
    """Return the canonical names of what `root[extra]` requires here, itself included, less `NEVER_LOADED`."""
    needed: set[str] = set()
    waiting = [(canonicalize_name(root), frozenset({canonicalize_name(extra)}))]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        needed.add(name)
        for requirement in _requirements(name, extras):
            wanted = (canonicalize_name(requirement.name), frozenset(map(canonicalize_name, requirement.extras)))
            if wanted[0] not in NEVER_LOADED and wanted not in seen:
                seen.add(wanted)
                waiting.append(wanted)
    return needed


def _requirements(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def unneeded_distributions(root: str, extra: str) -> list[str]:
    """Return the names of what is installed and neither `root[extra]` nor its requirements need."""
    installed = {canonicalize_name(one.metadata["Name"]) for one in distributions()}
    return sorted(installed - needed_distributions(root, extra))


def remove_unused_files(packages: Path, service: str) -> None:
    """Remove the folders of tests, `UNUSED_FILES`, and what other services alone load, below the folder of packages."""
    unused = [path for name in ("tests", "test") for path in packages.rglob(name) if path.is_dir()]
    unused += [packages / folder for owner, folder in OWN_FILES.items() if owner != service]
    for package, patterns in UNUSED_FILES.items():
        unused += [path for pattern in patterns for path in (packages / package).glob(pattern)]
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()


def drop_symbols(library: Path) -> int:
    """Cut off what follows the last segment of an ELF file, and return how many bytes that were.

    Notes
    -----
    The loader reads segments only. Sections, symbols and debug information lie behind them, and go; what is loaded
    stays as it is, byte for byte. So this needs no binutils, and suits libraries whose segments `patchelf` has moved.
    """
    content = bytearray(library.read_bytes())
    if not content.startswith(_ELF64_LITTLE_ENDIAN):
        return 0
    end = _end_of_segments(content)
    dropped = len(content) - end
    # No section headers any more: their offset, then their number and the index of their names.
    struct.pack_into("<Q", content, 0x28, 0)
    struct.pack_into("<HH", content, 0x3C, 0, 0)
    library.write_bytes(content[:end])
    return dropped


def _end_of_segments(content: bytearray) -> int:
    (table,) = struct.unpack_from("<Q", content, 0x20)
    size, count = struct.unpack_from("<HH", content, 0x36)
    ends: list[int] = [table + size * count]
    for index in range(count):
        offset, _, _, in_file = struct.unpack_from("<4Q", content, table + index * size + 8)
        ends.append(offset + in_file)
    return max(ends)


def import_what_serves(service: str) -> None:
    """Import the command line, what migrates, and every module of the service but those of its training."""
    for name in ("standalone.cli", "alembic.command", "alembic.config"):
        import_module(name)
    package = import_module(service)
    for module in pkgutil.walk_packages(package.__path__, f"{service}."):
        if not module.name.startswith(f"{service}.training"):
            import_module(module.name)


def freeze_bytecode(packages: Path) -> int:
    """Compile what has bytecode again, so that the files' times do not matter; return the number of modules."""
    compiled = list(packages.rglob("__pycache__/*.pyc"))
    for path in compiled:
        py_compile.compile(
            source_from_cache(str(path)),
            cfile=str(path),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    return len(compiled)


def main() -> None:
    """Slim the environment of this Python for one service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=["news_ingestion", "nlp", "market_impact", "alerts"])
    service = parser.parse_args().service
    packages = Path(sysconfig.get_path("purelib"))
    unneeded = unneeded_distributions(ROOT, service)
    subprocess.run([sys.executable, "-m", "pip", "uninstall", "--yes", *unneeded], check=True)
    remove_unused_files(packages, service)
    dropped = sum(drop_symbols(library) for library in packages.rglob("*.so*"))
    import_what_serves(service)
    frozen = freeze_bytecode(packages)
    print(f"{dropped:,} bytes of symbols dropped, bytecode of {frozen:,} modules kept")


if __name__ == "__main__":
    main()
