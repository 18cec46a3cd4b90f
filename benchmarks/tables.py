"""The tables of benchmarks/README.md, one function for each: rows as measured in, Markdown out."""

from __future__ import annotations

from typing import Any


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


def grokking_table(rows: list[dict[str, Any]]) -> str:
    """Seconds until five seeds have learned the rule, recipe beside recipe."""
    lines = ["| recipe | seconds for 5 seeds | times faster | steps, seed by seed |", "|---|---:|---:|---|"]
    for row in rows:
        steps = ", ".join(f"{step:.0f}" if step < float("inf") else f"over {row['limit']}" for step in row["steps"])
        lines.append(f"| {row['name']} | {row['seconds']:.1f} | {row['times_faster']:.1f} | {steps} |")
    return "\n".join(lines)


def sequences_table(rows: list[dict[str, Any]]) -> str:
    """A decoder beside GPT-2 of the same size."""
    lines = [
        "| what | ours, tokens per second | transformers | times faster | matrix products alone |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        alone = f"{row['products']:,.0f}" if "products" in row else ""
        lines.append(
            f"| {row['name']} | {row['ours']:,.0f} | {row['transformers']:,.0f} | {row['ratio']:.2f} | {alone} |"
        )
    return "\n".join(lines)


def mixed_lengths_table(rows: list[dict[str, Any]]) -> str:
    """Questions of different lengths, beside transformers."""
    lines = [
        "| what | ours, tokens of answers per second | transformers | times faster | of which by buckets |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        buckets = f"{row['without_buckets']:.2f}" if "without_buckets" in row else ""
        numbers = f"{row['ours']:,.0f} | {row['transformers']:,.0f} | {row['ratio']:.2f} | {buckets}"
        lines.append(f"| {row['name']} | {numbers} |")
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


def gallery_table(rows: list[tuple[str, str, str]]) -> str:
    """What the gallery takes; the first row says how much is in it."""
    lines = [f"| {rows[0][0]} | measured | bound |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {name} | {value} | {bound} |" for name, value, bound in rows[1:])])


def generation_table(rows: list[dict[str, Any]]) -> str:
    """Questions with answers as text, beside reasoning-gym."""
    lines = ["| family | ours, instances per second | reasoning-gym | times faster |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['ours']:,.0f} | {row['reasoning_gym']:,.0f} | {row['ratio']:.1f} |" for row in rows
    ]
    return "\n".join(lines)


def helmholtz_table(rows: list[dict[str, Any]]) -> str:
    """Products and time per system of a stream of Helmholtz equations."""
    lines = ["| solver | products per system | ms per system | systems solved |", "|---|---:|---:|---:|"]
    lines += [
        f"| {row['name']} | {row['products']:,.0f} | {row['milliseconds']:,.1f} | {100 * row['solved']:.0f} % |"
        for row in rows
    ]
    return "\n".join(lines)


def overhead_table(rows: list[dict[str, Any]]) -> str:
    """Where the time of GCRO-DR goes at 100,000 unknowns."""
    lines = [
        "| GCRO-DR(40, 20), operator | unknowns | ms per product | product | orthogonalisation | recycled space |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        shares = " | ".join(f"{100 * row[name]:.0f} %" for name in ("matrix", "orthogonalisation", "recycling"))
        lines.append(f"| {row['name']} | {row['unknowns']:,.0f} | {row['milliseconds_per_product']:.1f} | {shares} |")
    return "\n".join(lines)


def directions_table(rows: list[dict[str, Any]]) -> str:
    """Deep conjugate directions beside classical solvers, milliseconds per solve."""
    classical = "conjugate gradients | with incomplete Cholesky | with algebraic multigrid | with sine transforms"
    lines = [
        f"| systems | deep directions, ms | {classical} | deep over the cheapest | solves to earn training back |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        columns = ("deep", "cg", "incomplete-cholesky", "multigrid", "sine-transforms")
        times = " | ".join(f"{row[name]:,.2f}" for name in columns)
        earned = f"{row['break_even']:,.0f}" if row["break_even"] < float("inf") else "never"
        lines.append(f"| {row['name']} | {times} | {row['ratio']:.0f} | {earned} |")
    return "\n".join([*lines, "", f"Training took {rows[0]['training']:.0f} s."])


def bridge_table(rows: list[dict[str, Any]]) -> str:
    """LightSB by sweeps beside its authors' code."""
    lines = [
        "| case | ours, s | loss | theirs, best loss | within s | as good as ours after s | times faster |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        never = row["catches_up"] == float("inf")
        after = "never" if never else f"{row['catches_up']:.1f}"
        ratio = f"over {row['theirs'] / row['ours']:.0f}" if never else f"{row['ratio']:.1f}"
        losses = f"{row['ours_loss']:.4f} | {row['theirs_best']:.4f}"
        lines.append(f"| {row['name']} | {row['ours']:.2f} | {losses} | {row['theirs']:.1f} | {after} | {ratio} |")
    return "\n".join(lines)


def sinkhorn_table(rows: list[dict[str, Any]]) -> str:
    """Sinkhorn's iteration beside POT's."""
    lines = ["| Sinkhorn | ours, s | POT, s | times faster |", "|---|---:|---:|---:|"]
    lines += [f"| {row['name']} | {row['ours']:.3f} | {row['pot']:.2f} | {row['ratio']:.0f} |" for row in rows]
    return "\n".join(lines)


def poisson_table(rows: list[dict[str, Any]]) -> str:
    """Seconds for one large definite system."""
    lines = ["| solver | seconds | iterations |", "|---|---:|---:|"]
    lines += [f"| {row['name']} | {row['seconds']:.2f} | {row['iterations']} |" for row in rows]
    return "\n".join(lines)


def precision_table(rows: list[dict[str, Any]]) -> str:
    """Rounding beside pychop, native casts and a copy."""
    lines = [
        "| format, library | ours, million values per second | pychop | native cast | plain copy | times pychop |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cast = "" if row["cast"] != row["cast"] else f"{row['cast']:,.0f}"
        numbers = f"{row['ours']:,.0f} | {row['pychop']:.1f} | {cast} | {row['copy']:,.0f} | {row['ratio']:.0f}"
        lines.append(f"| {row['name']} | {numbers} |")
    return "\n".join(lines)


def sampling_table(rows: list[dict[str, Any]]) -> str:
    """Instances per second on one core."""
    lines = ["| what | instances per second |", "|---|---:|"]
    lines += [f"| {row['name']} | {row['per_second']:,.0f} |" for row in rows]
    return "\n".join(lines)


def linear_tables(found: dict[str, Any]) -> str:
    """A stream of systems, where the time of recycling goes, and one large system."""
    parts = helmholtz_table(found["helmholtz"]), overhead_table(found["overhead"]), poisson_table(found["poisson"])
    return "\n\n".join(parts)


def confinement_table(rows: list[dict[str, Any]]) -> str:
    """One program, and programs per second on all cores."""
    lines = ["| how | one program, ms | programs per second |", "|---|---:|---:|"]
    for row in rows:
        rate = f"{row['per_second']:.0f} on {row['cores']} cores" if row["per_second"] > 0 else ""
        lines.append(f"| {row['name']} | {row['milliseconds']:.0f} | {rate} |")
    return "\n".join(lines)


def endpoint_table(rows: list[dict[str, Any]]) -> str:
    """Questions to a server that answers at once."""
    lines = ["| what | questions per second |", "|---|---:|"]
    lines += [f"| {row['name']} | {row['per_second']:,.0f} |" for row in rows]
    return "\n".join(lines)
