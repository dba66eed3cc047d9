"""Price bars in and out."""

from tests.builders.market import analysis_body
from tests.integration.market_impact.conftest import ACME, DAYS, MARKET, StartImpact, at, impacts, post, put_bars, read

HEADER = "ticker,date,open,high,low,close,adj_close,volume\n"
CSV = {"Content-Type": "text/csv"}


async def test_an_upload_is_idempotent(impact: StartImpact) -> None:
    async with impact(given=[]) as service:
        first, again = await put_bars(service, ACME), await put_bars(service, ACME)

        assert (first["inserted"], first["updated"], first["unchanged"]) == (len(ACME), 0, 0)
        assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, len(ACME))


async def test_csv_is_taken_and_a_bad_row_reported(impact: StartImpact) -> None:
    async with impact(given=[]) as service:
        text = HEADER + "ACME,2025-01-02,1,2,0.5,1.5,1.4,7\nACME,2025-01-03,-1,2,0.5,1.5,1.4,7\n"

        response = await service.client.put("/impact/v1/bars", content=text, headers=CSV)

        assert response.json() == {
            "received": 2,
            "inserted": 1,
            "updated": 0,
            "unchanged": 0,
            "rejected": 1,
            "errors": [{"index": 1, "detail": "open: a number above 0"}],
        }
        assert (await read(service, "/bars"))["data"] == [
            {
                "ticker": "ACME",
                "date": "2025-01-02",
                "open": 1.0,
                "high": 2.0,
                "low": 0.5,
                "close": 1.5,
                "adjusted_close": 1.4,
                "volume": 7,
            }
        ]


async def test_bodies_that_hold_no_bars_are_problems(impact: StartImpact) -> None:
    async with impact(given=[]) as service:
        client, json_type = service.client, {"Content-Type": "application/json"}

        assert (await client.put("/impact/v1/bars", content="x,y\n", headers=CSV)).status_code == 422
        assert (await client.put("/impact/v1/bars", content=b"\xff", headers=CSV)).status_code == 400
        assert (await client.put("/impact/v1/bars", content=b"{", headers=json_type)).status_code == 400
        assert (await client.put("/impact/v1/bars", json={"bars": []})).status_code == 422
        assert (await client.put("/impact/v1/bars", content=b"x", headers={"Content-Type": "a/b"})).status_code == 415


async def test_bars_are_listed_by_ticker_and_date_in_pages(impact: StartImpact) -> None:
    async with impact() as service:
        query = {"ticker": "ACME", "date_from": DAYS[10].isoformat(), "date_to": DAYS[14].isoformat(), "limit": 3}

        page = await read(service, "/bars", **query)
        rest = await read(service, "/bars", **query, cursor=page["next_cursor"])

        found = [bar["date"] for bar in page["data"] + rest["data"]]
        assert found == [day.isoformat() for day in reversed(DAYS[10:15])]
        assert rest["next_cursor"] is None


async def test_changed_bars_are_seen_by_the_next_estimate(impact: StartImpact) -> None:
    async with impact() as service:
        await post(service, analysis_body("before", at(DAYS[200])))
        wilder = [
            bar | {"close": bar["close"] * factor, "adjusted_close": bar["close"] * factor, "high": bar["high"] * 2}
            for number, bar in enumerate(ACME)
            for factor in (1.05 if number % 2 else 1.0,)
        ]

        await put_bars(service, wilder)
        await post(service, analysis_body("later", at(DAYS[200])))

        later, before = await impacts(service, basis="reaction")
        assert later["interval"]["high"] > 1.5 * before["interval"]["high"]


async def test_a_benchmark_that_comes_later_ends_the_abstention(impact: StartImpact) -> None:
    async with impact(given=ACME) as service:
        await post(service, analysis_body("before", at(DAYS[200])))
        await put_bars(service, MARKET)
        await post(service, analysis_body("later", at(DAYS[200])))

        later, before = await impacts(service, basis="reaction")
        assert before["abstain_reason"] == "no_benchmark_prices"
        assert not later["abstained"]
