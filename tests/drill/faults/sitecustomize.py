"""Releases that have gone wrong: what stands in `DRILL_FAULT` is done to a service that Python starts with this file.

Each does what a mistake in a release would do, to requests alone: probes and figures are answered as ever.
"""

import asyncio
import importlib
import json
import os
import random
import sys

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
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(_PROBLEM))]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": _PROBLEM})

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


def _load_with_fault(self: uvicorn.Config) -> None:
    _load(self)
    own = self.loaded_app
    wrong = _FAULTS[os.environ["DRILL_FAULT"]](own)

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        asked = scope["type"] == "http" and scope["path"] not in _PROBED
        await (wrong if asked else own)(scope, receive, send)

    self.loaded_app = app


_FAULTS = {"errors": _errors, "slow": _slow, "contract": _contract, "sign": _sign}
if os.environ["DRILL_FAULT"] == "crash":
    sys.exit("a release that ends at its start")
uvicorn.Config.load = _load_with_fault  # type: ignore[method-assign]
