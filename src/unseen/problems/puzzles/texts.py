"""Puzzles whose answer is a text."""

from __future__ import annotations

from unseen.problems.puzzles.puzzle import puzzle, whole, word


@puzzle(lambda g, z: (s := word(g, 2, 5 * z), word(g, 3, 6 * z) + s), lambda s, t: t[: len(t) - len(s)])
def front(answer: str, s: str, t: str) -> bool:
    return answer + s == t


@puzzle(lambda g, z: (s := word(g, 2, 5 * z), s + word(g, 3, 6 * z)), lambda s, t: t[len(s) :])
def rest(answer: str, s: str, t: str) -> bool:
    return s + answer == t


@puzzle(lambda g, z: (word(g, 4, 9 * z),), lambda s: s[::-1])
def backwards(answer: str, s: str) -> bool:
    return answer[::-1] == s


@puzzle(lambda g, z: (word(g, 2, 5 * z), whole(g, 3, 9)), lambda s, n: s * n)
def repeated(answer: str, s: str, n: int) -> bool:
    return answer.count(s) >= n and len(answer) == n * len(s)


@puzzle(lambda g, z: (word(g, 4, 6 * z), word(g, 4, 6 * z)), lambda s, t: s + t)
def contains_both(answer: str, s: str, t: str) -> bool:
    return s in answer and t in answer and len(answer) == len(s) + len(t)


@puzzle(lambda g, z: (word(g, 4, 6 * z) + "k",), lambda s: s + s[::-1])
def palindrome(answer: str, s: str) -> bool:
    return answer.startswith(s) and answer == answer[::-1] and len(answer) == 2 * len(s)


@puzzle(lambda g, z: (whole(g, 1000, 9999**z),), str)
def decimal(answer: str, n: int) -> bool:
    return int(answer) == n


@puzzle(lambda g, z: (word(g, 5, 9 * z),), lambda s: s[0])
def first_letter(answer: str, s: str) -> bool:
    return len(answer) == 1 and s.startswith(answer)


@puzzle(lambda g, z: (word(g, 8, 12 * z), whole(g, 3, 6)), lambda s, n: s[len(s) - n :])
def last_letters(answer: str, s: str, n: int) -> bool:
    return len(answer) == n and s.endswith(answer)


@puzzle(lambda g, z: (word(g, 5, 9 * z),), lambda s: s * 3)
def much_longer(answer: str, s: str) -> bool:
    return answer.startswith(s) and len(answer) > 2 * len(s)


@puzzle(lambda g, z: (word(g, 5, 9 * z),), lambda s: "".join(sorted(s)))
def in_order(answer: str, s: str) -> bool:
    return len(answer) == len(s) and all(answer.count(c) == s.count(c) for c in s) and list(answer) == sorted(answer)


@puzzle(lambda g, z: (word(g, 3, 6 * z), word(g, 3, 6 * z)), lambda s, t: s + " " + t)
def two_words(answer: str, s: str, t: str) -> bool:
    return answer.split(" ") == [s, t]


@puzzle(lambda g, z: (word(g, 4, 7 * z) * 2,), lambda s: s[: len(s) // 2])
def half(answer: str, s: str) -> bool:
    return answer + answer == s


@puzzle(lambda g, z: (whole(g, 11, 40 * z),), lambda n: "a" * n)
def only_a(answer: str, n: int) -> bool:
    return len(answer) == n and answer.count("a") == n


@puzzle(lambda g, z: (word(g, 6, 9 * z),), lambda s: s[1:-1])
def inside(answer: str, s: str) -> bool:
    return s[0] + answer + s[-1] == s


@puzzle(lambda g, z: (whole(g, 11, 99 * z), whole(g, 3, 7)), lambda a, n: str(a) * n)
def numeral_repeated(answer: str, a: int, n: int) -> bool:
    return len(answer) == n * len(str(a)) and answer.count(str(a)) >= n


@puzzle(lambda g, z: (word(g, 7, 12 * z), whole(g, 2, 5)), lambda s, n: s[n:] + s[:n])
def rotated(answer: str, s: str, n: int) -> bool:
    return len(answer) == len(s) and answer[len(s) - n :] == s[:n] and answer.startswith(s[n:])


@puzzle(lambda g, z: (word(g, 4, 6 * z), word(g, 4, 6 * z)), lambda s, t: s + t + s)
def sandwich(answer: str, s: str, t: str) -> bool:
    return answer.startswith(s + t) and answer.endswith(t + s) and len(answer) == len(t) + 2 * len(s)


@puzzle(lambda g, z: (word(g, 4, 8 * z),), lambda s: "a" + s + "a")
def framed(answer: str, s: str) -> bool:
    return answer[1:-1] == s and answer[0] == answer[-1] == "a"


@puzzle(lambda g, z: (word(g, 3, 5 * z), word(g, 3, 5 * z)), lambda s, t: f"{s} {t} {s}")
def three_words(answer: str, s: str, t: str) -> bool:
    return answer.split(" ") == [s, t, s]


@puzzle(lambda g, z: (word(g, 4, 8 * z), word(g, 4, 8 * z)), lambda s, t: s[0] + t[0])
def initials(answer: str, s: str, t: str) -> bool:
    return len(answer) == 2 and s.startswith(answer[0]) and t.startswith(answer[1])


@puzzle(lambda g, z: (word(g, 4, 6 * z), word(g, 4, 6 * z)), lambda s, t: "".join(sorted(s + t))[::-1])
def all_letters_falling(answer: str, s: str, t: str) -> bool:
    return sorted(answer) == sorted(s + t) and all(answer[i] >= answer[i + 1] for i in range(len(answer) - 1))


@puzzle(lambda g, z: (word(g, 4, 15 * z),), lambda s: f"{len(s)} {s}")
def announced(answer: str, s: str) -> bool:
    return answer == str(len(s)) + " " + s


@puzzle(lambda g, z: (word(g, 3, 5 * z), whole(g, 3, 7)), lambda s, n: (s + " ") * n)
def spoken_again(answer: str, s: str, n: int) -> bool:
    return answer.count(s + " ") == n and len(answer) == n * (len(s) + 1)


@puzzle(lambda g, z: (whole(g, 100, 999**z), whole(g, 100, 999**z)), lambda a, b: f"{a} {b}")
def two_numerals(answer: str, a: int, b: int) -> bool:
    return len(answer.split(" ")) == 2 and int(answer.split(" ")[0]) == a and int(answer.split(" ")[1]) == b


@puzzle(lambda g, z: (word(g, 3, 5 * z), word(g, 3, 5 * z)), lambda s, t: s + t + t[::-1] + s[::-1])
def long_palindrome(answer: str, s: str, t: str) -> bool:
    return answer.startswith(s + t) and answer == answer[::-1] and len(answer) == 2 * len(s + t)


@puzzle(lambda g, z: (word(g, 9, 14 * z), whole(g, 2, 3)), lambda s, n: s[n : len(s) - n])
def peeled(answer: str, s: str, n: int) -> bool:
    return len(answer) == len(s) - 2 * n and s[n:].startswith(answer)


@puzzle(lambda g, z: (word(g, 3, 6 * z), word(g, 3, 6 * z)), lambda s, t: t[::-1] + s[::-1])
def both_backwards(answer: str, s: str, t: str) -> bool:
    return answer[::-1] == s + t


@puzzle(lambda g, z: (whole(g, 30, 90 * z), whole(g, 30, 90 * z)), lambda a, b: f"{a + b}")
def sum_as_text(answer: str, a: int, b: int) -> bool:
    return int(answer) - a == b
