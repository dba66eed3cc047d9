"""The key of a system on one machine: made once, for its owner only, and not beside one that is given."""

import stat
from pathlib import Path

import pytest

from standalone.system.backing import Backing
from standalone.system.secrets_key import kept_secrets_key


@pytest.fixture(autouse=True)
def _no_key_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_KEY", raising=False)
    monkeypatch.delenv("SECRETS_KEY_FILE", raising=False)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = kept_secrets_key(folder)
    assert first is not None
    made = first.read_text(encoding="ascii")
    again = kept_secrets_key(folder)

    assert again == first
    assert first.read_text(encoding="ascii") == made
    assert len(made) == 64
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [first]


def test_processes_of_the_system_are_told_where_it_is(tmp_path: Path) -> None:
    backing = Backing(None, None, secrets_key_file=kept_secrets_key(tmp_path))

    assert backing.environment() == {"SECRETS_KEY_FILE": str(tmp_path / "secrets_key")}


@pytest.mark.parametrize("name", ["SECRETS_KEY", "SECRETS_KEY_FILE"])
def test_a_key_that_is_given_is_used_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "given")

    assert kept_secrets_key(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
