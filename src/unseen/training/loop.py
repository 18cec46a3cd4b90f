"""The training loop: all lanes of a `SeedBatch` with one optimizer, each as if it were alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import grad_and_value

from unseen.contracts.study import current_run
from unseen.training.batched import Evaluate, Gradient, LaneFunctions, Loss, Shapes, Transform, shapes_of
from unseen.training.capture import Replay
from unseen.training.history import History, log_spaced
from unseen.training.lanes import SeedBatch, check_lane_axis
from unseen.training.optimizers import MakeOptimizer, check_elementwise, select_lanes

Draw = Callable[[int, Sequence[int]], Sequence[Tensor]]
Stop = Callable[[Mapping[str, NDArray[np.float64]]], NDArray[np.bool_]]
Observe = Callable[[int, nn.Module], Mapping[str, float]]

WORKING_BYTES = {"cpu": 2 * 2**20, "cuda": 4 * 2**30}
"""Memory that the lanes computed in one call may touch at once, by kind of device.

On a CPU about the second-level cache of one core: below it, a step's time is mostly the cost of starting operations,
which lanes share; above it, more lanes only evict one another. On a GPU, operations on more lanes fill it better, and
only its memory sets a bound."""

CHECK_EVERY = 50
"""Steps between looks at whether losses are finite; the step of divergence is exact all the same."""

REPORT_SECONDS = 0.1
"""Least time between two progress reports."""


def train(
    lanes: SeedBatch,
    *,
    loss: Loss,
    optimizer: MakeOptimizer,
    steps: int,
    data: Sequence[Tensor] = (),
    draw: Draw | None = None,
    evaluate: Evaluate | None = None,
    evaluation: Sequence[Tensor] | None = None,
    evaluate_at: Iterable[int] | None = None,
    stop: Stop | None = None,
    schedule: Callable[[int], float] | None = None,
    transform: Transform | None = None,
    gradient: Gradient = grad_and_value,
    observe: Observe | None = None,
) -> History:
    """Train every lane; `lanes` holds the trained parameters afterwards.

    A lane's result does not depend on the lanes beside it: their number changes neither what is computed for it nor
    in which form. Results agree to the last bit as far as kernels round alike whatever the batch (PyTorch's on Intel
    CPUs do, its fused optimizers do not: there, results of different batches differ by rounding).

    Parameters
    ----------
    lanes : SeedBatch
        The networks.
    loss : callable
        ``loss(module, batch) -> scalar`` for one lane; `batch` is the tuple of that lane's `data` and draws.
        A pure function of the tensors it is given: it is traced once, so Python numbers and random draws in it are
        frozen (random masks come from `draw`).
    optimizer : callable
        ``optimizer(parameters) -> torch.optim.Optimizer`` over the list of stacked tensors, in the module's order.
        It must be elementwise (SGD, AdamW, ...), which is checked.
    steps : int
        Number of updates.
    data : sequence of Tensor
        What every step sees, each (S, n, ...): full batches.
    draw : callable, optional
        ``draw(step, lanes) -> tensors``, each (len(lanes), ...), appended to `data` at each step: minibatches, masks.
        ``step`` counts from 0; ``lanes`` are positions in the batch, ascending, and shrink as lanes stop. What it
        draws for a lane must come from a generator of that lane (see `Minibatches`, `DropoutMasks`). Shapes may change
        from step to step (see `LengthBuckets`): each is captured once.
    evaluate : callable, optional
        ``evaluate(module, batch) -> dict of str to scalar`` for one lane, in evaluation mode, pure like `loss`.
    evaluation : sequence of Tensor, optional
        The batch for `evaluate`, each (S, ...); default: `data`.
    evaluate_at : iterable of int, optional
        Steps to evaluate at, from 0 (the start) to `steps`; default ``log_spaced(steps)``.
    stop : callable, optional
        ``stop(metrics) -> bool array``, given the metrics of some lanes, each a float64 array with one entry per lane;
        a lane for which it is true ends with its present weights. Each entry may depend on its lane alone.
    schedule : callable, optional
        ``schedule(step) -> factor`` by which the optimizer's learning rates are multiplied, step counting from 0.
    transform : callable, optional
        ``transform(parameters, gradients) -> gradients`` of one lane, each a dict by the parameters' names: what the
        optimizer gets in place of the loss's gradients (see `PerpendicularGradient`). Pure like `loss`.
    gradient : callable
        What computes gradients and the value of the loss, by default `torch.func.grad_and_value`; `WinsorizedGradient`
        and `MedianOfGroups` take the batch apart, so that every tensor of it must have the examples as its first axis.
    observe : callable, optional
        ``observe(lane, module) -> dict of str to float``: further metrics of one lane at the evaluated steps, computed
        from a plain copy of its network; for what cannot be written as a function of one lane's tensors. `stop` does
        not see them.

    Returns
    -------
    History
        Metrics at the evaluated steps and how each lane ended. A lane whose loss is not finite has diverged: it ends
        there, and its weights are worthless.

    Raises
    ------
    ValueError
        If shapes do not fit the lanes, the network cannot be batched, or the optimizer mixes lanes.
    """
    if steps < 0:
        raise ValueError(f"the number of steps is a whole number from 0 up, not {steps}")
    if stop is not None and evaluate is None:
        raise ValueError("a stopping rule needs metrics: give evaluate")
    if observe is not None and evaluate is None:
        raise ValueError("networks are observed where they are evaluated: give evaluate")
    chosen = sorted(set(log_spaced(steps) if evaluate_at is None else evaluate_at))
    if chosen and not 0 <= chosen[0] <= chosen[-1] <= steps:
        raise ValueError(f"steps to evaluate at lie from 0 to {steps}, not {chosen[0]} to {chosen[-1]}")
    data = tuple(data)
    evaluation = data if evaluation is None else tuple(evaluation)
    check_lane_axis({f"data[{i}]": tensor for i, tensor in enumerate(data)}, len(lanes))
    check_lane_axis({f"evaluation[{i}]": tensor for i, tensor in enumerate(evaluation)}, len(lanes))
    check_elementwise(optimizer, list(lanes.parameters.values()))
    functions = LaneFunctions(lanes, loss, evaluate, transform, gradient)
    plan = _Plan(
        lanes=lanes,
        functions=functions,
        optimizer=optimizer,
        steps=steps,
        data=data,
        draw=draw,
        evaluation=evaluation,
        evaluate_at=frozenset(chosen if evaluate is not None else ()),
        stop=stop,
        schedule=schedule,
        observe=observe,
    )
    return _run(plan)


@dataclass(frozen=True)
class _Plan:
    """The validated arguments of one call of `train`."""

    lanes: SeedBatch
    functions: LaneFunctions
    optimizer: MakeOptimizer
    steps: int
    data: tuple[Tensor, ...]
    draw: Draw | None
    evaluation: tuple[Tensor, ...]
    evaluate_at: frozenset[int]
    stop: Stop | None
    schedule: Callable[[int], float] | None
    observe: Observe | None


@dataclass
class _Notes:
    """What is written down while lanes train."""

    rows: list[list[tuple[int, dict[str, float]]]]
    stopped: NDArray[np.int64]
    diverged: NDArray[np.int64]
    lanes_done: int = 0
    reported: float = 0.0

    def report(self, lanes: int, fraction: float) -> None:
        """Tell the engine how far the whole call has come, seldom enough to cost nothing."""
        now = time.monotonic()
        if now - self.reported >= REPORT_SECONDS:
            self.reported = now
            current_run().report((self.lanes_done + lanes * fraction) / len(self.rows))

    def history(self, seeds: tuple[int, ...]) -> History:
        names = [tuple(rows[0][1]) if rows else () for rows in self.rows]
        return History(
            seeds=seeds,
            steps=[np.array([step for step, _ in rows], np.int64) for rows in self.rows],
            metrics=[
                {name: np.array([metrics[name] for _, metrics in rows]) for name in names[lane]}
                for lane, rows in enumerate(self.rows)
            ],
            stopped=self.stopped,
            diverged=self.diverged,
        )


def _run(plan: _Plan) -> History:
    count = len(plan.lanes)
    notes = _Notes([[] for _ in range(count)], np.full(count, -1, np.int64), np.full(count, -1, np.int64))
    # Drawn for all lanes at once so that a lane's generator is asked for each step exactly once.
    first = () if plan.draw is None or plan.steps == 0 else tuple(plan.draw(0, range(count)))
    check_lane_axis({f"draw(...)[{i}]": tensor for i, tensor in enumerate(first)}, count)
    size = _lanes_per_call(plan, first)
    for start in range(0, count, size):
        members = list(range(start, min(start + size, count)))
        _Group(plan, notes, members, tuple(tensor[members] for tensor in first)).run()
        notes.lanes_done += len(members)
    return notes.history(plan.lanes.seeds)


def _lanes_per_call(plan: _Plan, first: tuple[Tensor, ...]) -> int:
    """How many lanes fit `WORKING_BYTES`: a function of network and data alone, never of timing."""
    count = len(plan.lanes)
    if plan.steps == 0:
        return count
    # Copies, because a view of one lane would keep, and be counted as, the memory of all.
    most = plan.functions.fit(
        WORKING_BYTES.get(plan.lanes.device.type, WORKING_BYTES["cuda"]),
        {name: value[:1].clone() for name, value in plan.lanes.parameters.items()},
        {name: value[:1].clone() for name, value in plan.lanes.buffers.items()},
        tuple(tensor[:1].clone() for tensor in plan.data),
        tuple(tensor[:1].clone() for tensor in first),
    )
    calls = -(-count // most)
    return -(-count // calls)


class _Group:
    """The lanes computed in one call, from the first step to the last."""

    def __init__(self, plan: _Plan, notes: _Notes, members: list[int], first: tuple[Tensor, ...]):
        self.plan = plan
        self.notes = notes
        self.members = members
        self.training = np.ones(len(members), bool)
        self.drawn = first
        index = torch.tensor(members, device=plan.lanes.device)
        self.parameters = {name: value[index] for name, value in plan.lanes.parameters.items()}
        self.optimizer = plan.optimizer(list(self.parameters.values()))
        self.rates = [group["lr"] for group in self.optimizer.param_groups] if plan.schedule is not None else []
        self.losses: list[Tensor] = []
        self.select_data()

    def select_data(self) -> None:
        """Take the members' data; what was captured for another number of lanes is of no use any more."""
        index = torch.tensor(self.members, device=self.plan.lanes.device)
        self.buffers = {name: value[index] for name, value in self.plan.lanes.buffers.items()}
        self.data = tuple(_take(tensor, index) for tensor in self.plan.data)
        self.evaluation = tuple(_take(tensor, index) for tensor in self.plan.evaluation)
        self.replays: dict[Shapes, Replay] = {}
        if self.plan.evaluate_at:
            self.metrics = self.plan.functions.metrics(self.parameters, self.buffers, self.evaluation)

    def step(self) -> Sequence[Tensor]:
        """Gradients and losses for what was drawn, by the step captured for its shapes."""
        shapes = shapes_of(self.drawn)
        if shapes not in self.replays:
            functions = self.plan.functions
            self.replays[shapes] = functions.step(self.parameters, self.buffers, self.data, self.drawn)
        return self.replays[shapes](*self.drawn)

    def run(self) -> None:
        plan = self.plan
        if 0 in plan.evaluate_at:
            self.evaluate(0)
        for step in range(plan.steps):
            if not self.training.any():
                return
            self.update(step)
            done = step + 1
            if done in plan.evaluate_at or done == plan.steps or len(self.losses) >= CHECK_EVERY:
                self.look_for_divergence(done)
            if done in plan.evaluate_at:
                self.evaluate(done)
            self.notes.report(len(self.members), done / plan.steps)
        self.save(self.training)

    def update(self, step: int) -> None:
        plan = self.plan
        if plan.draw is not None and step > 0:
            self.drawn = tuple(plan.draw(step, self.members))
        *gradients, losses = self.step()
        for parameter, gradient in zip(self.parameters.values(), gradients, strict=True):
            parameter.grad = gradient
        if plan.schedule is not None:
            factor = plan.schedule(step)
            for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
                group["lr"] = rate * factor
        self.optimizer.step()
        self.losses.append(losses)

    def look_for_divergence(self, done: int) -> None:
        """Losses since the last look, the first of them at the weights of step ``done - len(losses)``."""
        finite = torch.isfinite(torch.stack(self.losses)).cpu().numpy()
        for position in np.flatnonzero(~finite.all(axis=0) & self.training):
            at = done - len(self.losses) + int(np.argmin(finite[:, position]))
            self.notes.diverged[self.members[position]] = at
        self.losses = []
        self.end(np.asarray(~finite.all(axis=0)))

    def evaluate(self, step: int) -> None:
        names, values = self.metrics()
        lanes = np.flatnonzero(self.training)
        if self.plan.observe is not None:
            self.save(self.training)
        for position in lanes:
            row = {name: float(value) for name, value in zip(names, values[position], strict=True)}
            if self.plan.observe is not None:
                lane = self.members[position]
                row |= self.plan.observe(lane, self.plan.lanes.module(lane))
            self.notes.rows[self.members[position]].append((step, row))
        if self.plan.stop is not None and len(lanes):
            met = np.asarray(self.plan.stop({name: values[lanes, i] for i, name in enumerate(names)}))
            if met.shape != (len(lanes),):
                raise ValueError(f"stop must return one truth value per lane, shape ({len(lanes)},), not {met.shape}")
            ended = np.zeros(len(self.members), bool)
            ended[lanes] = met.astype(bool)
            self.notes.stopped[np.array(self.members)[ended]] = step
            self.end(ended)

    def end(self, ended: NDArray[np.bool_]) -> None:
        """Freeze lanes; shed them once half of the stack is idle, as each new stack size is captured anew."""
        ended = ended & self.training
        if not ended.any():
            return
        self.save(ended)
        self.training &= ~ended
        keep = np.flatnonzero(self.training)
        if 0 < len(keep) <= len(self.members) // 2:
            index = torch.tensor(keep, device=self.plan.lanes.device)
            selected = select_lanes(self.optimizer, list(self.parameters.values()), index)
            self.parameters = dict(zip(self.parameters, selected, strict=True))
            self.losses = [losses[index] for losses in self.losses]
            self.drawn = tuple(tensor[index] for tensor in self.drawn)
            self.members = [self.members[position] for position in keep]
            self.training = np.ones(len(keep), bool)
            self.select_data()

    def save(self, which: NDArray[np.bool_]) -> None:
        """Write the present weights of some lanes back to the batch."""
        positions = np.flatnonzero(which)
        with torch.no_grad():
            for name, stacked in self.plan.lanes.parameters.items():
                for position in positions:
                    stacked[self.members[position]] = self.parameters[name][position]


def _take(tensor: Tensor, index: Tensor) -> Tensor:
    """Some lanes of data, without copying what all lanes share or when all lanes are taken."""
    if tensor.stride(0) == 0:
        return tensor[: len(index)]
    return tensor if len(index) == len(tensor) else tensor[index]
