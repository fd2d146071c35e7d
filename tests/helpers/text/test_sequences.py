"""Rows that end early, and what counts of them."""

from helpers.text import sequences

import numpy as np
import pytest
from keras import ops

ROWS = np.array([[4, 0, 7, 7], [1, 2, 3, 4], [0, 5, 0, 5]])


class CountUp:
    """A network that always adds one to the token it has read last."""

    variables = ()

    def zero_state(self, batch_size):
        return [ops.zeros((batch_size, 1))]

    def step(self, token_ids, state):
        return 50.0 * ops.one_hot((token_ids + 1) % 4, 4), state


def test_tokens_behind_the_end_do_not_count():
    mask = ops.convert_to_numpy(sequences.counted(ROWS, 0))
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]
    assert ops.convert_to_numpy(sequences.counted(ROWS, None)).all()


def test_a_line_that_has_ended_is_filled_with_ends():
    closed = sequences.close_lines(ROWS, 0)
    assert closed.tolist() == [[4, 0, 0, 0], [1, 2, 3, 4], [0] * 4]
    assert sequences.close_lines(ROWS, None) is ROWS


def test_a_sampler_starts_at_the_start_and_closes_its_lines(monkeypatch):
    monkeypatch.setattr(sequences, "ROWS_AT_ONCE", 2)
    sample = sequences.make_sampler(CountUp(), length=5)
    assert sample(3, seed=0).tolist() == [[1, 2, 3, 0, 1]] * 3
    closing = sequences.make_sampler(CountUp(), length=5, end_id=2)
    assert closing(1, seed=[1, 2]).tolist() == [[1, 2, 2, 2, 2]]


def test_the_mean_is_that_of_the_tokens_that_count():
    values = np.array([[1.0, 3, 99, 99], [2, 2, 2, 2], [5, 99, 99, 99]])
    seen = []

    def fn(rows, factor):
        seen.append(len(rows))
        return factor * values[sum(seen[:-1]) : sum(seen)]

    found = sequences.mean_of_counted(fn, ROWS, 2.0, end_id=0, rows_at_once=2)
    assert seen == [2, 1]
    assert found == pytest.approx(2 * (1 + 3 + 8 + 5) / 7)


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        (np.full((2, 3), 1.01), r"in \[0, 1\], got \[1.01, 1.01\]"),
        (np.full((2, 3), -0.1), r"got \[-0.1, -0.1\]"),
        ([[0.5, np.nan, 0.5]] * 2, "2 rewards are not finite"),
        (np.zeros((2, 2)), r"shape \(2, 3\), got \(2, 2\)"),
    ],
)
def test_impossible_rewards_are_refused(rewards, message):
    with pytest.raises(ValueError, match=message):
        sequences.check_rewards(rewards, (2, 3))


def test_lines_fit_the_vocabulary_and_the_row():
    text = "A rose is a rose\nThe rose, alone\n\na rose\na rose is a rose is a rose"
    vocabulary, lines = sequences.read_lines(text, length=6, min_count=2, end="<end>")
    assert vocabulary.tokens == ["<end>", "a", "is", "rose"]
    assert lines == [["a", "rose", "is", "a", "rose"], ["a", "rose"]]
