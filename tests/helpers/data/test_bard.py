import math

from helpers.data.worlds.bard import (
    SPEAKERS,
    Grammar,
    bard_entropy,
    bard_grammar,
    write_bard,
)

import numpy as np
import pytest


def test_entropy_and_length_of_a_grammar_worked_by_hand():
    # A fair coin, and on heads a second one among four: H = ln 2 + 1/2 ln 4.
    grammar = Grammar(
        {
            "toss": [(1, "heads <suit>"), (1, "tails")],
            "suit": [(5, "ace"), (5, "king"), (5, "queen"), (5, "jack")],
        }
    )
    assert math.isclose(grammar.entropy("toss"), math.log(2) + 0.5 * math.log(4))
    mean_suit = (3 + 4 + 5 + 4) / 4
    assert math.isclose(grammar.expected_length("toss"), (6 + mean_suit + 5) / 2)


def test_an_ambiguous_text_shows_both_its_derivations():
    grammar = Grammar(
        {"s": [(1, "ab<c>"), (3, "a<b>")], "c": [(1, "")], "b": [(1, "b")]}
    )
    assert grammar.ends("s", "ab", 0) == {2: (1.0, 2)}


def test_same_seed_same_text_and_another_seed_another():
    assert write_bard(5000, seed=3) == write_bard(5000, seed=3)
    assert write_bard(5000, seed=3) != write_bard(5000, seed=4)


def test_text_is_long_enough_and_ends_with_a_whole_speech():
    for num_chars in (1, 100, 50_000):
        text = write_bard(num_chars, seed=0)
        assert len(text) >= num_chars
        assert text.endswith("\n\n")


def test_a_longer_text_begins_with_the_shorter_one():
    assert write_bard(20_000, seed=0).startswith(write_bard(1000, seed=0))


def test_layout_is_that_of_a_play():
    speeches = write_bard(20_000, seed=1).removesuffix("\n\n").split("\n\n")
    names = [speech.split(":\n")[0] for speech in speeches]
    assert set(names) == set(SPEAKERS)
    assert all(a != b for a, b in zip(names, names[1:], strict=False))
    for speech in speeches:
        verses = speech.split("\n")[1:]
        assert 1 <= len(verses) <= 5
        assert all(verse[0].isupper() for verse in verses)
        assert verses[-1][-1] in ".!"


def test_every_sampled_speech_has_one_derivation():
    grammar = bard_grammar()
    for speech in write_bard(60_000, seed=2).split("\n\n")[:-1]:
        ends = grammar.ends(speech.split(":\n")[0], speech + "\n\n", 0)
        assert {count for _, count in ends.values()} == {1}


@pytest.mark.parametrize("is_reversed", [False, True])
def test_mean_log_probability_approaches_the_entropy(is_reversed):
    text = write_bard(150_000, seed=5, is_reversed=is_reversed)
    speeches = [s + "\n\n" for s in text.split("\n\n")[:-1]]
    rate = bard_entropy(is_reversed)
    grammar = bard_grammar(is_reversed)
    scores = np.array(
        [
            math.log(4)
            - math.log(grammar.ends(s.split(":\n")[0], s, 0)[len(s)][0])
            - rate * len(s)
            for s in speeches
        ]
    )
    assert abs(scores.mean()) < 4 * scores.std() / math.sqrt(len(scores))


def test_words_follow_their_weights():
    counts = np.zeros(5)
    words = [" shall ", " must ", " would ", " dares ", " may "]
    text = write_bard(200_000, seed=6)
    for i, word in enumerate(words):
        counts[i] = text.count(word)
    expected = 1 / (np.arange(5) + 2)
    expected /= expected.sum()
    share = counts / counts.sum()
    error = np.sqrt(expected * (1 - expected) / counts.sum())
    assert np.all(np.abs(share - expected) < 4 * error)


@pytest.mark.parametrize("num_chars", [0, -5])
def test_a_text_without_length_is_refused(num_chars):
    with pytest.raises(ValueError, match="num_chars must be at least 1"):
        write_bard(num_chars, seed=0)
