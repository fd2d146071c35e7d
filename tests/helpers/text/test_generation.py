from helpers.text.generation import filter_logits, invert_cdf, make_generator

import keras
import numpy as np
import pytest
from keras import ops


def to_probs(logits):
    return ops.convert_to_numpy(ops.softmax(logits, axis=-1))


def test_temperature_divides_the_logits():
    logits = np.log([[0.5, 0.3, 0.2]]).astype("float32")
    cold = to_probs(filter_logits(logits, temperature=0.5))
    np.testing.assert_allclose(cold[0], np.array([25, 9, 4]) / 38, rtol=1e-5)
    np.testing.assert_allclose(
        to_probs(filter_logits(logits, temperature=1e6)), 1 / 3, rtol=1e-4
    )


def test_top_k_keeps_the_likeliest_and_renormalises():
    logits = np.log([[0.1, 0.4, 0.2, 0.3]]).astype("float32")
    kept = to_probs(filter_logits(logits, top_k=2))
    np.testing.assert_allclose(kept[0], [0, 4 / 7, 0, 3 / 7], atol=1e-6)
    all_four = to_probs(filter_logits(logits, top_k=4))
    np.testing.assert_allclose(all_four[0], [0.1, 0.4, 0.2, 0.3], rtol=1e-5)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.05, [1]), (0.39, [1]), (0.41, [1, 3]), (0.71, [1, 2, 3]), (1.0, [0, 1, 2, 3])],
)
def test_top_p_keeps_the_smallest_set_that_reaches_it(top_p, kept):
    logits = np.log([[0.1, 0.4, 0.2, 0.3]]).astype("float32")
    probs = to_probs(filter_logits(logits, top_p=top_p))[0]
    assert np.flatnonzero(probs > 1e-6).tolist() == kept


def test_top_p_counts_what_top_k_left():
    # Of 4/7 and 3/7, the first alone reaches one half.
    logits = np.log([[0.1, 0.4, 0.2, 0.3]]).astype("float32")
    probs = to_probs(filter_logits(logits, top_k=2, top_p=0.5))[0]
    np.testing.assert_allclose(probs, [0, 1, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        ({"temperature": 0}, r"temperature must be > 0 \(top_k=1 decodes greedily"),
        ({"temperature": -1.0}, "got -1.0"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_k": 0}, r"top_k must be in \[1, 3\], got 0"),
        ({"top_k": 4}, r"top_k must be in \[1, 3\], got 4"),
        ({"top_p": 0}, r"top_p must be in \(0, 1\], got 0"),
        ({"top_p": 1.5}, "got 1.5"),
    ],
)
def test_knobs_out_of_range_are_refused(knob, message):
    logits = np.zeros((2, 3), dtype="float32")
    with pytest.raises(ValueError, match=message):
        filter_logits(logits, **knob)


def test_token_frequencies_follow_the_softmax():
    p, n = np.array([0.5, 0.3, 0.2]), 20_000
    logits = np.log(np.tile(p, (n, 1))).astype("float32")
    uniforms = np.random.default_rng(0).random(n, dtype="float32")
    ids = ops.convert_to_numpy(invert_cdf(logits, uniforms))
    assert ids.shape == (n,) and ids.dtype == np.int32
    freq = np.bincount(ids, minlength=3) / n
    assert np.all(np.abs(freq - p) < 4 * np.sqrt(p * (1 - p) / n))  # 4 standard errors


def test_each_piece_of_the_unit_interval_gives_its_token():
    logits = np.log(np.tile([0.25, 0.5, 0.25], (5, 1))).astype("float32")
    marks = np.array([0.0, 0.2, 0.3, 0.7, 0.8], dtype="float32")
    ids = ops.convert_to_numpy(invert_cdf(logits, marks))
    assert ids.tolist() == [0, 0, 1, 1, 2]


def test_the_largest_float_below_one_never_draws_a_removed_token():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(200, 5000)).astype("float32")
    kept = filter_logits(logits, top_k=10)
    mark = np.full(200, np.nextafter(1, 0, dtype="float32"))
    ids = ops.convert_to_numpy(invert_cdf(kept, mark))
    rank = (logits > np.take_along_axis(logits, ids[:, None], axis=1)).sum(axis=1)
    assert (rank < 10).all()


@pytest.mark.parametrize("vocab_size", [511, 512, 600, 601])
def test_a_long_row_is_searched_block_by_block_with_the_same_result(vocab_size):
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(2000, vocab_size)).astype("float32")
    marks = rng.random(2000, dtype="float32")
    ids = ops.convert_to_numpy(invert_cdf(logits, marks))
    weights = np.exp(logits.astype("float64"))
    ends = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    rows = np.arange(2000)
    # The mark lies in the token's own piece, but for the rounding of float32.
    assert (marks < ends[rows, ids] + 1e-5).all()
    assert (
        marks > ends[rows, ids] - (weights / weights.sum(1)[:, None])[rows, ids] - 1e-5
    ).all()


# A model whose text is known: after token i comes i + 1, and the state counts tokens.
def count_up(token_ids, state):
    logits = 50.0 * ops.one_hot((token_ids + 1) % 7, 7)
    return logits, {"count": state["count"] + 1, "sum": state["sum"] + token_ids}


def zero_state(batch_size):
    return {"count": np.zeros((), "int32"), "sum": np.zeros(batch_size, "int32")}


def test_the_loop_writes_what_the_model_says():
    generate = make_generator(count_up)
    prompts = [[3, 1], [0, 4]]
    token_ids, state = generate(prompts, zero_state(2), num_tokens=5, seed=0)
    assert token_ids.tolist() == [[3, 1, 2, 3, 4, 5, 6], [0, 4, 5, 6, 0, 1, 2]]
    assert token_ids.dtype == np.int32
    assert int(state["count"]) == 6  # all but the last token
    assert ops.convert_to_numpy(state["sum"]).tolist() == [18, 16]


