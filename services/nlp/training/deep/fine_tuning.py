"""Fine-tuning: AdamW with a lower rate for lower layers, a running average of the weights, length-bucketed batches."""

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from nlp.training.deep.encoder import Trunk

_REPORTED_STEPS = 100


class Seen(Protocol):
    """A text as pieces that is seen `n_repeats` times in an epoch."""

    @property
    def ids(self) -> Sequence[int]:
        """The numbers of its pieces."""
        ...

    @property
    def n_repeats(self) -> int:
        """How often it is seen."""
        ...


Item = TypeVar("Item")
Repeated = TypeVar("Repeated", bound=Seen)
Batch = TypeVar("Batch")
Model = TypeVar("Model", bound=Trunk)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of the fine-tuning.

    Notes
    -----
    `decay` multiplies the learning rate from each layer to the one below it. `averaging` is the share that the
    running average keeps at each step.
    """

    n_epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 1e-4
    head_rate: float = 5e-4
    decay: float = 0.85
    warm_up: float = 0.06
    weight_decay: float = 0.01
    averaging: float = 0.997
    score_weight: float = 4.0
    random_state: int = 0


Say = Callable[[str], None]
"""Called with a line on where a training stands."""
Report = Callable[[int, int, float], None]
"""Called with the step, the number of steps and the mean loss since the last call."""


def epochs(found: Sequence[Repeated], recipe: Recipe) -> list[list[Repeated]]:
    """Return the batches of all epochs, each in a random order of its own, every item as often as it says."""
    random = np.random.default_rng(recipe.random_state)
    repeated = [item for item in found for _ in range(item.n_repeats)]
    steps: list[list[Repeated]] = []
    for _ in range(recipe.n_epochs):
        steps += of_like_length(repeated, lambda item: len(item.ids), recipe.batch_size, random)
    return steps


def of_like_length(
    found: Sequence[Item], length: Callable[[Item], int], size: int, random: np.random.Generator
) -> list[list[Item]]:
    """Return the items in random order as batches of `size`; those of one batch are of like length."""
    order = random.permutation(len(found)).tolist()
    block = size * 40
    made = []
    for start in range(0, len(order), block):
        part = sorted(order[start : start + block], key=lambda index: length(found[index]))
        made += [[found[index] for index in part[at : at + size]] for at in range(0, len(part), size)]
    random.shuffle(made)
    return made


def _groups(model: Trunk, recipe: Recipe) -> list[dict[str, object]]:
    n_layers = len(model.layers)
    groups: list[dict[str, object]] = []
    for name, parameter in model.named_parameters():
        depth = 0
        rate = recipe.learning_rate
        if name.startswith(model.new_parts):
            rate = recipe.head_rate
        else:
            depth = n_layers - int(name.split(".")[1]) - 1 if name.startswith("layers") else n_layers
        decays = parameter.ndim > 1 and "norm" not in name
        groups.append(
            {
                "params": [parameter],
                "lr": rate * recipe.decay**depth,
                "weight_decay": recipe.weight_decay if decays else 0.0,
            }
        )
    return groups


def averaged(
    model: Model, steps: Sequence[Batch], loss: Callable[[Batch], Tensor], recipe: Recipe, report: Report
) -> Model:
    """Return the running average of the weights of `model` after a step on each batch.

    Parameters
    ----------
    loss : what the model loses on a batch

    Notes
    -----
    AdamW (Loshchilov and Hutter 2019); the rate rises linearly, then falls as half a cosine. Matrix products should
    be in bfloat16, weights and averages are in single precision.
    """
    torch.manual_seed(recipe.random_state)
    average: Model = copy.deepcopy(model).eval()
    optimiser = torch.optim.AdamW(_groups(model, recipe), betas=(0.9, 0.98), eps=1e-6, fused=True)
    n_steps = len(steps)
    warm_up = max(1, int(n_steps * recipe.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(
            (step + 1) / warm_up,
            0.5 * (1.0 + math.cos(math.pi * max(0.0, (step - warm_up) / max(1, n_steps - warm_up)))),
        ),
    )
    model.train()
    losses: list[float] = []
    for step, batch in enumerate(steps):
        lost = loss(batch)
        optimiser.zero_grad(set_to_none=True)
        lost.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        _average_in(average, model, min(recipe.averaging, (1 + step) / (10 + step)))
        losses.append(lost.item())
        if len(losses) == _REPORTED_STEPS or step + 1 == n_steps:
            report(step + 1, n_steps, sum(losses) / len(losses))
            losses.clear()
    return average


@torch.no_grad()
def _average_in(average: Trunk, model: Trunk, kept: float) -> None:
    mine, theirs = list(average.parameters()), list(model.parameters())
    torch._foreach_lerp_(mine, theirs, 1.0 - kept)


def timed_report(say: Say) -> Report:
    """Return a report that says where the training stands and how long the rest will take."""
    begun = time.monotonic()

    def report(step: int, n_steps: int, loss: float) -> None:
        left = (time.monotonic() - begun) / step * (n_steps - step)
        say(f"step {step:,} of {n_steps:,}, loss {loss:.4f}, {left / 60:.1f} min left")

    return report
