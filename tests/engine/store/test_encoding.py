from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from dataclasses import dataclass, make_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unseen.contracts.study import resource, setting
from unseen.engine.store import config_hash


class Activation(Enum):
    RELU = "relu"
    TANH = "tanh"


@dataclass(frozen=True)
class Optimizer:
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)


@dataclass(frozen=True)
class Config:
    width: int = setting(64, "neurons")
    noise: float = setting(0.1, "standard deviation")
    name: str = setting("naïve", "label")
    sizes: Any = setting((10, (20, 30)), "sizes")
    rates: Any = setting(None, "rates")
    optimizer: Optimizer = setting(Optimizer(), "optimizer")
    activation: Activation = setting(Activation.RELU, "activation")
    bias: bool = setting(True, "whether there is one")
    chunk: int = resource(1024, "rows at a time")


CONFIG = Config(rates={"b": 1.0, "a": math.inf})

WRITTEN_OUT = (
    r'{"activation":"relu","bias":true,"name":"na\u00efve","noise":0.1,'
    r'"optimizer":{"betas":[0.9,0.98],"rate":0.001},"rates":{"a":Infinity,"b":1.0},"sizes":[10,[20,30]],"width":64}'
)


def test_the_hash_is_that_of_the_text_written_out_by_hand() -> None:
    assert config_hash(CONFIG) == hashlib.blake2b(WRITTEN_OUT.encode(), digest_size=12).hexdigest()


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_the_hash_is_the_same_in_every_process(hash_seed: str) -> None:
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_encoding as t; " + (
        "print(t.config_hash(t.CONFIG))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == config_hash(CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 65},
        {"width": 64.0},
        {"noise": math.nextafter(0.1, 1)},
        {"noise": math.nan},
        {"name": "naive"},
        {"sizes": (10, (20, 31))},
        {"sizes": (10, 20, 30)},
        {"rates": {"b": 1.0, "a": -math.inf}},
        {"optimizer": Optimizer(betas=(0.9, 0.99))},
        {"activation": Activation.TANH},
        {"bias": 1},
    ],
    ids=str,
)
def test_every_setting_changes_the_hash(change: dict[str, Any]) -> None:
    assert config_hash(replace(CONFIG, **change)) != config_hash(CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        {"chunk": 1},
        {"sizes": [10, [20, 30]]},
        {"sizes": (np.int64(10), np.array([20, 30]))},
        {"noise": np.float64(0.1)},
        {"rates": {"a": math.inf, "b": 1.0}},
        {"optimizer": {"rate": 0.001, "betas": [0.9, 0.98]}},
    ],
    ids=str,
)
def test_what_changes_no_result_does_not_change_the_hash(change: dict[str, Any]) -> None:
    assert config_hash(replace(CONFIG, **change)) == config_hash(CONFIG)


def test_the_class_does_not_enter() -> None:
    one = make_dataclass("One", [("a", int, setting(1, "a")), ("b", int, setting(2, "b"))])
    other = make_dataclass("Other", [("b", int, setting(2, "b")), ("a", int, setting(1, "a"))])
    assert config_hash(one()) == config_hash(other())


def test_a_resource_within_a_nested_config_does_not_enter() -> None:
    inner = make_dataclass("Inner", [("depth", int, setting(1, "")), ("threads", int, resource(1, ""))])
    outer = make_dataclass("Outer", [("inner", inner, setting(None, ""))])
    assert config_hash(outer(inner(1, 2))) == config_hash(outer(inner(1, 3)))
    assert config_hash(outer(inner(1, 2))) != config_hash(outer(inner(2, 2)))


@pytest.mark.parametrize(
    ("value", "named"),
    [({3}, r"config\.sizes is a set"), ((1, print), r"config\.sizes\[1\]"), ({1: 2}, r"config\.sizes has the key 1")],
)
def test_what_has_no_canonical_form_is_refused(value: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        config_hash(Config(sizes=value))
