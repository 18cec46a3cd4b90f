"""Local models: one trained here to memorise a small table, asked in this process and behind a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import unseen as un
from unseen.errors import UsageError
from unseen.evaluation.appraisal import appraise
from unseen.solvers.language.answer_log import AnswerLog, Reply
from unseen.solvers.language.language_model import INSTRUCTION, LanguageModel
from unseen.solvers.language.local_model import LocalModel

transformers = pytest.importorskip("transformers")
from served_model import ServedModel  # noqa: E402

MODULUS = 5


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, taught the training questions of addition modulo 5 by heart."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny_model)
    problem = un.problem("modular-addition", modulus=MODULUS)
    examples = problem.sample("train")
    rows = []
    for question, answer in zip(problem.text(examples), problem.truth(examples).tolist(), strict=True):
        chat = [{"role": "user", "content": f"{question}\n\n{INSTRUCTION}"}]
        prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        rows.append(
            [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, f"Answer: {answer}<end>")]
        )
    width = max(len(prompt) + len(reply) for prompt, reply in rows)
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full_like(tokens, -100)
    mask = torch.zeros_like(tokens)
    for place, (prompt, reply) in enumerate(rows):
        end = len(prompt) + len(reply)
        tokens[place, :end] = torch.tensor(prompt + reply)
        labels[place, len(prompt) : end] = torch.tensor(reply)
        mask[place, :end] = 1
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0)
    for _ in range(300):
        loss = model(input_ids=tokens, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.003:
            break
    folder = tmp_path_factory.mktemp("trained")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def served(trained: Path) -> Iterator[ServedModel]:
    server = ServedModel(str(trained))
    yield server
    server.close()


def test_what_was_learned_by_heart_is_known(trained: Path) -> None:
    problem = un.problem("modular-addition", modulus=MODULUS)
    with AnswerLog(None) as log:
        solver = LanguageModel(LocalModel(str(trained), log, max_tokens=16), problem)
        found = appraise(solver, problem)
        assert found.scores.seed_means("train") == pytest.approx([1.0])
        assert found.cost.answers == len(problem.sample("train")) + len(problem.sample("iid"))
        assert found.cost.stored == 0
        again = appraise(LanguageModel(LocalModel(str(trained), log, max_tokens=16), problem), problem)
    assert again.cost.stored == again.cost.answers == found.cost.answers
    assert again.scores.values["iid", 0].tolist() == found.scores.values["iid", 0].tolist()


def test_the_server_says_what_the_model_says(
    unseen: Callable[..., Any], home: Path, trained: Path, served: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    common = ["modular-addition", "--set", f"modulus={MODULUS}", "--json", "--model-set", "max_tokens=16"]
    remote = unseen("evaluate", "openai:tiny", *common, "--base-url", served.base_url, "--answers", home / "a.db")
    local = unseen("evaluate", f"hf:{trained}", *common, "--answers", home / "b.db")
    assert (remote.code, local.code) == (0, 0), (remote, local)
    found = [json.loads(printed.out)["evaluations"][0] for printed in (remote, local)]
    for split in zip(*(one["splits"] for one in found), strict=True):
        assert split[0]["estimate"] == split[1]["estimate"]
    for count in ("answers", "prompt_tokens", "completion_tokens"):
        assert found[0]["cost"][count] == found[1]["cost"][count]
    assert served.requests == found[0]["cost"]["answers"]
    again = unseen("evaluate", "openai:tiny", *common, "--base-url", served.base_url, "--answers", home / "a.db")
    assert json.loads(again.out)["evaluations"][0]["splits"][0]["estimate"] == 1.0
    assert served.requests == found[0]["cost"]["answers"]


def test_answers_do_not_depend_on_the_batch(trained: Path) -> None:
    problem = un.problem("modular-addition", modulus=MODULUS)
    questions = [*problem.text(problem.sample("train")), "a much longer question than all the others " * 3]
    replies = []
    for batch_size in (1, 3, 100):
        with AnswerLog(None) as log:
            found, _ = LocalModel(str(trained), log, max_tokens=8, batch_size=batch_size).ask_all(questions)
        replies.append([reply.text for reply in found if isinstance(reply, Reply)])
    assert replies[0] == replies[1] == replies[2]


def test_an_answer_belongs_to_the_weights_that_gave_it(tiny_model: Path, trained: Path) -> None:
    with AnswerLog(None) as log:
        LocalModel(str(tiny_model), log, max_tokens=4).ask_all(["1 + 1?"])
        _, stored = LocalModel(str(trained), log, max_tokens=4).ask_all(["1 + 1?"])
        assert stored == 0
        assert len(log) == 2


def test_a_question_that_leaves_no_room_is_cut_off(tiny_model: Path) -> None:
    with AnswerLog(None) as log:
        (long, short), _ = LocalModel(str(tiny_model), log, max_tokens=4).ask_all(["x" * 2000, "x"])
    assert isinstance(long, Reply)
    assert (long.finish, long.text, long.completion_tokens) == ("length", "", 0)
    assert isinstance(short, Reply)
    assert short.completion_tokens > 0


def test_models_without_a_chat_template_are_asked_the_plain_question(tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    transformers.AutoModelForCausalLM.from_pretrained(tiny_model).save_pretrained(tmp_path)
    with AnswerLog(None) as log:
        (reply,), _ = LocalModel(str(tmp_path), log, max_tokens=4).ask_all(["1 + 1?"])
    assert isinstance(reply, Reply)
    assert reply.prompt_tokens == len("1 + 1?\n")


def test_what_is_no_model_is_refused_in_one_line(unseen: Callable[..., Any], home: Path, tiny_model: Path) -> None:
    (home / "empty").mkdir()
    missing = unseen("evaluate", "hf:no/such/model", "chain-sum").complaint
    assert missing == "hf:no/such/model: no such folder, and nothing of that name in the local cache"
    assert unseen("evaluate", f"hf:{home / 'empty'}", "chain-sum").complaint.startswith(
        f"hf:{home / 'empty'} cannot be loaded: "
    )
    for setting, words in (
        ("temperature=1", "answers greedily"),
        ("max_tokens=0", "at least 1"),
        ("max_tokens=1.5", "whole"),
    ):
        assert words in unseen("evaluate", f"hf:{tiny_model}", "chain-sum", "--model-set", setting).complaint


def test_weights_that_are_pickled_are_not_loaded(tiny_model: Path, tmp_path: Path) -> None:
    for file in tiny_model.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    state = transformers.AutoModelForCausalLM.from_pretrained(tiny_model).state_dict()
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(UsageError, match="cannot be loaded"), AnswerLog(None) as log:
        LocalModel(str(tmp_path), log)
