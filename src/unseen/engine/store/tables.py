"""The tables of the relational store. Whoever changes them adds a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UTCDateTime(TypeDecorator[datetime]):
    """A date with time zone, in UTC on both sides; SQLite, which knows no time zones, holds it without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From UTC, or from the time zone that the server's session happens to have."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The tables, each with a prefix, because a server's database may be shared with other programs."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


class OwnerRow(Base):
    """A process that claims trials."""

    __tablename__ = "unseen_owners"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[str] = mapped_column(Text)
    heartbeat: Mapped[datetime] = mapped_column(UTCDateTime)


class ConfigRow(Base):
    """The identity fields of a config under their hash, as JSON."""

    __tablename__ = "unseen_configs"

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class EnvironmentRow(Base):
    """An environment that trials ran in under its hash, as JSON."""

    __tablename__ = "unseen_environments"

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class TrialRow(Base):
    """A trial: running, and then `owner` says whose it is, or finished.

    A failed trial that was claimed again keeps error and date until it finishes, so that it can be restored.
    Metrics and curves are JSON with NaN and Infinity, which the databases' own JSON types refuse; hence text.
    """

    __tablename__ = "unseen_trials"
    __table_args__ = (
        UniqueConstraint("study", "revision", "config", "condition", "seed"),
        CheckConstraint("status IN ('running', 'done', 'failed')", name="status"),
        CheckConstraint("(status = 'running') = (owner IS NOT NULL)", name="owner"),
        CheckConstraint("(status = 'done') = (metrics IS NOT NULL AND curves IS NOT NULL)", name="outcome"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    study: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)
    config: Mapped[str] = mapped_column(ForeignKey(ConfigRow.digest))
    condition: Mapped[str] = mapped_column(Text)
    seed: Mapped[int] = mapped_column(BigInteger)
    scale: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text, index=True)
    metrics: Mapped[str | None] = mapped_column(Text)
    curves: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Text, default="")
    seconds: Mapped[float] = mapped_column(Double, default=0.0)
    peak_memory: Mapped[int] = mapped_column(BigInteger, default=0)
    environment: Mapped[str | None] = mapped_column(ForeignKey(EnvironmentRow.digest))
    finished: Mapped[datetime | None] = mapped_column(UTCDateTime)
