"""Measure everything and write the tables of benchmarks/README.md: ``python benchmarks/run.py`` on an idle machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import endpoint
import generation
import grokking
import sampling
import sequences
import third_order_attention
import training
from unseen.engine.environment import available_cores, environment

README = Path(__file__).with_name("README.md")
START, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def training_table(rows: list[dict[str, Any]]) -> str:
    """Five seeds batched beside the same five one after the other."""
    lines = [
        "| network | plain loop, ms per step of 5 seeds | batched, ms | times faster | once, to capture, s |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        numbers = f"{1e3 * row['plain']:.2f} | {1e3 * row['batched']:.2f} | {row['ratio']:.2f} | {row['start']:.1f}"
        lines.append(f"| {row['name']} | {numbers} |")
    return "\n".join(lines)


def sampling_table(rows: list[dict[str, Any]]) -> str:
    """Instances per second on one core."""
    lines = ["| what | instances per second |", "|---|---:|"]
    lines += [f"| {row['name']} | {row['per_second']:,.0f} |" for row in rows]
    return "\n".join(lines)


def grokking_table(rows: list[dict[str, Any]]) -> str:
    """Seconds until five seeds have learned the rule, recipe beside recipe."""
    lines = ["| recipe | seconds for 5 seeds | times faster | steps, seed by seed |", "|---|---:|---:|---|"]
    for row in rows:
        steps = ", ".join(f"{step:.0f}" if step < float("inf") else f"over {row['limit']}" for step in row["steps"])
        lines.append(f"| {row['name']} | {row['seconds']:.1f} | {row['times_faster']:.1f} | {steps} |")
    return "\n".join(lines)


def sequences_table(rows: list[dict[str, Any]]) -> str:
    """A decoder beside GPT-2 of the same size."""
    lines = ["| what | ours, tokens per second | transformers | times faster |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['ours']:,.0f} | {row['transformers']:,.0f} | {row['ratio']:.2f} |" for row in rows
    ]
    return "\n".join(lines)


def third_order_table(rows: list[dict[str, Any]]) -> str:
    """Exact third-order attention beside polynomials: time and error."""
    lines = [
        "| tokens | degree | exact, ms | polynomial, ms | times faster | error, uniform | error, hardest |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        times = f"{1e3 * row['exact']:,.2f} | {1e3 * row['polynomial']:.2f} | {row['ratio']:,.0f}"
        errors = f"{row['error']:.0e} | {row['aligned_error']:.0e}"
        lines.append(f"| {row['tokens']} | {row['degree']} | {times} | {errors} |")
    return "\n".join(lines)


def generation_table(rows: list[dict[str, Any]]) -> str:
    """Questions with answers as text, beside reasoning-gym."""
    lines = ["| family | ours, instances per second | reasoning-gym | times faster |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['ours']:,.0f} | {row['reasoning_gym']:,.0f} | {row['ratio']:.1f} |" for row in rows
    ]
    return "\n".join(lines)


def endpoint_table(rows: list[dict[str, Any]]) -> str:
    """Questions to a server that answers at once."""
    lines = ["| what | questions per second |", "|---|---:|"]
    lines += [f"| {row['name']} | {row['per_second']:,.0f} |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Measure, and replace what stands between the marks."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    facts = environment(device, available_cores())
    sections = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {str(facts['commit'])[:12]} on {facts['processor']}, "
        f"{available_cores()} cores, device {facts['device']}, torch {facts['torch']}, Python {facts['python']}.",
        "### Training five seeds",
        training_table(training.measure(device=device)),
        "### Time to grok: addition modulo 97, 40 % for training, until 95 % of the rest are right",
        grokking_table(grokking.measure(device=device)),
        "### A small decoder beside GPT-2 of the same size",
        sequences_table(sequences.measure()),
        "### Attention to pairs of tokens, 4 columns, entries up to 1, double precision, one thread",
        third_order_table(third_order_attention.measure()),
        "### Questions with answers as text, one core, beside reasoning-gym",
        generation_table(generation.measure()),
        "### Questions to an endpoint that answers at once, 16 in flight",
        endpoint_table(endpoint.measure()),
        "### Sampling, one core",
        sampling_table(sampling.measure()),
    ]
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    body = "\n\n".join(sections)
    README.write_text(f"{before}{START}\n\n{body}\n\n{END}{after}", encoding="utf-8")
    print(body)


if __name__ == "__main__":
    main()
