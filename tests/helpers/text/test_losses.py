from helpers.text.losses import token_losses
from helpers.train.step import compiled

import numpy as np
import pytest
from keras import ops

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
TOKEN_IDS = np.array([[0, 4, 2], [1, 1, 3]])


def losses_by_hand(logits, token_ids):
    logits = logits.astype("float64")
    probs = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return -np.log(np.take_along_axis(probs, token_ids[..., None], axis=-1))[..., 0]


@pytest.mark.parametrize("int_dtype", ["int32", "int64", "uint8"])
def test_each_loss_is_the_negative_log_of_the_softmax_at_the_token(int_dtype):
    losses = token_losses(LOGITS, TOKEN_IDS.astype(int_dtype))
    expected = losses_by_hand(LOGITS, TOKEN_IDS)
    np.testing.assert_allclose(ops.convert_to_numpy(losses), expected, rtol=1e-5)


def test_even_logits_cost_the_logarithm_of_the_vocabulary():
    losses = token_losses(np.full((1, 4, 7), 3.0, "float32"), np.array([[0, 2, 4, 6]]))
    np.testing.assert_allclose(ops.convert_to_numpy(losses), np.log(7), rtol=1e-6)


def test_large_logits_stay_finite():
    losses = token_losses(np.array([[[1e4, 0.0]]], "float32"), np.array([[1]]))
    np.testing.assert_allclose(ops.convert_to_numpy(losses), 1e4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_logits_are_summed_in_float32(dtype):
    # 300 even tokens: in eight bits, the logarithm of 300 would be off by 0.01.
    logits = ops.zeros((1, 1, 300), dtype=dtype)
    losses = token_losses(logits, np.array([[7]]))
    assert ops.dtype(losses) == "float32"
    np.testing.assert_allclose(ops.convert_to_numpy(losses), np.log(300), rtol=1e-6)


def test_a_compiled_loss_is_the_same():
    losses = compiled(token_losses)(LOGITS, TOKEN_IDS)
    np.testing.assert_allclose(
        ops.convert_to_numpy(losses), losses_by_hand(LOGITS, TOKEN_IDS), rtol=1e-5
    )


def test_ids_and_logits_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"got \(2, 3, 1\) for logits \(2, 3, 5\)"):
        token_losses(LOGITS, TOKEN_IDS[..., None])
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(2, 3, 5\)"):
        token_losses(LOGITS, TOKEN_IDS.T)
    with pytest.raises(ValueError, match="integers, got float32"):
        token_losses(LOGITS, TOKEN_IDS.astype("float32"))
