"""A node dies with all that runs on it, the gateway too; another one takes over. The last test: a node is gone."""

import time

import httpx
import pytest

from tests.drill.releases import CALLS, Releases
from tests.drill.traffic import traffic
from tests.platform.support.api_server import until

pytestmark = pytest.mark.drill

AGAIN_SECONDS = 420.0
BEFORE_SECONDS = 10.0


def test_when_a_node_dies_all_answers_again_and_nothing_is_lost(releases: Releases) -> None:
    cluster = releases.cluster
    first, second = cluster.node, cluster.add_node(2)
    until(lambda: cluster.server.get("Node", second.name, None), 30.0, cluster.state)
    with traffic(releases.door, CALLS) as seen:
        time.sleep(BEFORE_SECONDS)
        first.stop()
        # As a cloud's controller does once the machine is gone.
        cluster.server.http.delete(cluster.server.path("v1", "Node", None, first.name)).raise_for_status()
    cluster.say(f"{first.name} is dead; {len(seen.article_ids)} articles were taken before")

    def answers() -> bool:
        try:
            door = releases.door
            with door.client() as http:
                return all(door.ask(http, one.method, one.path, one.body).is_success for one in CALLS)
        except (AssertionError, httpx.HTTPError):
            return False

    took = until(answers, AGAIN_SECONDS, cluster.state, pause=1.0)
    cluster.say(f"{second.name} answers for all services after {took:.0f} s")
    assert seen.article_ids
    releases.follow_articles(seen)
