"""The command line as tests call it: in this process, or as one of its own; with studies made to try the engine."""

from __future__ import annotations

import os

# Each of several test processes computes with one thread; torch and NumPy read this when they are imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in ("OMP", "MKL", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A test that fails because the machine is busy says nothing about the code.
settings.register_profile("unseen", deadline=None)
settings.load_profile("unseen")

TOYS = Path(__file__).parent / "toys"


@dataclass(frozen=True)
class Printed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a refusal; fails unless it is one, with exit code 2 and nothing on standard output."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("unseen: "), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err
        return self.err.removeprefix("unseen: ").strip()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: the user's store and results lie in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name in ("UNSEEN_STORE", "PYTHONUNBUFFERED", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def toys(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The studies of `toys/toy_studies.py` joined as another package's are; gives the log of trials started."""
    from unseen import registry

    log = home / "started"
    monkeypatch.setenv("TOY_LOG", str(log))
    monkeypatch.setenv("TOY_FAULTS", str(home / "faults"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TOYS), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.syspath_prepend(TOYS)
    registry.study_names.cache_clear()
    registry.names.cache_clear()
    yield log
    registry.study_names.cache_clear()
    registry.names.cache_clear()


@pytest.fixture
def unseen(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Printed]:
    """Run the command line in this process."""
    from unseen.cli import main

    def run(*arguments: object) -> Printed:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["unseen", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capfd.readouterr()
        code = stopped.value.code
        assert isinstance(code, int) or code is None
        return Printed(code or 0, printed.out, printed.err)

    return run


@pytest.fixture
def spawn(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own, in a process group of its own."""
    with ExitStack() as stack:

        def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "unseen", *map(str, arguments)],
                    **{
                        "stdout": subprocess.PIPE,
                        "stderr": subprocess.PIPE,
                        "text": True,
                        "start_new_session": True,
                        **options,
                    },
                )
            )
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def processes() -> Callable[[Path], list[int]]:
    """The processes, zombies left out, that have this file in their environment's TOY_LOG: a run and its workers."""

    def running(log: Path) -> list[int]:
        mark = f"TOY_LOG={log}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes() + b"\0" and int(folder.name) != os.getpid():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    return running


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal transformers model of random weights with a tokenizer of characters and a chat template, in a folder."""
    transformers = pytest.importorskip("transformers")
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("tiny-model")
    alphabet = ["<pad>", "<end>", "<user>", "<model>", *map(chr, range(32, 127)), "\n", "<unk>"]
    inner = Tokenizer(models.WordLevel({token: place for place, token in enumerate(alphabet)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    inner.decoder = decoders.Fuse()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<end>", unk_token="<unk>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<user>", "<model>"]})
    tokenizer.chat_template = (
        "{% for message in messages %}<user>{{ message['content'] }}{% endfor %}"
        "{% if add_generation_prompt %}<model>{% endif %}"
    )
    torch.manual_seed(20)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
