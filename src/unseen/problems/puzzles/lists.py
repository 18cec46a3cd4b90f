"""Puzzles whose answer is a list of whole numbers."""

from __future__ import annotations

from unseen.problems.puzzles.puzzle import distinct, puzzle, several, whole, word


@puzzle(lambda g, z: (several(g, 4, 6 * z),), lambda xs: xs[::-1])
def turned(answer: list[int], xs: list[int]) -> bool:
    return answer[::-1] == xs


@puzzle(lambda g, z: (several(g, 4, 6 * z),), sorted)
def ascending(answer: list[int], xs: list[int]) -> bool:
    return (
        len(answer) == len(xs) and all(x in answer for x in xs) and answer == sorted(answer) and sum(answer) == sum(xs)
    )


@puzzle(lambda g, z: (several(g, 4, 6 * z),), lambda xs: sorted(xs)[::-1])
def descending(answer: list[int], xs: list[int]) -> bool:
    return sorted(answer) == sorted(xs) and all(answer[i] >= answer[i + 1] for i in range(len(xs) - 1))


@puzzle(lambda g, z: (several(g, 2, 4 * z), several(g, 2, 4 * z)), lambda xs, ys: xs + ys)
def one_after_the_other(answer: list[int], xs: list[int], ys: list[int]) -> bool:
    return answer[: len(xs)] == xs and answer[len(xs) :] == ys


@puzzle(lambda g, z: (whole(g, 5, 20 * z),), lambda n: list(range(n)))
def counting(answer: list[int], n: int) -> bool:
    return len(answer) == n and all(answer[i] == i for i in range(n))


@puzzle(lambda g, z: (whole(g, 13, 99 * z), whole(g, 4, 9)), lambda v, n: [v] * n)
def all_the_same(answer: list[int], v: int, n: int) -> bool:
    return len(answer) == n and answer.count(v) == n


@puzzle(lambda g, z: (whole(g, 100, 999 * z),), lambda v: [v + 1])
def single(answer: list[int], v: int) -> bool:
    return len(answer) == 1 and answer[0] - 1 == v


@puzzle(lambda g, z: (distinct(g, 6, 9 * z), whole(g, 3, 5)), lambda xs, n: xs[:n])
def first_numbers(answer: list[int], xs: list[int], n: int) -> bool:
    return len(answer) == n and all(answer[i] == xs[i] for i in range(n))


@puzzle(lambda g, z: (distinct(g, 6, 9 * z), whole(g, 3, 5)), lambda xs, n: xs[len(xs) - n :])
def last_numbers(answer: list[int], xs: list[int], n: int) -> bool:
    return len(answer) == n and xs[-n:] == answer


@puzzle(lambda g, z: (word(g, 11, 20 * z), word(g, 11, 20 * z)), lambda s, t: [len(s), len(t)])
def lengths(answer: list[int], s: str, t: str) -> bool:
    return answer == [len(s), len(t)]


@puzzle(lambda g, z: (whole(g, 100, 999 * z),), lambda t: [t, 0])
def two_summands(answer: list[int], t: int) -> bool:
    return len(answer) == 2 and sum(answer) == t


@puzzle(lambda g, z: (several(g, 3, 5 * z), whole(g, 70, 99 * z)), lambda xs, v: [*xs, v])
def appended(answer: list[int], xs: list[int], v: int) -> bool:
    return answer[:-1] == xs and answer[-1] == v


@puzzle(lambda g, z: (several(g, 3, 5 * z),), lambda xs: xs + xs[::-1])
def mirrored(answer: list[int], xs: list[int]) -> bool:
    return len(answer) == 2 * len(xs) and answer[: len(xs)] == xs and answer == answer[::-1]


@puzzle(lambda g, z: (a := whole(g, 20, 90 * z), a + whole(g, 5, 60)), lambda a, b: [a, b - a])
def steps(answer: list[int], a: int, b: int) -> bool:
    return len(answer) == 2 and answer[0] == a and answer[0] + answer[1] == b


@puzzle(lambda g, z: (several(g, 4, 7 * z, 20),), lambda xs: [min(xs), max(xs)])
def bounds(answer: list[int], xs: list[int]) -> bool:
    return len(answer) == 2 and answer[0] in xs and answer[1] in xs and all(answer[0] <= x <= answer[1] for x in xs)


@puzzle(lambda g, z: (several(g, 4, 6 * z),), lambda xs: xs[1:])
def without_the_first(answer: list[int], xs: list[int]) -> bool:
    return [xs[0], *answer] == xs


