"""One database of one service: pooled connections to PostgreSQL and transactions that commit at the edge."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from common.errors import DatabaseUnavailable
from common.settings import ServiceSettings

Connection = AsyncConnection
# What opens a transaction when there is something to read or write, and not before.
Transaction = Callable[[], AbstractAsyncContextManager[Connection]]

_AFTER_COMMIT = "after_commit"


class Database:
    """The pool of one service, and the two ways to use it: `transaction()` to write, `reading()` to read.

    Notes
    -----
    Queries are SQLAlchemy Core on connections, not ORM sessions (docs/adr/0003): no identity map, no unit of work.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        timeout_seconds = settings.db_connection_timeout / 1000
        url = settings.sqlalchemy_url()
        connect_args: dict[str, object] = {
            "timeout": timeout_seconds,
            "server_settings": {"application_name": settings.service.kubernetes_name, "timezone": "UTC", "jit": "off"},
        }
        # A Unix socket has no TLS; asyncpg takes libpq's words for everything else.
        if "host" not in url.query:
            connect_args["ssl"] = settings.database_ssl_mode
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=settings.db_pool_max_size,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            pool_recycle=1800,
            connect_args=connect_args,
            # The text of a failed statement goes into logs; what it was to write does not.
            hide_parameters=True,
        )
        # The same pool; without BEGIN and COMMIT a read costs one round trip instead of three.
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction; it commits when the block ends and rolls back when the block raises."""
        async with _connected(self.engine) as connection:
            callbacks: list[Callable[[], None]] = []
            connection.info[_AFTER_COMMIT] = callbacks
            async with connection.begin():
                yield connection
            for callback in callbacks:
                callback()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Open a connection on which every statement is its own transaction; for reads."""
        async with _connected(self._autocommit) as connection:
            yield connection

    def connections_in_use(self) -> int:
        """Return how many connections of the pool are checked out."""
        pool = self.engine.sync_engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def connections_at_most(self) -> int:
        """Return how many connections the pool may have."""
        pool = self.engine.sync_engine.pool
        return pool.size() if isinstance(pool, QueuePool) else 0

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self.engine.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """Yield a connection of the pool; `DatabaseUnavailable` when none is to be had."""
    async with AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
        except (OSError, PoolTimeoutError, DBAPIError) as error:
            raise DatabaseUnavailable(error) from error
        yield connection


def within(connection: Connection) -> Transaction:
    """Return what opens no transaction of its own: `connection` is in one already."""

    @asynccontextmanager
    async def joined() -> AsyncIterator[Connection]:
        yield connection

    return joined


def after_commit(connection: Connection, callback: Callable[[], None]) -> None:
    """Call `callback` once the transaction of `connection` is committed, and not at all when it is rolled back."""
    connection.info[_AFTER_COMMIT].append(callback)
