"""Audits of data sets whose defects were put in on purpose, and of sound ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.audit.auditing import audit
from unseen.audit.canonical import canonical_text
from unseen.audit.guessable import guess_answers
from unseen.audit.near import THRESHOLD, near_duplicates
from unseen.audit.table import Columns, Rows, read_files
from unseen.errors import UsageError

Command = Callable[..., Any]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("What is 2+2?", "  what  IS 2+2?\n", True),
        ("Add 1,234 and 5", "Add 1234 and 005", True),
        ("2.50 kg", "2.5 kg", True),
        ("4.0", "4", True),
        ("5 \N{MINUS SIGN} 3", "5 - 3", True),
        ("x\N{SUPERSCRIPT TWO}", "x2", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("10", "1", False),
        ("1.05", "1.5", False),
        ("0.5", "5", False),
        ("100", "1", False),
        ("1,2", "12", False),
        ("[1, 234]", "[1234]", False),
        ("5 - 3", "5 + 3", False),
        ("1.2.3", "1.2.30", False),
        ("a b", "ab", False),
    ],
)
def test_canonical_text(first: str, second: str, same: bool) -> None:
    assert (canonical_text(first) == canonical_text(second)) is same


@given(st.text(max_size=100))
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    once = canonical_text(text)
    assert canonical_text(once) == canonical_text(canonical_text(once))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=3))
def test_numbers_keep_their_value(number: Any) -> None:
    assert float(canonical_text(f"{number:,}")) == pytest.approx(float(number))


def jaccard(a: str, b: str) -> float:
    sets = [{tuple(words[i : i + 3]) for i in range(len(words) - 2)} for words in (a.split(), b.split())]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_near_duplicates_are_those_that_comparing_all_pairs_finds() -> None:
    stream = np.random.default_rng(5)
    vocabulary = [f"w{'abcdefghij'[i % 10]}{'abcdefghij'[i // 10]}" for i in range(100)]
    texts = [" ".join(stream.choice(vocabulary, size=30)) for _ in range(60)]
    for text in list(texts[:40]):
        words = text.split()
        for place in stream.choice(30, size=stream.integers(0, 4), replace=False):
            words[place] = vocabulary[stream.integers(100)]
        texts.append(" ".join(words))
    splits = (np.arange(len(texts)) >= 60).astype(int)
    expected = {
        i
        for i in range(len(texts))
        if any(splits[i] != splits[j] and jaccard(texts[i], texts[j]) >= THRESHOLD for j in range(len(texts)))
    }
    found = near_duplicates(texts, splits)
    assert set(found.rows.tolist()) == expected
    assert 20 < len(expected) < 80
    for row, other, similarity in zip(found.rows, found.others, found.similarity, strict=True):
        assert similarity == pytest.approx(jaccard(texts[row], texts[other]))


def test_a_template_makes_no_near_duplicates() -> None:
    stream = np.random.default_rng(6)
    frame = "A shop sells {} apples on one day and {} pears on the next day . How many fruits are sold in all ?"
    texts = [frame.format(*stream.integers(10**6, size=2)) for _ in range(400)]
    assert len(near_duplicates(texts, np.arange(400) % 2).rows) == 0
    few = near_duplicates(texts[:50], np.arange(50) % 2)
    assert len(few.rows) == 0 or few.similarity.min() >= THRESHOLD


def test_planted_shares_are_found() -> None:
    train = [f"What is {a} + {a * a}?" for a in range(100)]
    test = [*(f"what is  {a:,} + {a * a:,} ?".replace(" ?", "?") for a in range(90, 110))]
    answers = [str(a + a * a) for a in range(100)] + [str(a + a * a + (a == 95)) for a in range(90, 110)]
    found = audit(Rows(["train"] * 100 + ["test"] * 20, train + test, list(answers)))
    first, second = found.splits
    assert (first.shared["test"], second.shared["train"], second.shared_any) == (10, 10, 10)
    assert (first.other_answer, second.other_answer) == (1, 1)
    assert found.findings()[1] == "10 of 20 rows of test (50.0%) stand in train too."
    assert second.examples[0][0] == "what is  90 + 8,100?"


def test_a_given_form_counts_instead_of_the_text() -> None:
    rows = Rows(["train", "test"], ["1 + 2", "2 + 1"], ["3", "3"])
    assert audit(rows).splits[1].shared_any == 0
    assert audit(rows, [(1, 2), (1, 2)]).splits[1].shared_any == 1


def test_a_shortcut_is_found_and_a_sound_set_is_left_alone() -> None:
    stream = np.random.default_rng(7)
    labels = stream.integers(2, size=2000)
    numbers = stream.integers(1000, size=2000)
    sound = [f"is the number {n} in the set" for n in numbers]
    leaky = [f"is the number {n} in the {'bag' if label else 'set'}" for n, label in zip(numbers, labels, strict=True)]
    answers = ["yes" if label else "no" for label in labels]
    for questions, expected in ((sound, False), (leaky, True)):
        found = guess_answers((questions[:1000], answers[:1000]), (questions[1000:], answers[1000:]))
        assert [bool(guess.finding) for guess in found] == [False, False, expected, expected]
        assert (found[2].accuracy.estimate == 1.0) is expected


def test_lopsided_answers_are_found() -> None:
    answers = ["42" if i % 10 else str(i) for i in range(600)]
    found = guess_answers((["q"] * 300, answers[:300]), (["q"] * 300, answers[300:]))
    assert found[0].accuracy.estimate == pytest.approx(0.9)
    assert "'42'" in found[0].finding
    # The expected share right of guessing by frequency: 0.9 x 0.9, the rare answers never recur.
    assert found[1].accuracy.estimate == pytest.approx(0.81, abs=0.002)


def test_answers_that_never_recur_teach_nothing() -> None:
    answers = [str(i) for i in range(200)]
    found = guess_answers((["q"] * 100, answers[:100]), (["q"] * 100, answers[100:]))
    assert [guess.accuracy.estimate for guess in found] == [0.0, 0.0]


def test_a_hundred_thousand_questions_take_well_under_a_minute() -> None:
    stream = np.random.default_rng(8)
    numbers = stream.integers(10**4, size=(100_000, 3))
    questions = [
        f"Tom has {a} apples and buys {b}. Then he gives {c} to Ann. How many are left?" for a, b, c in numbers
    ]
    answers: list[str | None] = [str(a + b - c) for a, b, c in numbers]
    started = time.process_time()
    found = audit(Rows(["train"] * 90_000 + ["test"] * 10_000, questions, answers))
    assert time.process_time() - started < 50
    assert found.splits[1].shared_any == 0


# -- files ------------------------------------------------------------------------------------------------------------

TABLE = [("train", "1 + 1?", "2"), ("train", "2 + 2?", "4"), ("test", "1 + 1 ?".replace(" ?", "?"), "2")]


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_every_kind_of_file_is_read(unseen: Command, home: Path, kind: str) -> None:
    frame = pd.DataFrame(TABLE, columns=["split", "question", "answer"])
    path = home / f"data.{kind}"
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    elif kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=kind == "jsonl")
    printed = unseen("audit", path, "--json")
    assert (printed.code, printed.err) == (0, "")
    found = json.loads(printed.out)
    assert [(one["split"], one["rows"], one["shared_any"]) for one in found["splits"]] == [
        ("train", 2, 1),
        ("test", 1, 1),
    ]
    assert found["findings"] == ["1 of 1 rows of test (100.0%) stand in train too."]


def test_files_are_splits_and_columns_are_named(unseen: Command, home: Path) -> None:
    chats = [[{"role": "user", "content": f"add {n} and {n}"}] for n in range(4)]
    for name, rows in (("train", chats[:3]), ("eval", chats[2:])):
        lines = [json.dumps({"chat": chat, "gold": 2}) for chat in rows]
        (home / f"{name}.jsonl").write_text("\n".join(lines))
    page = home / "audit.html"
    printed = unseen(
        "audit", home / "train.jsonl", home / "eval.jsonl", "--question", "chat", "--answer", "gold", "--html", page
    )
    assert printed.code == 0
    assert "1 of 2 rows of eval (50.0%) stand in train too." in printed.out
    assert "add 2 and 2" in page.read_text()


def test_malformed_rows_are_named_and_the_rest_is_audited(unseen: Command, home: Path) -> None:
    lines = ['{"question": "1?", "answer": "1"}', "{broken", "[1]", '{"question": null}', '{"other": 1}', "\xff\xfe"]
    lines += ['{"question": "2?", "answer": "2", "split": 7}', '{"question": "3?"}']
    path = home / "train.jsonl"
    path.write_bytes("\n".join(lines).encode("latin-1"))
    printed = unseen("audit", path, "--json")
    assert printed.code == 1
    found = json.loads(printed.out)
    assert found["splits"][0]["rows"] == 3
    assert found["left_out"] == 5
    named = [line.removeprefix(f"unseen: {path}, row ") for line in printed.err.splitlines()]
    assert [line.partition(":")[0] for line in named] == ["2", "3", "4", "5", "6"]


def test_a_csv_of_uneven_rows(unseen: Command, home: Path) -> None:
    path = home / "data.csv"
    path.write_text('split,question,answer\ntrain,"1, 2",3\ntrain,4\n\ntest,"a\nb",5\n')
    printed = unseen("audit", path, "--json")
    assert (printed.code, printed.err) == (1, f"unseen: {path}, row 3: 2 cells under 3 headings\n")
    assert [one["rows"] for one in json.loads(printed.out)["splits"]] == [1, 1]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"", "files end in .jsonl, .ndjson, .json, .csv, .parquet"),
        ("a.jsonl", b"", "no row can be used"),
        ("a.jsonl", b"{\n", "no row can be used: .*row 1: no valid JSON"),
        ("a.jsonl", b'{"q": 1}\n', "has no column named question, prompt, .* it has q"),
        ("a.json", b"{", "no valid JSON"),
        ("a.json", b"{}", "an array of objects is needed, not dict"),
        ("a.parquet", b"PAR1 and no more", "is no valid Parquet"),
        ("a.csv", b"question\n\xff\xfe\n", "cannot be read"),
    ],
)
def test_files_that_cannot_be_used(unseen: Command, home: Path, name: str, content: bytes, complaint: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (home / name).write_bytes(content)
    with pytest.raises(UsageError, match=complaint):
        read_files([home / name], Columns())
    assert str(home / name) in unseen("audit", home / name).complaint


def test_misuse(unseen: Command, home: Path) -> None:
    assert "there is no such file" in unseen("audit", home / "none.jsonl").complaint
    (home / "a.jsonl").write_text('{"question": "1"}')
    assert "has no column 'gold' (say --answer NAME)" in unseen("audit", home / "a.jsonl", "--answer", "gold").complaint
    assert unseen("audit", "chain-sum", "--level", "2").complaint == "--level must lie between 0 and 1, not 2"


def test_registered_problems_share_nothing(unseen: Command, home: Path) -> None:
    printed = unseen("audit", "greatest-common-divisor", "-n", "300", "--json")
    assert printed.code == 0
    found = json.loads(printed.out)
    assert found["reference"] == "train"
    assert all(one["shared_any"] == 0 for one in found["splits"])
