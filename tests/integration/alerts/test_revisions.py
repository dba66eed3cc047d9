"""Corrections and retractions of impacts, whatever the order: an alert holds what its newest revision matches."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import text

from alerts.evaluation import receive
from common.contracts import BatchResult, Impact
from common.postgres.database import Connection
from tests.builders.impacts import impact
from tests.integration.interleaving import Interleaving, Story, on_stage, play

_RULES = (
    {"name": "by ticker", "group_by": ["ticker"], "when": {"min_impact_score": 50}},
    {"name": "by direction", "group_by": ["direction"], "when": {"min_impact_score": 70}},
)


class Signals(Interleaving[Impact]):
    """Alerts: each impact is in the alerts of the rules that its newest revision matches, and active in no other."""

    def publish(self, story: Story[Impact], draw: Callable[[st.SearchStrategy[Any]], Any]) -> Impact:
        revision = len(story.revisions) + 1
        state = "created" if revision == 1 else draw(st.sampled_from(["revised", "revised", "retracted"]))
        return impact(
            article_id=story.article_id,
            revision=revision,
            state=state,
            impact_score=draw(st.sampled_from([10.0, 60.0, 90.0])),
            direction=draw(st.sampled_from(["up", "down"])),
        )

    async def work(self, connection: Connection, items: Sequence[Impact]) -> BatchResult:
        return await receive(self.service.engine, connection, items)

    async def held(self, connection: Connection, article_id: UUID) -> dict[int, tuple[set[str], bool]]:
        found = await connection.execute(
            text("SELECT revision, signal_id FROM signal WHERE article_id = :article_id"), {"article_id": article_id}
        )
        return {row.revision: ({str(row.signal_id)}, True) for row in found}

    async def check_story(self, connection: Connection, story: Story[Impact]) -> None:
        if not story.delivered:
            return
        newest = story.revisions[max(story.delivered) - 1]
        found = await connection.execute(
            text(
                "SELECT a.rule_name, a.group_labels FROM alert_signal l JOIN alert a USING (alert_id) "
                "JOIN signal s USING (signal_id) WHERE s.article_id = :article_id AND l.is_active"
            ),
            {"article_id": story.article_id},
        )
        active = sorted((row.rule_name, *row.group_labels.values()) for row in found)
        wanted = []
        if newest.state != "retracted":
            wanted += [("by direction", newest.direction)] if newest.impact_score >= 70 else []
            wanted += [("by ticker", newest.ticker)] if newest.impact_score >= 50 else []
        assert active == sorted(wanted)
        document = await connection.scalar(
            text("SELECT document FROM signal WHERE article_id = :article_id"), {"article_id": story.article_id}
        )
        assert Impact.model_validate_json(document or "") == newest


def test_the_newest_revision_holds_whatever_the_order_and_whoever_delivers(
    postgres: str, redis: str, migrated_template: Callable[[str], Any]
) -> None:
    with on_stage("alerts", postgres, redis, migrated_template, seed_default_rules=False) as stage:
        for rule in _RULES:
            body = {"group_wait_seconds": 0, "receivers": [], **rule}
            created = stage.runner.run(stage.service.client.post("/alerts/v1/rules", json=body))
            assert created.status_code == 201, created.text
        play(Signals, stage)
