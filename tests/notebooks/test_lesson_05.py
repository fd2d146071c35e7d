"""Lesson 05's own definitions, on games small enough to check by hand."""

from functools import partial

from helpers.data.worlds.oracle import Oracle
from helpers.lessons import load
from helpers.text import sequences
from helpers.train.phases import play_phases
from helpers.train.state import get_state
from helpers.train.step import gradient_step

import keras
import numpy as np
import pytest
from keras import ops

SIZES = {"embedding_dim": 4, "units": 5}
ROUND = {"num_rollouts": 2, "d_steps": 2, "batch_size": 8}


def make_game(lesson, vocab_size=12, length=4, **options):
    """Return a small game."""
    d = lesson.Discriminator(vocab_size, embedding_dim=4, filters={1: 4, 2: 4})
    network = partial(load("04_char_rnn").CharRNN, vocab_size, **SIZES)
    return lesson.Game(network, d, length, (0.01, 0.01), **options)


@pytest.fixture(scope="module")
def lesson():
    return load("05_seqgan")


@pytest.fixture(scope="module")
def game(lesson):
    return make_game(lesson)


@pytest.fixture(scope="module")
def real():
    return Oracle(12, embedding_dim=4, units=5, seed=0).sample(64, length=4, seed=1)


@pytest.fixture(autouse=True)
def afresh(lesson, game):
    lesson.draw_weights(game, seed=0)


def test_roll_outs_keep_each_beginning_and_draw_the_rest(lesson, game):
    tokens = game.sample(300, seed=0)
    uniforms = np.random.default_rng(1).random((3, 900), dtype="float32")
    blocks = lesson.roll_out(
        game.rollout_policy, ops.convert_to_tensor(tokens), uniforms
    )
    blocks = ops.convert_to_numpy(blocks).reshape(4, 300, 4)
    for t in range(4):
        np.testing.assert_array_equal(blocks[t, :, : t + 1], tokens[:, : t + 1])
        if t < 3:
            assert (blocks[t, :, t + 1 :] != tokens[:, t + 1 :]).mean() > 0.5


def test_roll_outs_follow_the_network_that_reads_the_beginning(lesson, game):
    """A network that always adds one to the token it has read last."""

    class CountUp:
        def zero_state(self, batch_size):
            return [ops.zeros((batch_size, 1))] * 2

        def step(self, token_ids, state):
            return 50.0 * ops.one_hot((token_ids + 1) % 12, 12), state

    tokens = np.array([[3, 7, 1, 5], [9, 9, 9, 9]], dtype="int32")
    uniforms = np.full((3, 6), 0.5, dtype="float32")
    blocks = lesson.roll_out(CountUp(), ops.convert_to_tensor(tokens), uniforms)
    expected = [
        *([3, 4, 5, 6], [9, 10, 11, 0]),
        *([3, 7, 8, 9], [9, 9, 10, 11]),
        *([3, 7, 1, 2], [9, 9, 9, 10]),
        *([3, 7, 1, 5], [9, 9, 9, 9]),
    ]
    assert ops.convert_to_numpy(blocks).tolist() == expected


def test_roll_outs_leave_an_ended_line_ended(lesson, game):
    tokens = np.array([[4, 0, 0, 0], [0, 0, 0, 0]], dtype="int32")
    uniforms = np.full((3, 6), 0.999, dtype="float32")
    texts = lesson.roll_out(
        game.rollout_policy, ops.convert_to_tensor(tokens), uniforms, 0
    )
    blocks = ops.convert_to_numpy(texts).reshape(4, 2, 4)
    assert (blocks[:, 1] == 0).all()
    assert (blocks[1:, 0, 1:] == 0).all() and blocks[0, 0, 1] != 0


