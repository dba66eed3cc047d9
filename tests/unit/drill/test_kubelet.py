"""What stands in for a kubelet reads pods as a kubelet does."""

from pathlib import Path

import pytest

from tests.drill.kubelet.images import Image, Images
from tests.drill.kubelet.references import expanded, quantity


@pytest.mark.parametrize(
    ("text", "amount"), [("1", 1.0), ("100m", 0.1), ("1.5", 1.5), ("640Mi", 640 * 2**20), ("2Gi", 2**31), ("1Ki", 1024)]
)
def test_an_amount_is_read_in_processors_or_bytes(text: str, amount: float):
    assert quantity(text) == pytest.approx(amount)


def test_only_known_variables_are_replaced():
    assert expanded("http://$(HOST):$(PORT)/$HOST", {"HOST": "a"}) == "http://a:$(PORT)/$HOST"


def test_the_first_image_that_fits_is_taken(tmp_path: Path):
    written = Images([Image("*/nlp:*-errors", ["bad"]), Image("*/nlp:*", ["good"], overrides={"A": "1"})])
    written.write(tmp_path / "images.json")
    images = Images.read(tmp_path / "images.json")

    found = {name: images.find(name) for name in ("r.example/nlp:1-errors", "r.example/nlp:1", "r.example/alerts:1")}

    assert images == written
    assert {name: one and one.command for name, one in found.items()} == {
        "r.example/nlp:1-errors": ["bad"],
        "r.example/nlp:1": ["good"],
        "r.example/alerts:1": None,
    }