def test_prompts_of_unequal_length_write_on_at_their_own_end():
    generate = make_generator(count_up)
    token_ids, _ = generate(
        [[3, 5, 2], [6, 0, 0]],
        zero_state(2),
        num_tokens=2,
        seed=0,
        prompt_lengths=[3, 1],
    )
    assert token_ids.tolist() == [[3, 5, 2, 3, 4], [6, 0, 1, 2, 3]]


def test_the_state_returned_goes_on_where_the_text_stopped():
    generate = make_generator(count_up)
    first, state = generate([[2]], zero_state(1), num_tokens=3, seed=0)
    second, state = generate(first[:, -1:], state, num_tokens=2, seed=0)
    assert second.tolist() == [[5, 6, 0]]
    assert int(state["count"]) == 5


def test_each_call_may_have_a_state_of_its_own_structure():
    def step(token_ids, state):
        by = {dict: 1, list: 2, tuple: 3}.get(type(state), 4)  # known when traced
        logits = 50.0 * ops.one_hot((token_ids + 1) % 7, 7)
        return logits, keras.tree.map_structure(lambda x: x + by, state)

    generate = make_generator(step)
    zeros, ones = np.zeros(2, "int32"), np.ones(2, "int32")
    for by, state in (
        (1, {"b": zeros, "a": [ones, zeros]}),
        (2, [zeros, ones, zeros]),  # as many tensors of the same shapes
        (3, (zeros, {"a": ones, "b": zeros})),
        (4, zeros),
        (1, {"b": ones, "a": [zeros, ones]}),
    ):
        token_ids, after = generate([[3], [0]], state, num_tokens=2, seed=0)
        assert token_ids.tolist() == [[3, 4, 5], [0, 1, 2]]
        keras.tree.assert_same_structure(after, state)
        numbers = map(ops.convert_to_numpy, keras.tree.flatten(after))
        expected = [x + 2 * by for x in keras.tree.flatten(state)]
        np.testing.assert_array_equal(list(numbers), expected)


def test_a_call_with_the_same_shapes_compiles_nothing_anew():
    num_traces = 0

    def step(token_ids, state):
        nonlocal num_traces
        num_traces += 1
        return count_up(token_ids, state)

    generate = make_generator(step)
    generate([[3, 1]], zero_state(1), num_tokens=5, seed=0)
    first = num_traces
    _, state = generate([[2, 2]], zero_state(1), num_tokens=5, seed=1, temperature=0.5)
    generate([[2, 2]], state, num_tokens=5, seed=1)  # what a call returned goes in
    assert num_traces == first


def coin(token_ids, state):
    return ops.zeros((*token_ids.shape, 2)) + ops.log(state), state


def test_the_loop_draws_with_the_models_probabilities_at_any_temperature():
    generate = make_generator(coin)
    prompts, state = np.zeros((100, 1)), np.array([0.8, 0.2], "float32")
    for temperature, p in ((1.0, 0.2), (0.5, 1 / 17)):
        ids, _ = generate(
            prompts, state, num_tokens=100, seed=0, temperature=temperature
        )
        share = ids[:, 1:].mean()
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / 10_000)


def test_same_seed_same_text():
    generate = make_generator(coin, top_p=0.99)
    prompts, state = np.zeros((4, 1)), np.array([0.5, 0.5], "float32")
    runs = [generate(prompts, state, num_tokens=20, seed=s)[0] for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()
    assert (runs[0][0] != runs[0][1]).any()  # rows differ


def test_top_k_1_is_greedy():
    ids, _ = make_generator(coin, top_k=1)(
        np.ones((3, 2)), np.array([0.6, 0.4], "float32"), num_tokens=9, seed=0
    )
    assert (ids[:, 2:] == 0).all()


def test_the_loop_reads_a_keras_model_as_it_is_now():
    table = keras.layers.Embedding(4, 4)
    table.build()
    table.set_weights([50.0 * np.roll(np.eye(4), 1, axis=1)])
    generate = make_generator(lambda ids, state: (table(ids), state), uses=[table])
    state = np.zeros(1, "float32")
    assert generate([[0]], state, num_tokens=3, seed=0)[0].tolist() == [[0, 1, 2, 3]]
    table.set_weights([50.0 * np.roll(np.eye(4), -1, axis=1)])
    assert generate([[0]], state, num_tokens=3, seed=0)[0].tolist() == [[0, 3, 2, 1]]


def test_bad_calls_of_the_loop_are_refused():
    generate, state = make_generator(count_up), zero_state(1)
    with pytest.raises(ValueError, match=r"\(batch, prompt_length\).*got \(2,\)"):
        generate([1, 2], state, num_tokens=3, seed=0)
    with pytest.raises(ValueError, match=r"neither of them 0, got \(1, 0\)"):
        generate([[]], state, num_tokens=3, seed=0)
    with pytest.raises(ValueError, match="num_tokens must be at least 1, got -1"):
        generate([[1]], state, num_tokens=-1, seed=0)
    with pytest.raises(ValueError, match="temperature must be > 0"):
        generate([[1]], state, num_tokens=3, seed=0, temperature=0.0)
    with pytest.raises(ValueError, match=r"1 integers from 1 to 1, got \[2\]"):
        generate([[1]], state, num_tokens=3, seed=0, prompt_lengths=[2])
    with pytest.raises(ValueError, match=r"top_k must be in \[1, 7\], got 8"):
        make_generator(count_up, top_k=8)([[1]], state, num_tokens=3, seed=0)
