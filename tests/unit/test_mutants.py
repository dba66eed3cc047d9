"""The tables of `make mutants` name what is there."""

from pathlib import Path

import pytest

from tests.mutants.tables import read_modules, read_survivors

ROOT = Path(__file__).resolve().parents[2]
MODULES = read_modules()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_and_the_tests_that_hold_it_are_there(module: str) -> None:
    assert (ROOT / module).is_file()
    assert MODULES[module]
    assert all((ROOT / test).is_file() for test in MODULES[module])


def test_every_known_survivor_is_listed_once_with_a_reason_and_its_line_still_stands() -> None:
    survivors = list(read_survivors())

    changes = [survivor.change for survivor in survivors]
    assert len(set(changes)) == len(changes)
    for change, _, reason in survivors:
        assert reason.endswith("."), change
        source = (ROOT / change.module).read_text(encoding="utf-8")
        assert all(line in source for line in change.line.splitlines()), change
