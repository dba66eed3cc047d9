"""A damaged or missing artefact is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from nlp.artefacts import (
    FOLDER,
    ArtefactError,
    checked_path,
    load_arrays,
    load_manifest,
    pack_words,
    sha256,
    unpack_words,
)


def a_folder(tmp_path: Path, digest: str | None = None) -> Path:
    np.savez(tmp_path / "a.npz", values=np.arange(3))
    row = {
        "version": "a-1",
        "file": "a.npz",
        "sha256": digest or sha256(tmp_path / "a.npz"),
        "n_bytes": 1,
        "card": {},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artefacts": {"a": row}}))
    return tmp_path


def test_an_artefact_with_the_right_hash_loads(tmp_path: Path) -> None:
    path = checked_path("a", a_folder(tmp_path))

    assert load_arrays(path)["values"].tolist() == [0, 1, 2]


def test_a_changed_artefact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="hash"):
        checked_path("a", a_folder(tmp_path, "0" * 64))


def test_a_missing_artefact_is_refused(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder / "a.npz").unlink()

    with pytest.raises(ArtefactError, match="missing"):
        checked_path("a", folder)
    with pytest.raises(ArtefactError, match="no artefact"):
        checked_path("b", folder)


def test_pickled_content_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", values=np.array([{"a": 1}], dtype=object))

    with pytest.raises(ValueError, match="pickle"):
        load_arrays(tmp_path / "bad.npz")


def test_every_shipped_artefact_is_small_and_has_a_card() -> None:
    for name, card in load_manifest().items():
        assert checked_path(name).stat().st_size == card.n_bytes < (24_000_000 if "deep" in name else 5_000_000)
        assert card.card["data"], name
        assert all({"name", "licence", "non_commercial"} <= set(source) for source in card.card["data"])
    assert {path.name for path in FOLDER.iterdir()} == {card.file for card in load_manifest().values()} | {
        "manifest.json"
    }


def test_a_vocabulary_survives_packing() -> None:
    words = ["a\tb", "é", "x y"]

    assert unpack_words(pack_words(words)) == words
