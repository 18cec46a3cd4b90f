"""The pitfalls of simplicity bias: a network uses one simple feature and ignores 49 that tell the same.

Paper: Shah, Tamuly, Raghunathan, Jain and Netrapalli (2020), "The Pitfalls of Simplicity Bias in Neural Networks".

What the paper claims
    Where one simple and many complex features each predict the class without fault, networks trained by stochastic
    gradient descent use the simplest one alone: shuffling it among examples leaves chance, shuffling all others changes
    nothing. Where the simple feature has noise, this costs test accuracy although the others are faultless. Neither
    ensembles nor adversarial training mend it.

What was run (scale small)
    `unseen.problems.planted.slabs.SlabMixture` in 50 dimensions, turned by a random frame: LMS-5 (a linear feature and
    49 five-slabs), MS-(5,7) (a 5-slab and 49 seven-slabs), and a noisy LMS-7, where the linear feature lies inside the
    margin for one example in ten. Two hidden layers of 100 rectified units, SGD with momentum, five seeds that decide
    data, frame, initial weights and order. Controls: the same network, trained alike, where all 50 features are 5-slabs
    or 7-slabs, because a network that cannot learn a feature is trivially blind to it. On LMS-5 also adversarial
    training (projected gradient ascent, Euclidean radius 0.3, where the margin is 0.1), on the noisy data ensembles of
    three, boosted trees on the unrotated features and a tuned Gaussian support vector machine. `auc_simple` and
    `auc_others` are areas under the ROC curve with the simplest feature or all others shuffled among test examples.

Ours beside theirs
    ==================================  ==========================  ======================================
    area or accuracy on held-out data   theirs, one run             ours, five seeds
    ==================================  ==========================  ======================================
    LMS-5, linear / slabs shuffled      0.507 / 1.000               0.492 to 0.505 / 1.000
    MS-(5,7), 5-slab / others shuffled  0.502 / 1.000               0.493 to 0.504 / 1.000
    noisy LMS-7, accuracy               0.949                       0.944 to 0.950
    MS-7, accuracy                      1.000                       0.999 to 1.000
    ==================================  ==========================  ======================================

    Theirs are read from the stored outputs of the notebooks 01 and 03 of github.com/harshays/simplicitybiaspitfalls.

What differs from the paper and its code, and why
    1. Momentum 0.9 throughout; the authors' LMS-5 and MS-(5,7) have none. It shortens the plateau of MS-(5,7) from over
       10,000 updates to about 2,000; training goes on to 4,000 all the same.
    2. On noisy LMS-7 width 100 instead of 300, to fit two CPU cores; the authors find the same from 100 to 300. Its
       rate is 0.3 instead of 0.1, that of their MS-7, so that noisy data and control are trained alike.
    3. They report an ensemble's area on LMS-5, where accuracy leaves no room. Ours is asked on the noisy data, where
       there are five points to win. The networks of an ensemble share their data.
    4. Radius and steps of the adversarial training are ours. A linear feature alone cannot withstand radius 0.3.
    5. Every interval of a slab gets its exact probability; examples in the linear margin are drawn one by one and not
       as exactly a tenth.
    6. Left out: dominoes of MNIST and CIFAR-10, recurrent and convolutional networks, universal perturbations.

What was found
    On clean data the bias is total: with the one simple feature shuffled the networks guess, with the 49 others
    shuffled not one of 10,000 answers changes to a wrong one. That they could do otherwise the controls show: without
    the simple feature the same network learns 5-slabs within 1,500 updates and 7-slabs within 3,000 to 8,500.
    The noisy data set and its control were first given 8,000, too few for one seed of ten.

    On the noisy data networks stay at the 0.95 that the linear feature allows, an ensemble of three gains a quarter of
    a point, and the support vector machine, tuned on further training examples, does no better (0.94 to 0.96).

    Adversarial training does mend part of it, against the paper, and differs much from seed to seed: with attacks three
    times as long as the margin, which a linear feature alone cannot withstand, the area after shuffling the linear
    feature is 0.63 to 0.73 instead of 0.5. On seeds 100-104 it is 0.53 to 0.77, which leaves this one claim
    inconclusive there; all others come out the same. The networks still lean on the linear feature most (0.97 to 0.99
    with all slabs shuffled). With attacks as long as the margin (radius 0.1, one seed, 30,000 examples) nothing is
    mended: 0.49 and 1.00.

    Boosted trees on the unrotated features solve the noisy data, so the information is there and can be had from as
    many examples. They are told the axes along which features lie, which the networks have to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below
from unseen.statistics import Interval, mean, paired_difference
from unseen.studies.dynamics._simplicity_arms import ARMS, Config, boosted_trees, kernel_machine, networks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Train the networks of one arm on all seeds at once, or a classical baseline seed by seed."""
    if condition == "trees":
        return [boosted_trees(seed, config) for seed in seeds]
    if condition == "kernel":
        return [kernel_machine(seed, config) for seed in seeds]
    return networks(ARMS[condition], seeds, config)


