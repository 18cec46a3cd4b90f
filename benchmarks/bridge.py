"""Fitting a Schroedinger bridge: LightSB by closed-form sweeps beside its authors' code, and Sinkhorn beside POT.

Run ``python benchmarks/bridge.py --authors PATH`` on an otherwise idle machine, PATH being a clone of
github.com/ngushchin/LightSB; without it that part is skipped. Both sides fit the same family, K diagonal components,
from the standard normal distribution of the plane to eight Gaussians. Theirs draws fresh minibatches, as in their
notebooks, with Adam at two learning rates, of which the one that is first as good as ours counts; ours draws 10,000 or
50,000 points once, drawing included. Reported are the losses on the same 50,000 fresh points, our seconds, and the
seconds until theirs is as good as ours (infinite if it never is).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unseen.problems.densities.planar import PLANAR
from unseen.solvers.transport.light_bridge import LightSB
from unseen.solvers.transport.sinkhorn import Method, SinkhornBridge

TARGET = PLANAR["eight"]
RATES = {0.1: (1e-3, 1e-2), 1.0: (3e-3, 1e-2)}
"""Epsilon -> learning rates of theirs: their notebooks' and a larger one."""
COMPONENTS = (8, 16, 50)
METHODS: tuple[Method, ...] = ("absorbed", "pot")
POINTS, BATCH, CHECK_EVERY = (10_000, 50_000), 128, 250
TOLERANCE = 1e-4
"""Fall of the loss in nats at which our sweeps stop."""


