"""The four images, built from the Dockerfile, and the system that runs from them: skipped unless asked for."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url

from common.gateway import NEWS_INGESTION, SERVICES
from tests.image.engine import STORAGE, Engine, missing
from tests.system import database_names

GATEWAY_PORT = 8000
VERSION = "0.0.0-test"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """buildah and podman; their storage stays, so that the base is made once."""
    if os.environ.get("IMAGE_TESTS") != "required":
        pytest.skip("building four images takes minutes: `make test-image` does it")
    reason = missing()
    if reason is not None:
        pytest.fail(reason)
    STORAGE.mkdir(parents=True, exist_ok=True)
    engine = Engine(STORAGE / "storage", STORAGE / "run")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def base_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the image that the four stand on."""
    return engine.make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def images(engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The image of each service, by its name."""
    pip_file = tmp_path_factory.mktemp("pip") / "pip.conf"
    return {service.name: engine.build(service, base_image, VERSION, pip_file) for service in SERVICES}


@dataclass
class ImageSystem:
    """The four containers in one network of their own, without a way out; each listens as its image says."""

    engine: Engine
    images: dict[str, str]
    environment: dict[str, str]
    mounts: dict[Path, str]
    containers: dict[str, str] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """Return the network that a container joins: the first one's, which has loopback and nothing else."""
        return f"container:{next(iter(self.containers.values()))}" if self.containers else "none"

    def pid(self, service: str) -> int:
        """Return the process of a service's container."""
        return int(self.engine.podman("inspect", "--format", "{{.State.Pid}}", self.containers[service]))

    def mia(self, service: str, *arguments: str) -> str:
        """Return what `mia` printed, in the container of a service that runs."""
        return self.engine.podman("exec", self.containers[service], "mia", *arguments)


@pytest.fixture(scope="session")
def image_system(engine: Engine, images: dict[str, str], postgres: str, redis: str) -> Iterator[ImageSystem]:
    """PostgreSQL and Redis of the test session, migrated from the images, and the four services on them."""
    database_folder, redis_file = Path(str(make_url(postgres).query["host"])), Path(redis.removeprefix("unix://"))
    for path in (database_folder, redis_file.parent, redis_file):
        path.chmod(0o777)
    url = make_url(postgres).set(query={"host": "/sockets/postgres"}).render_as_string(hide_password=False)
    environment = {
        "DATABASE_URL": url.replace("/postgres?", "/?"),
        "REDIS_URL": f"unix:///sockets/redis/{redis_file.name}",
        "SERVICE_TOKEN_SECRET": "the images' own secret of the tests",
        "SECRETS_KEY": "the images' own key of the tests: 32 or more",
        "GATEWAY_URL": f"http://127.0.0.1:{GATEWAY_PORT}",
        "OUTBOX_POLL_SECONDS": "0.2",
        **database_names(),
    }
    mounts = {database_folder: "/sockets/postgres", redis_file.parent: "/sockets/redis"}
    system = ImageSystem(engine, images, environment, mounts)
    for service in SERVICES:
        engine.start(images[service.name], "none", environment, mounts, "migrate")
    try:
        for service in SERVICES:
            system.containers[service.name] = engine.start(images[service.name], system.network, environment, mounts)
        yield system
    finally:
        for container in reversed(system.containers.values()):
            engine.podman("rm", "--force", "--time", "10", container)


@pytest.fixture(scope="session")
def api_key(image_system: ImageSystem) -> str:
    """A key that opens the four services, made as docs/operations/one-machine.md says."""
    return image_system.mia(NEWS_INGESTION.name, "keys", "create", "tests", "--scope", "admin").strip()
