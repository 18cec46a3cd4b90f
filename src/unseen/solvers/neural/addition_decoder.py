"""A decoder that is taught to add whole numbers, written down in a named format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.solver import Unsolved
from unseen.formats.addition import LABELS, addition_format
from unseen.formats.tokenizer import CharacterTokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from unseen.models.decoder import Decoder
    from unseen.training import History


class AdditionDecoder:
    """A next-token network that learns sums from examples alone.

    It trains with AdamW (beta 0.9 and 0.99) on random minibatches; the rate rises over the first 5 % of the steps, then
    falls along a cosine to a tenth. Only the tokens of the answer are learned: those of the question are random.
    Answers are written token by token, the likeliest each time, and read by the format.

    Parameters
    ----------
    format : str
        How sums are written, a name in `unseen.formats.addition.FORMATS`. Index hints start at a random label in
        training and at the first one in questions.
    network : callable, optional
        ``network(vocabulary=..., context=...)`` gives the untrained network, a `Decoder` or one's own module with its
        signature; by default ``partial(Decoder, initial_std=0.1)``, of width 64.
    steps, batch_size : int
        Updates, and examples in each (all there are, if fewer).
    learning_rate : float
        The highest.
    weight_decay : float
        Of AdamW.
    context : int, optional
        Tokens of the longest sequence that it can ever read or write; by default those of the longest training example.
        Questions that do not fit are `Unsolved`.
    seed : int
        Decides initial weights and order of examples.

    Attributes
    ----------
    history : History or None
        Learning curves of the last training, see `fit`.

    Examples
    --------
    A network of one's own size and positions:

    >>> from unseen.models.decoder import Decoder
    >>> from unseen.problems.numbers.addition import WholeNumberAddition
    >>> problem = WholeNumberAddition(digits=1, train_size=20)
    >>> network = partial(Decoder, width=32, layers=1, heads=2, positions="rotary")
    >>> solver = AdditionDecoder("plain", network=network, steps=150, learning_rate=1e-2)
    >>> train = problem.sample("train")
    >>> float(problem.score(train, solver.fit(train).solve(train)).mean())
    1.0
    """

    def __init__(
        self,
        format: str = "reversed",
        *,
        network: Callable[..., Decoder] | None = None,
        steps: int = 2000,
        batch_size: int = 128,
        learning_rate: float = 2e-3,
        weight_decay: float = 0.1,
        context: int | None = None,
        seed: int = 0,
    ) -> None:
        self.format = addition_format(format)
        counts = {"steps": steps, "batch_size": batch_size, "context": 1 if context is None else context}
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"{name} is a whole number from 1 up, not {value}")
        if not 0 < learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be positive and finite, not {learning_rate!r}")
        if not 0 <= weight_decay < float("inf"):
            raise ValueError(f"weight_decay must be finite and not negative, not {weight_decay!r}")
        self.network, self.steps, self.batch_size = network, steps, batch_size
        self.learning_rate, self.weight_decay, self.context, self.seed = learning_rate, weight_decay, context, seed
        self.history: History | None = None
        self._tokenizer = CharacterTokenizer(self.format.alphabet)
        self._model: Decoder | None = None

    def fit(
        self, examples: Examples, *, watched: Mapping[str, Examples] | None = None, watch_at: Iterable[int] = ()
    ) -> Self:
        """Train a new network.

        Parameters
        ----------
        examples : Examples
            Columns ``left`` and ``right``, whole numbers from 0 up, and their sums as targets.
        watched : mapping of str to Examples, optional
            Other examples, of any split and with targets; the share of them that is answered exactly is written to
            `history` under their name.
        watch_at : iterable of int
            The steps at which that happens, from 0 to `steps`.

        Raises
        ------
        ValueError
            If columns or targets are missing, or an example does not fit the context.
        """
        import torch

        from unseen.models.decoder import Decoder
        from unseen.training import Minibatches, SeedBatch, train, warmup_cosine
        from unseen.training.sequences import next_token_loss, sequence_arrays

        starts = random_stream("addition decoder", self.seed).integers(len(LABELS), size=len(examples))
        tokens, weights = sequence_arrays(self._tokenizer, *self._written(examples, starts), length=self.context)
        context = tokens.shape[1]
        build = self.network or partial(Decoder, initial_std=0.1)
        lanes = SeedBatch.build(
            lambda seed: build(vocabulary=self._tokenizer.vocabulary, context=context), seeds=(self.seed,)
        )
        # Columns behind the longest text teach nothing.
        used = int(np.flatnonzero(weights.any(axis=0)).max(initial=0)) + 1
        columns = [torch.from_numpy(array[None, :, :used].copy()).to(lanes.device) for array in (tokens, weights)]
        evaluation: list[Tensor] = []
        for others in (watched or {}).values():
            arrays = sequence_arrays(self._tokenizer, *self._written(others), length=self.context)
            evaluation += [torch.from_numpy(array[None]).to(lanes.device) for array in arrays]
        self.history = train(
            lanes,
            loss=next_token_loss,
            optimizer=lambda parameters: torch.optim.AdamW(
                parameters, lr=self.learning_rate, betas=(0.9, 0.99), weight_decay=self.weight_decay
            ),
            steps=self.steps,
            draw=Minibatches(columns, size=min(self.batch_size, len(examples)), seeds=(self.seed,)),
            schedule=warmup_cosine(steps=self.steps, warmup=self.steps // 20),
            evaluate=partial(_shares, names=tuple(watched)) if watched else None,
            evaluation=evaluation,
            evaluate_at=watch_at if watched else (),
        )
        trained: Any = lanes.module(0)
        self._model = trained
        return self

    def solve(self, examples: Examples) -> list[int | Unsolved]:
        """The sums that the network writes; `Unsolved` where it writes none, or the question is too long.

        Raises
        ------
        ValueError
            If it was not trained, or columns are missing.
        """
        from unseen.training.sequences import answers_of

        if self._model is None or self.history is None:
            raise ValueError("the decoder must be fitted before it can answer")
        if self.history.diverged[0] >= 0:
            return [Unsolved(f"diverged at step {self.history.diverged[0]}")] * len(examples)
        prompts = [self.format.prompt(a, b, 0) for a, b in _pairs(examples)]
        answers: list[int | Unsolved] = [Unsolved("longer than the context")] * len(prompts)
        lengths = np.array([len(prompt) for prompt in prompts])
        for length in np.unique(lengths[lengths <= self._model.context]).tolist():
            rows = np.flatnonzero(lengths == length).tolist()
            longest = self._model.context + 1 - length
            written = answers_of(self._model, self._tokenizer, [prompts[row] for row in rows], longest=longest)
            for row, text in zip(rows, written, strict=True):
                found = self.format.read(text)
                answers[row] = Unsolved("not in the format") if found is None else found
        return answers

    def saved(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Settings and weights, for `unseen.solvers.saved.save_solver`.

        Raises
        ------
        ValueError
            If it was not trained, diverged, or its network is no `Decoder` described by plain settings.
        """
        from unseen.models.decoder import Decoder

        if self._model is None or self.history is None or self.history.diverged[0] >= 0:
            raise ValueError("it was not trained, or its training diverged")
        build: Any = self.network or partial(Decoder, initial_std=0.1)
        plain = isinstance(build, partial) and build.func is Decoder and not build.args
        if not plain or not all(isinstance(value, (int, float, str)) for value in build.keywords.values()):
            raise ValueError("its network is no partial(Decoder, ...) of plain settings")
        sizes = {"vocabulary": self._model.vocabulary, "context": self._model.context}
        network = {**build.keywords, **sizes}
        return {"format": self.format.name, "network": network}, dict(self._model.state_dict())

    @classmethod
    def restored(cls, settings: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """The trained decoder again.

        Raises
        ------
        ValueError, TypeError, KeyError, RuntimeError
            If settings and weights do not fit.
        """
        import torch

        from unseen.models.decoder import Decoder
        from unseen.training import History

        sizes = dict(settings["network"])
        solver = cls(settings["format"], network=partial(Decoder, **{k: v for k, v in sizes.items() if k not in _OWN}))
        if int(sizes.get("layers", 2)) > len(state) or sizes["vocabulary"] != solver._tokenizer.vocabulary:
            raise ValueError("weights of another network")
        with torch.device("meta"):  # sizes that do not fit the weights cost no memory
            model = Decoder(**sizes)
        model.load_state_dict(dict(state), assign=True)
        solver._model = model.eval()
        solver.history = History((0,), [np.zeros(0, dtype=np.int64)], [{}])
        return solver

    def _written(self, examples: Examples, starts: NDArray[np.int64] | None = None) -> tuple[list[str], list[str]]:
        """Prompts and answers; what is written out must be the sum of the two, so the targets have to be."""
        pairs = _pairs(examples)
        if examples.targets is None:
            raise ValueError("training needs examples with targets")
        for (a, b), target in zip(pairs, examples.targets.tolist(), strict=True):
            if a + b != target:
                raise ValueError(f"a format writes sums: the target of {a} and {b} is not {target}")
        chosen = [0] * len(pairs) if starts is None else starts.tolist()
        cases = [(*pair, start) for pair, start in zip(pairs, chosen, strict=True)]
        return [self.format.prompt(*case) for case in cases], [self.format.answer(*case) for case in cases]


_OWN = ("vocabulary", "context")
"""Sizes of the network that follow from format and examples."""


def _pairs(examples: Examples) -> list[tuple[int, int]]:
    if not {"left", "right"} <= set(examples.inputs):
        raise ValueError(f"addition needs the columns left and right, not {', '.join(sorted(examples.inputs))}")
    columns = (examples.inputs[side].tolist() for side in ("left", "right"))
    return list(zip(*columns, strict=True))


def _shares(model: Any, batch: tuple[Tensor, ...], *, names: tuple[str, ...]) -> dict[str, Tensor]:
    from unseen.training.sequences import exactly_predicted

    return {
        name: exactly_predicted(model, batch[2 * place : 2 * place + 2]).double().mean()
        for place, name in enumerate(names)
    }
