import re

from helpers.page import checks

import numpy as np
import pytest
from keras import ops

HINT = "the sum over the wrong axis"


def says(*words):
    """Expect a failed check whose message holds these words and the hint."""
    pattern = ".*".join(re.escape(str(word)) for word in (*words, HINT))
    return pytest.raises(AssertionError, match=f"(?s){pattern}")


def test_shape_is_compared_and_none_fits_any_size():
    checks.check_shape("x", np.zeros((3, 4)), (3, 4), look_at=HINT)
    checks.check_shape("x", ops.zeros((3, 4)), (None, 4), look_at=HINT)
    with says("x", "(3, 4)", "(3,)"):
        checks.check_shape("x", np.zeros((3, 4)), (3,), look_at=HINT)


@pytest.mark.parametrize(("value", "said"), [(None, "None"), ({"a": 1}, "dict")])
def test_what_is_no_array_is_named(value, said):
    with pytest.raises(AssertionError, match=said):
        checks.check_shape("x", value, (1,), look_at=HINT)


def test_values_are_held_to_a_tolerance_of_the_largest():
    checks.check_close("x", [1000.0, 0.004], [1000.0, 0.0], look_at=HINT)
    with says("x", "1.5 at (1,)", "2"):
        checks.check_close("x", [1.0, 1.5], [1.0, 2.0], look_at=HINT)
    with says("x", "1 of 2 values that are NaN"):
        checks.check_close("x", [1.0, np.nan], [1.0, 2.0], look_at=HINT)


def test_plain_values_are_compared_and_the_first_difference_is_shown():
    checks.check_equal("x", ["to", "be"], ["to", "be"], look_at=HINT)
    with says("x", "['not'] from position 1", "['be'] there"):
        checks.check_equal("x", ["to", "not"], ["to", "be"], look_at=HINT)
    with says("x", "[] from position 1", "['be'] there"):
        checks.check_equal("x", ["to"], ["to", "be"], look_at=HINT)
    with says("x", "None", "'to be'"):
        checks.check_equal("x", None, "to be", look_at=HINT)


def test_range_takes_its_bounds_in():
    checks.check_range("x", [0.0, 1.0], 0, 1, look_at=HINT)
    with says("x", "-0.1 to 1", "[0, 1]"):
        checks.check_range("x", [-0.1, 1.0], 0, 1, look_at=HINT)


def test_a_gradient_is_held_against_finite_differences():
    at = np.array([1.0, -2.0, 0.5])
    checks.check_gradient("g", lambda x: (x**2).sum(), 2 * at, at, look_at=HINT)
    for wrong in (at, -2 * at, 2.2 * at):
        with says("g", "slope"):
            checks.check_gradient("g", lambda x: (x**2).sum(), wrong, at, look_at=HINT)


def running_sum(ids):
    return np.cumsum(ids, axis=1)[..., None].astype("float32")


def test_a_causal_function_passes_and_one_that_looks_ahead_does_not():
    ids = np.arange(8).reshape(2, 4) % 5
    checks.check_causal("f", running_sum, ids, vocab_size=5, look_at=HINT)
    with says("f", "before position 1", "tokens from 1 on"):
        checks.check_causal(
            "f", lambda ids: running_sum(ids[:, ::-1]), ids, vocab_size=5, look_at=HINT
        )


def test_better_means_at_every_seed():
    checks.check_better("loss", [1, 2], [1.5, 2.5], look_at=HINT)
    checks.check_better("score", [2, 3], [1, 2], look_at=HINT, higher=True)
    with says("loss", "1, 3", "less than PCA", "2, 2"):
        checks.check_better("loss", [1, 3], [2, 2], rival="PCA", look_at=HINT)
    with says("loss", "NaN"):
        checks.check_better("loss", [np.nan], [2], look_at=HINT)


