"""Lesson 05's own definitions, on games small enough to check by hand."""

from helpers.data.worlds.oracle import Oracle
from helpers.lessons import load

import numpy as np
import pytest
from keras import ops

SIZES = {
    "vocab_size": 12,
    "length": 4,
    "embedding_dim": 4,
    "units": 5,
    "filters": {1: 4, 2: 4},
    "d_embedding_dim": 4,
    "d_learning_rate": 1e-2,
}
ROUND = {"num_rollouts": 2, "at_once": 1, "d_steps": 2, "batch_size": 8}


@pytest.fixture(scope="module")
def lesson():
    return load("05_seqgan")


@pytest.fixture(scope="module")
def game(lesson):
    return lesson.make_game(**SIZES)


@pytest.fixture(scope="module")
def real():
    return Oracle(12, embedding_dim=4, units=5, seed=0).sample(64, length=4, seed=1)


@pytest.fixture(autouse=True)
def afresh(lesson, game):
    lesson.draw_weights(game, seed=0)


def test_roll_outs_keep_each_beginning_and_draw_the_rest(lesson, game):
    tokens = game.sample(300, seed=0)
    uniforms = np.random.default_rng(1).random((3, 900), dtype="float32")
    blocks = lesson.roll_out(game.policy, ops.convert_to_tensor(tokens), uniforms)
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
    texts = lesson.roll_out(game.policy, ops.convert_to_tensor(tokens), uniforms, 0)
    blocks = ops.convert_to_numpy(texts).reshape(4, 2, 4)
    assert (blocks[:, 1] == 0).all()
    assert (blocks[1:, 0, 1:] == 0).all() and blocks[0, 0, 1] != 0


def test_rewards_are_the_mean_verdicts_of_the_completions(lesson, game):
    tokens = game.sample(8, seed=3)
    rewards = lesson.estimate_rewards(
        game, tokens, num_rollouts=4, at_once=2, rng=np.random.default_rng(0)
    )
    assert rewards.shape == (8, 4)
    scores = ops.convert_to_numpy(game.score(tokens))
    np.testing.assert_allclose(rewards[:, -1], scores, atol=1e-2)  # bfloat16, perhaps
    assert ((rewards > 0) & (rewards < 1)).all()


def test_the_policy_gradient_is_that_of_all_sequences(lesson):
    """Weights p(s) R(s) over all 9 sequences give the gradient of the mean reward."""
    game = lesson.make_game(**SIZES | {"vocab_size": 3, "length": 2})
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

    from helpers.train.step import gradient_step

    import keras

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
    same = zip(game.generator.weights, game.policy.weights, strict=True)
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
    rows = np.array([[4, 0, 7, 7], [1, 2, 3, 4], [0, 5, 0, 5]])
    mask = ops.convert_to_numpy(lesson.counted(rows, 0))
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]
    assert ops.convert_to_numpy(lesson.counted(rows, None)).all()
    assert lesson.close_lines(rows, 0).tolist() == [[4, 0, 0, 0], [1, 2, 3, 4], [0] * 4]
    closed = [
        lesson.mle_loss(game.generator, ops.convert_to_tensor(r.astype("int32")), 0)
        for r in (rows, lesson.close_lines(rows, 0))
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


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        (np.full((2, 3), 1.01), r"in \[0, 1\], got \[1.01, 1.01\]"),
        (np.full((2, 3), -0.1), r"got \[-0.1, -0.1\]"),
        ([[0.5, np.nan, 0.5]] * 2, "2 rewards are not finite"),
        (np.zeros((2, 2)), r"shape \(2, 3\), got \(2, 2\)"),
    ],
)
def test_impossible_rewards_are_refused(lesson, rewards, message):
    with pytest.raises(ValueError, match=message):
        lesson.reward_weights(rewards, np.ones((2, 3)), baseline=False)


def test_data_that_do_not_fit_are_refused(lesson, game, real):
    with pytest.raises(ValueError, match="A batch has 16 sequences, the data have 5"):
        lesson.pretrain(game, real[:5], num_epochs=1, batch_size=16, seed=0)
    with pytest.raises(ValueError, match="width 9 do not fit sequences of 4"):
        lesson.make_game(**SIZES | {"filters": {9: 4}})


