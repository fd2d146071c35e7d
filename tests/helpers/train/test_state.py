"""Copies of a training's state."""

from helpers.train.state import follow, get_state, set_state

import keras
import numpy as np
import pytest
from keras import ops


def make_network():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])


def test_a_state_comes_back_and_is_a_copy():
    network = make_network()
    state = get_state(network)
    network.weights[0].assign(ops.ones((2, 3)))
    assert np.abs(state[0] - 1).max() > 1e-3
    set_state(network, state)
    np.testing.assert_array_equal(ops.convert_to_numpy(network.weights[0]), state[0])
    with pytest.raises(ValueError, match="shorter|longer"):
        set_state(network, state[:1])


def test_a_follower_keeps_its_share():
    slow, fast = make_network(), make_network()
    slow.weights[0].assign(ops.ones((2, 3)))
    fast.weights[0].assign(2 * ops.ones((2, 3)))
    follow(slow, fast, rate=0.75)
    np.testing.assert_allclose(ops.convert_to_numpy(slow.weights[0]), 1.25)
    follow(slow, fast, rate=0.0)
    np.testing.assert_allclose(ops.convert_to_numpy(slow.weights[0]), 2)
