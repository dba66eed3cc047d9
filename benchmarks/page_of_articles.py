"""CPU of a page of 20 articles against a FastAPI hello world, in the same process. Goal: at most 9 times."""

import json

from fastapi import FastAPI
from measuring import RUNS, call, cpu_microseconds, median, report, run, running_service

N_ARTICLES = 1_000
REPEAT = 200


def articles(first: int, count: int) -> bytes:
    """Return the body of a POST with `count` articles."""
    items = [
        {
            "title": f"Company {number} reports quarterly profit of {number} million on demand for {number * 7}",
            "url": f"https://bench.example/{number}",
            "published_at": "2026-01-05T14:30:00Z",
        }
        for number in range(first, first + count)
    ]
    return json.dumps({"articles": items}).encode()


async def main() -> None:
    """Measure and report."""
    hello = FastAPI()

    @hello.get("/hello")
    async def say_hello() -> dict[str, str]:
        return {"message": "hello"}

    async with running_service("news_ingestion") as (app, _):
        for first in range(0, N_ARTICLES, 500):
            await call(app, "POST", "/news/v1/articles", body=articles(first, 500))
        hellos, pages = [], []
        for _ in range(RUNS):
            hellos.append(await cpu_microseconds(lambda: call(hello, "GET", "/hello"), REPEAT))
            pages.append(await cpu_microseconds(lambda: call(app, "GET", "/news/v1/articles", "limit=20"), REPEAT))
    ratio = median(pages) / median(hellos)
    report("page of 20 / hello, CPU", ratio, "<= 9", f"page {median(pages):.0f} us", f"hello {median(hellos):.0f} us")


if __name__ == "__main__":
    run(main)
