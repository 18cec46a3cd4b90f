"""What is true of the templated families beyond the laws: definitions followed to the letter, and published values."""

from __future__ import annotations

from itertools import combinations, permutations, product
from math import gcd

import numpy as np
import pytest
import sympy

import unseen as un
from unseen.problems.omega.letter_derangements import derangements
from unseen.problems.omega.matrix_rank import ranks
from unseen.problems.omega.zebra_puzzle import _clues, _is_true

FAMILIES = (
    "polynomial-roots",
    "function-intersections",
    "prime-factors",
    "power-residues",
    "polygon-angles",
    "polygon-chords",
    "polygon-colourings",
    "letter-derangements",
    "letter-boxes",
    "matrix-rank",
    "blocked-grid",
    "knight-moves",
    "zebra-puzzle",
)


def asked(name, split, n=12, seed=3, **options):
    """Rows of questions with the answers."""
    problem = un.problem(name, **options)
    examples = problem.sample(split, n, seed)
    return list(zip(examples.inputs["question"].tolist(), problem.truth(examples).tolist(), strict=True))


@pytest.mark.parametrize("name", FAMILIES)
def test_size_and_magnitude_are_raised_apart(name):
    problem = un.problem(name)
    trained = problem.sample("train", 2000, 1).labels["size"]
    assert trained.max() == problem.size
    assert problem.sample("longer:size", 200, 1).labels["size"].min() > problem.size
    if "longer:magnitude" in problem.splits:
        assert problem.sample("longer:magnitude", 200, 1).labels["size"].max() <= problem.size


@pytest.mark.parametrize("name", FAMILIES)
def test_a_size_out_of_range_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match="size must be a whole number from"):
        un.problem(name, size=1000)


@pytest.mark.parametrize("split", ["iid", "longer:size", "composed"])
def test_roots_are_those_that_sympy_finds(split):
    x = sympy.Symbol("x")
    for row, answer in asked("polynomial-roots", split):
        found = sympy.roots(sympy.Poly(row[2:-1][::-1], x))
        assert sum(found.values()) == row[1]
        assert answer == (gcd(*map(int, found)) if split == "composed" else max(found))


def test_power_sums_are_those_of_the_numerical_roots():
    for row, answer in asked("polynomial-roots", "transformed", 50):
        roots = np.roots([1, row[3], row[2]])
        assert np.isclose((roots ** row[-1]).sum(), answer, rtol=1e-9, atol=1e-6)
        assert not any(np.isclose(roots, round(root.real), atol=1e-9).all() for root in roots)


def test_graphs_cross_lines_as_often_as_fine_sampling_sees():
    problem = un.problem("function-intersections")
    for row, answer in asked("function-intersections", "iid", 40):
        places, factors = np.array(row[2 : 2 + row[1]]), np.array(row[2 + problem.largest :][: row[1]])
        kinks = np.array([-300.0, *places, 300.0])
        values = (np.abs(kinks[:, None] - places) * factors).sum(axis=1) - row[-1]
        on_kinks = int((values[1:-1] == 0).sum())
        assert answer == on_kinks + int((values[1:] * values[:-1] < 0).sum())


def test_zigzags_cross_as_often_as_iteration_says():
    def zigzag(x, pieces):
        within = (x * pieces) % 2
        return np.minimum(within, 2 - within)

    for pieces, times in ((2, 5), (3, 4), (4, 3)):
        # Corners are multiples of 1 / pieces**times and map to 0 or 1, so that every piece crosses 1/2 once.
        x = np.arange(pieces**times + 1) / pieces**times
        for _ in range(times):
            x = zigzag(x, pieces)
        assert np.isclose(np.abs(np.diff(x)), 1, atol=1e-6).all()
    row, answer = asked("function-intersections", "transformed", 1)[0]
    assert answer == row[2] ** row[3]


def test_largest_prime_factors_are_those_of_sympy():
    for split in ("iid", "longer:size", "transformed"):
        for row, answer in asked("prime-factors", split):
            assert answer == max(sympy.factorint(row[2]))


def test_chords_are_perpendicular_as_their_coordinates_say():
    for split in ("iid", "longer:magnitude"):
        for row, answer in asked("polygon-chords", split, 60):
            corner = np.exp(2j * np.pi * np.arange(row[2] + 1) / row[2])
            chords = [corner[row[3 + 2 * k]] - corner[row[4 + 2 * k]] for k in range(row[1])]
            assert answer == sum(abs((a * b.conjugate()).real) < 1e-9 for a, b in combinations(chords, 2))


def test_all_chords_of_small_polygons():
    problem = un.problem("polygon-chords")
    for half in range(3, 9):
        corner = np.exp(1j * np.pi * np.arange(2 * half) / half)
        chords = [a - b for a, b in combinations(corner, 2)]
        count = sum(abs((a * b.conjugate()).real) < 1e-9 for a, b in combinations(chords, 2))
        row = np.array([[2, 0, 2 * half, *[0] * 12]])
        assert problem.solved(row)[0] == count


def test_colourings_are_those_left_by_listing():
    problem = un.problem("polygon-colourings")
    for counts in ((2, 2), (3, 3), (2, 2, 2), (4, 2), (1, 2, 4)):
        beads = [colour for colour, count in enumerate(counts) for _ in range(count)]
        turned = {min(tuple(order[k:] + order[:k]) for k in range(len(beads))) for order in set(permutations(beads))}
        row = np.array([[0, len(beads), *counts, *[0] * (6 - len(counts))]])
        assert problem.solved(row)[0] == len(turned)


