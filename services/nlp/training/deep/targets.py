"""Training targets of encoders: class probabilities and a score."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

Classes = tuple[float, float, float]


class Target(NamedTuple):
    """The probabilities of negative, neutral and positive, and a score in [-1, 1]: None where it is not known."""

    classes: Classes
    score: float | None = None


def target_loss(outputs: Tensor, targets: Sequence[Target], score_weight: float) -> Tensor:
    """Return the mean cross-entropy of the classes and, weighted, the squared error of the scores that are known.

    Parameters
    ----------
    outputs : of shape (n_targets, 4), the logits of the classes and a score before its tanh
    """
    classes = torch.tensor([target.classes for target in targets])
    total = -(classes * functional.log_softmax(outputs[:, :3], dim=1)).sum(dim=1).mean()
    scored = [index for index, target in enumerate(targets) if target.score is not None]
    if scored:
        truth = torch.tensor([targets[index].score for index in scored], dtype=torch.float32)
        error = functional.mse_loss(torch.tanh(outputs[scored, 3]), truth, reduction="sum")
        total = total + score_weight * error / len(targets)
    return total
