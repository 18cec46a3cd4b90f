"""How many validation questions with the next seed stand in the training set, over reasoning-gym's data sets.

Needs reasoning-gym, in an environment of its own, since it pins old packages:

    pip install --no-deps reasoning-gym   # and what its import asks for
    python benchmarks/reasoning_gym_audit.py --size 500 --out audit.json

Each data set is drawn with its default settings: for training with seed s, for validation with seed s + 1 and, for
comparison, with a seed further away than the training set is long. Questions count as the same up to the canonical
form of `unseen audit`. Data sets that take longer than the time limit, or fail, are named and left out.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

SEED = 42


def examined(name: str, size: int) -> dict[str, Any]:
    import reasoning_gym

    from unseen.audit.auditing import audit
    from unseen.audit.table import Rows

    rows = Rows()
    for split, seed in (("train", SEED), ("next seed", SEED + 1), ("far seed", SEED + 1_000_000)):
        for entry in reasoning_gym.create_dataset(name, seed=seed, size=size):
            rows.splits.append(split)
            rows.questions.append(str(entry["question"]))
            rows.answers.append(None if entry["answer"] is None else str(entry["answer"]))
    found = audit(rows)
    by_name = {one.split: one for one in found.splits}
    return {
        "name": name,
        "distinct": by_name["train"].distinct,
        **{split: by_name[split].shared["train"] for split in ("next seed", "far seed")},
        "findings": [finding for finding in found.findings() if finding.startswith("far seed:")],
    }


class TooLongError(BaseException):
    """No Exception, since generators catch those and try again."""


def too_long(*_: Any) -> None:
    raise TooLongError("the time limit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=500, help="questions per split; 500 is reasoning-gym's default")
    parser.add_argument("--limit", type=float, default=15.0, help="seconds per data set")
    parser.add_argument("--out", type=Path, help="file for the numbers as JSON")
    chosen = parser.parse_args()
    from reasoning_gym.factory import DATASETS

    signal.signal(signal.SIGALRM, too_long)
    found: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for name in sorted(DATASETS):
        signal.setitimer(signal.ITIMER_REAL, chosen.limit, 1.0)
        try:
            found.append(examined(name, chosen.size))
        except (Exception, TooLongError) as error:  # whatever a generator meets
            failed[name] = f"{type(error).__name__}: {error}"[:80]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(name, failed.get(name) or found[-1], file=sys.stderr, flush=True)
    if chosen.out:
        chosen.out.write_text(json.dumps({"size": chosen.size, "found": found, "left out": failed}, indent=1))
    for split in ("next seed", "far seed"):
        shares = sorted(one[split] / chosen.size for one in found)
        middle = shares[len(shares) // 2]
        print(
            f"{split}: of {len(found)} data sets {sum(s >= 0.99 for s in shares)} share 99 % or more with training, "
            f"{sum(s >= 0.5 for s in shares)} half or more, median {middle:.1%}, least {shares[0]:.1%}"
        )
    print(f"left out: {'; '.join(f'{name} ({why})' for name, why in failed.items()) or 'none'}")


if __name__ == "__main__":
    main()
