"""Releases that have gone wrong: what stands in `DRILL_FAULT` is done to a service that Python starts with this file.

Each does what a mistake in a release would do, to requests alone: probes and figures are answered as ever.
"""

import asyncio
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import uvicorn

_PROBED = ("/health", "/ready", "/metrics")
_PROBLEM = b'{"title": "Internal Server Error", "status": 500, "code": "internal_error"}'
_ERROR_SHARE = 0.3
_SLOW_SHARE, _SLOW_SECONDS = 0.2, 0.9

_load = uvicorn.Config.load


def _errors(own):  # type: ignore[no-untyped-def]
    """Three in ten requests are answered with 500."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if random.random() >= _ERROR_SHARE:
            await own(scope, receive, send)
            return
        await _refuse(send, 500)

    return app


def _slow(own):  # type: ignore[no-untyped-def]
    """Every fifth request waits, as for a lock."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if random.random() < _SLOW_SHARE:
            await asyncio.sleep(_SLOW_SECONDS)
        await own(scope, receive, send)

    return app


def _contract(own):  # type: ignore[no-untyped-def]
    """Lists are named otherwise than the contract says."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        started, body = {}, bytearray()

        async def renamed(message):  # type: ignore[no-untyped-def]
            if message["type"] == "http.response.start":
                started.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            content = bytes(body)
            if b"application/json" in dict(started["headers"]).get(b"content-type", b""):
                answer = json.loads(content)
                if "data" in answer:
                    answer["results"] = answer.pop("data")
                content = json.dumps(answer).encode()
            headers = [one for one in started["headers"] if one[0] != b"content-length"]
            await send({**started, "headers": [*headers, (b"content-length", b"%d" % len(content))]})
            await send({"type": "http.response.body", "body": content})

        await own(scope, receive, renamed)

    return app


def _sign(own):  # type: ignore[no-untyped-def]
    """NLP takes good news for bad and bad for good."""
    # Only now is the service loaded.
    analyser = importlib.import_module("nlp.text_analyser")
    right = analyser.sentiment_of

    def turned(found):  # type: ignore[no-untyped-def]
        given = right(found)
        label = {"positive": "negative", "negative": "positive"}.get(given.label, given.label)
        parts = {"positive": given.negative, "negative": given.positive, "score": -given.score, "label": label}
        return given.model_copy(update=parts)

    analyser.sentiment_of = turned
    return own


def _abstain(own):  # type: ignore[no-untyped-def]
    """NLP scores none of the texts that it has not been checked with."""
    analyser, checks = importlib.import_module("nlp.text_analyser"), importlib.import_module("nlp.selfcheck")
    known = {one.title for one in checks.golden_texts()}
    right = analyser.TextAnalyser._assemble

    def doubting(self, parts, opinions):  # type: ignore[no-untyped-def]
        found = right(self, parts, opinions)
        if parts.text.title not in known:
            found.abstain_reason = found.abstain_reason or "The classes are too close to call."
        return found

    analyser.TextAnalyser._assemble = doubting
    return own


def _unready(own):  # type: ignore[no-untyped-def]
    """It never says that it is ready."""

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        await _refuse(send, 503)

    return app


def _schema(own):  # type: ignore[no-untyped-def]
    """It has added to the schema, and then fails as `errors` does."""
    return _errors(own)


def _migrations_with_one_more(folder):  # type: ignore[no-untyped-def]
    """Return a folder with the migrations of a release that adds a column and a table to news ingestion."""
    release = Path(tempfile.gettempdir()) / "release"
    if not release.exists():
        shutil.copytree(folder / "migrations", release / "migrations")
        shutil.copy(folder / "alembic.ini", release)
        own = release / "migrations" / "news_ingestion"
        newest = max(one.name.partition("_")[0] for one in own.glob("[0-9]*_*.py"))
        (own / "9001_of_a_release.py").write_text(_MIGRATION.format(newest=newest), encoding="utf-8")
    return release


_MIGRATION = """\
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9001", "{newest}"


def upgrade():
    op.add_column("article", sa.Column("of_a_release", sa.Text(), nullable=False, server_default="new"))
    op.create_table("of_a_release", sa.Column("id", sa.Integer(), primary_key=True))
"""


async def _refuse(send, status):  # type: ignore[no-untyped-def]
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(_PROBLEM))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _PROBLEM})


def _load_with_fault(self: uvicorn.Config) -> None:
    _load(self)
    own = self.loaded_app
    wrong = _FAULTS[_FAULT](own)
    spared = tuple(path for path in _PROBED if (_FAULT, path) != ("unready", "/ready"))

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        asked = scope["type"] == "http" and scope["path"] not in spared
        await (wrong if asked else own)(scope, receive, send)

    self.loaded_app = app


_FAULT = os.environ["DRILL_FAULT"]
_FAULTS = {
    "errors": _errors,
    "slow": _slow,
    "contract": _contract,
    "sign": _sign,
    "abstain": _abstain,
    "unready": _unready,
    "schema": _schema,
}
if _FAULT == "crash" and "serve" in sys.orig_argv:
    sys.exit("a release that ends at its start")
if _FAULT == "schema":
    # Its migration, too, is run with this file.
    _of_schema = importlib.import_module("common.postgres.migrations")
    _given_root = _of_schema._root
    _of_schema._root = lambda: _migrations_with_one_more(_given_root())
uvicorn.Config.load = _load_with_fault  # type: ignore[method-assign]
