"""What every service does alike, tried on the toy service."""

from uuid import uuid4

import httpx

from tests.asgi_requests import send_raw
from tests.conftest import StartService

PROBLEM_FIELDS = {"type", "title", "status", "detail", "instance", "code", "errors", "request_id", "trace_id"}


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert set(body) == PROBLEM_FIELDS
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response.headers["x-request-id"]
    return body


async def test_every_failure_is_a_problem_body(toy: StartService) -> None:
    async with toy() as service:
        client = service.client
        json_type = {"Content-Type": "application/json"}

        assert_problem(await client.get("/nowhere"), 404, "not_found")
        assert_problem(await client.get(f"/toy/v1/notes/{uuid4()}"), 404, "not_found")
        assert_problem(await client.post("/toy/v1/notes", content=b"{", headers=json_type), 400, "malformed_json")
        assert_problem(await client.post("/toy/v1/notes", json={"text": 1}), 422, "invalid_request")
        assert_problem(await client.post("/toy/v1/notes:batch", json={"notes": [{}] * 501}), 422, "invalid_request")
        assert_problem(await client.get("/toy/v1/notes", params={"cursor": "x"}), 404, "unknown_cursor")
        assert_problem(await client.get("/toy/v1/notes", params={"q": "\x00"}), 422, "invalid_request")
        assert_problem(
            await client.post("/toy/v1/notes", content=b"<a/>", headers={"Content-Type": "text/xml"}),
            415,
            "unsupported_media_type",
        )
        assert_problem(
            await client.post("/toy/v1/notes", content=b"x" * (6 * 1024 * 1024), headers=json_type),
            413,
            "body_too_large",
        )


async def test_a_wrong_method_names_every_allowed_one(toy: StartService) -> None:
    async with toy() as service:
        response = await service.client.patch("/toy/v1/notes")

        assert_problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == "GET, POST"


async def test_a_bug_tells_nothing_of_the_inside(toy: StartService) -> None:
    async with toy() as service:
        response = await service.client.get("/toy/v1/broken")

        assert_problem(response, 500, "internal_error")
        assert "hunter2" not in response.text


async def test_a_failed_commit_is_a_failed_request(toy: StartService) -> None:
    async with toy() as service:
        response = await service.client.post("/toy/v1/notes", json={"text": "break the commit"})

        assert_problem(response, 503, "database_unavailable")
        assert (await service.client.get("/toy/v1/notes")).json()["data"] == []


async def test_one_bad_item_fails_no_other(toy: StartService) -> None:
    async with toy() as service:
        batch = {"notes": [{"text": "good"}, {"text": ""}, "nonsense", {"text": "also good"}]}

        answers = (await service.client.post("/toy/v1/notes:batch", json=batch)).json()["data"]

        assert [answer["status"] for answer in answers] == ["stored", "rejected", "rejected", "stored"]
        assert answers[1]["error"]["errors"][0]["loc"] == ["text"]