# -- claims -------------------------------------------------------------------------------------------------------

PAIR = ("lms-5", "ms-5-7")


def _gap(trials: Trials) -> Interval:
    return mean(np.min([trials.values(c, "auc_others") - trials.values(c, "auc_simple") for c in PAIR], axis=0))


def _solves(condition: str, text: str) -> Gate:
    return Gate(text, lambda trials: float(trials.values(condition, "test").min()), above(0.99))


CAPABLE = (
    _solves("ms-5", "the same network learns 5-slabs where there is nothing simpler"),
    _solves("ms-7", "the same network learns 7-slabs where there is nothing simpler"),
)
SOLVED = tuple(_solves(c, f"the networks of arm {c} solve held-out examples") for c in PAIR)

CLAIMS = (
    Claim(
        "The network relies on the simplest feature alone: shuffling the 49 others leaves over 0.38 more area under "
        "the ROC curve than shuffling the simplest, on LMS-5 and on MS-(5,7) (the smaller of the two gaps).",
        _gap,
        above(0.98 - 0.6),
        central=True,
        gates=(*CAPABLE, *SOLVED),
    ),
    Claim(
        "Without the simplest feature nearly nothing is left: its shuffling brings the area below 0.6 on both data "
        "sets (the larger of the two).",
        lambda trials: mean(np.max([trials.values(c, "auc_simple") for c in PAIR], axis=0)),
        below(0.6),
        gates=(*CAPABLE, *SOLVED),
    ),
    Claim(
        "The 49 others are not needed: after their shuffling the area is above 0.98 on both data sets (the smaller).",
        lambda trials: mean(np.min([trials.values(c, "auc_others") for c in PAIR], axis=0)),
        above(0.98),
        gates=SOLVED,
    ),
    Claim(
        "With a linear feature that tells nothing for one example in ten and 49 faultless 7-slabs, test accuracy "
        "stays below 0.97.",
        lambda trials: mean(trials.values("noisy-lms-7", "test")),
        below(0.97),
        gates=(CAPABLE[1],),
    ),
    Claim(
        "Boosted trees that are given the features themselves get over 2 points more out of the same data.",
        lambda trials: paired_difference(trials.values("trees", "test"), trials.values("noisy-lms-7", "test")),
        above(0.02),
    ),
    Claim(
        "An ensemble of networks that differ in initial weights and order of the data does not mend it: it is less "
        "than one point more accurate than its members.",
        lambda trials: mean(trials.values("noisy-lms-7", "ensemble") - trials.values("noisy-lms-7", "test")),
        below(0.01),
        gates=(CAPABLE[1],),
    ),
    Claim(
        "Adversarial training on LMS-5 does not mend it either: shuffling the linear feature still brings the area "
        "below 0.6.",
        lambda trials: mean(trials.values("adversarial", "auc_simple")),
        below(0.6),
        gates=(
            CAPABLE[0],
            Gate(
                "adversarial training ends with a network that tells the classes apart",
                lambda trials: float(trials.values("adversarial", "auc").min()),
                above(0.99),
            ),
        ),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

SHUFFLED = {
    "auc": ("nothing", "0.5"),
    "auc_simple": ("the simplest feature", "#D55E00"),
    "auc_others": ("the others", "#0072B2"),
}
ROWS = {
    "lms-5": "1 linear,\n49 five-slabs",
    "ms-5-7": "1 five-slab,\n49 seven-slabs",
    "adversarial": "1 linear, 49 five-slabs,\nadversarial training",
    "ms-5": "control:\n50 five-slabs",
}


def figure(trials: Trials) -> Figure:
    """What is left when features are shuffled, and learning where the simple feature has noise."""
    import matplotlib.pyplot as plt

    drawn, (left, right) = plt.subplots(1, 2, figsize=(11, 5.0), layout="constrained")
    _draw_reliance(left, trials)
    _draw_learning(right, trials)
    drawn.suptitle("Networks use the simplest feature and ignore 49 others that tell the same")
    return drawn


def _draw_reliance(axes: Axes, trials: Trials) -> None:
    for row, condition in enumerate(ROWS):
        for shift, (metric, (_, colour)) in zip((-0.2, 0, 0.2), SHUFFLED.items(), strict=True):
            values = trials.values(condition, metric)
            axes.scatter(values, np.full(len(values), row + shift), color=colour, alpha=0.7, s=30)
    for label, colour in SHUFFLED.values():
        axes.scatter([], [], color=colour, label=label)
    axes.set_yticks(range(len(ROWS)), list(ROWS.values()))
    axes.invert_yaxis()
    axes.set_xlabel("area under the ROC curve, held-out examples")
    axes.legend(title="shuffled among examples:", loc="upper center", bbox_to_anchor=(0.4, -0.15), ncols=3)
    axes.set_title("Shuffle one feature of fifty and all is lost")


def _draw_learning(axes: Axes, trials: Trials) -> None:
    for condition, colour, label in (
        ("noisy-lms-7", "#D55E00", "network, noisy linear feature and 49 faultless seven-slabs"),
        ("ms-7", "#0072B2", "same network, seven-slabs alone"),
    ):
        for number, curve in enumerate(trials.curves(condition, "learning")):
            axes.plot(curve["step"], curve["test"], color=colour, alpha=0.7, label=label if number == 0 else None)
    trees = float(trials.values("trees", "test").mean())
    axes.axhline(trees, color="black", linestyle=":", label="boosted trees on the features, noisy data")
    axes.set_xlabel("update")
    axes.set_ylabel("test accuracy")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15))
    axes.set_title("It can cost accuracy: the faultless features stay unused")


