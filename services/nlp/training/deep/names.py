"""`mia train entities-deep`: a large tagger learns from the labels, and a small one from the labels and the large."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlp.artefacts import checked_path
from nlp.entities.gazetteer import Gazetteer
from nlp.entities.tagging.contextual import ContextualTagger, session_scorer
from nlp.entities.tagging.word_sequences import SequenceBatch, SequenceEncoder
from nlp.training.deep.fine_tuning import Recipe, Say, averaged, of_like_length, timed_report
from nlp.training.deep.onnx_graph import input_ranges, onnx_tagger, save
from nlp.training.deep.pretrained import exported_encoder, with_small_weights
from nlp.training.deep.token_examples import Example, Reader, TaggedText, example_loss, examples, torch_scorer
from nlp.training.deep.token_tagger import TokenTagger
from nlp.training.entities.evaluation import tagger_scores
from nlp.training.entities.named_text import read_documents
from nlp.training.unlabelled import texts_with_names

N_SMALL_LAYERS = 4
TEACHERS_RECIPE = Recipe(6, 16, learning_rate=2e-4, head_rate=1e-3, decay=0.9, averaging=0.995)
PUPILS_RECIPE = Recipe(2, 16, learning_rate=2e-4, head_rate=1e-3, decay=0.9)
_LABELLED_REPEATS = 3
_N_RANGE_DOCUMENTS, _EVERY_RANGE_TEXT = 60, 100


def train_names(data: Path, teacher: Path, target: Path, say: Say) -> dict[str, float]:
    """Write the contextual tagger to `target`; return the scores of one taught alike without the validation part.

    Parameters
    ----------
    teacher : the pretrained weights of the larger encoder, exported to ONNX

    Notes
    -----
    The large tagger never sees the labels of the validation part. About fifty minutes on two cores whose processor
    multiplies in bfloat16.
    """
    gazetteer = Gazetteer.load(checked_path("gazetteer"))
    reader = Reader(SequenceEncoder.load(), gazetteer)
    training, validation = (read_documents(data / "entities" / f"finer_ord_{part}.csv") for part in ("train", "val"))
    labelled = reader.labelled(training)
    say(f"tuning the teacher on {len(labelled):,} documents")
    large = tuned(exported_encoder(teacher, TokenTagger), reader.encoder, labelled, TEACHERS_RECIPE, say)
    texts = texts_with_names(data)
    say(f"the teacher reads {len(texts):,} texts without labels")
    unlabelled = reader.answered(texts, large)

    def pupil(learned: list[TaggedText]) -> TokenTagger:
        say(f"tuning the small tagger on {len(learned):,} documents and {len(unlabelled):,} texts")
        small = with_small_weights(TokenTagger(N_SMALL_LAYERS))
        return tuned(small, reader.encoder, learned * _LABELLED_REPEATS + unlabelled, PUPILS_RECIPE, say)

    def write(tagger: TokenTagger) -> None:
        seen = [*labelled[:_N_RANGE_DOCUMENTS], *unlabelled[::_EVERY_RANGE_TEXT]]
        read = [example.window for example in examples(seen, np.random.default_rng(0))]
        batches: list[SequenceBatch] = [reader.encoder.batch([window]) for window in read]
        save(onnx_tagger(tagger, input_ranges(tagger.eval(), batches)), target)

    def scores(tagger: ContextualTagger) -> dict[str, float]:
        return tagger_scores(tagger, gazetteer, validation)

    found = {f"teacher.{name}": score for name, score in scores(_tagger(large, reader)).items()}
    write(pupil(labelled))
    found |= scores(ContextualTagger("trial", reader.encoder, session_scorer(target)))
    say(", ".join(f"{name} {score:.3f}" for name, score in found.items() if name.endswith(".f1")))
    write(pupil(labelled + reader.labelled(validation)))
    return found


def tuned(
    tagger: TokenTagger, encoder: SequenceEncoder, texts: Sequence[TaggedText], recipe: Recipe, say: Say
) -> TokenTagger:
    """Return the running average of the weights of `tagger` after training it on the texts."""
    random = np.random.default_rng(recipe.random_state)
    steps: list[list[Example]] = []
    for _ in range(recipe.n_epochs):
        steps += of_like_length(
            examples(texts, random), lambda example: len(example.window.pieces), recipe.batch_size, random
        )
    return averaged(tagger, steps, lambda batch: example_loss(tagger, encoder, batch), recipe, timed_report(say))


def _tagger(tagger: TokenTagger, reader: Reader) -> ContextualTagger:
    return ContextualTagger("teacher", reader.encoder, torch_scorer(tagger))