async def test_pages_cover_a_list_once_while_rows_arrive(toy: StartService) -> None:
    async with toy() as service:
        client = service.client
        await client.post("/toy/v1/notes:batch", json={"notes": [{"text": str(number)} for number in range(7)]})

        first = (await client.get("/toy/v1/notes", params={"limit": 3})).json()
        await client.post("/toy/v1/notes", json={"text": "late"})
        second = (await client.get("/toy/v1/notes", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        third = (await client.get("/toy/v1/notes", params={"limit": 3, "cursor": second["next_cursor"]})).json()

        texts = [note["text"] for page in (first, second, third) for note in page["data"]]
        assert sorted(texts) == [str(number) for number in range(7)]
        assert third["next_cursor"] is None


async def test_conditional_requests_spare_readers_and_stop_late_writers(toy: StartService) -> None:
    async with toy() as service:
        client = service.client
        note_id = (await client.post("/toy/v1/notes", json={"text": "first"})).json()["note_id"]
        read = await client.get(f"/toy/v1/notes/{note_id}")
        tag = read.headers["etag"]

        unchanged = await client.get(f"/toy/v1/notes/{note_id}", headers={"If-None-Match": tag})
        changed = await client.put(f"/toy/v1/notes/{note_id}", json={"text": "second"}, headers={"If-Match": tag})
        late = await client.put(f"/toy/v1/notes/{note_id}", json={"text": "third"}, headers={"If-Match": tag})

        assert unchanged.status_code == 304
        assert unchanged.content == b""
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
        assert_problem(late, 412, "precondition_failed")


async def test_an_idempotency_key_creates_once(toy: StartService) -> None:
    async with toy() as service:
        client, key = service.client, {"Idempotency-Key": "order-1"}

        first = await client.post("/toy/v1/notes", json={"text": "once"}, headers=key)
        again = await client.post("/toy/v1/notes", json={"text": "once"}, headers=key)
        other = await client.post("/toy/v1/notes", json={"text": "other"}, headers=key)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert_problem(other, 422, "idempotency_key_reused")
        assert len((await client.get("/toy/v1/notes")).json()["data"]) == 1


async def test_probes_metrics_docs_and_counts_answer(toy: StartService) -> None:
    async with toy() as service:
        client = service.client
        await client.post("/toy/v1/notes", json={"text": "one"})

        health = await client.get("/health")
        metrics = await client.get("/metrics")
        page = await client.get("/toy/docs")
        script = await client.get("/toy/docs/assets/swagger-ui-bundle.js")
        counts = await client.get("/toy/v1/counts")

        assert health.json()["status"] == "ok"
        assert "database_connection_pool_active" in metrics.text
        assert 'handler="/toy/v1/notes"' in metrics.text
        assert "/toy/openapi.json" in page.text
        assert script.status_code == 200
        assert counts.json()["counts"] == {"notes": 1}


async def test_a_service_is_ready_once_its_schema_is_the_newest(start_service: StartService, toy: StartService) -> None:
    async with start_service("alerts") as service:
        ready = await service.client.get("/ready")
    async with toy() as service:
        unready = await service.client.get("/ready")

    assert ready.json()["checks"] == {"database": "ok"}
    assert_problem(unready, 503, "not_ready")
    assert unready.json()["detail"].startswith("database: RuntimeError: no migrations of toy")


async def test_a_request_id_and_a_trace_are_carried_on(toy: StartService) -> None:
    async with toy() as service:
        trace = "0af7651916cd43dd8448eb211c80319c"
        headers = {"X-Request-ID": "desk-42", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}

        await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": "traced"}]}, headers=headers)
        await service.neighbour.wait_for_items(1)

        handed_over = service.neighbour.requests[0].headers
        assert handed_over["x-request-id"] == "desk-42"
        assert handed_over["traceparent"].split("-")[1] == trace


CONSTANT_HEADERS = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


async def test_every_answer_tells_browsers_what_they_may_not_do(toy: StartService) -> None:
    async with toy(stream_max_seconds=0.01) as service:
        client = service.client
        key = {"Idempotency-Key": "once"}
        created = await client.post("/toy/v1/notes", json={"text": "a"}, headers=key)
        path = f"/toy/v1/notes/{created.json()['note_id']}"
        read = await client.get(path)
        answers = [
            created,
            await client.post("/toy/v1/notes", json={"text": "a"}, headers=key),
            read,
            await client.get(path, headers={"If-None-Match": read.headers["etag"]}),
            await client.get("/nowhere"),
            await client.post("/toy/v1/notes", content=b"{", headers={"Content-Type": "application/json"}),
            await client.get("/toy/v1/broken"),
            await client.get("/toy/v1/stream"),
            await client.get("/metrics"),
            await client.get("/toy/docs"),
            await client.get("/toy/docs/assets/swagger-ui.css"),
        ]

    assert [answer.status_code for answer in answers] == [201, 201, 200, 304, 404, 400, 500, 200, 200, 200, 200]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in CONSTANT_HEADERS} == CONSTANT_HEADERS, answer.url
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers.get_list("x-request-id")) == 1


async def test_no_cache_keeps_what_a_write_answers_and_none_shares_what_is_read(toy: StartService) -> None:
    async with toy() as service:
        key = {"Idempotency-Key": "once"}
        answers = [await service.client.post("/toy/v1/notes", json={"text": "a"}, headers=key) for _ in range(2)]
        read = await service.client.get("/toy/v1/notes")

    assert answers[1].headers["idempotent-replayed"] == "true"
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store", "no-store"]
    assert read.headers["cache-control"] == "private, no-cache"


async def test_a_length_that_no_body_has_is_malformed(toy: StartService) -> None:
    async with toy() as service:
        for length in (b"-1", b"1e3", b"\xb2", b"9" * 5_000, b" "):
            headers = [(b"host", b"test"), (b"content-length", length)]

            answer = await send_raw(service.app, "GET", "/toy/v1/notes", headers=headers)

            assert answer.status == 400
            assert b'"malformed_request"' in answer.body
