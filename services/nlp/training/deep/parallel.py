"""Runs tasks in parallel, one process per task on its share of the cores: faster than in turn on all cores."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import structlog
import torch

from nlp.training.deep.fine_tuning import Say

Result = TypeVar("Result")


def in_parallel(tasks: Mapping[str, Callable[[Say], Result]]) -> list[Result]:
    """Return the results of all tasks, in order; each says where it stands, under its name.

    Parameters
    ----------
    tasks : name -> what is done, which must survive pickling, as its result must
    """
    n_threads = max(1, (os.cpu_count() or 1) // len(tasks))
    spawned = get_context("spawn")
    with ProcessPoolExecutor(len(tasks), spawned, initializer=torch.set_num_threads, initargs=(n_threads,)) as pool:
        return list(pool.map(_done, tasks.keys(), tasks.values()))


def _done(name: str, task: Callable[[Say], Result]) -> Result:
    return task(structlog.get_logger().bind(model=name).info)
