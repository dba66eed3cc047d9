"""The use-cases of models: their cards, the taxonomies of what they find, and the self-check."""

from common.contracts.batch import ErrorDetail
from common.errors import NotFound, Unavailable
from nlp.artefacts import ArtefactCard, load_manifest
from nlp.engine import Engine
from nlp.events.patterns import event_types
from nlp.schemas import EventRead, EventTaxonomy, SelfcheckRead, TopicRead, TopicTaxonomy
from nlp.text_input import Taxonomy
from nlp.topics.market import market_topics

_MAX_TOLD_DIFFERENCES = 100


def required_card(version: str) -> ArtefactCard:
    """Return the card of one model version; `NotFound` when there is none."""
    found = next((card for card in load_manifest().values() if card.version == version), None)
    return NotFound.unless(found, "model version", version)


def topic_taxonomy(engine: Engine, taxonomy: Taxonomy) -> TopicTaxonomy:
    """Return the topics of a taxonomy, with the version of the model that gives them."""
    if taxonomy == "market":
        model = "topics"
        topics = [TopicRead(topic=one.code, name=one.name, alpha_vantage=one.alpha_vantage) for one in market_topics()]
    else:
        model = "reuters"
        topics = [TopicRead(topic=code, name=code) for code in engine.thread.analyser.reuters_codes]
    return TopicTaxonomy(taxonomy=taxonomy, version=engine.thread.model_versions[model], data=topics)


def event_taxonomy(engine: Engine) -> EventTaxonomy:
    """Return the event types, with the version of the model that finds them."""
    events = [EventRead(type=event.type, description=event.description) for event in event_types()]
    return EventTaxonomy(version=engine.thread.model_versions["events"], data=events)


async def check_models(engine: Engine) -> SelfcheckRead:
    """Return how well the models at work do on the golden corpus.

    Raises
    ------
    Unavailable
        An answer differs from the frozen one.
    """
    report = await engine.thread.selfcheck()
    if report.differences:
        raise Unavailable(
            f"{len(report.differences)} results on the golden corpus differ from the frozen ones.",
            code="selfcheck_failed",
            errors=[
                ErrorDetail(loc=[one.id, one.field], msg=one.message, type="golden_difference")
                for one in report.differences[:_MAX_TOLD_DIFFERENCES]
            ],
        )
    return SelfcheckRead(
        texts=report.n_texts,
        passed=report.n_texts,
        label_accuracy=round(report.label_accuracy, 4),
        ticker_recall=round(report.ticker_recall, 4),
        max_score_drift=report.drift,
        model_versions=engine.thread.model_versions,
    )
