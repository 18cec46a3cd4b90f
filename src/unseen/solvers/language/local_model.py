"""A causal language model from a local folder, asked in this process: nothing is downloaded, no code of it is run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unseen.contracts.solver import Unanswered
from unseen.errors import UsageError
from unseen.solvers.language.answer_log import AnswerLog, Reply
from unseen.solvers.language.limits import Prices

AT_ONCE = 16
"""Questions that are answered together."""

PIECE = 1 << 20
"""Bytes at the beginning and the end of each file that the model is recognised by."""


class LocalModel:
    """Answers questions greedily, in batches, and writes every batch of answers down before it counts.

    Questions go through the tokenizer's chat template if there is one. What is answered was asked of exactly these
    files: their names, sizes and ends are part of what identifies an answer in the log.

    Parameters
    ----------
    path : str
        A folder as ``save_pretrained`` writes it, with weights as safetensors, or a name in the local cache of the
        Hugging Face hub.
    log : AnswerLog
        Answers of before are taken from it.
    max_tokens : int
        Tokens that a reply may have.
    batch_size : int
        Questions that are answered together.
    device : str
        Where, as torch names it.
    watch : callable, optional
        Called with the number of questions done and their total.

    Raises
    ------
    UsageError
        If there is no such model, it cannot be loaded, or a number is out of range.
    """

    prices: Prices | None = None
    stopped = ""

    def __init__(
        self,
        path: str,
        log: AnswerLog,
        *,
        max_tokens: int = 1024,
        batch_size: int = AT_ONCE,
        device: str = "cpu",
        watch: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        if max_tokens < 1 or batch_size < 1:
            raise UsageError(f"max_tokens and the batch size must be at least 1, not {max_tokens} and {batch_size}")
        folder = _folder(path)
        self.log, self.watch, self.max_tokens, self.batch_size = log, watch, max_tokens, batch_size
        self._model, self._tokenizer = _loaded(folder, path, device)
        self._source = (f"hf:{_fingerprint(folder)}", folder.name, {"max_tokens": max_tokens, "temperature": 0})
        self._room = _room(self._model)

    def ask_all(self, questions: Sequence[str]) -> tuple[list[Reply | Unanswered], int]:
        """Replies in the order of the questions, and how many distinct ones came from the log."""
        replies: dict[str, Reply] = dict(self.log.find(self._source, questions))
        stored = len(replies)
        left = [question for question in dict.fromkeys(questions) if question not in replies]
        prompts = {question: self._tokens(question) for question in left}
        # Questions of like length together, so that little is filled up.
        left.sort(key=lambda question: len(prompts[question]))
        for start in range(0, len(left), self.batch_size):
            some = left[start : start + self.batch_size]
            for question, reply in zip(some, self._answered([prompts[one] for one in some]), strict=True):
                self.log.add(self._source, question, reply)
                replies[question] = reply
            self.watch(start + len(some), len(left))
        return [replies[question] for question in questions], stored

    def _tokens(self, question: str) -> list[int]:
        if self._tokenizer.chat_template:
            chat = [{"role": "user", "content": question}]
            text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
            return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self._tokenizer(f"{question}\n")["input_ids"])

    def _answered(self, prompts: Sequence[list[int]]) -> list[Reply]:
        """One reply per prompt; those that leave no room for an answer are cut off at once."""
        found = [Reply("", "length", len(prompt), 0, 0.0, 1) for prompt in prompts]
        fitting = [place for place, prompt in enumerate(prompts) if 0 < len(prompt) < self._room]
        if fitting:
            started = time.monotonic()
            written = self._generate([prompts[place] for place in fitting])
            seconds = (time.monotonic() - started) / len(fitting)
            for place, (tokens, finish) in zip(fitting, written, strict=True):
                text = self._tokenizer.decode(tokens, skip_special_tokens=True)
                found[place] = Reply(text, finish, len(prompts[place]), len(tokens), seconds, 1)
        return found

    def _generate(self, prompts: Sequence[list[int]]) -> list[tuple[list[int], str]]:
        import torch

        longest = max(map(len, prompts))
        fill = self._tokenizer.pad_token_id or 0
        device = self._model.device
        tokens = torch.tensor([[fill] * (longest - len(one)) + one for one in prompts], device=device)
        mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts], device=device)
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=tokens,
                attention_mask=mask,
                do_sample=False,
                num_beams=1,
                max_new_tokens=max(1, min(self.max_tokens, self._room - longest)),
                pad_token_id=fill,
            )[:, longest:].tolist()
        ends = self._model.generation_config.eos_token_id
        stops = set(ends if isinstance(ends, list) else [ends])
        found = []
        for row in made:
            end = next((place for place, token in enumerate(row) if token in stops), None)
            found.append((row, "length") if end is None else (row[:end], "stop"))
        return found


def _folder(path: str) -> Path:
    if Path(path).is_dir():
        return Path(path).resolve()
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(path, local_files_only=True))
    except Exception as error:  # not a valid name, not in the cache, no such package
        raise UsageError(f"hf:{path}: no such folder, and nothing of that name in the local cache") from error


def _loaded(folder: Path, path: str, device: str) -> tuple[Any, Any]:
    from unseen.extras import extra_module

    transformers = extra_module("language")
    local: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, **local)
        model = model.to(device).eval()
    except Exception as error:  # whatever stands in the folder
        raise UsageError(f"hf:{path} cannot be loaded: {' '.join(str(error).split())[:200]}") from error
    return model, tokenizer


def _room(model: Any) -> int:
    """Tokens that question and answer may have together."""
    room = getattr(model.config, "max_position_embeddings", None)
    return room if isinstance(room, int) and room > 0 else 1 << 30


def _fingerprint(folder: Path) -> str:
    """A digest of the names, sizes and ends of a folder's files."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.name}\0{size}\0".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(PIECE))
            opened.seek(max(0, size - PIECE))
            digest.update(opened.read(PIECE))
    return digest.hexdigest()
