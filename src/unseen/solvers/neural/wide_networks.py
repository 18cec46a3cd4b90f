r"""Many two-layer ReLU networks of finite width, initialized apart and trained together.

Each computes :math:`f(x) = s_2 W_2\,\mathrm{relu}(s_1 W_1 x)` without biases. Full-batch gradient descent on
:math:`\frac12 \sum_i |f(x_i) - y_i|^2` moves both layers, with a step of one over the largest eigenvalue of the
tangent kernel that the parametrization has at large width:

- ``"ntk"``: :math:`W_{1,2}` of unit variance, :math:`s_1 = 1/\sqrt d`, :math:`s_2 = 1/\sqrt n`; both layers share
  the learning at any width n;
- ``"standard"``: :math:`s_1 = s_2 = 1` and weights of variance 1 / fan-in; the last layer's part of the tangent kernel
  is n / d times as large as in ``"ntk"`` and the first layer's only as large as before, so that wide networks learn
  in the last layer alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.solver import Unsolved
from unseen.measures.theory.ntk import relu_kernels
from unseen.solvers.reading import Answers, check_answers, feature_matrix, target_matrix, written

if TYPE_CHECKING:
    import torch

Parametrization = Literal["ntk", "standard"]

MOST_STEPS = 20_000


class WideNetworks:
    """A batch of independent two-layer networks; answers with their average.

    Parameters
    ----------
    width : int
        Number of hidden units n of each network; wide enough by default to follow the kernel to a few percent.
    members : int
        Number of networks.
    seed : hashable
        Decides the initializations; streams are hashed from it.
    parametrization : {"ntk", "standard"}
        How weights are scaled, see the module's text.
    centred : bool
        Whether each network's own initial function is subtracted from its output, in training and after.
    tolerance : float
        Training stops when no output of any network is further than this from its target.
    answers : {"values", "bits"}
        Whether to answer with the averages or with 1 where they exceed `tolerance` and 0 elsewhere.
    device : str
        Where to train, as PyTorch names it. Initializations are drawn on the CPU and do not depend on it.

    Examples
    --------
    >>> from unseen.problems.binary.permutation import BinaryPermutation
    >>> problem = BinaryPermutation(4)
    >>> networks = WideNetworks(512, members=200, answers="bits").fit(problem.sample("train"))
    >>> words = problem.sample("composed:2")
    >>> float(problem.score(words, networks.solve(words)).mean())
    1.0
    """

    def __init__(
        self,
        width: int = 1024,
        members: int = 1,
        *,
        seed: Hashable = 0,
        parametrization: Parametrization = "ntk",
        centred: bool = False,
        tolerance: float = 1e-4,
        answers: Answers = "values",
        device: str = "cpu",
    ) -> None:
        if width < 1 or members < 1:
            raise ValueError(f"width and members must be 1 or more, not {width!r} and {members!r}")
        if parametrization not in ("ntk", "standard"):
            raise ValueError(f"parametrization must be 'ntk' or 'standard', not {parametrization!r}")
        if not tolerance > 0:
            raise ValueError(f"tolerance must be positive, not {tolerance!r}")
        check_answers(answers)
        self.width, self.members, self.seed = width, members, seed
        self.parametrization, self.centred, self.tolerance = parametrization, centred, tolerance
        self.answers, self.device = answers, device
        self.residual = float("inf")
        """Largest distance of a training output from its target, over all networks."""
        self.steps = 0
        """Steps of gradient descent taken."""
        self._weights: tuple[torch.Tensor, torch.Tensor] | None = None
        self._initial: tuple[torch.Tensor, torch.Tensor] | None = None

    def fit(self, examples: Examples) -> Self:
        """Initialize all networks and train them until they fit, or up to 20,000 steps.

        Raises
        ------
        ValueError
            If there are no targets.
        """
        import torch

        inputs, outputs = feature_matrix(examples), target_matrix(examples)
        step = 1 / self._largest_rate(inputs)
        first, second = self._initialized(inputs.shape[1], outputs.shape[1])
        x, y = self._tensor(inputs.T), self._tensor(outputs.T)
        s1, s2 = self._scales(len(x))
        self._weights = first, second
        self._initial = (first.clone(), second.clone()) if self.centred else None
        if self.centred:
            y = y + self._outputs(x, (first, second))
        for self.steps in range(MOST_STEPS + 1):
            before = torch.matmul(first, x).mul_(s1)
            hidden = before.clamp(min=0)
            error = torch.bmm(second, hidden).mul_(s2).sub_(y)
            self.residual = float(error.abs().max())
            if not self.tolerance < self.residual < np.inf:
                break
            backward = torch.bmm(second.transpose(1, 2), error).mul_(before > 0)
            second.sub_(torch.bmm(error, hidden.transpose(1, 2)), alpha=step * s2)
            first.sub_(torch.matmul(backward, x.T), alpha=step * s1 * s2)
        return self

    def outputs(self, examples: Examples) -> NDArray[np.float32]:
        """Outputs of every network, float32 of shape (members, n, outputs).

        Raises
        ------
        ValueError
            If the networks were not trained.
        """
        if self._weights is None:
            raise ValueError("the networks must be fitted before they can answer")
        x = self._tensor(feature_matrix(examples).T)
        found = self._outputs(x, self._weights)
        if self._initial is not None:
            found = found - self._outputs(x, self._initial)
        result: NDArray[np.float32] = found.transpose(1, 2).cpu().numpy()
        return result

    def solve(self, examples: Examples) -> NDArray[Any] | list[Unsolved]:
        """The average outputs, float64, or the bits that they stand for, int64; shape (n, outputs)."""
        outputs = self.outputs(examples)
        if not self.residual <= self.tolerance:
            return [Unsolved("not converged")] * len(examples)
        return written(outputs.mean(axis=0, dtype=np.float64), self.answers, self.tolerance)

    def _outputs(self, x: torch.Tensor, weights: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Outputs at the columns of x, shape (members, outputs, columns)."""
        import torch

        s1, s2 = self._scales(len(x))
        return torch.bmm(weights[1], torch.matmul(weights[0], x).mul_(s1).clamp_(min=0)).mul_(s2)

    def _initialized(self, features: int, outputs: int) -> tuple[torch.Tensor, torch.Tensor]:
        """First and second weights, shapes (members, width, features) and (members, outputs, width)."""
        import torch

        key = int(random_stream("wide networks", self.seed).integers(2**63))
        generator = torch.Generator().manual_seed(key)
        first = torch.randn(self.members, self.width, features, generator=generator)
        second = torch.randn(self.members, outputs, self.width, generator=generator)
        if self.parametrization == "standard":
            first.div_(features**0.5)
            second.div_(self.width**0.5)
        return first.to(self.device), second.to(self.device)

    def _scales(self, features: int) -> tuple[float, float]:
        """s_1 and s_2."""
        return (features**-0.5, self.width**-0.5) if self.parametrization == "ntk" else (1.0, 1.0)

    def _largest_rate(self, inputs: NDArray[np.float64]) -> float:
        """Largest eigenvalue of the tangent kernel on the training inputs at large width."""
        kernels = relu_kernels(inputs, inputs)
        kernel = kernels.ntk
        if self.parametrization == "standard":
            kernel = self.width * kernels.nngp + inputs.shape[1] * (kernels.ntk - kernels.nngp)
        return float(np.linalg.eigvalsh(kernel)[-1])

    def _tensor(self, array: NDArray[np.float64]) -> torch.Tensor:
        import torch

        return torch.tensor(array, dtype=torch.float32, device=self.device)
