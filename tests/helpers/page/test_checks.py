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
