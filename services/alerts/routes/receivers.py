"""`/receivers`: who is notified."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from alerts.delivery.channels.registry import ReceiverCreate, ReceiverKind
from alerts.dependencies import EngineDep
from alerts.receivers import management
from alerts.repository import receivers
from alerts.repository.receivers import ReceiverRow
from alerts.schemas.receivers import (
    DeliveryRead,
    ReceiverCreated,
    ReceiverRead,
    SecretRotated,
)
from common.api.dependencies import ConnectionDep, ReadConnectionDep, TransactionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.errors import problems
from common.gateway import ALERTS
from common.postgres.paging import Page

ReceiverID = Annotated[UUID, Path(description="Identifier of the receiver.")]
router = service_router(ALERTS, "receivers", "Who is notified of alerts, and through which channel.")


@router.post("/receivers", status_code=201, responses=problems(409))
async def create_receiver(
    receiver: ReceiverCreate, transaction: TransactionDep, engine: EngineDep, conditional: ConditionalDep
) -> ReceiverCreated:
    """Create a receiver. The response contains the secret that signs its webhooks; it is never shown again.

    Webhooks follow Standard Webhooks 1.0: verify `webhook-signature`, and recognise repetitions by `webhook-id`.
    """
    row, secret = await management.create_receiver(engine, transaction, receiver)
    created = ReceiverCreated(**management.read_receiver(engine, row).model_dump(), secret=secret)
    conditional.tag(etag_of(created.receiver_id, created.revision))
    return created


@router.get("/receivers", responses=problems(404))
async def list_receivers(
    connection: ReadConnectionDep,
    engine: EngineDep,
    page: PageDep,
    kind: Annotated[ReceiverKind | None, Query(description="Only receivers of this kind.")] = None,
) -> Page[ReceiverRead]:
    """List receivers, the newest first."""
    rows = await receivers.list_receivers(connection, page, kind=kind)
    return page.answer(rows, key=lambda row: (row.receiver_id,), read=partial(management.read_receiver, engine))


@router.get("/receivers/{receiver_id}", responses=problems(404))
async def read_receiver(
    receiver_id: ReceiverID, connection: ReadConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> ReceiverRead:
    """Read a receiver, without its secret."""
    row = await management.required_receiver(connection, receiver_id)
    conditional.answer(etag_of(row.receiver_id, row.revision))
    return management.read_receiver(engine, row)


@router.put("/receivers/{receiver_id}", responses=problems(404, 409, 412))
async def replace_receiver(
    receiver_id: ReceiverID,
    receiver: ReceiverCreate,
    transaction: TransactionDep,
    engine: EngineDep,
    conditional: ConditionalDep,
) -> ReceiverRead:
    """Change a receiver; its secret stays. Enabling one that failed deliveries had disabled clears the reason.

    A secret as it is shown, with `***` for the hidden part, stays as it is, and so does the address of a webhook.
    """

    def require(row: ReceiverRow) -> None:
        conditional.require(etag_of(row.receiver_id, row.revision))

    row = await management.replace_receiver(engine, transaction, receiver_id, receiver, require=require)
    conditional.tag(etag_of(row.receiver_id, row.revision))
    return management.read_receiver(engine, row)


@router.delete("/receivers/{receiver_id}", status_code=204, responses=problems(404, 409, 412))
async def delete_receiver(
    receiver_id: ReceiverID, connection: ConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> None:
    """Delete a receiver that no rule notifies; what it was sent stays in the ledger."""
    row = await management.required_receiver(connection, receiver_id, for_update=True)
    conditional.require(etag_of(row.receiver_id, row.revision))
    await management.delete_receiver(engine, connection, row)


@router.post("/receivers/{receiver_id}:test", status_code=202, responses=problems(404, 409))
async def test_receiver(receiver_id: ReceiverID, connection: ConnectionDep, engine: EngineDep) -> DeliveryRead:
    """Send a test message; `GET /deliveries/{delivery_id}/attempts` then shows the outcome."""
    row = await management.required_receiver(connection, receiver_id)
    return DeliveryRead.model_validate(await management.test_receiver(engine, connection, row))


@router.post("/receivers/{receiver_id}:rotate-secret", responses=problems(404, 409))
async def rotate_secret(receiver_id: ReceiverID, connection: ConnectionDep, engine: EngineDep) -> SecretRotated:
    """Make a new secret and show it once. Until the overlap ends, webhooks carry signatures by both secrets."""
    row = await management.required_receiver(connection, receiver_id, for_update=True)
    return await management.rotate_secret(engine, connection, row)