def test_lines_fit_the_vocabulary_and_the_row(lesson):
    text = "A rose is a rose\nThe rose, alone\n\na rose\na rose is a rose is a rose"
    vocabulary, lines = lesson.read_lines(text, length=6, min_count=2)
    assert vocabulary.tokens == ["<end>", "a", "is", "rose"]
    assert lines == [["a", "rose", "is", "a", "rose"], ["a", "rose"]]


def test_same_seed_same_round(lesson, game, real):
    found = []
    for _ in range(2):
        lesson.draw_weights(game, seed=3)
        rng = np.random.default_rng(0)
        lesson.seqgan_round(game, real, **ROUND, baseline=True, rng=rng)
        found.append(lesson.get_state(game))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("num_rollouts, at_once", [(3, 2), (2, 4), (0, 1), (2, 0)])
def test_roll_outs_that_cannot_be_shared_out_are_refused(
    lesson, game, num_rollouts, at_once
):
    tokens, rng = game.sample(4, seed=0), np.random.default_rng(0)
    sizes = {"num_rollouts": num_rollouts, "at_once": at_once}
    with pytest.raises(ValueError, match=f"got {num_rollouts} and {at_once}"):
        lesson.estimate_rewards(game, tokens, **sizes, rng=rng)


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_every_roll_out_counts_however_many_go_at_once(lesson, game, at_once):
    """A stand-in scores each text by the number of texts that were scored so far."""
    seen = []

    class Counting:
        def score_roll_outs(self, rows, uniforms):
            seen.extend(rows)
            return np.full(4 * len(rows), len(seen) / 64, "float32")

    tokens, rng = game.sample(4, seed=0), np.random.default_rng(0)
    rewards = lesson.estimate_rewards(
        Counting(), tokens, num_rollouts=4, at_once=at_once, rng=rng
    )
    assert len(seen) == 16 and rewards.shape == (4, 4)
    calls = np.arange(1, 4 // at_once + 1)
    np.testing.assert_allclose(rewards, (calls * 4 * at_once / 64).mean())


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


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_after", [1, 3, 4, 6])
def test_a_run_killed_in_any_phase_goes_on_as_if_nothing_happened(
    lesson, game, real, tmp_path, monkeypatch, killed_after
):
    oracle = Oracle(12, embedding_dim=4, units=5, seed=0)
    how = {
        "epochs": (2, 2, 1, 2),
        "round_sizes": ROUND,
        "evaluate_every": 1,
        "num_evaluated": 16,
        "seed": 0,
        "every_seconds": 0,
    }

    def play(path):
        return lesson.play_all(game, oracle, real, real[:16], **how, path=path)

    expected = play(tmp_path / "whole.npz")
    expected_state = lesson.get_state(game)
    lesson.draw_weights(game, seed=0)
    evaluate, calls = lesson.evaluate, []

    def evaluate_until_killed(*args, **kwargs):
        calls.append(1)
        if len(calls) > killed_after:
            raise Killed
        return evaluate(*args, **kwargs)

    monkeypatch.setattr(lesson, "evaluate", evaluate_until_killed)
    with pytest.raises(Killed):
        play(tmp_path / "cut.npz")
    monkeypatch.setattr(lesson, "evaluate", evaluate)
    lesson.draw_weights(game, seed=99)  # a new kernel begins with other weights
    found = play(tmp_path / "cut.npz")
    assert len(found["seconds"]) == 7
    assert found["nll_oracle"] == expected["nll_oracle"]
    for got, wanted in zip(lesson.get_state(game), expected_state, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_after_the_control_the_generator_is_where_likelihood_left_it(
    lesson, game, real
):
    rng = np.random.default_rng(0)
    game.mle_step(real[:8])
    lesson.follow(game, rate=0.0)
    start = [ops.convert_to_numpy(weight) for weight in game.generator.weights]
    lesson.constant_round(game, batch_size=8, rng=rng)
    moved = [ops.convert_to_numpy(weight) for weight in game.generator.weights]
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(start, moved, strict=True))
    assert int(game.optimizers[1].iterations) == 1
    lesson.return_to_policy(game)
    for weight, wanted in zip(game.generator.weights, start, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), wanted)
    assert int(game.optimizers[1].iterations) == 0
    assert int(game.optimizers[0].iterations) == 1
