"""Exports loaded back by the libraries that they are for, where these are installed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import unseen as un
from unseen.bridges.folder import INDEX, TARGETS, export, read_split
from unseen.bridges.torch_dataset import TorchDataset
from unseen.errors import UsageError

NAME = "chain-sum"
SPLITS = ["iid", "longer:terms"]


def exported(folder: Path, to: str) -> list[dict[str, Any]]:
    """The rows of the split that has a colon in its name, as exported to plain JSON lines; beside them the export."""
    export(NAME, to, folder / to, splits=SPLITS, n=4, seed=3)
    export(NAME, "jsonl", folder / "jsonl", splits=SPLITS, n=4, seed=3)
    return read_split(folder / "jsonl", "longer:terms")


def loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def test_rows_are_the_problems_own_questions(tmp_path: Path) -> None:
    rows = exported(tmp_path, "jsonl")
    problem = un.problem(NAME)
    examples = problem.sample("longer:terms", 4, 3)
    assert [row["question"] for row in rows] == problem.text(examples)
    assert [int(row["answer"]) for row in rows] == problem.truth(examples).tolist()
    assert {row["split"] for row in rows} == {"longer:terms"}
    assert {row["axis"] for row in rows} == {"longer"}
    assert [row["id"] for row in rows] == [f"chain-sum/longer:terms/3/{i}" for i in range(4)]


def test_parquet_is_read_by_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = exported(tmp_path, "parquet")
    index = json.loads((tmp_path / "parquet" / INDEX).read_text())
    frame = pd.read_parquet(tmp_path / "parquet" / index["splits"]["longer:terms"]["file"])
    assert frame.to_dict("records") == rows


def test_trl_and_datasets_read_it(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from unseen.bridges.rewards import correct
    from unseen.bridges.trl_datasets import folder_datasets

    rows = exported(tmp_path, "trl")
    found = folder_datasets(tmp_path / "trl")
    assert list(found) == SPLITS
    assert found["longer:terms"]["answer"][:] == [row["answer"] for row in rows]
    by_hand = datasets.load_dataset(
        "json", data_files=str(tmp_path / "trl" / "iid.jsonl"), cache_dir=str(tmp_path / "c")
    )
    assert by_hand["train"][0]["prompt"][0]["role"] == "user"
    trl = pytest.importorskip("trl")
    assert trl.data_utils.is_conversational(found["iid"][0])
    answers = [[{"role": "assistant", "content": f"Answer: {answer}"}] for answer in found["iid"]["answer"]]
    assert correct(completions=answers, check=found["iid"]["check"][:]) == [1.0] * 4


def test_grpo_trains_on_the_reward(tmp_path: Path, tiny_model: Path) -> None:
    trl = pytest.importorskip("trl")
    transformers = pytest.importorskip("transformers")
    from unseen.bridges.rewards import correct
    from unseen.bridges.trl_datasets import folder_datasets

    exported(tmp_path, "trl")
    folder = str(tiny_model)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    settings = trl.GRPOConfig(
        output_dir=str(tmp_path / "out"),
        max_steps=1,
        per_device_train_batch_size=2,
        num_generations=2,
        max_completion_length=4,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
    )
    data = folder_datasets(tmp_path / "trl")["iid"]
    trainer = trl.GRPOTrainer(model, correct, args=settings, train_dataset=data, processing_class=tokenizer)
    trainer.train()
    assert "rewards/correct/mean" in {name for entry in trainer.state.log_history for name in entry}


def test_inspect_evaluates_it(tmp_path: Path) -> None:
    inspect_ai = pytest.importorskip("inspect_ai")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    rows = exported(tmp_path, "inspect")
    task = loaded(tmp_path / "inspect" / "unseen_chain_sum.py").unseen_chain_sum("longer:terms")
    replies = [f"The answer is {rows[0]['answer']}.", "Answer: 1", f"\\boxed{{{rows[2]['answer']}}}", "no idea"]
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in replies]
    for output in outputs:
        output.usage = ModelUsage()  # otherwise Inspect counts tokens by a file that it downloads
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none", max_connections=1)
    assert log.status == "success", log.error
    by_id = {sample.id: sample.scores["exact"].value for sample in log.samples}
    assert [by_id[row["id"]] for row in rows] == [1.0, 0.0, 1.0, 0.0]
    assert log.samples[0].metadata["axis"] == "longer"


def test_reasoning_gym_creates_it(tmp_path: Path) -> None:
    reasoning_gym = pytest.importorskip("reasoning_gym")
    rows = exported(tmp_path, "reasoning-gym")
    loaded(tmp_path / "reasoning-gym" / "unseen_chain_sum.py")
    data = reasoning_gym.create_dataset(NAME, split="longer:terms", seed=3)
    assert [entry["question"] for entry in data] == [row["question"] for row in rows]
    assert data.score_answer(f"It is {rows[0]['answer']}", data[0]) == 1.0
    assert data.score_answer(f"{rows[0]['answer']}0", data[0]) == 0.0
    assert data.score_answer(None, data[0]) == 0.0
    with pytest.raises(AssertionError, match="exported with seed 3"):
        reasoning_gym.create_dataset(NAME, split="iid", seed=4)


def test_verifiers_rewards_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vf = pytest.importorskip("verifiers.v1")
    from verifiers.v1.utils.loaders import load_taskset

    rows = exported(tmp_path, "verifiers")
    monkeypatch.syspath_prepend(str(tmp_path / "verifiers"))
    from unseen.bridges.verifiers_taskset import UnseenConfig

    taskset = load_taskset(UnseenConfig(id="unseen_chain_sum", split="longer:terms"))
    tasks = list(taskset)
    assert [task.data.id for task in tasks] == [row["id"] for row in rows]
    for reply, reward in ((f"Answer: {rows[1]['answer']}", 1.0), ("Answer: none", 0.0)):
        trace = vf.Trace.model_construct(root_reply=reply, rewards={}, metrics={}, nodes=[])
        asyncio.run(tasks[1].score(trace))
        assert trace.rewards["correct"].score == reward


def test_torch_loads_it() -> None:
    problem = un.problem("modular-addition", modulus=7)
    data = TorchDataset(problem, "iid", None, seed=1)
    batches = list(torch.utils.data.DataLoader(data, batch_size=5))
    together = torch.cat([batch["left"] + batch["right"] for batch in batches]) % 7
    assert torch.equal(together, torch.cat([batch["target"] for batch in batches]))
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(len(data)))
    assert TorchDataset(un.problem("linear-equation"), "iid", 3)[-1]["index"] == 2
    with pytest.raises(IndexError):
        data[len(data)]


@pytest.mark.parametrize("to", TARGETS)
def test_the_command_says_what_it_wrote(unseen: Any, home: Path, to: str) -> None:
    if to == "parquet":
        pytest.importorskip("pyarrow")
    printed = unseen("export", NAME, "--to", to, "--splits", "iid", "--n", "2", "--out", str(home / "out"), "--json")
    assert (printed.code, printed.err) == (0, "")
    index = json.loads(printed.out)
    assert index["splits"]["iid"]["rows"] == 2
    assert (home / "out" / index["splits"]["iid"]["file"]).is_file()
    again = unseen("export", NAME, "--to", to, "--splits", "iid", "-n", "2", "--out", str(home / "out"))
    assert again.code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["chain-sum", "--to", "csv"], "there is no format 'csv'; formats: jsonl, parquet, "),
        (["chain-sums", "--to", "jsonl"], "no problem named 'chain-sums'; did you mean chain-sum"),
        (["chain-sum", "--to", "jsonl", "--splits", "test"], "chain-sum has no split 'test'; it has train, iid"),
        (["chain-sum", "--to", "jsonl", "-n", "0"], "-n must be from 1 to 1,000,000, not 0"),
        (["chain-sum", "--to", "jsonl", "--seed", "-1"], "a seed is a whole number from 0 up, not -1"),
        (["chain-sum", "--to", "jsonl", "--set", "modulus=3"], "chain-sum: "),
    ],
)
def test_misuse_is_one_line_and_leaves_nothing(unseen: Any, home: Path, arguments: list[str], complaint: str) -> None:
    assert unseen("export", *arguments, "--out", str(home / "out")).complaint.startswith(complaint)
    assert not (home / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        export(NAME, "jsonl", tmp_path, n=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
