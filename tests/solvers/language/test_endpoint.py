"""The client against a server that misbehaves: nothing lost, nothing asked twice, limits kept."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from misbehaving_server import MisbehavingServer

from unseen.contracts.solver import Unanswered
from unseen.errors import UsageError
from unseen.solvers.language.answer_log import AnswerLog, Reply
from unseen.solvers.language.endpoint import Endpoint, EndpointError, Settings, key_from_environment
from unseen.solvers.language.limits import Limits, Prices

FAULTS = [
    *("status:429", "status:500", "status:502", "status:503", "status:504", "cut_json", "cut_body", "no_choices"),
    *("wrong_schema", "null_content", "an_array", "close", "reset", "garbage"),
]


def settings(server: MisbehavingServer, **changes: Any) -> Settings:
    quick = {"concurrency": 16, "time_limit": 5.0, "tries": 12, "first_wait": 0.002, "longest_wait": 0.02}
    return Settings("tiny", server.base_url, **{**quick, **changes})


def texts(replies: list[Reply | Unanswered]) -> list[str | None]:
    return [reply.text if isinstance(reply, Reply) else None for reply in replies]


def test_ten_thousand_requests_to_a_server_that_misbehaves_in_every_way(tmp_path: Path) -> None:
    generator = random.Random(0)
    questions = [f"question {number}" for number in range(8000)]

    def behaviour(question: str, before: int) -> str:
        if 2000 <= sum_asked[0] < 2400:  # a storm
            sum_asked[0] += 1
            return "status:429"
        sum_asked[0] += 1
        chance = generator.random()
        if chance < 0.0015:
            return "hang" if chance < 0.0007 else "drip"
        return generator.choice(FAULTS) if chance < 0.22 else "until_closed" if chance < 0.24 else "answer"

    sum_asked = [0]
    with MisbehavingServer(behaviour) as server, AnswerLog(tmp_path / "log.db") as log:
        endpoint = Endpoint(settings(server, time_limit=2.0, tries=40), log)
        replies, stored = endpoint.ask_all(questions)
        assert texts(replies) == [question[::-1] for question in questions]  # nothing lost, nothing mixed up
        assert stored == 0
        assert set(server.answered.values()) == {1}  # nothing asked again once it was answered
        assert sum(server.asked.values()) >= 10_000
        assert set(server.happened) == {*FAULTS, "hang", "drip", "until_closed", "answer"}
        assert len(log) == 8000

        before = sum(server.asked.values())
        again, stored = Endpoint(settings(server), log).ask_all(questions)
        assert (texts(again), stored) == (texts(replies), 8000)
        assert sum(server.asked.values()) == before


@pytest.mark.parametrize("fault", [*FAULTS, "hang", "drip"])
def test_each_fault_is_mended_by_asking_again(fault: str) -> None:
    with MisbehavingServer(lambda question, before: fault if before < 2 else "answer") as server:
        endpoint = Endpoint(settings(server, time_limit=0.8), AnswerLog(None))
        replies, _ = endpoint.ask_all(["ab", "cd"])
        assert texts(replies) == ["ba", "dc"]
        assert [reply.tries for reply in replies if isinstance(reply, Reply)] == [3, 3]
        assert server.asked == {"ab": 3, "cd": 3}


@pytest.mark.parametrize(
    ("fault", "why"), [("status:503", "status 503, so it is with you"), ("hang", "no answer within")]
)
def test_a_question_that_is_never_answered_says_why(fault: str, why: str) -> None:
    with MisbehavingServer(lambda question, before: fault if question == "bad" else "answer") as server:
        endpoint = Endpoint(settings(server, tries=3, time_limit=0.2), AnswerLog(None))
        bad, good = endpoint.ask_all(["bad", "good"])[0]
        assert isinstance(bad, Unanswered)
        assert why in bad.why
        assert bad.why.endswith("(tries: 3)")
        assert isinstance(good, Reply)
        assert (server.asked["bad"], endpoint.stopped) == (3, "")


def test_the_time_limit_is_of_the_whole_request() -> None:
    with MisbehavingServer(lambda question, before: "drip") as server:
        started = time.monotonic()
        Endpoint(settings(server, tries=1, time_limit=0.3), AnswerLog(None)).ask_all(["a", "b"])
        assert time.monotonic() - started < 2


def test_the_same_text_is_asked_once_and_parameters_tell_questions_apart(tmp_path: Path) -> None:
    with MisbehavingServer() as server, AnswerLog(tmp_path / "log.db") as log:
        assert texts(Endpoint(settings(server), log).ask_all(["ab", "cd", "ab"])[0]) == ["ba", "dc", "ba"]
        assert server.asked == {"ab": 1, "cd": 1}
        Endpoint(settings(server, parameters={"temperature": 1}), log).ask_all(["ab"])
        assert server.asked["ab"] == 2


def test_no_more_requests_are_in_flight_than_allowed() -> None:
    with MisbehavingServer(lambda question, before: "slow") as server:
        Endpoint(settings(server, concurrency=5), AnswerLog(None)).ask_all([str(number) for number in range(40)])
        assert server.most_in_flight == 5


def test_who_watches_is_told_how_far_it_is() -> None:
    seen: list[tuple[int, int]] = []
    with MisbehavingServer(lambda question, before: "slow") as server:
        endpoint = Endpoint(
            settings(server, concurrency=1), AnswerLog(None), watch=lambda done, total: seen.append((done, total))
        )
        endpoint.ask_all([str(number) for number in range(15)])
    assert seen[-1] == (15, 15)
    assert seen[0][0] < 15


# -- limits -------------------------------------------------------------------------------------------------------


def test_a_limit_on_requests_stops_cleanly_and_the_next_run_goes_on(tmp_path: Path) -> None:
    questions = [str(number) for number in range(100)]
    with MisbehavingServer(lambda question, before: "status:500" if before == 0 else "answer") as server:
        with AnswerLog(tmp_path / "log.db") as log:
            endpoint = Endpoint(settings(server, limits=Limits(requests=70)), log)
            replies, _ = endpoint.ask_all(questions)
            assert sum(server.asked.values()) == 70
            assert endpoint.stopped == "the limit of 70 requests is reached"
            answered = [reply for reply in replies if isinstance(reply, Reply)]
            assert len(answered) == len(log) == sum(server.answered.values())
            missing = next(reply for reply in replies if isinstance(reply, Unanswered))
            assert missing.why == endpoint.stopped
            assert endpoint.ask_all(["another"])[0] == [Unanswered(endpoint.stopped)]
        with AnswerLog(tmp_path / "log.db") as log:
            assert None not in texts(Endpoint(settings(server), log).ask_all(questions)[0])
        assert set(server.answered.values()) == {1}


@pytest.mark.parametrize("limits", [Limits(tokens=2000), Limits(money=2e-3)], ids=["tokens", "money"])
def test_limits_on_tokens_and_money_are_not_passed_and_nearly_used(limits: Limits) -> None:
    with MisbehavingServer() as server:
        made = settings(server, limits=limits, prices=Prices(1, 1), parameters={"max_tokens": 10})
        endpoint = Endpoint(made, AnswerLog(None))
        replies, _ = endpoint.ask_all([f"{number:08}" for number in range(1000)])
        used = sum(r.prompt_tokens + r.completion_tokens for r in replies if isinstance(r, Reply))
        assert 2000 - 8 - 64 - 10 <= used <= 2000  # each question takes 10; the last must fit with all it may use
        assert "is reached" in endpoint.stopped


# -- servers that are of no use -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("status:404", "refuses tiny: status 404, so it is with you"),
        ("status:302", "it redirects to another address"),
        ("status:400", "gave no answer to 10 questions in a row: status 400, so it is with you"),
        ("status:503", "gave no answer to 10 questions in a row: status 503"),
    ],
)
def test_a_server_that_refuses_everything_is_left_alone(behaviour: str, message: str) -> None:
    with MisbehavingServer(lambda question, before: behaviour) as server:
        endpoint = Endpoint(settings(server, tries=2, concurrency=1), AnswerLog(None))
        with pytest.raises(EndpointError, match=message) as caught:
            endpoint.ask_all([str(number) for number in range(200)])
        assert "\n" not in str(caught.value)
        assert sum(server.asked.values()) <= 20
        assert endpoint.stopped == str(caught.value)


def test_a_question_that_is_refused_by_itself_does_not_stop_the_others() -> None:
    with MisbehavingServer(lambda question, before: "status:413" if question == "7" else "answer") as server:
        replies, _ = Endpoint(settings(server), AnswerLog(None)).ask_all([str(number) for number in range(20)])
        assert [text is None for text in texts(replies)] == [number == 7 for number in range(20)]
        assert server.asked["7"] == 1


def test_a_server_that_is_not_there() -> None:
    with MisbehavingServer() as server:
        gone = settings(server)
    with pytest.raises(EndpointError, match="cannot be reached: connection refused"):
        Endpoint(gone, AnswerLog(None)).ask_all(["a"])
    nowhere = Settings("tiny", "http://no-such-host.invalid/v1", first_wait=0.001)
    with pytest.raises(EndpointError, match="cannot be reached: the name of the host is not known"):
        Endpoint(nowhere, AnswerLog(None)).ask_all(["a"])


def test_the_key_is_sent_and_never_shown_or_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", " sk-very-secret \n")
    key = key_from_environment("MY_KEY", "http://127.0.0.1/v1")
    path = tmp_path / "log.db"
    with MisbehavingServer(lambda question, before: "echo_key" if question == "b" else "answer") as server:
        with AnswerLog(path) as log:
            endpoint = Endpoint(settings(server), log, key)
            endpoint.ask_all(["a"])
            assert "Authorization: Bearer sk-very-secret" in server.headers
            with pytest.raises(EndpointError, match=r"wrong key \(key\)") as caught:
                endpoint.ask_all(["b"])
            shown = f"{caught.value!r} {endpoint!r} {endpoint.settings!r} {endpoint.stopped}"
            assert "secret" not in shown
        assert not any(b"secret" in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": ""}, "a model needs a name"),
        ({"concurrency": 0}, "concurrency must be from 1 to 1024, not 0"),
        ({"time_limit": 0}, "the time limit must be above 0"),
        ({"time_limit": float("nan")}, "the time limit must be above 0"),
        ({"tries": 0}, "tries must be from 1 to 100, not 0"),
        ({"base_url": "localhost:8000"}, "is malformed"),
        ({"base_url": "ftp://host/v1"}, "is malformed"),
        ({"base_url": "http://host:99999/v1"}, "malformed"),
        ({"base_url": "http://host/v1?key=1"}, "malformed"),
        ({"base_url": "http://me:sk-secret@host/v1"}, "must not hold a password"),
        ({"limits": Limits(money=1)}, "a limit on money needs the prices of tokens"),
    ],
)
def test_settings_out_of_range(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Settings(**{"model": "tiny", **changes})
    assert "secret" not in str(caught.value)


def test_limits_and_prices_out_of_range() -> None:
    with pytest.raises(UsageError, match="the limit on tokens must be a number from 0 up, not -1"):
        Limits(tokens=-1)
    with pytest.raises(UsageError, match="the limit on requests must be a number from 0 up, not nan"):
        Limits(requests=float("nan"))
    with pytest.raises(UsageError, match="the price of tokens written must be a number from 0 up, not inf"):
        Prices(written=float("inf"))


def test_keys_that_are_missing_or_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    assert key_from_environment("MY_KEY", "http://127.0.0.1:8000/v1") is None
    with pytest.raises(UsageError, match="set the environment variable MY_KEY"):
        key_from_environment("MY_KEY", "https://api.openai.com/v1")
    monkeypatch.setenv("MY_KEY", "sk-secret\r\nX-Other: 1")
    with pytest.raises(UsageError, match="MY_KEY holds something that is no key") as caught:
        key_from_environment("MY_KEY", "http://127.0.0.1:8000/v1")
    assert "secret" not in str(caught.value)


# -- ends that come suddenly --------------------------------------------------------------------------------------

CLIENT = """
import sys
from pathlib import Path
from unseen.solvers.language.answer_log import AnswerLog
from unseen.solvers.language.endpoint import Endpoint, Settings

endpoint = Endpoint(Settings("tiny", sys.argv[1], concurrency=4), AnswerLog(Path(sys.argv[2])))
endpoint.ask_all([str(number) for number in range(300)])
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_loses_at_most_what_was_in_flight(end: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with MisbehavingServer(lambda question, before: "slow") as server:
        process = subprocess.Popen([sys.executable, "-c", CLIENT, server.base_url, path], stderr=subprocess.DEVNULL)
        while sum(server.answered.values()) < 40 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(end)
        assert process.wait(20) != 0
        assert sum(server.asked.values()) < 300
        with AnswerLog(path) as log:
            assert 40 - 4 <= len(log) <= sum(server.asked.values())
            server.behaviour = lambda question, before: "answer"
            replies, _ = Endpoint(settings(server), log).ask_all([str(number) for number in range(300)])
        assert texts(replies) == [str(number)[::-1] for number in range(300)]
        assert sum(count > 1 for count in server.asked.values()) <= 4
        assert max(server.asked.values()) <= 2


def test_threads_end_with_the_call() -> None:
    with MisbehavingServer() as server:
        Endpoint(settings(server), AnswerLog(None)).ask_all(["a", "b"])
    time.sleep(0.2)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("unseen-")]
