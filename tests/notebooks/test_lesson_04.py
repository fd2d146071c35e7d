"""What lesson 04 claims about its own definitions."""

from helpers.lessons import load
from helpers.text.generation import make_generator
from helpers.text.tokens import carried_windows

import numpy as np
import pytest
from keras import ops

VOCAB_SIZE = 7


@pytest.fixture(scope="module")
def lesson():
    return load("04_char_rnn")


@pytest.fixture(scope="module")
def model(lesson):
    model = lesson.CharRNN(VOCAB_SIZE, embedding_dim=4, units=5)
    rng = np.random.default_rng(0)
    for variable in model.weights:  # larger than fresh ones, so that the state counts
        variable.assign(rng.normal(0, 1.0, variable.shape))
    return model


def some_ids(*shape):
    return np.random.default_rng(1).integers(VOCAB_SIZE, size=shape).astype("int32")


def numpy_of(values):
    return [ops.convert_to_numpy(value) for value in values]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(model, token_ids, h, c):
    """Read ids (time,) by the equations, gate by gate; return logits and the state.

    Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000); the
    columns of Keras's kernels hold the gates i, f, g, o.
    """
    table = ops.convert_to_numpy(model.embedding.weights[0])
    kernel, recurrent, bias = numpy_of(model.lstm.weights)
    head, head_bias = numpy_of(model.head.weights)
    units, rows = len(h), []
    for token in token_ids:
        total = table[token] @ kernel + h @ recurrent + bias
        i, f, g, o = (total[n * units : (n + 1) * units] for n in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        rows.append(h @ head + head_bias)
    return np.stack(rows), h, c


def test_reading_a_window_is_the_equations_of_an_lstm(model):
    ids = some_ids(2, 6)
    rng = np.random.default_rng(2)
    h, c = rng.normal(size=(2, 2, 5)).astype("float32")
    logits, state = model(ids, [h, c])
    last_h, last_c = numpy_of(state)
    for row in range(2):
        expected = lstm_by_hand(model, ids[row], h[row], c[row])
        found = ops.convert_to_numpy(logits)[row], last_h[row], last_c[row]
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_writing_step_by_step_is_reading_a_window(model):
    ids, state = some_ids(3, 6), model.zero_state(3)
    logits, last = model(ids, model.zero_state(3))
    for t in range(6):
        one, state = model.step(ids[:, t], state)
        expected = ops.convert_to_numpy(logits)[:, t]
        np.testing.assert_allclose(ops.convert_to_numpy(one), expected, atol=1e-5)
    for ours, theirs in zip(numpy_of(state), numpy_of(last), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_window_read_in_two_parts_with_its_state_is_read_whole(model):
    ids = some_ids(2, 6)
    whole, _ = model(ids, model.zero_state(2))
    _, state = model(ids[:, :2], model.zero_state(2))
    rest, _ = model(ids[:, 2:], state)
    np.testing.assert_allclose(*numpy_of((rest, whole[:, 2:])), atol=1e-5)


def test_the_compiled_loop_writes_what_choosing_by_hand_writes(model):
    prompt = some_ids(2, 3)
    write = make_generator(model.step, uses=[model], top_k=1)
    found, _ = write(prompt, model.zero_state(2), num_tokens=12, seed=0)
    for row in range(2):
        ids, h, c = list(prompt[row]), np.zeros(5), np.zeros(5)
        logits, h, c = lstm_by_hand(model, ids, h, c)
        for _ in range(12):
            ids.append(int(logits[-1].argmax()))
            logits, h, c = lstm_by_hand(model, ids[-1:], h, c)
        assert found[row].tolist() == ids


def test_losses_are_minus_the_log_probability_of_the_targets(lesson, model):
    ids = some_ids(1, 9)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    losses, _ = lesson.next_token_losses(model, inputs, targets, model.zero_state(1))
    logits, _, _ = lstm_by_hand(model, inputs[0], np.zeros(5), np.zeros(5))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(probs[np.arange(8), targets[0]])
    np.testing.assert_allclose(ops.convert_to_numpy(losses)[0], expected, atol=1e-5)


@pytest.mark.parametrize("num_scored", [1, 5, 38, 39])
def test_the_evaluator_gives_each_of_the_last_tokens_its_loss_in_order(
    lesson, model, num_scored
):
    """With a warm-up that reaches back to the start, each token has its whole past."""
    ids = some_ids(40)
    evaluate = lesson.make_evaluator(
        model, num_streams=3, window_length=8, warm_up=num_scored
    )
    found = evaluate(ids, num_scored)
    assert found.shape == (num_scored,)
    # A stream reads whole windows; what lies before the text is its first token.
    length = -(-num_scored // 3)
    total = -(-(length + num_scored) // 8) * 8
    for back in range(num_scored):
        end = 40 - length * (back // length)
        before = np.maximum(np.arange(end - total - 1, 40 - back - 1), 0)
        logits, _, _ = lstm_by_hand(model, ids[before], np.zeros(5), np.zeros(5))
        last = logits[-1] - logits[-1].max()
        expected = np.log(np.exp(last).sum()) - last[ids[40 - back - 1]]
        assert found[-1 - back] == pytest.approx(expected, abs=1e-4)


def test_a_longer_warm_up_no_longer_changes_the_losses(lesson, model):
    ids = some_ids(600)
    short, long = (
        lesson.make_evaluator(model, num_streams=2, window_length=16, warm_up=warm_up)
        for warm_up in (128, 256)
    )
    np.testing.assert_allclose(short(ids, 100), long(ids, 100), atol=1e-3)


def test_the_rate_warms_up_and_falls_to_zero(lesson):
    adam = lesson.make_optimizer(8e-3, num_steps=300, clip_norm=1.0)
    rates = {}
    for step in (0, 5, 10, 155, 300):
        adam.iterations.assign(step)
        rates[step] = float(adam.learning_rate)
    expected = {0: 0, 5: 4e-3, 10: 8e-3, 155: 4e-3, 300: 0}
    assert rates == pytest.approx(expected, abs=1e-8)
    assert adam.global_clipnorm == 1.0


def test_the_state_travels_from_step_to_step_and_keep_empties_rows(lesson):
    model = lesson.CharRNN(VOCAB_SIZE, embedding_dim=4, units=5)
    optimizer = lesson.make_optimizer(1e-9, num_steps=1, clip_norm=1.0)
    state = dict(zip("hc", model.zero_state(2), strict=True))
    step = lesson.make_carried_step(model, optimizer, state)
    ids, ones = some_ids(2, 9), np.ones((2, 1), "float32")
    step(ids[:, :4], ids[:, 1:5], ones)
    _, (expected, _) = model(ids[:, :4], model.zero_state(2))
    np.testing.assert_allclose(*numpy_of((state["h"], expected)), atol=1e-5)
    first = [ops.convert_to_numpy(state[name]) for name in "hc"]
    step(ids[:, 4:8], ids[:, 5:9], np.array([[1.0], [0.0]], "float32"))
    kept = [part * [[1.0], [0.0]] for part in first]
    _, (expected, _) = model(ids[:, 4:8], [part.astype("float32") for part in kept])
    np.testing.assert_allclose(*numpy_of((state["h"], expected)), atol=1e-5)


def test_an_epoch_reads_on_in_every_row_and_is_cut_elsewhere_than_the_last(lesson):
    ids = np.arange(200)
    sizes = {"batch_size": 2, "window_length": 10, "seed": 0}
    epochs = [list(lesson.epoch_windows(ids, epoch, **sizes)) for epoch in range(4)]
    for batches in epochs:
        for (inputs, targets), (later, _) in zip(batches, batches[1:], strict=False):
            np.testing.assert_array_equal(targets, inputs + 1)
            np.testing.assert_array_equal(later[:, 0], inputs[:, -1] + 1)
    assert len({batches[0][0][0, 0] for batches in epochs}) > 1
    again = list(lesson.epoch_windows(ids, 1, **sizes))
    np.testing.assert_array_equal(again[0][0], epochs[1][0][0])
    assert len(epochs[0]) == len(
        list(carried_windows(ids[:190], batch_size=2, window_length=10))
    )


def test_training_lowers_the_loss_of_a_text_that_repeats_itself(lesson, tmp_path):
    model = lesson.CharRNN(3, embedding_dim=4, units=8)
    ids = np.tile([0, 1, 2], 300).astype("int32")
    history = lesson.train_char_rnn(
        model,
        ids,
        num_epochs=6,
        batch_size=4,
        window_length=15,
        learning_rate=3e-2,
        clip_norm=1.0,
        reset_rate=0.1,
        seed=0,
        path=tmp_path / "model.npz",
    )
    assert history["loss"][0] > 0.3
    assert history["loss"][-1] < 0.15
    losses = lesson.make_evaluator(model, num_streams=2, warm_up=30)(ids, 300)
    assert losses.mean() < 0.05