def test_rewards_are_the_mean_verdicts_of_the_completions(lesson, game):
    tokens = game.sample(8, seed=3)
    rewards = lesson.estimate_rewards(
        game, tokens, num_rollouts=4, rng=np.random.default_rng(0)
    )
    assert rewards.shape == (8, 4)
    scores = ops.convert_to_numpy(game.score(tokens))
    np.testing.assert_allclose(rewards[:, -1], scores, atol=1e-2)  # bfloat16, perhaps
    assert ((rewards > 0) & (rewards < 1)).all()


def test_the_policy_gradient_is_that_of_all_sequences(lesson):
    """Weights p(s) R(s) over all 9 sequences give the gradient of the mean reward."""
    game = make_game(lesson, 3, 2)
    lesson.draw_weights(game, seed=1)
    sequences = np.indices((3, 3)).reshape(2, -1).T.astype("int32")
    rewards = np.random.default_rng(0).random(9)

    def probs():
        losses = ops.convert_to_numpy(game.token_losses(sequences, np.float32(1)))
        return np.exp(-losses.sum(axis=1).astype("float64"))

    before = probs()
    assert before.sum() == pytest.approx(1, abs=1e-5)
    weights = np.repeat((before * rewards)[:, None], 2, axis=1).astype("float32")

    def loss():
        network, value = game.generator, ops.convert_to_tensor(weights)
        return lesson.policy_loss(network, ops.convert_to_tensor(sequences), value)

    head = game.generator.head.bias
    old = ops.convert_to_numpy(head).copy()
    gradient_step(
        loss, train=[head], uses=[game.generator], optimizer=keras.optimizers.SGD(1.0)
    )()
    step = ops.convert_to_numpy(head) - old  # minus the gradient of the loss
    slopes = []
    for i in range(3):
        values = []
        for sign in (1, -1):
            nudged = old.copy()
            nudged[i] += sign * 0.05
            head.assign(nudged)
            values.append(probs() @ rewards)
        slopes.append((values[0] - values[1]) / 0.1)
    np.testing.assert_allclose(step, slopes, atol=2e-3)
    assert np.abs(slopes).max() > 0.01


def test_likelihood_lowers_the_loss_on_its_data(lesson, game, real):
    before = lesson.mean_nll(game, real)
    lesson.pretrain(game, real, num_epochs=20, batch_size=16, seed=0)
    assert lesson.mean_nll(game, real) < before - 0.1
    same = zip(game.generator.weights, game.rollout_policy.weights, strict=True)
    for fast, slow in same:
        np.testing.assert_array_equal(
            ops.convert_to_numpy(fast), ops.convert_to_numpy(slow)
        )


def test_the_discriminator_tells_what_can_be_told(lesson, game):
    tens = np.full((64, 4), 10, dtype="int32")
    rng = np.random.default_rng(0)
    lesson.train_discriminator(game, tens, num_steps=60, batch_size=32, rng=rng)
    scores = [
        ops.convert_to_numpy(game.score(x)).mean()
        for x in (tens, game.sample(64, seed=9))
    ]
    assert scores[0] > 0.8 > 0.5 > scores[1]


def test_rounds_raise_what_is_rewarded(lesson, game):
    def share_of_threes():
        return (game.sample(500, seed=5) == 3).mean()

    before = share_of_threes()
    for seed in range(40):
        tokens = game.sample(32, seed=seed)
        rewards = (tokens == 3).astype("float32")
        weights = lesson.reward_weights(rewards, np.ones(tokens.shape), baseline=True)
        game.policy_step(tokens, weights)
    assert share_of_threes() > before + 0.2


def test_tokens_behind_the_end_do_not_count(lesson, game):
    rows = np.array([[4, 0, 7, 7], [1, 2, 3, 4], [0, 5, 0, 5]], dtype="int32")
    closed = [
        lesson.mle_loss(game.generator, ops.convert_to_tensor(r), 0)
        for r in (rows, sequences.close_lines(rows, 0))
    ]
    assert float(closed[0]) == pytest.approx(float(closed[1]), abs=1e-6)