@puzzle(lambda g, z: (whole(g, 100, 300 * z), whole(g, 20, 90)), lambda a, b: [a + b, a - b])
def sum_and_difference(answer: list[int], a: int, b: int) -> bool:
    return len(answer) == 2 and answer[0] == a + b and answer[0] - answer[1] == 2 * b


@puzzle(lambda g, z: (whole(g, 6, 20 * z),), lambda n: list(range(1, n + 1)))
def counting_from_one(answer: list[int], n: int) -> bool:
    return len(answer) == n and all(answer[i] == i + 1 for i in range(n))


@puzzle(lambda g, z: (a := whole(g, 3, 9), a + whole(g, 5, 12 * z)), lambda a, b: list(range(a, b)))
def counting_between(answer: list[int], a: int, b: int) -> bool:
    return len(answer) == b - a and all(answer[i] == a + i for i in range(b - a))


@puzzle(lambda g, z: (several(g, 2, 4 * z), several(g, 2, 4 * z)), lambda xs, ys: sorted(xs + ys))
def merged(answer: list[int], xs: list[int], ys: list[int]) -> bool:
    return answer == sorted(answer) and sorted(xs + ys) == answer


@puzzle(lambda g, z: (several(g, 2, 4 * z), several(g, 2, 4 * z)), lambda xs, ys: sorted(xs + ys)[::-1])
def merged_falling(answer: list[int], xs: list[int], ys: list[int]) -> bool:
    return sorted(answer) == sorted(xs + ys) and all(answer[i] >= answer[i + 1] for i in range(len(answer) - 1))


@puzzle(lambda g, z: (distinct(g, 4, 7 * z),), lambda xs: [xs[0], xs[-1]])
def both_ends(answer: list[int], xs: list[int]) -> bool:
    return len(answer) == 2 and answer[0] == xs[0] and answer[1] == xs[len(xs) - 1]


@puzzle(lambda g, z: (distinct(g, 6, 9 * z), whole(g, 2, 4)), lambda xs, n: xs[n:] + xs[:n])
def turned_round(answer: list[int], xs: list[int], n: int) -> bool:
    return len(answer) == len(xs) and answer[: len(xs) - n] == xs[n:] and answer[-n:] == xs[:n]


@puzzle(lambda g, z: (whole(g, 6, 20 * z),), lambda n: list(range(n))[::-1])
def countdown(answer: list[int], n: int) -> bool:
    return len(answer) == n and answer[n - 1] == 0 and all(answer[i] - answer[i + 1] == 1 for i in range(n - 1))


@puzzle(lambda g, z: (several(g, 4, 7 * z, 20),), lambda xs: [min(xs), max(xs), sum(xs)])
def summary(answer: list[int], xs: list[int]) -> bool:
    return answer == [min(xs), max(xs), sum(xs)]


@puzzle(lambda g, z: (several(g, 3, 6 * z),), lambda xs: sorted(xs + xs))
def everything_twice(answer: list[int], xs: list[int]) -> bool:
    return (
        answer == sorted(answer) and len(answer) == 2 * len(xs) and all(answer.count(x) == 2 * xs.count(x) for x in xs)
    )


@puzzle(lambda g, z: (distinct(g, 5, 8 * z),), lambda xs: xs[1:-1])
def middle_part(answer: list[int], xs: list[int]) -> bool:
    return [xs[0], *answer, xs[-1]] == xs


@puzzle(lambda g, z: (several(g, 3, 6 * z, 20),), lambda xs: [*xs, sum(xs)])
def with_total(answer: list[int], xs: list[int]) -> bool:
    return answer[: len(xs)] == xs and answer[len(xs) :] == [sum(xs)]


@puzzle(lambda g, z: (word(g, 11, 20 * z), whole(g, 13, 90), word(g, 11, 20)), lambda s, n, t: [len(s), n, len(t)])
def three_numbers(answer: list[int], s: str, n: int, t: str) -> bool:
    return len(answer) == 3 and answer[0] == len(s) and answer[1] == n and answer[2] == len(t)


@puzzle(lambda g, z: (several(g, 3, 5 * z), whole(g, 3, 6)), lambda xs, n: xs * n)
def again_and_again(answer: list[int], xs: list[int], n: int) -> bool:
    return len(answer) == n * len(xs) and all(answer[i] == xs[i % len(xs)] for i in range(len(answer)))
