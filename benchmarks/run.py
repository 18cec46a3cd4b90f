"""Measure and write the tables of benchmarks/README.md: ``python benchmarks/run.py [section ...]``, idle machine.

Without names every section is measured; with names only these, and the others keep their numbers and dates.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch

import bridge
import confinement
import directions
import endpoint
import gallery
import generation
import grokking
import linear
import mixed_lengths
import precision
import sampling
import sequences
import tables
import third_order_attention
import training
from unseen.engine.environment import available_cores, environment

README = Path(__file__).with_name("README.md")
START, END = "<!-- measured: begin -->", "<!-- measured: end -->"
AUTHORS = Path(os.environ["LIGHTSB"]) if "LIGHTSB" in os.environ else None
"""A clone of github.com/ngushchin/LightSB."""
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

SECTIONS: dict[str, tuple[str, Callable[[], str]]] = {
    "training": ("Training five seeds", lambda: tables.training_table(training.measure(device=DEVICE))),
    "grokking": (
        "Time to grok: addition modulo 97, 40 % for training, until 95 % of the rest are right",
        lambda: tables.grokking_table(grokking.measure(device=DEVICE)),
    ),
    "sequences": (
        "A small decoder beside the same network in transformers",
        lambda: tables.sequences_table(sequences.measure()),
    ),
    "mixed-lengths": (
        "Sums of 1 to 6 digits, written out: training and answering beside the same network in transformers",
        lambda: tables.mixed_lengths_table(mixed_lengths.measure()),
    ),
    "third-order-attention": (
        "Attention to pairs of tokens, 4 columns, entries up to 1, double precision, one thread",
        lambda: tables.third_order_table(third_order_attention.measure()),
    ),
    "generation": (
        "Questions with answers as text, one core, beside reasoning-gym",
        lambda: tables.generation_table(generation.measure()),
    ),
    "linear": (
        "A stream of Helmholtz equations, 32 x 32, to 1e-8, and Poisson's equation in 128 x 128 x 128 points, to 1e-6",
        lambda: tables.linear_tables(linear.measure()),
    ),
    "directions": (
        "Deep conjugate directions to 1e-4, one thread, the time to prepare each matrix included",
        lambda: tables.directions_table(directions.measure()),
    ),
    "bridge": (
        "A Schroedinger bridge from the normal distribution of the plane to eight Gaussians",
        lambda: "\n\n".join(
            [tables.bridge_table(bridge.measure(AUTHORS)), tables.sinkhorn_table(bridge.measure_sinkhorn())]
        ),
    ),
    "precision": (
        "Rounding ten million float32 values to nearest, one thread",
        lambda: tables.precision_table(precision.measure()),
    ),
    "endpoint": (
        "Questions to an endpoint that answers at once, 16 in flight",
        lambda: tables.endpoint_table(endpoint.measure()),
    ),
    "confinement": (
        "A program of one line in the sandbox",
        lambda: tables.confinement_table(confinement.measure()),
    ),
    "gallery": (
        "The gallery in headless Chromium",
        lambda: tables.gallery_table(gallery.measure()),
    ),
    "sampling": ("Sampling, one core", lambda: tables.sampling_table(sampling.measure())),
}
"""Name -> heading, and what measures the section and writes its body."""


def written(text: str) -> dict[str, str]:
    """Sections that stand in the README already: heading -> body."""
    parts = re.split(r"^### (.+)\n", text, flags=re.M)[1:]
    return {heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def circumstances() -> str:
    """When, at which commit and on what machine."""
    facts = environment(DEVICE, available_cores())
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {str(facts['commit'])[:12]} on {facts['processor']}, "
        f"{available_cores()} cores, device {facts['device']}, torch {facts['torch']}, Python {facts['python']}."
    )


def main() -> None:
    """Measure, and replace what stands between the marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)}; all by default")
    chosen = parser.parse_args().sections or list(SECTIONS)
    if unknown := sorted(set(chosen) - set(SECTIONS)):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    for name in chosen:
        heading, body = SECTIONS[name]
        measured = f"{circumstances()}\n\n{body()}"
        print(f"### {heading}\n\n{measured}\n")
        before, _, rest = README.read_text(encoding="utf-8").partition(START)
        middle, _, after = rest.partition(END)
        known = written(middle) | {heading: measured}
        kept = [f"### {title}\n\n{known[title]}" for title, _ in SECTIONS.values() if title in known]
        README.write_text("\n\n".join([before + START, *kept, END + after]), encoding="utf-8")


if __name__ == "__main__":
    main()
