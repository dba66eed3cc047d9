"""The trained encoder as an ONNX graph, written node by node, and its 8-bit form.

Linear maps run on 8-bit integers (weights of 7 bits, so that processors without dot-product instructions for integers
cannot overflow). The scale of each input is that of texts seen when the graph is written, so that a text is answered
alike whatever texts are read beside it. Before that, each input column is divided by a factor that its
weights are multiplied with, so that a few large columns do not cost the others their digits (SmoothQuant; Xiao et al.
2022, eq. 4). The table of word pieces is stored as 8-bit integers with one scale a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from nlp.entities.tagging.labels import LABELS
from nlp.entities.tagging.word_sequences import SequenceBatch
from nlp.training.deep.encoder import N_OUTPUTS, Encoder, Trunk
from nlp.training.deep.token_tagger import TokenTagger

_OPSET = 20
_HEADS = 12
_EPSILON = 1e-12
_LARGEST = 63.0
FloatArray = npt.NDArray[np.float32]
_PIECES_SHAPE = ("n_texts", "n_pieces")
Ranges = dict[str, FloatArray]
"""Name of a linear map -> the least and the largest value of each of its input columns, of shape (2, n_columns)."""


def input_ranges(model: Trunk, inputs: Iterable[Sequence[npt.NDArray[np.int64]]]) -> Ranges:
    """Return the range of the inputs of every linear map over the texts: what scales and smoothing are computed from.

    Parameters
    ----------
    inputs : what the model is given at each call, each array of shape (n_texts, n_pieces)
    """
    ranges: Ranges = {}
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and name.startswith("layers"):

            def keep(_module: torch.nn.Module, given: tuple[torch.Tensor, ...], name: str = name) -> None:
                found = torch.stack([given[0].amin(dim=(0, 1)), given[0].amax(dim=(0, 1))]).numpy()
                known = ranges.setdefault(name, found)
                ranges[name] = np.stack([np.minimum(known[0], found[0]), np.maximum(known[1], found[1])])

            handles.append(module.register_forward_pre_hook(keep))
    with torch.no_grad():
        for arrays in inputs:
            model(*map(torch.from_numpy, arrays))
    for handle in handles:
        handle.remove()
    return ranges


@dataclass(slots=True)
class _Graph:
    """The nodes and stored arrays of a graph being written."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    stored: list[onnx.TensorProto] = field(default_factory=list)

    def store(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self.stored.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], domain=domain, name=output, **attributes))
        return output

    def norm(self, given: str, output: str, weight: FloatArray, bias: FloatArray) -> str:
        inputs = [given, self.store(f"{output}.weight", weight), self.store(f"{output}.bias", bias)]
        return self.add("LayerNormalization", inputs, output, axis=-1, epsilon=_EPSILON)

    def linear(
        self,
        given: str,
        output: str,
        weight: FloatArray,
        bias: FloatArray,
        *,
        inputs: FloatArray | None = None,
        share: float = 0.0,
    ) -> str:
        """Add `given @ weight.T + bias` on integers; in single precision where the range of `inputs` is None."""
        columns = weight.T
        if inputs is None:
            product = self.add("MatMul", [given, self.store(f"{output}.weight", columns)], f"{output}.product")
            return self.add("Add", [product, self.store(f"{output}.bias", bias)], output)
        smooth = smoothing(np.abs(inputs).max(axis=0), weight, share)
        factor = self.store(f"{output}.smoothing", (1.0 / smooth).astype(np.float32))
        given = self.add("Mul", [given, factor], f"{output}.smoothed")
        columns = columns * smooth[:, None]
        scale = np.maximum(np.abs(columns).max(axis=0), 1e-8) / _LARGEST
        low, high = min(0.0, float((inputs[0] / smooth).min())), max(1e-8, float((inputs[1] / smooth).max()))
        step = (high - low) / 255.0
        read = [
            self.store(f"{output}.given_scale", np.array(step, dtype=np.float32)),
            self.store(f"{output}.given_zero", np.array(round(-low / step), dtype=np.uint8)),
        ]
        small = self.add("QuantizeLinear", [given, *read], f"{output}.given")
        stored = [
            self.store(f"{output}.weight", np.rint(columns / scale).astype(np.int8)),
            self.store(f"{output}.scale", scale.astype(np.float32)),
            self.store(f"{output}.bias", bias),
        ]
        operands = [small, stored[0], read[0], stored[1], read[1], "", stored[2]]
        return self.add("MatMulIntegerToFloat", operands, output, domain="com.microsoft")


