"""Swagger UI under every prefix, from files that are installed with the service: it opens without the internet."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from common.api.answer_headers import content_security_policy, source_of
from common.gateway import Service


def install_docs_page(app: FastAPI, service: Service) -> None:
    """Serve Swagger UI at `<prefix>/docs`."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package fastapi-offline, which carries Swagger UI, is not installed")
    assets = f"{service.prefix}/docs/assets"
    app.mount(assets, StaticFiles(directory=Path(spec.origin).parent / "static"), name="docs-assets")

    page = get_swagger_ui_html(
        openapi_url=f"{service.prefix}/openapi.json",
        title=app.title,
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True, "filter": True},
    )
    html = bytes(page.body).decode()
    policy = content_security_policy(
        script_src=" ".join(["'self'", *map(source_of, _inline_scripts(html))]),
        # Swagger UI writes styles as it goes.
        style_src="'self' 'unsafe-inline'",
        # Its icons, and the pictures that a tried request answers.
        img_src="'self' data: blob:",
        connect_src="'self'",
    )

    @app.get(f"{service.prefix}/docs", include_in_schema=False)
    async def read_docs() -> HTMLResponse:
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def _inline_scripts(html: str) -> list[str]:
    """Return what stands in the scripts of a page that are part of it."""
    return [part.partition("</script>")[0] for part in html.split("<script>")[1:]]
