"""Puzzles whose answer is a whole number."""

from __future__ import annotations

from unseen.problems.puzzles.puzzle import distinct, puzzle, several, whole, word


@puzzle(lambda g, z: (whole(g, 20, 90 * z), whole(g, 100 * z, 900 * z)), lambda a, b: b - a)
def sum_to(answer: int, a: int, b: int) -> bool:
    return answer + a == b


@puzzle(lambda g, z: (a := whole(g, 3, 40 * z), a * whole(g, 13, 60 * z)), lambda a, b: b // a)
def product_to(answer: int, a: int, b: int) -> bool:
    return answer * a == b


@puzzle(lambda g, z: (whole(g, 100, 999 * z), whole(g, 30, 90)), lambda a, m: a % m)
def congruent(answer: int, a: int, m: int) -> bool:
    return 0 <= answer < m and (a - answer) % m == 0


@puzzle(lambda g, z: (whole(g, 13, 99 * z), whole(g, 13, 99 * z)), lambda a, b: a * b)
def common_multiple(answer: int, a: int, b: int) -> bool:
    return answer > 0 and answer % a == 0 and answer % b == 0


@puzzle(lambda g, z: (whole(g, 11, 40 * z) ** 2,), lambda a: round(a**0.5))
def square_root(answer: int, a: int) -> bool:
    return answer * answer == a


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20),), sum)
def total(answer: int, xs: list[int]) -> bool:
    return answer == sum(xs)


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20), whole(g, 500, 900 * z)), lambda xs, t: t - sum(xs))
def fill_up(answer: int, xs: list[int], t: int) -> bool:
    return sum(xs) + answer == t


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20, 90),), lambda xs: max(xs) + 1)
def just_above(answer: int, xs: list[int]) -> bool:
    return all(answer > x for x in xs) and answer - 1 in xs


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20, 90),), lambda xs: max(xs) - min(xs))
def spread(answer: int, xs: list[int]) -> bool:
    return answer + min(xs) == max(xs)


@puzzle(lambda g, z: (word(g, 11, 20 * z), word(g, 11, 20 * z)), lambda s, t: len(s) + len(t))
def letters_together(answer: int, s: str, t: str) -> bool:
    return answer == len(s) + len(t)


@puzzle(lambda g, z: (whole(g, 4, 12 * z),), lambda n: 10 ** (n - 1))
def digits(answer: int, n: int) -> bool:
    return answer > 0 and len(str(answer)) == n


@puzzle(lambda g, z: (distinct(g, 4, 6 * z),), lambda xs: xs[-1])
def last_number(answer: int, xs: list[int]) -> bool:
    return answer == xs[len(xs) - 1]


@puzzle(lambda g, z: (a := whole(g, 30, 90 * z), a + 2 * whole(g, 10, 50 * z)), lambda a, b: (a + b) // 2)
def middle(answer: int, a: int, b: int) -> bool:
    return b - answer == answer - a


@puzzle(lambda g, z: (whole(g, 100, 999 * z), whole(g, 17, 60)), lambda a, m: -(-a // m) * m)
def next_multiple(answer: int, a: int, m: int) -> bool:
    return answer % m == 0 and a <= answer < a + m


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20),), lambda xs: -sum(xs) - len(xs))
def balance(answer: int, xs: list[int]) -> bool:
    return answer + sum(xs) + len(xs) == 0


@puzzle(lambda g, z: (a := whole(g, 13, 40 * z), whole(g, 13, 60 * z), whole(g, 3, a - 1)), lambda a, q, r: a * q + r)
def divided(answer: int, a: int, q: int, r: int) -> bool:
    return answer // a == q and answer % a == r


@puzzle(lambda g, z: (whole(g, 13, 90 * z),), lambda a: a * a + a)
def square_and_itself(answer: int, a: int) -> bool:
    return answer == a * (a + 1)


@puzzle(lambda g, z: (distinct(g, 4, 7 * z),), lambda xs: sorted(xs)[-2])
def second_largest(answer: int, xs: list[int]) -> bool:
    return answer in xs and sum(x > answer for x in xs) == 1


