import pytest

from unseen import extras
from unseen.errors import UsageError


def test_a_present_extra_is_its_module():
    import pyarrow

    assert extras.extra_module("parquet") is pyarrow


def test_a_missing_extra_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "linear", ("no_such_module_anywhere", "multigrid"))
    with pytest.raises(UsageError, match=r"multigrid needs the extra 'linear': pip install 'unseen\[linear\]'"):
        extras.extra_module("linear")