def test_derangements_of_equal_letters_are_those_left_by_listing():
    problem = un.problem("letter-derangements")
    for word in ("AABB", "AABC", "AABBC", "AABBCC", "ABCD", "AAABBC"):
        orders = {order for order in permutations(word) if all(a != b for a, b in zip(order, word, strict=True))}
        row = [0, len(word), *(word.count(letter) for letter in "ABCDEFGH")]
        assert problem.solved(np.array([row]))[0] == len(orders)


def test_derangement_numbers_are_sequence_a000166():
    assert derangements(np.arange(11)).tolist() == [1, 0, 1, 2, 9, 44, 265, 1854, 14833, 133496, 1334961]


def test_boxes_are_filled_in_as_many_ways_as_listing_finds():
    problem = un.problem("letter-boxes")
    for boxes, counts in ((2, (2, 1, 1)), (3, (2, 2, 1)), (3, (1, 1, 3))):
        shares = [
            [share for share in product(range(count + 1), repeat=boxes) if sum(share) == count] for count in counts
        ]
        ways = sum(all(map(sum, zip(*choice, strict=True))) for choice in product(*shares))
        assert problem.solved(np.array([[0, boxes, *counts]]))[0] == ways


def test_ranks_are_those_of_sympy():
    stream = np.random.default_rng(8)
    matrices = stream.integers(-2, 3, size=(60, 4, 5))
    matrices[::3, 2] = matrices[::3, 0] + matrices[::3, 1]
    assert ranks(matrices).tolist() == [sympy.Matrix(matrix.tolist()).rank() for matrix in matrices]


def test_ways_through_grids_are_those_of_listing():
    problem = un.problem("blocked-grid")
    for row, answer in asked("blocked-grid", "iid", 30):
        size, blocked = row[1], {cell for cell in row[2:] if cell}
        if size > 4:
            continue
        ways = 0
        for ups in combinations(range(2 * size - 2), size - 1):
            x = y = 0
            free = True
            for step in range(2 * size - 2):
                x, y = (x, y + 1) if step in ups else (x + 1, y)
                free &= y * size + x + 1 not in blocked
            ways += free
        assert answer == ways
    assert problem.solved(np.array([[0, 17, 0, 0, 0, 0, 0, 2]]))[0] == sympy.binomial(31, 16)


def test_knights_move_as_breadth_first_search_says():
    networkx = pytest.importorskip("networkx")
    squares = list(product(range(-16, 17), repeat=2))
    graph = networkx.Graph(((x, y), (x + a, y + b)) for x, y in squares for a, b in ((1, 2), (2, 1), (-1, 2), (-2, 1)))
    far = networkx.single_source_shortest_path_length(graph, (0, 0))
    for split in ("iid", "longer:size"):
        for row, answer in asked("knight-moves", split, 200):
            assert answer == far[row[4] - row[2], row[5] - row[3]]


def test_the_clues_of_a_puzzle_leave_one_answer_and_without_the_last_one_several():
    for split in ("iid", "longer:size", "longer:magnitude"):
        for row, answer in asked("zebra-puzzle", split, 20):
            houses, kinds, thing, *given = row[1:]
            clues = [_clues(houses, kinds)[number - 1] for number in given if number]
            homes = [sum(order, ()) for order in product(permutations(range(1, houses + 1)), repeat=kinds)]
            left = [home for home in homes if all(_is_true(clue, home) for clue in clues[:-1])]
            assert len({home[thing] for home in left}) > 1
            assert {home[thing] for home in left if _is_true(clues[-1], home)} == {answer}


def test_one_skill_alone_answers_no_composed_question():
    roots, rank, points = (un.problem(name) for name in ("polynomial-roots", "matrix-rank", "function-intersections"))
    for problem in (roots, rank, points):
        examples = problem.sample("composed", 300, 2)
        plain = examples.inputs["question"].copy()
        plain[:, 0] = 0
        # The first skill alone: the largest root, the rank, the number of points.
        assert problem.score(examples, problem.solved(plain)).mean() < 0.2
    # The second skill alone: divisors of what is written, and derangements of as many as there are rows.
    examples = roots.sample("composed", 300, 2)
    rows = examples.inputs["question"]
    inside = np.arange(rows.shape[1] - 3) < rows[:, 1, None]
    assert roots.score(examples, np.gcd.reduce(np.where(inside, rows[:, 2:-1], 0), axis=1)).max() == 0
    examples = rank.sample("composed", 300, 2)
    assert rank.score(examples, derangements(examples.inputs["question"][:, 1] + 3)).max() == 0


def test_transformed_questions_cost_the_trained_tactic_more_than_a_long_answer():
    budget = 10_000
    assert min(asked("prime-factors", "transformed", 50))[0][2] ** 0.5 > 70 * budget
    assert min(row[2] for row, _ in asked("power-residues", "transformed", 50)) >= budget
    assert min(row[1] ** 2 for row, _ in asked("blocked-grid", "transformed", 50)) >= 169
    assert min(row[2] for row, _ in asked("polygon-chords", "transformed", 50)) ** 2 // 2 >= budget // 2