def smoothing(largest: FloatArray, weight: FloatArray, share: float) -> FloatArray:
    """Return the factor of each input column: its range to the power `share` over its weights' to the rest."""
    weights = np.maximum(np.abs(weight).max(axis=0), 1e-5)
    factor = np.maximum(largest, 1e-5) ** share / weights ** (1.0 - share)
    return np.asarray(np.clip(factor, 1e-3, 1e3), dtype=np.float32)


def onnx_model(encoder: Encoder, ranges: Ranges | None = None, share: float = 0.65) -> onnx.ModelProto:
    """Return the encoder as a graph.

    Its inputs are `pieces` and `mask` (n_texts, n_pieces), its outputs `of_texts` (n_texts, 4) and `toward` (n_texts,
    n_pieces, 4).

    Parameters
    ----------
    ranges : the answer of `input_ranges`; None leaves everything in single precision
    """
    graph, weights = _Graph(), _weights(encoder)
    _heads(graph, weights, _states(graph, weights, len(encoder.layers), ranges, share))
    outputs: dict[str, Sequence[str | int]] = {
        "of_texts": ["n_texts", N_OUTPUTS],
        "toward": [*_PIECES_SHAPE, N_OUTPUTS],
    }
    return _model(graph, ("pieces", "mask"), outputs)


def onnx_tagger(tagger: TokenTagger, ranges: Ranges | None = None, share: float = 0.65) -> onnx.ModelProto:
    """Return the tagger as a graph from the arrays of a `SequenceBatch` to `outputs` (n_texts, n_pieces, 7)."""
    graph, weights = _Graph(), _weights(tagger)
    beside = [
        graph.add("Gather", [graph.store(f"{name}.weight", weights[f"{name}.weight"]), name], f"{name}.embedded")
        for name in ("forms", "listed")
    ]
    hidden = _states(graph, weights, len(tagger.layers), ranges, share, beside=graph.add("Add", beside, "beside"))
    graph.linear(hidden, "outputs", weights["labels.weight"], weights["labels.bias"])
    return _model(graph, SequenceBatch._fields, {"outputs": [*_PIECES_SHAPE, len(LABELS)]})


def _weights(model: Trunk) -> dict[str, FloatArray]:
    return {name: parameter.detach().float().numpy() for name, parameter in model.state_dict().items()}


def _states(
    graph: _Graph,
    weights: dict[str, FloatArray],
    n_layers: int,
    ranges: Ranges | None,
    share: float,
    *,
    beside: str | None = None,
) -> str:
    hidden = _embedded(graph, weights, beside, is_small=ranges is not None)
    for index in range(n_layers):
        hidden = _layer(graph, weights, f"layers.{index}", hidden, ranges=ranges, share=share)
    return hidden


def _model(graph: _Graph, inputs: Sequence[str], outputs: Mapping[str, Sequence[str | int]]) -> onnx.ModelProto:
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, TensorProto.INT64, _PIECES_SHAPE) for name in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            graph.stored,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
    )
    model.producer_name = "market-impact-analysis-system"
    return model


