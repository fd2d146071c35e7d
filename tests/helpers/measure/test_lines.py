"""Shares of generated lines, on lines small enough to count."""

from helpers.measure.lines import measure_lines, ranked_above, variety

import numpy as np
import pytest


def test_shares_of_known_and_of_different_pairs():
    reference = np.array([[1, 2, 3, 0], [4, 5, 0, 0]])
    rows = np.array([[1, 2, 5, 0], [1, 2, 0, 0]])  # 1 2, 2 5, 1 2
    share, distinct = measure_lines(rows, reference)
    assert share == pytest.approx(2 / 3)
    assert distinct == pytest.approx(2 / 3)


def test_the_end_is_no_word():
    rows = np.array([[1, 0, 0, 0]] * 2)  # no pair at all
    share, _ = measure_lines(np.r_[rows, [[1, 2, 0, 0]]], rows)
    assert share == 0


def test_how_often_a_score_is_above_another():
    assert ranked_above([1.0, 2.0], [0.0, 1.0]) == pytest.approx((1.5 + 2) / 4)
    assert ranked_above([0.5], [0.5]) == 0.5
    assert ranked_above([0.0], [1.0, 2.0]) == 0


def test_a_parrot_is_not_varied():
    parrot, other = np.full((5, 4), 3), np.arange(20).reshape(5, 4)
    assert variety(parrot)["self_bleu"] > 0.9 > 0.1 > variety(other)["self_bleu"]
    assert variety(parrot)["distinct_2"] < variety(other)["distinct_2"] == 1
