"""Rounding beside exact rational arithmetic, NumPy, PyTorch, ml_dtypes and pychop."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch.fx.experimental.proxy_tensor import make_fx

from unseen.errors import UsageError
from unseen.precision import FORMATS, MODES, FixedPoint, FloatFormat, named_format, round_to
from unseen.precision.tensors import _traceable

DIRECTED = [mode for mode in MODES if mode != "stochastic"]


def bits(values):
    """Bit patterns, with one for all NaN."""
    return np.where(np.isnan(values), 0x7FC00000, values.view(np.int32 if values.dtype == np.float32 else np.int64))


def same_bits(left, right):
    return np.array_equal(bits(np.asarray(left)), bits(np.asarray(right)))


@pytest.fixture(scope="module")
def hard_values():
    """Float32: any bit patterns, all 16-bit numbers, their midpoints and next neighbours, numbers of common size."""
    rng = np.random.default_rng(5)
    anything = rng.integers(0, 2**32, size=100_000, dtype=np.uint32).view(np.float32)
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    upper = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32)
    common = (rng.standard_normal(50_000) * np.exp(rng.normal(0, 3, size=50_000))).astype(np.float32)
    with np.errstate(all="ignore"):
        between = [(values[:-1].astype(np.float64) + values[1:]) / 2 for values in (halves, upper)]
        ties = np.concatenate([part.astype(np.float32) for part in between])
        near = np.concatenate([np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf))])
        return np.concatenate([anything, halves, upper, common, ties, near])


# -- exact rational arithmetic -------------------------------------------------------------------------------------


def exactly(value: float, form: FloatFormat, mode: str) -> float:
    """The definition, one number at a time: the neighbours on the format's grid, and which of them."""
    if np.isnan(value):
        return value
    sign = np.copysign(1.0, value)
    if np.isinf(value):
        return sign * (form.largest if form.saturate or form.specials == "finite" else form.overflow)
    size = abs(Fraction(value))
    exponent = form.smallest_exponent
    while size >= Fraction(2) ** (exponent + 1):
        exponent += 1
    step = Fraction(2) ** (exponent - form.significand_bits)
    low = size // step * step
    high = low if low == size else low + step
    away = {"up": sign > 0, "down": sign < 0, "towards-zero": False}.get(mode)
    if away is None:
        tie_away = True if mode == "nearest-away" else (low / step) % 2 == 1
        away = high - size < size - low or (high - size == size - low and tie_away)
    chosen = high if away else low
    if chosen > Fraction(form.largest):
        stops = form.saturate or form.specials == "finite" or (mode in ("up", "down", "towards-zero") and not away)
        return sign * (form.largest if stops or (mode == "towards-zero") else form.overflow)
    if chosen < Fraction(form.smallest_normal) and not form.subnormals:
        chosen = Fraction(0)
    rounded = sign * float(chosen)
    return 0.0 if rounded == 0 and form.specials == "fnuz" else rounded


formats = st.builds(
    FloatFormat,
    st.integers(2, 7),
    st.integers(1, 23),
    subnormals=st.booleans(),
    saturate=st.booleans(),
    specials=st.sampled_from(["ieee", "fn", "fnuz", "finite"]),
)


@settings(max_examples=150, deadline=None)
@given(
    arrays.arrays(np.float32, st.integers(1, 8), elements=st.floats(width=32)),
    formats | st.sampled_from([FORMATS["bfloat16"], FORMATS["tf32"], FloatFormat(8, 3, saturate=True)]),
    st.sampled_from(DIRECTED),
)
def test_float32_as_defined(values, form, mode):
    expected = np.array([exactly(float(value), form, mode) for value in values], dtype=np.float32)
    assert same_bits(round_to(values, form, mode), expected)


@settings(max_examples=100, deadline=None)
@given(
    arrays.arrays(np.float64, st.integers(1, 8), elements=st.floats(-1e9, 1e9) | st.floats(-1e-4, 1e-4)),
    formats | st.sampled_from([FORMATS["bfloat16"], FORMATS["single"], FloatFormat(8, 30), FloatFormat(11, 20)]),
    st.sampled_from(DIRECTED),
)
def test_float64_as_defined(values, form, mode):
    expected = np.array([exactly(float(value), form, mode) for value in values])
    assert same_bits(round_to(values, form, mode), expected)


def test_float64_is_rounded_once():
    """Just above the middle of 1 and the next half: by way of float32 it would be the middle, and go to the even 1."""
    value = 1 + 2.0**-11 + 2.0**-40
    assert round_to(value, "half") == 1 + 2.0**-10
    assert round_to(np.float32(value), "half") == 1


# -- other implementations -----------------------------------------------------------------------------------------

NUMPY_AND_TORCH = {
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "e4m3fn": torch.float8_e4m3fn,
    "e5m2": torch.float8_e5m2,
    "e4m3fnuz": torch.float8_e4m3fnuz,
    "e5m2fnuz": torch.float8_e5m2fnuz,
}


