"""Owners, configs, environments and trials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "unseen_owners",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("heartbeat", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_unseen_owners"),
    )
    for table in ("unseen_configs", "unseen_environments"):
        op.create_table(
            table,
            sa.Column("digest", sa.Text(), nullable=False),
            sa.Column("content", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("digest", name=f"pk_{table}"),
        )
    op.create_table(
        "unseen_trials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("metrics", sa.Text(), nullable=True),
        sa.Column("curves", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("peak_memory", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_unseen_trials"),
        sa.UniqueConstraint("study", "revision", "config", "condition", "seed", name="uq_unseen_trials_study"),
        sa.ForeignKeyConstraint(["config"], ["unseen_configs.digest"], name="fk_unseen_trials_config"),
        sa.ForeignKeyConstraint(["environment"], ["unseen_environments.digest"], name="fk_unseen_trials_environment"),
        sa.CheckConstraint("status IN ('running', 'done', 'failed')", name=op.f("ck_unseen_trials_status")),
        sa.CheckConstraint("(status = 'running') = (owner IS NOT NULL)", name=op.f("ck_unseen_trials_owner")),
        sa.CheckConstraint(
            "(status = 'done') = (metrics IS NOT NULL AND curves IS NOT NULL)", name=op.f("ck_unseen_trials_outcome")
        ),
    )
    op.create_index("ix_unseen_trials_owner", "unseen_trials", ["owner"])