def test_a_constant_does_not_depend_on_its_input():
    checks.check_depends("f", lambda x: x + 1, [1, 2, 3], look_at=HINT)
    with says("f", "the same result"):
        checks.check_depends("f", lambda x: 7, [1, 2], look_at=HINT)


def refuse(message):
    raise ValueError(message)


def test_a_refusal_must_name_what_came():
    def call():
        refuse("temperature must be > 0, got -1")

    checks.check_refuses("f", call, naming=("temperature", -1), look_at=HINT)
    with says("f", "a message that names top_k"):
        checks.check_refuses("f", call, naming=("top_k",), look_at=HINT)
    with says("f", "no error", "a ValueError"):
        checks.check_refuses("f", lambda: None, look_at=HINT)


NOT_FINITE = [np.nan, np.inf, -np.inf]
IDS = np.arange(8).reshape(2, 4) % 5


@pytest.mark.parametrize("bad", NOT_FINITE)
def test_what_is_not_finite_passes_no_check_of_numbers(bad):
    at = np.array([1.0, -2.0])
    calls = [
        lambda: checks.check_finite("x", [1.0, bad], look_at=HINT),
        lambda: checks.check_close("x", [1.0, bad], [1.0, 2.0], look_at=HINT),
        lambda: checks.check_range("x", [0.5, bad], 0, 1, look_at=HINT),
        lambda: checks.check_gradient(
            "x", lambda x: (x**2).sum(), np.full(2, bad), at, look_at=HINT
        ),
        lambda: checks.check_gradient("x", lambda x: bad, 2 * at, at, look_at=HINT),
        lambda: checks.check_causal(
            "x", lambda ids: 0.0 * ids + bad, IDS, vocab_size=5, look_at=HINT
        ),
        lambda: checks.check_better("x", [bad], [2.0], look_at=HINT),
        lambda: checks.check_better("x", [2.0], [bad], look_at=HINT),
        lambda: checks.check_better("x", [2.0], [bad], look_at=HINT, higher=True),
        lambda: checks.check_depends("x", lambda x: x * bad, [1.0, 2.0], look_at=HINT),
    ]
    for call in calls:
        with says("x", "NaN or infinite"):
            call()


def test_a_causal_function_must_stay_finite_when_tokens_change():
    def fn(ids):
        return np.where((ids == IDS).all(), 0.0 * ids, np.nan)

    with says("f", "NaN"):
        checks.check_causal("f", fn, IDS, vocab_size=5, look_at=HINT)


def test_an_empty_array_has_no_property():
    empty = np.zeros((0, 3))
    for call in (
        lambda: checks.check_finite("x", empty, look_at=HINT),
        lambda: checks.check_range("x", empty, 0, 1, look_at=HINT),
        lambda: checks.check_better("x", [], [], look_at=HINT),
        lambda: checks.check_gradient("x", np.sum, empty, empty, look_at=HINT),
        lambda: checks.check_depends("x", lambda x: empty[:, :x], [1, 2], look_at=HINT),
    ):
        with says("x", "no value"):
            call()


def test_an_empty_array_is_close_to_one_of_its_shape_alone():
    checks.check_close("x", np.zeros((0, 3)), np.zeros((0, 3)), look_at=HINT)
    with says("x", "(0, 3)", "(0, 4)"):
        checks.check_close("x", np.zeros((0, 3)), np.zeros((0, 4)), look_at=HINT)


@pytest.mark.parametrize("value", [None, "text", [[1.0], [1.0, 2.0]]])
def test_what_is_no_array_of_numbers_passes_no_check_of_numbers(value):
    at = np.array([1.0, -2.0])
    for call in (
        lambda: checks.check_finite("x", value, look_at=HINT),
        lambda: checks.check_close("x", value, [1.0], look_at=HINT),
        lambda: checks.check_range("x", value, 0, 1, look_at=HINT),
        lambda: checks.check_gradient("x", np.sum, value, at, look_at=HINT),
        lambda: checks.check_gradient("x", lambda x: value, at, at, look_at=HINT),
        lambda: checks.check_better("x", value, [1.0], look_at=HINT),
        lambda: checks.check_better("x", [1.0], value, look_at=HINT),
        lambda: checks.check_depends("x", lambda x: value, [1, 2], look_at=HINT),
        lambda: checks.check_causal(
            "x", lambda ids: value, IDS, vocab_size=5, look_at=HINT
        ),
    ):
        with says("x", "got", "an array"):
            call()


