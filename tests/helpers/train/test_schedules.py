from helpers.train.schedules import warmup_decay

import keras
import numpy as np
import pytest
from keras import ops


def rates(schedule, steps):
    return [float(ops.convert_to_numpy(schedule(step))) for step in steps]


@pytest.mark.parametrize(
    ("shape", "quarter"), [("cosine", 0.5 + 0.5 * np.sqrt(0.5)), ("linear", 0.75)]
)
@pytest.mark.parametrize("num_warmup", [0, 20])
@pytest.mark.parametrize("final", [0.0, 0.4])
def test_the_rate_follows_the_closed_form(shape, quarter, num_warmup, final):
    num_steps = 80 + num_warmup
    schedule = warmup_decay(
        2.0, num_steps=num_steps, num_warmup=num_warmup, final=final, shape=shape
    )
    steps = num_warmup + np.array([0, 20, 40, 80, 81, 10_000])
    expected = final + (2.0 - final) * np.array([1, quarter, 0.5, 0, 0, 0])
    np.testing.assert_allclose(rates(schedule, steps), expected, atol=1e-6)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_a_warmup_rises_in_a_line_from_zero(shape):
    schedule = warmup_decay(1.0, num_steps=10, num_warmup=4, final=0.1, shape=shape)
    np.testing.assert_allclose(rates(schedule, range(5)), [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize(
    ("num_warmup", "expected"), [(0, [1, 0, 0]), (3, [0, 1 / 3, 2 / 3, 1, 0, 0])]
)
def test_a_run_may_end_one_step_after_its_peak(num_warmup, expected):
    schedule = warmup_decay(1, num_steps=num_warmup + 1, num_warmup=num_warmup)
    found = rates(schedule, range(len(expected)))
    np.testing.assert_allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
@pytest.mark.parametrize("num_warmup", [0, 4])
def test_an_optimizer_with_the_schedule_is_made_again_from_what_was_saved(
    shape, num_warmup
):
    schedule = warmup_decay(0.5, num_steps=9, num_warmup=num_warmup, shape=shape)
    saved = keras.saving.serialize_keras_object(keras.optimizers.Adam(schedule))
    again = keras.saving.deserialize_keras_object(saved)
    variable = keras.Variable(0.0)
    again.build([variable])
    for rate in rates(schedule, range(11)):
        found = float(ops.convert_to_numpy(again.learning_rate))
        assert found == pytest.approx(rate, abs=1e-7)
        again.apply([ops.convert_to_tensor(1.0)], [variable])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peak": 0.0}, "peak must be > 0, got 0.0"),
        ({"peak": float("nan")}, "peak must be > 0, got nan"),
        ({"num_steps": 0}, "num_steps must be at least 1, got 0"),
        ({"num_warmup": 10}, r"num_warmup must be in \[0, 10\), got 10"),
        ({"num_warmup": -1}, "got -1"),
        ({"final": 2.0}, r"final must be in \[0, 1.0\], got 2.0"),
        ({"final": -0.1}, "got -0.1"),
        ({"shape": "square"}, "'cosine' or 'linear', got 'square'"),
    ],
)
def test_arguments_out_of_range_are_refused(change, message):
    arguments = {"peak": 1.0, "num_steps": 10} | change
    with pytest.raises(ValueError, match=message):
        warmup_decay(arguments.pop("peak"), **arguments)
