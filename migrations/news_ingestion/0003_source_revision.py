"""Sources: `revision` beside `version`.

The previous release reads and writes `version`, this one `revision`. A trigger keeps the two the same, whichever is
written: neither is given by both releases. `version` goes when no release uses it any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEEP_VERSION_IN_STEP = """
CREATE FUNCTION keep_version_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.revision := COALESCE(NEW.revision, NEW.version);
        NEW.version := NEW.revision;
    ELSIF NEW.revision IS DISTINCT FROM OLD.revision THEN
        NEW.version := NEW.revision;
    ELSE
        NEW.revision := NEW.version;
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute(_KEEP_VERSION_IN_STEP)
    op.add_column("source", sa.Column("revision", sa.Integer(), nullable=True))
    columns = sa.table("source", sa.column("revision"), sa.column("version"))
    op.execute(columns.update().values(revision=columns.c.version))
    op.execute(
        "CREATE TRIGGER keep_version_in_step BEFORE INSERT OR UPDATE ON source "
        "FOR EACH ROW EXECUTE FUNCTION keep_version_in_step()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_version_in_step ON source")
    op.drop_column("source", "revision")
    op.execute("DROP FUNCTION keep_version_in_step()")
