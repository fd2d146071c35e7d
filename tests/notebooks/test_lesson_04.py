"""What lesson 04 and its further page claim about their own definitions."""

import functools
import itertools

from helpers.lessons import load
from helpers.text.generation import filter_logits, make_generator

import keras
import numpy as np
import pytest
from keras import ops

VOCAB_SIZE = 7


@pytest.fixture(scope="module")
def lesson():
    return load("04_char_rnn")


@pytest.fixture(scope="module")
def further():
    return load("further/04_char_rnn")


@pytest.fixture(scope="module", params=["plain", "fast"])
def model(lesson, further, request):
    """The core page's model, and the further page's, which must be the same."""
    kind = {"plain": lesson.CharRNN, "fast": further.FastCharRNN}[request.param]
    model = kind(VOCAB_SIZE, embedding_dim=4, units=5)
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


def greedy(logits):
    return logits.argmax(axis=1)


def test_both_loops_write_what_choosing_by_hand_writes(lesson, model):
    prompt = some_ids(2, 3)
    generate = make_generator(model.step, uses=[model], top_k=1)
    found, _ = generate(prompt, model.zero_state(2), num_tokens=12, seed=0)
    np.testing.assert_array_equal(lesson.make_writer(model)(prompt, 12, greedy), found)
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


@pytest.mark.parametrize("num_tokens", [4, 31, 32, 33])
def test_the_evaluator_gives_each_token_its_loss_in_order(lesson, model, num_tokens):
    """Three streams, each read from an empty state; what is left over is left out."""
    ids = some_ids(num_tokens)
    evaluate = lesson.make_evaluator(model, num_streams=3, window_length=4)
    length = (num_tokens - 1) // 3
    expected = []
    for stream in range(3):
        part = ids[stream * length : (stream + 1) * length + 1]
        logits, _, _ = lstm_by_hand(model, part[:-1], np.zeros(5), np.zeros(5))
        logits = logits - logits.max(axis=1, keepdims=True)
        totals = np.log(np.exp(logits).sum(axis=1))
        expected += list(totals - logits[np.arange(length), part[1:]])
    np.testing.assert_allclose(evaluate(ids), expected, atol=1e-4)


def test_drawn_ids_follow_the_softmax(lesson):
    p, n = np.array([0.5, 0.0, 0.3, 0.2]), 20_000
    with np.errstate(divide="ignore"):
        logits = np.tile(np.log(p), (n, 1))
    ids = lesson.draw(logits, np.random.default_rng(0))
    assert ids.shape == (n,) and ids.dtype == np.int32
    frequencies = np.bincount(ids, minlength=4) / n
    assert np.all(np.abs(frequencies - p) <= 4 * np.sqrt(p * (1 - p) / n))


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"temperature": 0.3},
        {"top_k": 1},
        {"top_k": 4},
        {"top_k": 7},
        {"top_p": 0.01},
        {"top_p": 0.6},
        {"top_p": 1.0},
        {"temperature": 2.0, "top_k": 5, "top_p": 0.7},
    ],
)
def test_the_knobs_are_those_of_the_helpers(lesson, knobs):
    logits = np.random.default_rng(3).normal(size=(50, VOCAB_SIZE)).astype("float32")
    expected = ops.softmax(filter_logits(logits, **knobs))
    found = ops.softmax(lesson.adjust(logits, **knobs))
    np.testing.assert_allclose(*numpy_of((found, expected)), atol=1e-6)


def test_the_knobs_leave_the_logits_as_they_were(lesson):
    logits = np.random.default_rng(3).normal(size=(5, VOCAB_SIZE))
    kept = logits.copy()
    lesson.adjust(logits, temperature=0.5, top_k=2, top_p=0.5)
    np.testing.assert_array_equal(logits, kept)


@pytest.mark.parametrize("temperature", [0, -1.0])
def test_a_temperature_that_is_not_positive_is_refused(lesson, temperature):
    with pytest.raises(ValueError, match=f"must be > 0, got {temperature}"):
        lesson.adjust(np.zeros((1, 3)), temperature=temperature)