def test_weights_with_a_baseline_have_mean_zero_and_unit_spread(lesson):
    rewards = np.random.default_rng(0).random((50, 6))
    weights = lesson.reward_weights(rewards, np.ones((50, 6)), baseline=True)
    np.testing.assert_allclose(weights.mean(axis=0), 0, atol=1e-6)
    assert weights.std() == pytest.approx(1, abs=1e-3)
    mask = np.zeros((50, 6))
    mask[:, :2] = 1
    assert (lesson.reward_weights(rewards, mask, baseline=True)[:, 2:] == 0).all()
    constant = lesson.reward_weights(
        np.full((4, 3), 0.5), np.ones((4, 3)), baseline=True
    )
    assert (constant == 0).all()


def test_impossible_rewards_are_refused(lesson):
    with pytest.raises(ValueError, match="2 rewards are not finite"):
        bad = [[0.5, np.nan, 0.5]] * 2
        lesson.reward_weights(bad, np.ones((2, 3)), baseline=False)


def test_data_that_do_not_fit_are_refused(lesson, game, real):
    with pytest.raises(ValueError, match=r"\[1, 5\], got 16"):
        lesson.pretrain(game, real[:5], num_epochs=1, batch_size=16, seed=0)


def test_same_seed_same_round(lesson, game, real):
    found = []
    for _ in range(2):
        lesson.draw_weights(game, seed=3)
        rng = np.random.default_rng(0)
        lesson.seqgan_round(game, real, **ROUND, baseline=True, rng=rng)
        found.append(get_state(game))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_roll_out_counts(lesson, game):
    """A stand-in scores the texts of roll-out k by k."""

    class Counting:
        def score_roll_outs(self, rows, uniforms):
            assert uniforms.shape == (3, 16 * 3)
            return np.tile(np.repeat(np.arange(4) / 4, 4), 4).astype("float32")

    tokens, rng = game.sample(4, seed=0), np.random.default_rng(0)
    rewards = lesson.estimate_rewards(Counting(), tokens, num_rollouts=4, rng=rng)
    np.testing.assert_allclose(rewards, np.full((4, 4), 0.375))


def test_the_loss_of_a_sequence_is_minus_the_log_of_its_probability(lesson, game):
    """Drawn step by step with the cell that writes, which is another code path."""
    tokens = game.sample(5, seed=0)
    state, last = game.generator.zero_state(5), np.zeros(5, "int32")
    total = np.zeros(5)
    for t in range(4):
        logits, state = game.generator.step(last, state)
        probs = ops.convert_to_numpy(ops.softmax(logits / 0.7))
        last = tokens[:, t]
        total -= np.log(probs[np.arange(5), last])
    losses = lesson.sequence_losses(game.generator, tokens, 0.7)
    found = ops.convert_to_numpy(losses).sum(axis=1)
    np.testing.assert_allclose(found, total, rtol=1e-4)


def test_both_divergences_are_differences_of_what_is_measured(lesson, game, real):
    oracle = Oracle(12, embedding_dim=4, units=5, seed=0)
    found = lesson.evaluate(game, oracle, real, num_sequences=50, seed=1)
    tokens = game.sample(50, seed=1)
    assert found["nll_oracle"] == pytest.approx(oracle.nll(tokens).mean())
    assert found["reverse"] == pytest.approx(
        oracle.nll(tokens).mean() - lesson.mean_nll(game, tokens)
    )
    assert found["forward"] == pytest.approx(
        lesson.mean_nll(game, real) - oracle.nll(real).mean()
    )


@pytest.fixture(scope="module")
def further():
    return load("further/05_seqgan")


@pytest.fixture(scope="module")
def paper_discriminator(further):
    return further.PaperDiscriminator(
        12, embedding_dim=4, filters={1: 4, 2: 4}, num_outputs=2
    )