def _embedded(graph: _Graph, weights: dict[str, FloatArray], beside: str | None, *, is_small: bool) -> str:
    table = weights["pieces.weight"]
    if is_small:
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / 127.0
        small = graph.store("pieces.weight", np.rint(table / scale).astype(np.int8))
        graph.add("Gather", [small, "pieces"], "pieces.small")
        graph.add("Cast", ["pieces.small"], "pieces.numbers", to=TensorProto.FLOAT)
        graph.add("Gather", [graph.store("pieces.scale", scale.astype(np.float32)), "pieces"], "pieces.scales")
        words = graph.add("Mul", ["pieces.numbers", "pieces.scales"], "pieces.embedded")
    else:
        words = graph.add("Gather", [graph.store("pieces.weight", table), "pieces"], "pieces.embedded")
    graph.store("axis_0", np.array([0], dtype=np.int64))
    graph.add("Shape", ["pieces"], "length", start=1, end=2)
    positions = graph.store("positions.weight", weights["positions.weight"][:128])
    places = graph.add("Slice", [positions, "axis_0", "length", "axis_0"], "positions.embedded")
    total = graph.add("Add", [words, places], "embedded")
    if beside is not None:
        total = graph.add("Add", [total, beside], "embedded.beside")
    graph.add("Cast", ["mask"], "mask.int", to=TensorProto.INT32)
    return graph.norm(total, "embedded_norm", weights["embedded_norm.weight"], weights["embedded_norm.bias"])


def _layer(
    graph: _Graph, weights: dict[str, FloatArray], name: str, hidden: str, *, ranges: Ranges | None, share: float
) -> str:
    def linear(given: str, part: str, weight: FloatArray, bias: FloatArray, source: str) -> str:
        inputs = None if ranges is None else ranges[f"{name}.{source}"]
        return graph.linear(given, f"{name}.{part}", weight, bias, inputs=inputs, share=share)

    def own(part: str) -> tuple[FloatArray, FloatArray]:
        return weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"]

    joined = [own(part) for part in ("query", "key", "value")]
    all_three = linear(
        hidden, "joined", np.concatenate([w for w, _ in joined]), np.concatenate([b for _, b in joined]), "query"
    )
    parts = [f"{name}.{part}" for part in ("q", "k", "v")]
    graph.nodes.append(helper.make_node("Split", [all_three], parts, axis=2, num_outputs=3, name=f"{name}.split"))
    context = graph.add(
        "MultiHeadAttention",
        [*parts, "", "mask.int"],
        f"{name}.context",
        domain="com.microsoft",
        num_heads=_HEADS,
    )
    attended = linear(context, "attended", *own("attended"), "attended")
    hidden = graph.norm(graph.add("Add", [hidden, attended], f"{name}.sum"), f"{name}.norm", *own("attended_norm"))
    inner = graph.add("Gelu", [linear(hidden, "inner", *own("inner"), "inner")], f"{name}.gelu")
    outer = linear(inner, "outer", *own("outer"), "outer")
    return graph.norm(graph.add("Add", [hidden, outer], f"{name}.last"), f"{name}.out", *own("outer_norm"))


def _heads(graph: _Graph, weights: dict[str, FloatArray], hidden: str) -> None:
    graph.store("zero", np.array(0, dtype=np.int64))
    graph.store("axis_1", np.array([1], dtype=np.int64))
    present = graph.add("Cast", ["mask"], "present", to=TensorProto.FLOAT)
    count = graph.add("ReduceSum", [present, "axis_1"], "count", keepdims=1)
    share = graph.add("Div", [present, count], "share")
    row = graph.add("Unsqueeze", [share, "axis_1"], "share.row")
    mean = graph.add("Squeeze", [graph.add("MatMul", [row, hidden], "mean.row"), "axis_1"], "mean")
    first = graph.add("Gather", [hidden, "zero"], "first", axis=1)
    whole = graph.add("Concat", [mean, first], "whole", axis=1)
    graph.linear(whole, "of_texts", weights["document.weight"], weights["document.bias"])
    graph.linear(whole, "toward.whole", weights["toward_whole.weight"], weights["toward_piece.bias"])
    product = [hidden, graph.store("toward.pieces.weight", weights["toward_piece.weight"].T)]
    pieces = graph.add("MatMul", product, "toward.pieces")
    graph.add("Add", [pieces, graph.add("Unsqueeze", ["toward.whole", "axis_1"], "toward.row")], "toward")


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the graph to `path` once it has been found well formed."""
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