def test_choosing_is_repeatable_and_obeys_the_knobs(lesson):
    logits = np.random.default_rng(4).normal(size=(200, VOCAB_SIZE))
    once, again = (lesson.choose_by(5, top_k=2)(logits) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    likeliest = np.argsort(-logits, axis=1)[:, :2]
    assert np.all(np.any(likeliest == once[:, None], axis=1))
    assert np.any(likeliest[:, 0] != once)


def test_the_state_travels_from_step_to_step_and_keep_empties_rows(lesson):
    model = lesson.CharRNN(VOCAB_SIZE, embedding_dim=4, units=5)
    optimizer = keras.optimizers.Adam(1e-9)
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


@pytest.fixture
def seen(lesson, monkeypatch):
    """What the training function hands to its step and to its loop."""
    seen = {"epochs": []}

    def make_step(model, optimizer, state):
        seen["rate"] = optimizer._learning_rate
        seen["clip_norm"] = optimizer.global_clipnorm

        def step(inputs, targets, keep):
            seen["epochs"][-1].append((inputs, targets, keep))
            state["h"] = state["h"] + 1
            return 0.0

        return step

    def train(step, epoch_batches, *, num_epochs, **_):
        for epoch in range(num_epochs):
            seen["epochs"].append([])
            for batch in epoch_batches(epoch):
                step(*batch)

    monkeypatch.setattr(lesson, "make_carried_step", make_step)
    monkeypatch.setattr(lesson, "train", train)
    return seen


def options(**changed):
    return {
        "num_epochs": 4,
        "batch_size": 2,
        "window_length": 10,
        "learning_rate": 8e-3,
        "clip_norm": 1.0,
        "reset_rate": 0.5,
        "seed": 0,
    } | changed


def test_the_rate_warms_up_and_falls_to_zero(lesson, seen, tmp_path):
    model = lesson.CharRNN(VOCAB_SIZE, embedding_dim=4, units=5)
    ids = some_ids(2 * 10 * 30 + 1)  # 30 windows in a reading, 300 steps in all
    run = options(num_epochs=10)
    lesson.train_char_rnn(model, ids, path=tmp_path / "model.npz", **run)
    expected = {0: 0, 5: 4e-3, 10: 8e-3, 155: 4e-3, 300: 0}
    rates = {step: float(seen["rate"](step)) for step in expected}
    assert rates == pytest.approx(expected, abs=1e-8)
    assert seen["clip_norm"] == 1.0


def test_a_reading_goes_on_in_every_row_and_is_cut_elsewhere_than_the_last(
    lesson, seen, tmp_path
):
    model = lesson.CharRNN(VOCAB_SIZE, embedding_dim=4, units=5)
    run = functools.partial(lesson.train_char_rnn, model, np.arange(200))
    run(path=tmp_path / "model.npz", **options())
    for batches in seen["epochs"]:
        for (inputs, targets, keep), (later, _, _) in itertools.pairwise(batches):
            np.testing.assert_array_equal(targets, inputs + 1)
            np.testing.assert_array_equal(later[:, 0], inputs[:, -1] + 1)
            assert set(keep.ravel()) <= {0.0, 1.0}
    firsts = [batches[0][0][0, 0] for batches in seen["epochs"]]
    assert len(set(firsts)) > 1
    keeps = [keep for batches in seen["epochs"] for _, _, keep in batches]
    assert 0.3 < np.mean(keeps) < 0.7
    once = [batch[0] for batches in seen["epochs"] for batch in batches]
    seen["epochs"].clear()
    run(path=tmp_path / "model.npz", **options())
    again = [batch[0] for batches in seen["epochs"] for batch in batches]
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("page", ["lesson", "further"])
def test_training_lowers_the_loss_of_a_text_that_repeats_itself(
    lesson, further, page, tmp_path
):
    kind = lesson.CharRNN if page == "lesson" else further.FastCharRNN
    model = kind(3, embedding_dim=4, units=8)
    ids = np.tile([0, 1, 2], 300).astype("int32")
    history = lesson.train_char_rnn(
        model,
        ids,
        path=tmp_path / "model.npz",
        **options(
            num_epochs=6,
            batch_size=4,
            window_length=15,
            learning_rate=3e-2,
            reset_rate=0.1,
        ),
    )
    assert history["loss"][0] > 0.3
    assert history["loss"][-1] < 0.15
    losses = lesson.make_evaluator(model, num_streams=2)(ids[:301])
    assert losses.mean() < 0.05
