"""What the parts of a running service stand on."""

from dataclasses import dataclass

from common.clock import Clock
from common.postgres.database import Database
from common.postgres.tables import CommonTables
from common.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Foundation:
    """The settings of a service, its clock, its database, and the tables there that every service has."""

    settings: ServiceSettings
    clock: Clock
    database: Database
    tables: CommonTables
