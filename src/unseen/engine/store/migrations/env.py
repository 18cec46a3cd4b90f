"""Run by Alembic: hands it the connection that `unseen.engine.store.schema` has opened, inside its transaction."""

from __future__ import annotations

from alembic import context

from unseen.engine.store.tables import Base


def main() -> None:
    """Run the migrations that Alembic has chosen."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=Base.metadata,
        version_table=attributes["version_table"],
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):  # absent when the file is only imported, as documentation tools do
    main()
