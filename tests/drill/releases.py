"""Releases by commits, under traffic: what each rollout went through, and what its clients saw meanwhile."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

from charts.rendering import NAMESPACE
from common.gateway import SERVICES
from tests.drill.cluster import Cluster
from tests.drill.report import Report
from tests.drill.timeline import Timeline, recorded
from tests.drill.traffic import Call, Door, Traffic, is_good, traffic
from tests.platform.support.api_server import until

HOST = "staging-api.example.com"
_TEXT = {"texts": [{"title": "Apple shares jump as quarterly profit beats estimates"}]}
CALLS = [
    Call("news-ingestion", "GET", "/news/v1/articles"),
    Call("nlp-processing", "POST", "/nlp/v1/texts:analyze", _TEXT),
    Call("nlp-processing", "GET", "/nlp/v1/analyses"),
    Call("market-impact", "GET", "/impact/v1/impacts"),
    Call("alert-signal", "GET", "/alerts/v1/rules"),
]
# The block of the chart's values for each service.
BLOCKS = {service.kubernetes_name: service.name for service in SERVICES}
GOOD = ""
# A release changes these for itself alone.
_USUAL: dict[str, object] = {
    "flagger.gate": "none",
    "flagger.skipAnalysis": False,
    "monitoring.podMonitor": True,
    **{f"services.{block}.traffic": {} for block in BLOCKS.values()},
}
_ROLLOUT_SECONDS = 420.0
_HANDED_ON_SECONDS = 90.0
_TOLD_SECONDS = 20.0


@dataclass
class Rollout:
    """One release of one or more services, from its commit to its end.

    Parameters
    ----------
    statuses : what the clients of each service were answered.
    """

    timelines: dict[str, Timeline]
    phases: dict[str, str]
    statuses: dict[str, Counter[int | str]]

    def weights(self, name: str) -> list[int]:
        """Return the weights that the canary had, each once, rising."""
        return sorted({one.weight for one in self.timelines[name].moments})

    def is_taken_back(self, name: str, cluster: Cluster) -> bool:
        """Return whether a service's release failed and its canary has no traffic any more."""
        return self.phases[name] == "Failed" and cluster.canary(name)["canaryWeight"] == 0

    def failed_share(self, name: str) -> float:
        """Return the share of a service's requests that was not answered by 2xx."""
        found = self.statuses[name]
        bad = sum(n for status, n in found.items() if not is_good(status))
        return bad / max(1, found.total())


@dataclass
class Releases:
    """Releases one after the other, each with a version of its own."""

    cluster: Cluster
    report: Report
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def door(self) -> Door:
        """Return where the clients come in."""
        return Door(self.cluster.gateway(), HOST, self.cluster.key)

    def release(self, title: str, versions: Mapping[str, str], **changes: object) -> Rollout:
        """Release services in a new version, follow the rollouts to their ends, and check that no article was lost.

        Parameters
        ----------
        versions : what is wrong with the new version of each service, or `GOOD`.
        changes : values besides, with `__` for each dot of their path.
        """
        with self.begun(title, versions, **changes) as rollout:
            self.cluster.wait_for_end([*versions], _ROLLOUT_SECONDS)
        return rollout

    @contextmanager
    def begun(self, title: str, versions: Mapping[str, str], **changes: object) -> Iterator[Rollout]:
        """Release, and leave it to the block to bring the rollouts to their ends; afterwards it is complete."""
        cluster, names, number = self.cluster, [*versions], next(self._numbers)
        tags = {name: f"0.1.{number}{f'-{fault}' if fault else ''}" for name, fault in versions.items()}
        values = _USUAL | {f"services.{BLOCKS[name]}.image.tag": tag for name, tag in tags.items()}
        values |= {path.replace("__", "."): value for path, value in changes.items()}
        cluster.say(f"{title}: {', '.join(f'{name} {tag}' for name, tag in tags.items())}")
        with traffic(self.door, CALLS) as seen:
            with ExitStack() as stack:
                timelines = {
                    name: stack.enter_context(recorded(cluster, name, f"{title}: {name}", seen)) for name in names
                }
                rollout = Rollout(timelines, {}, {})
                at = time.monotonic()
                cluster.release(title, values)
                try:
                    yield rollout
                finally:
                    self.report.timelines += timelines.values()
            rollout.phases.update({name: cluster.canary(name)["phase"] for name in names})
            rollout.statuses.update({name: seen.statuses(at, name) for name in BLOCKS})
        for name in names:
            answers = {str(status): n for status, n in rollout.statuses[name].items()}
            cluster.say(f"{name}: {rollout.phases[name]}, weights {rollout.weights(name)}, clients saw {answers}")
        self._read_inbox(rollout)
        self.follow_articles(seen)

    def _read_inbox(self, rollout: Rollout) -> None:
        """Look for what Flagger told of each rollout's end, as an alert of the system's own."""
        door, wanted = self.door, {f"Canary {NAMESPACE}/{name} {end}" for name, end in rollout.phases.items()}
        with door.client() as http:

            def missing() -> set[str]:
                alerts = door.ask(http, "GET", "/alerts/v1/alerts?kind=system").raise_for_status().json()["data"]
                return wanted - {one["title"].partition(":")[0] for one in alerts}

            until(lambda: not missing(), _TOLD_SECONDS, lambda: f"the inbox lacks {missing()}")

    def follow_articles(self, seen: Traffic) -> None:
        """Look for every article that was taken: analysed once, and its impacts once each."""
        door, missing = self.door, list(dict.fromkeys(seen.article_ids))
        assert len(missing) == len(seen.article_ids), "two articles of one id"
        with door.client() as http:

            def are_there() -> bool:
                missing[:] = [one for one in missing if not _is_through(door, http, one)]
                return not missing

            until(are_there, _HANDED_ON_SECONDS, lambda: f"of {len(seen.article_ids)} articles are lost: {missing[:9]}")
        self.cluster.say(f"{len(seen.article_ids)} articles that were taken are analysed and scored, none twice")


def _is_through(door: Door, http: httpx.Client, article_id: str) -> bool:
    if door.ask(http, "GET", f"/nlp/v1/analyses/{article_id}").status_code != httpx.codes.OK:
        return False
    impacts = door.ask(http, "GET", f"/impact/v1/impacts?article_id={article_id}")
    if impacts.status_code != httpx.codes.OK:
        return False
    scored = [(one["ticker"], one["horizon_days"], one["basis"]) for one in impacts.json()["data"]]
    assert len(scored) == len(set(scored)), f"scored twice: {scored}"
    return True