study = Study(
    paper="041",
    claims=CLAIMS,
    conditions={
        "lms-5": "one linear feature and 49 five-slabs, each predicting the class without fault",
        "ms-5": "control: 50 five-slabs and nothing simpler",
        "ms-5-7": "one 5-slab and 49 seven-slabs, each predicting the class without fault",
        "noisy-lms-7": "a linear feature that tells nothing for 10 % of examples and 49 faultless 7-slabs; ensembles",
        "ms-7": "control of the noisy arm, trained alike: 50 seven-slabs and nothing simpler",
        "adversarial": "the data of lms-5, adversarial training by projected gradient ascent",
        "trees": "baseline: boosted trees of depth 2 on the unrotated features of noisy-lms-7",
        "kernel": "baseline: a support vector machine with Gaussian kernel on the points of noisy-lms-7",
    },
    scales={
        "smoke": Config(
            features=5,
            width=8,
            train=256,
            noisy_train=256,
            test=200,
            batch=64,
            steps=20,
            noisy_steps=20,
            members=2,
            adversarial_steps=5,
            attack_steps=2,
            trees=5,
            machine_train=100,
        ),
        "small": Config(),
        "full": Config(width=300, test=50_000, steps=40_000, noisy_steps=40_000, adversarial_steps=10_000),
    },
    trial=trial,
    figure=figure,
    broken={"lms-5": "ms-5"},
    batched=True,
)
