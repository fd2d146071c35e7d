import math

from helpers.data.fetch import sha256_of
from helpers.data.worlds.oracle import PUBLISHED_SHAPES, Oracle, load_published

import numpy as np
import pytest


def small_oracle(**kwargs):
    return Oracle(
        **({"vocab_size": 7, "embedding_dim": 3, "units": 4, "seed": 0} | kwargs)
    )


def hand_made_oracle():
    """Two tokens, one unit; only the candidate reads the input, and it saturates."""
    oracle = Oracle(2, embedding_dim=1, units=1, seed=0)
    embedding = np.array([[1.0], [-1.0]], "float32")  # token 0 says +1, token 1 says -1
    kernel = np.array([[0, 0, 100, 0]], "float32")  # input, forget, candidate, output
    bias = np.array([100, -100, 0, 100], "float32")  # take all, forget all, show all
    oracle.weights = [
        embedding,
        kernel,
        np.zeros((1, 4), "float32"),
        bias,
        np.array([[0.0, 2.0]], "float32"),
        np.array([0.5, 0.0], "float32"),
    ]
    return oracle


def test_nll_of_a_case_worked_by_hand():
    # After token 0 the cell is +1 and h = tanh(1); after token 1 the negative of it.
    h = math.tanh(1)

    def log_prob(token, h):
        logits = [0.5, 2 * h]
        return logits[token] - math.log(sum(math.exp(x) for x in logits))

    expected = [
        -(log_prob(1, h) + log_prob(0, -h)) / 2,  # 1 after the start 0, then 0 after 1
        -(log_prob(0, h) + log_prob(0, h)) / 2,
    ]
    got = hand_made_oracle().nll([[1, 0], [0, 0]])
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_probabilities_of_all_sequences_add_up_to_one():
    grid = np.indices((7, 7, 7)).reshape(3, -1).T
    assert np.exp(-3 * small_oracle().nll(grid)).sum() == pytest.approx(1, abs=1e-5)


def test_samples_come_as_often_as_the_nll_says():
    oracle, num = small_oracle(), 20_000
    pairs = oracle.sample(num, length=2, seed=1)
    found = np.bincount(pairs[:, 0] * 7 + pairs[:, 1], minlength=49) / num
    grid = np.indices((7, 7)).reshape(2, -1).T
    p = np.exp(-2 * oracle.nll(grid))
    assert np.all(np.abs(found - p) < 4.5 * np.sqrt(p * (1 - p) / num) + 1e-9)


def test_it_is_the_lstm_of_keras():
    keras = pytest.importorskip("keras")
    oracle = small_oracle()
    embedding, kernel, recurrent_kernel, bias, head, head_bias = oracle.weights
    lstm = keras.layers.LSTM(4, return_sequences=True)
    lstm.build((None, None, 3))
    lstm.set_weights([kernel, recurrent_kernel, bias])
    token_ids = np.array([[3, 1, 6, 0]])
    inputs = np.concatenate([[[0]], token_ids[:, :-1]], axis=1)
    h = keras.ops.convert_to_numpy(lstm(embedding[inputs]))
    logits = h @ head + head_bias
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -np.take_along_axis(log_probs, token_ids[..., None], axis=-1).mean()
    assert oracle.nll(token_ids)[0] == pytest.approx(expected, rel=1e-5)


def test_pieces_change_nothing(monkeypatch):
    oracle = small_oracle()
    token_ids = oracle.sample(10, length=3, seed=2)
    whole = oracle.nll(token_ids)
    monkeypatch.setattr("helpers.data.worlds.oracle.CHUNK_NUMBERS", 7 * 3)
    np.testing.assert_allclose(oracle.nll(token_ids), whole, rtol=1e-6)
    assert oracle.sample(10, length=3, seed=2).shape == (10, 3)


def test_seeds_decide_the_oracle_and_its_samples():
    a, b, other = small_oracle(), small_oracle(), small_oracle(seed=1)
    draw = a.sample(20, length=5, seed=3)
    assert draw.dtype == np.int32 and draw.shape == (20, 5)
    np.testing.assert_array_equal(draw, b.sample(20, length=5, seed=3))
    assert (draw != b.sample(20, length=5, seed=4)).any()
    assert (draw != other.sample(20, length=5, seed=3)).any()


def test_its_own_sequences_are_likelier_than_random_ones():
    oracle = small_oracle()
    own = oracle.nll(oracle.sample(500, length=6, seed=0)).mean()
    random = oracle.nll(np.random.default_rng(0).integers(7, size=(500, 6))).mean()
    assert own < math.log(7) < random


def test_a_larger_scale_makes_a_more_certain_oracle():
    entropies = [
        (oracle := small_oracle(scale=s))
        .nll(oracle.sample(500, length=6, seed=0))
        .mean()
        for s in (0.01, 1.0, 2.0)
    ]
    assert entropies[0] == pytest.approx(math.log(7), abs=0.01)
    assert entropies[0] > entropies[1] > entropies[2]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"vocab_size": 1}, "vocab_size must be at least 2, got 1"),
        ({"units": 0}, "at least 1, got 3 and 0"),
        ({"scale": 0}, "scale must be > 0, got 0"),
    ],
)
def test_an_impossible_oracle_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        small_oracle(**kwargs)


@pytest.mark.parametrize(
    ("token_ids", "message"),
    [
        ([1, 2, 3], r"shape \(num_sequences, length\).*\(3,\)"),
        (np.zeros((0, 4), int), r"neither of them 0, got \(0, 4\)"),
        ([[0, 7]], r"in \[0, 6\], got 0 to 7"),
        ([[-1, 2]], r"in \[0, 6\], got -1 to 2"),
    ],
)
def test_strange_tokens_are_refused(token_ids, message):
    with pytest.raises(ValueError, match=message):
        small_oracle().nll(token_ids)


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0 and 5"):
        small_oracle().sample(0, length=5, seed=0)


def write_published(folder, **changes):
    arrays = {name: np.zeros(s, "float32") for name, s in PUBLISHED_SHAPES.items()}
    arrays["output_bias"][7] = 50.0  # always the same token
    np.savez(folder / "seqgan_oracle.npz", **arrays | changes)
    return sha256_of(folder / "seqgan_oracle.npz")


def test_the_published_oracle_is_used_where_it_is(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert load_published() is None
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert load_published() is None
    oracle = load_published(sha256=write_published(tmp_path))
    assert oracle.sample(2, length=3, seed=0).tolist() == [[7] * 3] * 2


def test_another_published_oracle_is_named_and_not_used(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    write_published(tmp_path)
    assert load_published() is None
    assert "seqgan_oracle.npz has SHA-256" in capsys.readouterr().out
    other = write_published(tmp_path, bias=np.zeros(64, "float32"))
    assert load_published(sha256=other) is None
    said = capsys.readouterr().out
    assert "Not used" in said and "(64,)" in said