def test_the_published_discriminator_is_a_softmax_with_its_penalty(
    paper_discriminator, real
):
    d, labels = paper_discriminator, np.repeat([1.0, 0.0], 32).astype("float32")
    d.dropout.rate = 0.0  # so that two calls agree
    rng = np.random.default_rng(0)
    d.head.kernel.assign(rng.normal(size=d.head.kernel.shape))
    d.head.bias.assign([0.3, -0.2])
    x = ops.convert_to_numpy(d(real))
    plain = np.mean(np.logaddexp(0, x) - labels * x)
    kernel, bias = map(ops.convert_to_numpy, d.head.weights)
    penalty = 0.2 * 0.5 * (np.square(kernel).sum() + np.square(bias).sum())
    loss = float(d.loss_of(ops.convert_to_tensor(real), labels))
    assert loss == pytest.approx(plain + penalty, rel=1e-4)
    d.head.bias.assign(bias + 1)  # both columns: no change of the probability
    np.testing.assert_allclose(ops.convert_to_numpy(d(real)), x, atol=1e-5)


@pytest.fixture(scope="module")
def paper_game(lesson, paper_discriminator):
    network = partial(load("04_char_rnn").CharRNN, 12, **SIZES)
    return lesson.Game(network, paper_discriminator, 4, (0.01, 1e-4))


def test_weights_are_drawn_as_published(further, paper_game):
    further.draw_as_published(paper_game, seed=0)
    d = paper_game.discriminator
    for layer in (*d.convolutions, d.head):
        drawn = ops.convert_to_numpy(layer.kernel)
        assert 0 < np.abs(drawn).max() <= 0.2
        np.testing.assert_allclose(ops.convert_to_numpy(layer.bias), 0.1)
    for layer in (d.transform, d.gate):  # Glorot, 8 inputs and 8 outputs
        drawn = np.abs(ops.convert_to_numpy(layer.kernel))
        assert 0.4 < drawn.max() <= np.sqrt(6 / 16) + 1e-6
        drawn = ops.convert_to_numpy(layer.bias)  # of a vector of 8
        assert 0.1 < drawn.std() and np.abs(drawn).max() <= np.sqrt(3 / 8) + 1e-6


def test_a_run_comes_back_to_likelihood_without_the_controls(further, paper_game, real):
    further.draw_as_published(paper_game, seed=0)
    epochs = dict.fromkeys(("likelihood", "constant reward", "discriminator"), 1)
    how = {"epochs": epochs, "round_sizes": ROUND, "seed": 0}
    weights = {}

    def keep(done):
        weights[done] = paper_game.generator.get_weights()[0].copy()
        return {"done": done}

    phases = further.paper_phases(paper_game, real, **how)
    play_phases(phases, evaluate=keep, evaluate_every=1, checkpoint=None)
    np.testing.assert_array_equal(weights[1], weights[3])
    assert (weights[1] != weights[2]).any()


def test_a_run_comes_back_to_likelihood_before_the_discriminator(
    further, paper_game, real
):
    further.draw_as_published(paper_game, seed=0)
    kinds = ("likelihood", "more likelihood", "lower temperature", "random reward")
    epochs = dict.fromkeys((*kinds, "discriminator", "SeqGAN"), 1)
    how = {"epochs": epochs, "round_sizes": ROUND, "seed": 0}
    phases, weights = further.paper_phases(paper_game, real, **how), {}

    def keep(done):
        weights[done] = [w.copy() for w in paper_game.generator.get_weights()]
        return {"done": done}

    play_phases(phases, evaluate=keep, evaluate_every=1, checkpoint=None)
    same = [
        all(np.array_equal(a, b) for a, b in zip(weights[1], weights[k], strict=True))
        for k in range(1, 7)
    ]
    assert same == [True, False, False, False, True, False]
    for at_start, at_lower in zip(weights[1], weights[3], strict=True):
        factor = 1.005 if at_start.shape[-1] == 12 else 1  # the head alone
        np.testing.assert_allclose(at_lower, factor * at_start, rtol=1e-6)
