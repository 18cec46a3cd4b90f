"""What is asked: procedural families of questions with exact checkers.

`PROBLEMS` lists every problem by name and where its factory lives; nothing is imported until it is asked for.
"""

PROBLEMS = {
    "modular-addition": "unseen.problems.algebra.modular:addition",
    "modular-subtraction": "unseen.problems.algebra.modular:subtraction",
    "modular-multiplication": "unseen.problems.algebra.modular:multiplication",
    "modular-polynomial": "unseen.problems.algebra.polynomial:modular_polynomial",
    "group-arithmetic": "unseen.problems.algebra.groups:group_arithmetic",
    "binary-permutation": "unseen.problems.binary.permutation:BinaryPermutation",
    "digits": "unseen.problems.images.digits:Digits",
    "whole-number-addition": "unseen.problems.numbers.addition:WholeNumberAddition",
    "random-calculation": "unseen.problems.numbers.random_calculation:RandomCalculation",
    "chain-sum": "unseen.problems.numbers.chain_sum:ChainSum",
    "chain-product": "unseen.problems.numbers.chain_product:ChainProduct",
    "greatest-common-divisor": "unseen.problems.numbers.common_divisor:GreatestCommonDivisor",
    "linear-equation": "unseen.problems.numbers.linear_equation:LinearEquation",
    "number-arithmetic": "unseen.problems.numbers.number_arithmetic:NumberArithmetic",
    "pair-matching": "unseen.problems.sequences.matching:pair_matching",
    "triple-matching": "unseen.problems.sequences.matching:triple_matching",
    "frozen-conjunction": "unseen.problems.sequences.conjunction:FrozenConjunction",
    "sequence-count": "unseen.problems.sequences.algorithmic:counting",
    "sequence-copy-unique": "unseen.problems.sequences.algorithmic:copying_unique",
    "sequence-copy-repeat": "unseen.problems.sequences.algorithmic:copying_repeated",
    "sequence-mode": "unseen.problems.sequences.algorithmic:mode",
    "sequence-sort": "unseen.problems.sequences.algorithmic:sorting",
    "sequence-parity": "unseen.problems.sequences.algorithmic:parity",
    "sequence-fold": "unseen.problems.sequences.algorithmic:folding",
    "feature-noise-patches": "unseen.problems.planted.feature_noise_patches:FeatureNoisePatches",
    "slab-mixture": "unseen.problems.planted.slabs:SlabMixture",
    "xor-clusters": "unseen.problems.planted.xor_clusters:XorClusters",
    "linear-teacher": "unseen.problems.regression.linear_teacher:LinearTeacher",
    "relu-teacher": "unseen.problems.regression.relu_teacher:ReluTeacher",
    "smooth-teacher": "unseen.problems.regression.smooth_teacher:SmoothTeacher",
    "noisy-teacher-classes": "unseen.problems.classification.noisy_teacher:NoisyTeacherClasses",
    "markov-text": "unseen.problems.text.markov:MarkovText",
}
