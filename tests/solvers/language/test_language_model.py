"""A language model as a solver, and on the command line."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer

import unseen as un
from unseen.contracts.solver import Unanswered, Unsolved
from unseen.solvers.language.answer_log import AnswerLog
from unseen.solvers.language.endpoint import Endpoint, Settings
from unseen.solvers.language.language_model import INSTRUCTION, LanguageModel
from unseen.solvers.language.limits import Prices

PROBLEM = un.problem("modular-addition", modulus=59)


def knows(question: str, before: int) -> str:
    """Answers addition by the rule, in many words."""
    a, b, modulus = map(int, re.findall(r"\d+", question)[:3])
    return f"say:Let me see, {a} + {b} = {a + b}.\nAnswer: {(a + b) % modulus}"


def model(server: MisbehavingServer, **changes: Any) -> LanguageModel:
    quick = {"time_limit": 5.0, "first_wait": 0.001, "longest_wait": 0.01, **changes}
    return LanguageModel(Endpoint(Settings("tiny", server.base_url, **quick), AnswerLog(None)), PROBLEM)


def test_it_is_asked_the_problems_words_and_its_answers_are_read() -> None:
    with MisbehavingServer(knows) as server:
        found = un.appraise(model(server), PROBLEM, n=200)
        assert found.diagnosis.kind == "rule"
        texts = PROBLEM.text(PROBLEM.sample("iid", 200, 0))
        assert {f"{text}\n\n{INSTRUCTION}" for text in texts} <= set(server.asked)
        assert set(server.asked.values()) == {1}
        assert (found.cost.answers, found.cost.stored, found.cost.money) == (len(server.asked), 0, None)


def test_wrong_refused_cut_off_and_unanswered_are_told_apart() -> None:
    replies = ["say:Answer: 3", "say:I cannot say.", "status:413"]
    examples = PROBLEM.sample("iid", 3, 0).questions_only()
    texts = PROBLEM.text(examples)
    with MisbehavingServer(lambda question, before: replies[texts.index(question.split("\n")[0])]) as server:
        answers = model(server).solve(examples)
    assert answers[0] == "3"
    assert answers[1] == Unsolved("no answer in the reply")
    assert not isinstance(answers[1], Unanswered)
    assert isinstance(answers[2], Unanswered)


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"message": {"content": "Answer: 3"}, "finish_reason": "length"}, "cut off at the limit of tokens"),
        ({"message": {"content": None}, "finish_reason": "length"}, "cut off at the limit of tokens"),
        ({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}, "refused"),
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "refused"),
    ],
)
def test_replies_that_are_no_answers(choice: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from misbehaving_server import _Peer

    monkeypatch.setattr(_Peer, "answer", lambda peer, question: peer.send(json.dumps({"choices": [choice]})))
    with MisbehavingServer() as server:
        assert model(server).solve(PROBLEM.sample("iid", 1, 0).questions_only()) == [Unsolved(why)]


def test_prices_are_of_all_answers() -> None:
    with MisbehavingServer() as server:
        solver = model(server, prices=Prices(read=1e6, written=2e6))
        examples = PROBLEM.sample("iid", 5, 0).questions_only()
        solver.solve(examples)
        solver.solve(examples)
        asked = sum(map(len, server.asked))
        assert (solver.usage.answers, solver.usage.stored) == (10, 5)
        assert solver.usage.prompt_tokens == 2 * asked
        assert solver.usage.money == 2 * (asked + 2 * 2 * 5)


# -- the command line ---------------------------------------------------------------------------------------------

Command = Callable[..., Any]


@pytest.fixture
def ask(home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``unseen evaluate`` on twenty questions of a server."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(server: MisbehavingServer, *more: object) -> Any:
        problem = ("modular-addition", "--set", "modulus=59", "--splits", "iid", "-n", 20)
        return unseen("evaluate", "openai:tiny", *problem, "--base-url", server.base_url, *more)

    return run


def test_the_command_asks_once_and_a_second_time_nothing(ask: Command, home: Path) -> None:
    with MisbehavingServer(knows) as server:
        first = json.loads(ask(server, "--json", "--level", 0.5).out)["evaluations"][0]
        again = ask(server, "--level", 0.5)
        assert sum(server.asked.values()) == 20
    assert (first["diagnosis"]["kind"], first["cost"]["stored"]) == ("rule", 0)
    assert again.code == 0
    assert "20 answers, 20 of them from the log" in again.out
    assert next(home.rglob("answers.db")).is_file()


def test_a_limit_keeps_what_was_answered_and_says_so(ask: Command) -> None:
    with MisbehavingServer(knows) as server:
        cut = ask(server, "--most-requests", 15, "--json")
        assert (cut.code, cut.err) == (
            1,
            "unseen: openai:tiny on modular-addition: the limit of 15 requests is reached\n",
        )
        (split,) = json.loads(cut.out)["evaluations"][0]["splits"]
        assert (split["questions"], split["unanswered"], split["estimate"]) == (20, 5, 1.0)
        assert ask(server).code == 0
        assert sum(server.asked.values()) == 20


def test_a_server_that_fails_is_one_line_and_a_key_is_not_in_it(ask: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with MisbehavingServer(lambda question, before: "echo_key") as server:
        refused = ask(server)
    assert refused.code == 1
    assert re.fullmatch(r"unseen: .*refuses tiny: status 401, wrong key \(key\)\n", refused.err)
    assert "secret" not in refused.out
    gone = ask(server)
    assert re.fullmatch(r"unseen: .*cannot be reached: connection refused\n", gone.err)


def test_misuse(ask: Command, unseen: Command) -> None:
    with MisbehavingServer() as server:
        assert "tries must be from 1 to 100, not 0" in ask(server, "--tries", 0).complaint
        assert "a limit on money needs the prices" in ask(server, "--most-money", 1).complaint
        assert "--model-set cannot set stream" in ask(server, "--model-set", "stream=True").complaint
        assert "cannot be used as an answer log" in ask(server, "--answers", "/").complaint
        assert "must not hold a password" in ask(server, "--base-url", "http://me:pw@host/v1").complaint
        assert not server.asked
    missing = unseen("evaluate", "openai:tiny", "modular-addition").complaint
    assert missing.endswith("set the environment variable OPENAI_API_KEY, or name another --base-url")


def test_control_c_is_one_line_and_the_same_command_goes_on(spawn: Command, ask: Command, home: Path) -> None:
    command = ("evaluate", "openai:tiny", "chain-sum", "--splits", "iid", "-n", 300, "--concurrency", 2)
    with MisbehavingServer(lambda question, before: "slow") as server:
        process = spawn(*command, "--base-url", server.base_url)
        while sum(server.answered.values()) < 20 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (130, "")
        assert err == "unseen: stopped; answers of language models are kept, the same command goes on from here\n"
        with AnswerLog(next(home.rglob("answers.db"))) as log:
            assert len(log) >= 18


def test_progress_in_a_log_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    from unseen.commands.language import progress_of

    hourly, always = progress_of("openai:tiny", every=3600), progress_of("openai:tiny", every=0)
    hourly(3, 10)
    assert capsys.readouterr().err == ""
    always(3, 10)
    assert capsys.readouterr() == ("", "openai:tiny: 3 of 10 questions done\n")