def authors_module(clone: Path) -> Any:
    """The module ``src/light_sb.py`` of a clone, run from there."""
    if importlib.util.find_spec("geotorch") is None:
        # Diagonal components never use the rotations that geotorch keeps orthogonal.
        stand_in: Any = types.ModuleType("geotorch")
        stand_in.orthogonal = lambda *_: None
        sys.modules["geotorch"] = stand_in
    if importlib.util.find_spec("tqdm") is None:
        progress: Any = types.ModuleType("tqdm")
        progress.tqdm = lambda items: items
        sys.modules["tqdm"] = progress
    found = importlib.util.spec_from_file_location("authors_light_sb", clone / "src" / "light_sb.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def theirs(
    module: Any, epsilon: float, components: int, rate: float, steps: int, seed: int, fresh: Any
) -> list[tuple[float, float]]:
    """Seconds of training so far and loss on fresh points, every few hundred steps."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    x, y = (torch.from_numpy(points).float() for points in fresh)
    seconds, found = 0.0, []
    start = time.perf_counter()
    model = module.LightSB(dim=2, n_potentials=components, epsilon=epsilon, is_diagonal=True, S_diagonal_init=0.1)
    model.init_r_by_samples(torch.from_numpy(TARGET.sample(components, generator)).float())
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for step in range(1, steps + 1):
        sources = torch.randn(BATCH, 2)
        targets = torch.from_numpy(TARGET.sample(BATCH, generator)).float()
        optimizer.zero_grad()
        loss = (model.get_log_C(sources) - model.get_log_potential(targets)).mean()
        loss.backward()
        optimizer.step()
        if step % CHECK_EVERY == 0:
            seconds += time.perf_counter() - start
            with torch.no_grad():
                found.append((seconds, float(model.get_log_C(x).mean() - model.get_log_potential(y).mean())))
            start = time.perf_counter()
    return found


def ours(epsilon: float, components: int, points: int, seed: int, fresh: Any) -> tuple[float, float]:
    """Seconds, drawing the points included, and loss on fresh points."""
    generator = np.random.default_rng(seed)
    start = time.perf_counter()
    x, y = generator.standard_normal((points, 2)), TARGET.sample(points, generator)
    bridge = LightSB(2, components, epsilon, covariance="diagonal").fit(x, y, seed=seed, tolerance=TOLERANCE)
    return time.perf_counter() - start, bridge.loss(*fresh)


def measure(clone: Path | None, *, rounds: int = 3, steps: int = 6000) -> list[dict[str, Any]]:
    """Both sides in turn, medians over seeds.

    Returns
    -------
    list of dict
        Per case: ``ours`` and ``theirs`` (seconds in full), ``ours_loss``, ``theirs_best`` (the lowest on the way, at
        the better rate), ``catches_up`` (seconds until theirs is as good as ours), ``ratio`` (of these to ours).
    """
    if clone is None or not (clone / "src" / "light_sb.py").is_file():
        print("authors' code: skipped, give --authors a clone of github.com/ngushchin/LightSB")
        return []
    module = authors_module(clone)
    generator = np.random.default_rng(10**6)
    fresh = generator.standard_normal((50_000, 2)), TARGET.sample(50_000, generator)
    ours(1.0, 8, 1000, 99, fresh)  # imports
    rows = []
    for epsilon, rates in RATES.items():
        for components in COMPONENTS:
            mine: dict[int, list[tuple[float, float]]] = {points: [] for points in POINTS}
            paths: list[list[list[tuple[float, float]]]] = []
            for seed in range(rounds):
                for points in POINTS:
                    mine[points].append(ours(epsilon, components, points, seed, fresh))
                paths.append([theirs(module, epsilon, components, rate, steps, seed, fresh) for rate in rates])
            rows += [_row(epsilon, components, points, mine[points], paths) for points in POINTS]
    return rows


def _row(
    epsilon: float,
    components: int,
    points: int,
    mine: list[tuple[float, float]],
    paths: list[list[list[tuple[float, float]]]],
) -> dict[str, Any]:
    """One line of the table; of the learning rates the one that is as good as ours first counts, seed by seed."""
    reached = [
        min(next((s for s, loss in path if loss <= goal), float("inf")) for path in by_rate)
        for (_, goal), by_rate in zip(mine, paths, strict=True)
    ]
    row: dict[str, Any] = {
        "name": f"epsilon {epsilon:g}, {components} components, {points:,} points",
        "ours": statistics.median(seconds for seconds, _ in mine),
        "ours_loss": statistics.median(loss for _, loss in mine),
        "theirs": statistics.median(by_rate[0][-1][0] for by_rate in paths),
        "theirs_best": statistics.median(min(loss for path in by_rate for _, loss in path) for by_rate in paths),
        "catches_up": statistics.median(reached),
    }
    row["ratio"] = row["catches_up"] / row["ours"]
    return row


def measure_sinkhorn(*, rounds: int = 3, points: int = 1000) -> list[dict[str, Any]]:
    """Our iteration and POT's `sinkhorn_log` to one tolerance on the same points, in turn, medians."""
    if importlib.util.find_spec("ot") is None:
        print("POT: skipped, pip install 'unseen[transport]'")
        return []
    rows = []
    for epsilon in (0.1, 1.0):
        times: dict[str, list[float]] = {"absorbed": [], "pot": []}
        for seed in range(rounds):
            generator = np.random.default_rng(seed)
            x, y = generator.standard_normal((points, 2)), TARGET.sample(points, generator)
            for method in METHODS:
                bridge = SinkhornBridge(epsilon, method).fit(x, y, tolerance=1e-4)
                times[method].append(bridge.report.seconds)
        mine, pot = (statistics.median(times[method]) for method in METHODS)
        rows.append({"name": f"epsilon {epsilon:g}, {points} points", "ours": mine, "pot": pot, "ratio": pot / mine})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--authors", type=Path, default=None, help="clone of github.com/ngushchin/LightSB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    light = measure(arguments.authors, rounds=arguments.rounds, steps=arguments.steps)
    sinkhorn = measure_sinkhorn(rounds=arguments.rounds)
    if arguments.json:
        print(json.dumps({"light_bridge": light, "sinkhorn": sinkhorn}, indent=2))
        return
    for row in light:
        print(
            f"{row['name']:46} ours {row['ours']:6.2f} s, loss {row['ours_loss']:.4f}   theirs {row['theirs']:6.1f} s, "
            f"best loss {row['theirs_best']:.4f}, as good as ours after {row['catches_up']:.1f} s   "
            f"ratio {row['ratio']:.1f}"
        )
    for row in sinkhorn:
        print(
            f"Sinkhorn, {row['name']:26} ours {row['ours']:6.2f} s   POT {row['pot']:6.2f} s   ratio {row['ratio']:.1f}"
        )


if __name__ == "__main__":
    main()
