"""`python -m tests.mutants`: change pure modules in small ways, one at a time, and see whether their tests notice."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutants.tables import Change, KnownSurvivor, read_modules, read_survivors

ROOT: Final = Path(__file__).resolve().parents[2]
WORK: Final = ROOT / ".local" / "mutants"
NEEDED_SHARE: Final = 0.95
# A mutant that never ends is noticed as well.
_KILLED: Final = {"killed", "timeout"}
_SETTINGS: Final = """\
[mutmut]
source_paths = {package}
only_mutate = {path}
pytest_add_cli_args =
    -p
    pytest_asyncio.plugin
    -p
    tests.mutants.quick_properties
    -p
    no:cacheprovider
    -p
    no:unraisableexception
    --assert=plain
pytest_add_cli_args_test_selection =
    {tests}
track_dependencies = false
use_git_change_detection = false
timeout_constant = 10
"""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed; `known` is its entry in `survivors.toml`, None when there is none."""

    name: str
    change: Change
    known: KnownSurvivor | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the mutants of one module; `gone` are entries of `survivors.toml` that do not survive any more."""

    module: str
    n_mutants: int
    survivors: Sequence[Survivor]
    gone: Sequence[Change]

    @property
    def n_equivalent(self) -> int:
        """Return how many survivors are known to do the same as the module."""
        return sum(survivor.known is not None and survivor.known.is_equivalent for survivor in self.survivors)


def main() -> int:
    """Try the modules that the arguments name, or all, and return 1 when too many mutants survive."""
    modules = read_modules()
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="a path that tests/mutants/modules.toml names")
    parser.add_argument("--max-children", type=int, default=os.cpu_count() or 1, help="mutants tried at a time")
    parser.add_argument("--survivors", action="store_true", help="try again only what survived the last run")
    given = parser.parse_args()
    if unknown := set(given.modules) - set(modules):
        parser.error(f"tests/mutants/modules.toml does not name {', '.join(sorted(unknown))}")
    results = []
    for module in given.modules or modules:
        sys.stdout.write(f"== {module}\n")
        sys.stdout.flush()
        folder = _prepared(module, modules[module])
        names = [survivor.name for survivor in _result(module, folder).survivors] if given.survivors else []
        if names or not given.survivors:
            _run(folder, names, given.max_children)
        results.append(_result(module, folder))
    sys.stdout.writelines(f"{line}\n" for line in (*_remarks(results), *_table(results)))
    return 0 if _share(results) >= NEEDED_SHARE else 1


def _prepared(module: str, tests: Sequence[str]) -> Path:
    """Return a folder that looks as mutmut wants a project: packages at its top, and settings for one module."""
    package, path = _importable(module)
    folder = WORK / path.removesuffix(".py").replace("/", ".")
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in {package: ROOT / Path(module).parts[0] / package, "tests": ROOT / "tests"}.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
    # mutmut's settings are in the one, pytest's in the other.
    settings = _SETTINGS.format(package=package, path=path, tests="\n    ".join(tests))
    (folder / "setup.cfg").write_text(settings, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _importable(module: str) -> tuple[str, str]:
    """Return the package of a module and the path that it is imported by, both without `libs` or `services`."""
    parts = Path(module).parts[1:]
    return parts[0], "/".join(parts)


def _run(folder: Path, names: Sequence[str], max_children: int) -> None:
    """Try the mutants of these names, or all anew."""
    if not names:
        shutil.rmtree(folder / "mutants", ignore_errors=True)
    command = [Path(sys.executable).with_name("mutmut"), "run", "--max-children", str(max_children), *names]
    # Pytest starts once for each mutant, and looking for plugins takes longer than most tests.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if subprocess.run(command, cwd=folder, env=environment, check=False).returncode != 0:
        sys.exit(f"mutmut could not try the mutants in {folder}")


def _result(module: str, folder: Path) -> Result:
    """Read what mutmut has left in `folder`."""
    os.chdir(folder)
    path = _importable(module)[1]
    data = SourceFileMutationData(path=path)
    data.load()
    known = {survivor.change: survivor for survivor in read_survivors() if survivor.change.module == module}
    changes = {
        name: _change(module, path, name)
        for name, exit_code in data.exit_code_by_key.items()
        if status_by_exit_code[exit_code] not in _KILLED
    }
    survivors = [Survivor(name, change, known.get(change)) for name, change in changes.items()]
    gone = [change for change in known if change not in changes.values()]
    return Result(module, len(data.exit_code_by_key), survivors, gone)


def _change(module: str, path: str, name: str) -> Change:
    function, class_name = orig_function_and_class_names_from_key(name)
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    line, becomes = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Change(module, f"{class_name}.{function}" if class_name else function, line, becomes)


def _share(results: Sequence[Result]) -> float:
    """Return which share of the mutants that are not equivalent was noticed."""
    n_different = sum(result.n_mutants - result.n_equivalent for result in results)
    n_survived = sum(len(result.survivors) - result.n_equivalent for result in results)
    return 1.0 - n_survived / n_different if n_different else 1.0


def _remarks(results: Sequence[Result]) -> Iterator[str]:
    """Yield the survivors that nobody has given a reason for, and the entries that are of no use any more."""
    for result in results:
        for survivor in result.survivors:
            if survivor.known is None:
                yield f"\n{survivor.name} survived:\n{_text(survivor.change)}"
        for change in result.gone:
            yield f"\nsurvivors.toml lists what does not survive:\n{_text(change)}"


def _text(change: Change) -> str:
    return f"{change.module}, {change.function}\n  {change.line}\n  {change.becomes}"


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield f"\n{'module':<60}{'mutants':>9}{'killed':>9}{'survived':>10}{'equivalent':>12}{'share':>9}"
    for result in results:
        yield _row(result.module, [result])
    if len(results) > 1:
        yield _row("together", results)


def _row(name: str, results: Sequence[Result]) -> str:
    n_mutants = sum(result.n_mutants for result in results)
    n_survived = sum(len(result.survivors) for result in results)
    n_equivalent = sum(result.n_equivalent for result in results)
    counts = f"{n_mutants:>9}{n_mutants - n_survived:>9}{n_survived - n_equivalent:>10}{n_equivalent:>12}"
    return f"{name:<60}{counts}{_share(results):>9.1%}"


if __name__ == "__main__":
    sys.exit(main())
