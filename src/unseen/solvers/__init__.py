"""What answers: classical, neural and language-model solvers.

`SOLVERS` lists every solver by name and where it lives; nothing is imported until it is asked for.
"""

SOLVERS = {
    "rasp": "unseen.solvers.rasp.programs:RaspSolver",
    "lookup-table": "unseen.solvers.lookup:LookupTable",
    "majority": "unseen.solvers.majority:MajorityAnswer",
    "nearest-neighbour": "unseen.solvers.nearest_neighbour:NearestNeighbour",
    "windowed-adder": "unseen.solvers.windowed_adder:WindowedAdder",
    "additive-completion": "unseen.solvers.completion:AdditiveCompletion",
    "kernel-ridge": "unseen.solvers.kernel_ridge:KernelRidge",
    "gradient-boosting": "unseen.solvers.gradient_boosting:GradientBoosting",
    "addition-decoder": "unseen.solvers.neural.addition_decoder:AdditionDecoder",
    "minimum-degree": "unseen.solvers.minimum_degree:MinimumDegreeInterpolator",
    "enumerator": "unseen.solvers.enumeration.enumerator:Enumerator",
    "infinite-mlp": "unseen.solvers.neural.infinite_mlp:InfiniteMLP",
    "wide-networks": "unseen.solvers.neural.wide_networks:WideNetworks",
}