@pytest.mark.parametrize("name", NUMPY_AND_TORCH)
def test_casts_of_torch(name, hard_values):
    # What becomes of numbers too large for e4m3fn has changed between versions of PyTorch.
    values = hard_values[~(np.abs(hard_values) >= 464)] if name == "e4m3fn" else hard_values
    assert same_bits(round_to(values, name), torch.from_numpy(values).to(NUMPY_AND_TORCH[name]).float().numpy())


def test_half_of_numpy(hard_values):
    with np.errstate(all="ignore"):
        assert same_bits(round_to(hard_values, "half"), hard_values.astype(np.float16).astype(np.float32))
        wide = hard_values.astype(np.float64) * (1 + 2.0**-40)
        assert same_bits(round_to(wide, "half"), wide.astype(np.float16).astype(np.float64))
        assert same_bits(round_to(wide, "single"), wide.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("half", "tf32", "single", "double")])
def test_casts_of_ml_dtypes(name, hard_values):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    width = {"bfloat16": ""}.get(name) if name == "bfloat16" else f"float{1 + int(name[1]) + int(name[3])}_"
    kind = getattr(ml_dtypes, f"{width}{name}")
    # The formats without NaN give NaN some number; ours keeps it.
    values = hard_values[~np.isnan(hard_values)] if named_format(name).specials == "finite" else hard_values
    with np.errstate(all="ignore"):
        assert same_bits(round_to(values, name), values.astype(kind).astype(np.float32))


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "double"])
def test_numbers_of_a_format_stay(name):
    form = named_format(name)
    assert round_to(form.largest, form) == form.largest
    assert round_to(form.smallest, form, "down") == form.smallest
    assert round_to(np.nextafter(form.smallest, 0), form, "down") == 0
    once = round_to(np.random.default_rng(0).standard_normal(1000), form)
    for mode in DIRECTED:
        assert np.array_equal(round_to(once, form, mode), once)


PYCHOP_MODES = {"nearest-even": 1, "up": 2, "down": 3, "towards-zero": 4}


@pytest.mark.parametrize("mode", PYCHOP_MODES)
@pytest.mark.parametrize("form", [FloatFormat(5, 10), FloatFormat(4, 3), FloatFormat(5, 2), FloatFormat(6, 8)])
def test_pychop(form, mode):
    pychop = pytest.importorskip("pychop")
    rng = np.random.default_rng(3)
    # Without overflow, where version 0.6.2 gives 0 for 1e5 in half precision, and without zeros, whose sign it drops.
    values = (rng.standard_normal(20_000) * 2.0 ** rng.integers(-12, 5, size=20_000)).astype(np.float32)
    ours = round_to(values, form, mode)
    theirs = pychop.Chop(form.exponent_bits, form.significand_bits, rmode=PYCHOP_MODES[mode])(values)
    assert np.abs(ours).max() < form.largest
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("mode", PYCHOP_MODES)
def test_fixed_point_of_pychop(mode):
    pychop = pytest.importorskip("pychop")
    values = np.random.default_rng(4).normal(0, 6, size=20_000).astype(np.float32)
    theirs = pychop.Chopf(4, 4, rmode=PYCHOP_MODES[mode])(values)
    # Away from values that are exact or negative zero both agree.
    assert np.array_equal(round_to(values, FixedPoint(4, 4), mode), theirs)


# -- both libraries, and how it is called --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("to", ["half", "bfloat16", "e4m3fn", "e4m3fnuz", "tf32", FixedPoint(5, 6)])
def test_tensors_have_the_same_bits(to, mode, hard_values):
    values = hard_values[::7].copy()
    form = named_format(to) if isinstance(to, str) else to

    def source():
        return np.random.default_rng(1) if mode == "stochastic" else None

    ours = round_to(values, to, mode, generator=source())
    tensor = torch.from_numpy(values)
    assert same_bits(round_to(tensor, to, mode, generator=source()), ours)
    with_gradient = round_to(tensor.clone().requires_grad_(), to, mode, generator=source())
    assert with_gradient.requires_grad
    assert same_bits(with_gradient.detach(), ours)
    if mode != "stochastic":
        assert same_bits(_traceable(tensor, form, mode, None), ours)


def test_out_may_be_the_values_or_strided(hard_values):
    for mode in ("nearest-even", "up"):
        for form in (FORMATS["half"], FORMATS["e4m3fn"], FloatFormat(8, 7, saturate=True), FixedPoint(4, 4)):
            expected = round_to(hard_values, form, mode)
            for values in (hard_values.copy(), torch.from_numpy(hard_values.copy())):
                assert round_to(values, form, mode, out=values) is values
                assert same_bits(values, expected)
            wide = np.zeros((len(hard_values), 2), np.float32)
            round_to(hard_values, form, mode, out=wide[:, 1])
            assert same_bits(wide[:, 1].copy(), expected)
            assert not wide[:, 0].any()
    assert same_bits(round_to(wide[:, 1], "half"), round_to(wide[:, 1].copy(), "half"))


