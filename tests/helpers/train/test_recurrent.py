from helpers.train.recurrent import FastLSTM
from helpers.train.step import compiled, gradient_step

import keras
import numpy as np
import pytest
from keras import ops

BATCH, TIME, INPUTS, UNITS = 3, 5, 4, 6


@pytest.fixture
def example():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, TIME, INPUTS)).astype("float32")
    state = [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(2)]
    return x, state


def make_pair(example, **kwargs):
    """Return Keras's layer and ours with the same random weights."""
    x, state = example
    state = [ops.convert_to_tensor(s) for s in state]
    theirs = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
    ours = FastLSTM(UNITS, **kwargs)
    theirs(x, initial_state=state)
    ours(x, state)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape, scale=0.5) for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    return theirs, ours


def test_outputs_and_last_state_are_those_of_keras(example):
    theirs, ours = make_pair(example)
    x, state = example
    expected, h, c = compiled(
        lambda x, *s: theirs(x, initial_state=list(s)), uses=[theirs]
    )(x, *state)
    outputs, last = compiled(lambda x, *s: ours(x, list(s)), uses=[ours])(x, *state)
    assert outputs.shape == (BATCH, TIME, UNITS)
    for got, wanted in ((outputs, expected), (last[0], h), (last[1], c)):
        np.testing.assert_allclose(
            ops.convert_to_numpy(got), ops.convert_to_numpy(wanted), atol=1e-5
        )


def test_one_gradient_step_changes_all_weights_as_with_keras(example):
    theirs, ours = make_pair(example)
    x, state = example
    target = np.random.default_rng(2).normal(size=(BATCH, TIME, UNITS))
    target = ops.convert_to_tensor(target.astype("float32"))
    before = theirs.get_weights()

    def their_loss(x, h, c):
        outputs, _, cell = theirs(x, initial_state=[h, c])
        return ops.sum(outputs * target) + ops.sum(ops.square(cell))

    def our_loss(x, h, c):
        outputs, (_, cell) = ours(x, [h, c])
        return ops.sum(outputs * target) + ops.sum(ops.square(cell))

    for layer, loss in ((theirs, their_loss), (ours, our_loss)):
        optimizer = keras.optimizers.SGD(1e-2)
        gradient_step(loss, train=[layer], optimizer=optimizer)(x, *state)
    for new, wanted, old in zip(
        ours.get_weights(), theirs.get_weights(), before, strict=True
    ):
        assert np.abs(new - old).max() > 1e-3
        np.testing.assert_allclose(new, wanted, atol=1e-4)


def test_gradient_reaches_the_inputs_and_the_first_state(example):
    theirs, ours = make_pair(example)
    x, state = example
    moved = []
    for layer in (theirs, ours):
        values = [keras.Variable(v) for v in (x, *state)]

        def loss(layer=layer, values=values):
            x, h, c = [ops.convert_to_tensor(v) for v in values]
            if layer is theirs:
                return ops.sum(ops.square(theirs(x, initial_state=[h, c])[0]))
            return ops.sum(ops.square(ours(x, [h, c])[0]))

        optimizer = keras.optimizers.SGD(1e-2)
        gradient_step(loss, train=values, uses=[layer], optimizer=optimizer)()
        moved.append([ops.convert_to_numpy(v) for v in values])
    for got, wanted, old in zip(moved[1], moved[0], (x, *state), strict=True):
        assert np.abs(got - old).max() > 1e-4
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_bfloat16_products_stay_close(example):
    _, exact = make_pair(example)
    _, rough = make_pair(example, product_dtype="bfloat16")
    x, state = example
    state = [ops.convert_to_tensor(s) for s in state]
    gap = ops.convert_to_numpy(exact(x, state)[0] - rough(x, state)[0])
    assert 0 < np.abs(gap).max() < 0.05


def test_two_windows_with_carried_state_are_one_long_window(example):
    _, ours = make_pair(example)
    x, state = example
    state = [ops.convert_to_tensor(s) for s in state]
    whole, _ = ours(x, state)
    first, state = ours(x[:, :2], state)
    second, _ = ours(x[:, 2:], state)
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.concatenate([first, second], axis=1)),
        ops.convert_to_numpy(whole),
        atol=1e-6,
    )


def test_a_new_layer_remembers_by_default():
    layer = FastLSTM(UNITS)
    layer.build((BATCH, TIME, INPUTS))
    bias = layer.get_weights()[2].reshape(4, UNITS)
    assert bias.sum(axis=1).tolist() == [0, UNITS, 0, 0]


def test_the_layer_can_be_made_again_from_its_config():
    layer = FastLSTM.from_config(FastLSTM(7, product_dtype="bfloat16").get_config())
    assert (layer.units, layer.product_dtype) == (7, "bfloat16")


def test_knobs_out_of_range_are_refused():
    with pytest.raises(ValueError, match="units must be at least 1, got 0"):
        FastLSTM(0)
    with pytest.raises(ValueError, match="'float32' or 'bfloat16', got 'float16'"):
        FastLSTM(4, product_dtype="float16")
