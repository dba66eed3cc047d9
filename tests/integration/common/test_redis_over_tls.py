"""Redis behind TLS: encrypted without a question, or only where its certificate is one that the system trusts."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.access.redis_scripts import RedisScripts
from tests.emulators.tcp_proxy import TCPProxy
from tests.toy_service import Settings

_TRIES = 3


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """What a server shows that signed its own certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing; Debian's package of that name has it")
    key, shown = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", "-x509", *new_key, *names, "-out", shown], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, key)
    return context


@pytest.mark.parametrize(
    ("tls", "trusts", "answer"),
    [
        ("disable", True, None),
        ("require", False, [7]),
        ("verify-full", False, None),
        ("verify-full", True, [7]),
    ],
)
async def test_redis_answers_whom_the_settings_let_trust_it(
    tls: str,
    trusts: bool,
    answer: list[int] | None,
    redis: str,
    certificate: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trusts:
        # Where OpenSSL looks for the authorities of the system.
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    proxy = TCPProxy(lambda: asyncio.open_unix_connection(redis.removeprefix("unix://").partition("?")[0]))
    await proxy.start(certificate)
    try:
        address = Settings(redis_host="localhost", redis_port=proxy.port, redis_tls=tls).redis_address()
        async with RedisScripts(address, "test", CollectorRegistry()) as scripts:
            answers = [await scripts.run("return {7}", "n", ())]
            # A busy machine may need longer for a handshake than is waited; then Redis is left alone for a second.
            while answers[-1] is None and len(answers) < _TRIES:
                await asyncio.sleep(1.05)
                answers.append(await scripts.run("return {7}", "n", ()))
        assert answers[-1] == answer
    finally:
        await proxy.stop()