@puzzle(lambda g, z: (several(g, 2, 3, 20), several(g, 2, 3 * z, 20)), lambda xs, ys: sum(xs) * sum(ys))
def product_of_totals(answer: int, xs: list[int], ys: list[int]) -> bool:
    return answer // sum(xs) == sum(ys) and answer % sum(xs) == 0


@puzzle(lambda g, z: (whole(g, 13, 60 * z), whole(g, 13, 60 * z), whole(g, 70, 150)), lambda a, b, c: a * b - c)
def product_less(answer: int, a: int, b: int, c: int) -> bool:
    return answer + c == a * b


@puzzle(lambda g, z: (whole(g, 13, 60 * z), whole(g, 13, 60 * z)), lambda a, b: a * a + b * b)
def two_squares(answer: int, a: int, b: int) -> bool:
    return answer == a * a + b * b


@puzzle(lambda g, z: (whole(g, 13, 60 * z), whole(g, 13, 60 * z)), lambda a, b: (a + 1) * (b + 1))
def next_ones_multiplied(answer: int, a: int, b: int) -> bool:
    return answer % (a + 1) == 0 and answer // (a + 1) == b + 1


@puzzle(
    lambda g, z: (xs := several(g, 4, 6 * z, 20), [*xs, -sum(xs) % (len(xs) + 1)])[1:], lambda xs: sum(xs) // len(xs)
)
def mean(answer: int, xs: list[int]) -> bool:
    return answer * len(xs) == sum(xs)


@puzzle(lambda g, z: (distinct(g, 4, 6 * z),), lambda xs: xs[0] + xs[-1])
def sum_of_ends(answer: int, xs: list[int]) -> bool:
    return answer == xs[0] + xs[len(xs) - 1]


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20),), lambda xs: sum(xs) - max(xs) - min(xs))
def without_extremes(answer: int, xs: list[int]) -> bool:
    return answer == sum(sorted(xs)[1:-1])


@puzzle(lambda g, z: (whole(g, 101, 999**z),), lambda a: int(str(a)[::-1]))
def numeral_backwards(answer: int, a: int) -> bool:
    return answer > 0 and str(a)[::-1].lstrip("0") == str(answer)


@puzzle(lambda g, z: (whole(g, 12, 99 * z), whole(g, 12, 99 * z)), lambda a, b: int(f"{a}{b}"))
def numerals_glued(answer: int, a: int, b: int) -> bool:
    return str(answer) == str(a) + str(b)


@puzzle(lambda g, z: (whole(g, 12, 99 * z),), lambda a: int(str(a) * 2))
def numeral_twice(answer: int, a: int) -> bool:
    return str(answer) == 2 * str(a)


@puzzle(lambda g, z: (whole(g, 20, 60 * z),), lambda n: n * (n + 1) // 2)
def triangle(answer: int, n: int) -> bool:
    return 2 * answer == n * (n + 1)


@puzzle(lambda g, z: (several(g, 4, 6 * z, 20),), lambda xs: max(xs) * len(xs) - sum(xs))
def gaps(answer: int, xs: list[int]) -> bool:
    return answer == sum(max(xs) - x for x in xs)


@puzzle(lambda g, z: (whole(g, 11, 90 * z), whole(g, 11, 90)), lambda a, b: 100 * a + b)
def hundreds(answer: int, a: int, b: int) -> bool:
    return answer // 100 == a and answer % 100 == b


@puzzle(lambda g, z: (word(g, 5, 12 * z), word(g, 5, 12 * z), whole(g, 11, 40)), lambda s, t, n: len(s) * n + len(t))
def letters_needed(answer: int, s: str, t: str, n: int) -> bool:
    return answer == len(s * n + t)


@puzzle(lambda g, z: (whole(g, 100, 999 * z), whole(g, 100, 999 * z)), lambda a, b: a % 10 + b % 10)
def last_digits(answer: int, a: int, b: int) -> bool:
    return answer == int(str(a)[-1]) + int(str(b)[-1])