def test_wrong_shapes_are_named():
    at = np.array([1.0, -2.0])
    with says("g", "shape (3,)", "shape (2,)"):
        checks.check_gradient("g", np.sum, np.ones(3), at, look_at=HINT)
    with says("g: the loss", "shape (2,)", "shape ()"):
        checks.check_gradient("g", lambda x: x, np.ones(2), at, look_at=HINT)
    for fn in (lambda ids: ids[:, 0], lambda ids: ids.T, lambda ids: 1):
        with says("f", "shape", "(2, 4"):
            checks.check_causal("f", fn, IDS, vocab_size=5, look_at=HINT)
    with says("loss", "shape (1,)", "shape (2,)"):
        checks.check_better("loss", [1], [2, 2], look_at=HINT)


def test_the_outputs_of_a_causal_function_keep_their_shape():
    sizes = iter([3, 2])

    def fn(ids):
        return np.zeros((*ids.shape, next(sizes)))

    with says("f", "(2, 4, 2)", "(2, 4, 3)"):
        checks.check_causal("f", fn, IDS, vocab_size=5, look_at=HINT)


def test_a_list_with_an_array_in_it_is_not_equal_to_a_plain_one():
    with says("x", "from position 1", "['b'] there"):
        checks.check_equal("x", ["a", np.zeros(2)], ["a", "b"], look_at=HINT)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: checks.check_close("x", [1.0], [np.nan], look_at=HINT), "finite"),
        (lambda: checks.check_close("x", [1.0], [np.inf], look_at=HINT), "finite"),
        (lambda: checks.check_depends("x", abs, [1], look_at=HINT), "two, got 1"),
        (
            lambda: checks.check_causal("x", abs, IDS[:, :1], vocab_size=5, look_at=""),
            r"time >= 2, got \(2, 1\)",
        ),
        (
            lambda: checks.check_causal("x", abs, IDS[:0], vocab_size=5, look_at=""),
            r"got \(0, 4\)",
        ),
        (
            lambda: checks.check_causal("x", abs, 0 * IDS, vocab_size=1, look_at=""),
            "at least 2, got 1",
        ),
    ],
)
def test_a_check_that_could_not_fail_is_an_error_of_its_author(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("got 170", 17),
        ("got 117", 17),
        ("got 1.17", 17),
        ("got 17.5", 17),
        ("got -17", 17),
        ("got 17", -17),
        ("got x17", "17"),
        ("got 0.05", 0.5),
        ("got 1e3", 1),
        ("got something", 17),
    ],
)
def test_another_number_does_not_name_the_value(message, value):
    with says("f", f"a message that names {value}"):
        checks.check_refuses(
            "f", lambda: refuse(message), naming=(value,), look_at=HINT
        )


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("got 17.", 17),
        ("17 is too large", "17"),
        ("got (3,17)", 17),
        ("size=17, not 18", 17),
        ("must lie in 1-17", 17),
        ("got 17.0", 17),
        ("got -0.5", "-0.5"),
        ("got .5", 0.5),
        ("got 1e-05", 0.00001),
        ("unknown loss 'wasserstein'", "wasserstein"),
        ("got shape (3, 4)", "(3, 4)"),
    ],
)
def test_a_value_is_named_however_it_is_written(message, value):
    checks.check_refuses("f", lambda: refuse(message), naming=(value,), look_at=HINT)
