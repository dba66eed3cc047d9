"""A release that answers three in ten requests with 500, as a mistake in a handler would."""

import random

import uvicorn

_SHARE = 0.3
_ANSWER = b'{"title": "Internal Server Error", "status": 500, "code": "internal_error"}'
_PROBED = ("/health", "/ready", "/metrics")

_begin = uvicorn.Config.load


def _load(self: uvicorn.Config) -> None:
    _begin(self)
    own = self.loaded_app

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        asked = scope["type"] == "http" and scope["path"] not in _PROBED
        if not asked or random.random() >= _SHARE:
            await own(scope, receive, send)
            return
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(_ANSWER))]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": _ANSWER})

    self.loaded_app = app


uvicorn.Config.load = _load  # type: ignore[method-assign]
