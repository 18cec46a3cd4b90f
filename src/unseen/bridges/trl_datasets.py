"""Splits as data sets for TRL; the reward is `unseen.bridges.rewards.correct`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unseen.bridges.folder import read_index, read_split


def folder_datasets(folder: Path) -> Any:
    """An export to ``trl`` as a `datasets.DatasetDict` under the splits' own names.

    ``datasets.load_dataset`` refuses names with a colon; this does not.

    Examples
    --------
    ``GRPOTrainer(model, reward_funcs=correct, train_dataset=folder_datasets(folder)["train"])``
    """
    from datasets import Dataset, DatasetDict

    splits = read_index(folder)["splits"]
    return DatasetDict({split: Dataset.from_list(read_split(folder, split)) for split in splits})
