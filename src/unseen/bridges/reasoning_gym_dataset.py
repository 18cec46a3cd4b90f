"""Splits as reasoning-gym data sets, scored by our checkers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import DATASETS, register_dataset

from unseen.bridges.check import score_replies
from unseen.bridges.folder import read_index, read_split


def register_folder(folder: Path) -> str:
    """Register an export to ``reasoning-gym`` under the problem's name, which is returned; again replaces it.

    The configuration has ``split``, ``size`` (all by default) and ``seed``, which must be that of the export: another
    seed needs another export.
    """
    index = read_index(folder)
    name, splits = str(index["problem"]), dict(index["splits"])

    @dataclass
    class Config:
        split: str = next(iter(splits))
        seed: int | None = None
        size: int | None = None

        def validate(self) -> None:
            assert self.split in splits, f"no split {self.split!r}; splits: {', '.join(splits)}"
            rows = splits[self.split]["rows"]
            assert self.size is None or 1 <= self.size <= rows, f"size must be from 1 to {rows}"
            assert self.seed in (None, index["seed"]), f"exported with seed {index['seed']}"

    class Exported(ProceduralDataset):  # type: ignore[misc]
        def __init__(self, config: Config) -> None:
            config.validate()
            self._rows = read_split(folder, config.split)[: config.size]
            super().__init__(config=config, seed=index["seed"], size=len(self._rows))

        def __getitem__(self, idx: int) -> dict[str, Any]:
            return dict(self._rows[idx])

        def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
            return float(score_replies([entry["metadata"]["check"]], [answer or ""])[0])

    DATASETS.pop(name, None)
    register_dataset(name, Exported, Config)
    return name
