"""`/signals`: impacts are received, and rules are tried on them."""

from functools import partial

from alerts import evaluation
from alerts.dependencies import EngineDep
from alerts.rules import dry_run
from alerts.schemas.signals import EvaluationRequest, EvaluationResult, SignalBatch
from common.api.routing import service_router
from common.batches.item_isolation import answer_handover
from common.contracts import BatchResult
from common.gateway import ALERTS

router = service_router(ALERTS, "signals", "Received impacts, and rules tried on them.")


@router.post("/signals")
async def receive_signals(batch: SignalBatch, engine: EngineDep) -> BatchResult:
    """Evaluate every rule on 1 to 500 impacts, and open, join or amend alerts.

    Idempotent on (`article_id`, `revision`, `ticker`, `horizon_days`, `basis`): a repeated impact changes nothing. A
    higher revision amends the alerts that the impact is in; with `state` `retracted` it is removed from them. Each item
    is answered `stored`, `unchanged`, `superseded` or `rejected`.
    """
    return await answer_handover(engine.runtime, batch.impacts, partial(evaluation.receive, engine))


@router.post("/signals:evaluate")
async def evaluate_signals(request: EvaluationRequest, engine: EngineDep) -> EvaluationResult:
    """Try rules on impacts without storing anything: which match, and why or why not, condition by condition."""
    return await dry_run.evaluate(engine, request)
