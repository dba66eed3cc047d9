"""Server-sent events: a client resumes where it stopped and is told when the log no longer reaches back."""

from datetime import timedelta

from sqlalchemy import update

from tests.conftest import RunningService, StartService


async def post_notes(service: RunningService, *texts: str) -> None:
    await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": text} for text in texts]})


async def read_stream(
    service: RunningService, headers: dict[str, str] | None = None, **params: str
) -> list[dict[str, str]]:
    """Read a stream until the server ends it, and return its events."""
    body = (await service.client.get("/toy/v1/stream", headers=headers, params=params)).text
    blocks = [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line) for block in body.split("\n\n")]
    return [block for block in blocks if "event" in block]


async def test_a_client_resumes_after_the_last_event_it_saw(toy: StartService) -> None:
    async with toy(stream_max_seconds=0.2) as service:
        await post_notes(service, "a", "b", "c")

        everything = await read_stream(service, {"Last-Event-ID": "0-0"})
        rest = await read_stream(service, {"Last-Event-ID": everything[-2]["id"]})

        notes = [event for event in everything if event["event"] == "note.created"]
        assert [event["data"] for event in notes] == ['{"text":"a"}', '{"text":"b"}', '{"text":"c"}']
        assert [event["data"] for event in rest] == ['{"text":"c"}']


async def test_a_stream_can_be_narrowed_to_named_events(toy: StartService) -> None:
    async with toy(stream_max_seconds=0.2) as service:
        await post_notes(service, "a")

        events = await read_stream(service, {"Last-Event-ID": "0-0"}, event="note.deleted")

        assert [event["event"] for event in events] == ["gap"]


async def test_a_gap_is_announced_when_the_log_no_longer_reaches_back(toy: StartService) -> None:
    async with toy(stream_max_seconds=0.2) as service:
        await post_notes(service, "old")
        (old,) = (await read_stream(service, {"Last-Event-ID": "0-0"}))[1:]
        await post_notes(service, "new")
        events = service.runtime.tables.event
        async with service.database.transaction() as connection:
            long_ago = service.runtime.clock.now() - timedelta(days=2)
            await connection.execute(
                update(events).where(events.c.data == '{"text":"old"}').values(created_at=long_ago)
            )
        await service.runtime.events.prune()

        resumed = await read_stream(service, {"Last-Event-ID": old["id"]})

        assert [event["event"] for event in resumed] == ["gap", "note.created"]


async def test_a_foreign_event_id_is_refused(toy: StartService) -> None:
    async with toy(stream_max_seconds=0.2) as service:
        response = await service.client.get("/toy/v1/stream", headers={"Last-Event-ID": "abc"})

        assert response.status_code == 422
        assert response.json()["code"] == "invalid_request"
