"""Scripts in Redis: an outage is no answer, never an error, and is counted."""

from prometheus_client import CollectorRegistry

from common.access.redis_scripts import RedisScripts


async def test_an_outage_is_no_answer_and_is_counted() -> None:
    registry = CollectorRegistry()
    async with RedisScripts("redis://127.0.0.1:9/0", "test", registry) as scripts:
        answer = await scripts.run("return 1", "n", ())

    assert answer is None
    assert registry.get_sample_value("redis_failures_total") == 1


async def test_without_redis_there_is_no_answer_and_no_failure() -> None:
    registry = CollectorRegistry()
    async with RedisScripts(None, "test", registry) as scripts:
        answer = await scripts.run("return 1", "n", ())

    assert not scripts.is_configured
    assert answer is None
    assert registry.get_sample_value("redis_failures_total") == 0