def test_scalars_lists_and_nothing():
    assert isinstance(round_to(0.1, "half"), np.float64)
    assert round_to([0.1, 0.2], "half").tolist() == np.float16([0.1, 0.2]).astype(float).tolist()
    assert round_to(np.zeros((0, 3)), "e5m2").shape == (0, 3)
    assert round_to(torch.zeros(0, 3), "half").shape == (0, 3)


# -- stochastic rounding -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("to", "low", "high"), [("bfloat16", 1.0, 1 + 2**-7), ("e4m3fn", -0.0, -(2.0**-9))])
def test_stochastic_rounding_is_right_on_average(to, low, high, kind):
    share = 0.3
    value = kind(low + share * (high - low))
    rounded = round_to(np.full(40_000, value), to, "stochastic", generator=np.random.default_rng(0))
    assert set(rounded.tolist()) == {low, high}
    # Four standard errors of a share.
    assert abs((rounded == high).mean() - share) < 4 * np.sqrt(share * (1 - share) / 40_000)
    tensor = torch.full((40_000,), float(value), dtype=torch.float32 if kind is np.float32 else torch.float64)
    drawn = round_to(tensor, to, "stochastic", generator=torch.Generator().manual_seed(0))
    assert abs((drawn == high).double().mean() - share) < 4 * np.sqrt(share * (1 - share) / 40_000)


def test_stochastic_rounding_leaves_numbers_of_the_format(hard_values):
    for to in ("half", "bfloat16", FixedPoint(6, 3)):
        exact = round_to(hard_values, to)
        assert same_bits(round_to(exact, to, "stochastic", generator=np.random.default_rng(2)), exact)


# -- gradients -----------------------------------------------------------------------------------------------------


def test_gradient_passes_straight_through_within_the_range():
    values = torch.tensor([0.3, 300.0, 1000.0, -5000.0], requires_grad=True)
    (round_to(values, "e4m3fn") * torch.tensor([1.0, 2.0, 3.0, 4.0])).nansum().backward()
    assert values.grad.tolist() == [1, 2, 0, 0]
    values.grad = None
    round_to(values, FixedPoint(10, 2), "towards-zero").sum().backward()
    assert values.grad.tolist() == [1, 1, 0, 0]


def test_transforms_of_torch_func():
    values = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))

    def loss(row):
        return round_to(row, "e5m2").square().sum()

    gradients = torch.func.vmap(torch.func.grad(loss))(values)
    assert torch.equal(gradients, 2 * round_to(values, "e5m2"))
    assert torch.equal(torch.func.vmap(lambda row: round_to(row, "half"))(values), values.half().float())


def test_recorded_operations_round_other_values_too():
    def rounded(x):
        return round_to(x, "e4m3fn") + round_to(x, "half", "up")

    first, second = (torch.randn(6, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    assert torch.equal(make_fx(rounded)(first)(second), rounded(second))


# -- misuse --------------------------------------------------------------------------------------------------------


def test_misuse_is_named():
    for make, words in (
        (lambda: FloatFormat(0, 3), "exponent_bits"),
        (lambda: FloatFormat(5, 0), "significand_bits"),
        (lambda: FloatFormat(5, 10, specials="none"), "specials"),
        (lambda: FixedPoint(0, 3), "integer_bits"),
        (lambda: FixedPoint(30, 30), "54 bits"),
        (lambda: round_to(np.arange(3), "half"), "not int64"),
        (lambda: round_to(torch.arange(3), "half"), "not int64"),
        (lambda: round_to(np.ones(2, np.complex64), "half"), "not complex64"),
        (lambda: round_to(torch.ones(2, dtype=torch.float16), "half"), "not float16"),
        (lambda: round_to(np.ones(2), "fp16"), "no format 'fp16'"),
        (lambda: round_to(np.ones(2), 16), "a format is"),
        (lambda: round_to(np.ones(2), "half", "nearest"), "no rounding mode 'nearest'"),
        (lambda: round_to(np.ones(2), "half", "stochastic"), "needs a generator"),
        (lambda: round_to(np.ones(2), "half", generator=np.random.default_rng()), "no other mode"),
        (lambda: round_to(np.ones(2), "half", "stochastic", generator=torch.Generator()), "numpy.random.Generator"),
        (lambda: round_to(np.ones(2, np.float32), "double"), "float32 does not hold"),
        (lambda: round_to(np.ones(2, np.float32), FixedPoint(20, 20)), "float32 does not hold"),
        (lambda: round_to(np.ones(2), "half", out=np.ones(3)), "out must have shape"),
        (lambda: round_to(torch.ones(2), "half", out=torch.ones(3)), "out must have shape"),
    ):
        with pytest.raises(UsageError, match=words):
            make()
