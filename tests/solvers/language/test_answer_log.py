"""The log of answers: nothing is lost, nothing is changed, whatever the text."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.solvers.language.answer_log import AnswerLog, AnswerLogError, Reply

SOURCE = ("http://host/v1", "tiny", {"temperature": 0, "max_tokens": 10})
REPLY = Reply("4", "stop", 5, 1, 0.25, 2)


def test_answers_survive_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log.db"
    with AnswerLog(path) as log:
        log.add(SOURCE, "2 + 2?", REPLY)
        log.add(SOURCE, "2 + 2?", Reply("5", "stop", 0, 0, 0.0, 1))
    with AnswerLog(path) as log:
        assert log.find(SOURCE, ["2 + 2?", "3 + 3?"]) == {"2 + 2?": REPLY}
        assert len(log) == 1


@pytest.mark.parametrize(
    "other",
    [
        ("http://other/v1", "tiny", SOURCE[2]),
        ("http://host/v1", "large", SOURCE[2]),
        ("http://host/v1", "tiny", {"temperature": 1, "max_tokens": 10}),
        ("http://host/v1", "tiny", {"temperature": 0}),
    ],
)
def test_server_model_and_parameters_tell_answers_apart(other: tuple[str, str, dict[str, int]]) -> None:
    with AnswerLog(None) as log:
        log.add(SOURCE, "2 + 2?", REPLY)
        assert log.find(other, ["2 + 2?"]) == {}
        assert log.find((*SOURCE[:2], {"max_tokens": 10, "temperature": 0}), ["2 + 2?"])  # in any order


@given(st.dictionaries(st.text(), st.text(alphabet=st.characters(exclude_categories=[])), max_size=5))
def test_any_text_comes_back(said: dict[str, str]) -> None:
    with AnswerLog(None) as log:
        for question, text in said.items():
            log.add(SOURCE, question, Reply(text, "stop", 0, 0, 0.0, 1))
        found = log.find(SOURCE, said)
    assert found.keys() == said.keys()
    for question, text in said.items():
        assert found[question].text == text.encode("utf-8", "replace").decode()


def test_more_questions_than_one_query_takes() -> None:
    questions = [str(number) for number in range(1700)]
    with AnswerLog(None) as log:
        for question in questions:
            log.add(SOURCE, question, REPLY)
        assert len(log.find(SOURCE, [*questions, "another"])) == 1700


def test_two_logs_on_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log.db"

    def write(start: int) -> None:
        with AnswerLog(path) as log:
            for number in range(start, start + 100):
                log.add(SOURCE, str(number), REPLY)

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with AnswerLog(path) as log:
        assert len(log) == 150


def test_files_that_are_no_answer_log(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text("Dear reader, " * 500)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE answers (mine TEXT)")
    database.close()
    for path in (letter, other, tmp_path, letter / "below"):
        with pytest.raises(AnswerLogError, match="cannot be used as an answer log") as caught:
            AnswerLog(path)
        assert "\n" not in str(caught.value)
