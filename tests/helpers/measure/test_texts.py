import itertools
import math

from helpers.measure.texts import (
    NgramModel,
    bleu,
    distinct_n,
    longest_cycle,
    ngrams,
    repetition_rate,
    self_bleu,
    words_of,
)

import pytest


def test_ngrams_overlap():
    assert ngrams("abcd", 2) == [("a", "b"), ("b", "c"), ("c", "d")]
    assert ngrams("ab", 3) == []
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        ngrams("ab", 0)


def test_distinct_n_by_hand():
    assert distinct_n(["abab"], 2) == 2 / 3  # ab, ba, ab
    assert distinct_n(["aaaa", "bbbb"], 1) == 2 / 8
    assert distinct_n(["abcdefg"], 3) == 1
    with pytest.raises(ValueError, match="No text has 5 tokens"):
        distinct_n(["abc"], 5)


def test_repetition_looks_back_no_further_than_its_window():
    assert repetition_rate("abcabc", n=1, window=3) == 3 / 5
    assert repetition_rate("abcabc", n=1, window=2) == 0
    assert repetition_rate("aaaaa", n=2, window=1) == 1
    with pytest.raises(ValueError, match="longer than 2, got 2"):
        repetition_rate("ab", n=2, window=1)
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        repetition_rate("abc", n=1, window=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, 0, 0)),
        ("abcdef", (0, 0, 0)),
        ("abcabc", (0, 3, 6)),
        ("xyabcabcabz", (2, 3, 8)),
        ("aaaa", (0, 1, 4)),
        ("xaabab", (2, 2, 4)),
        ("abcab", (0, 0, 0)),
    ],
)
def test_longest_cycle_by_hand(text, expected):
    assert longest_cycle(text) == expected


def test_longest_cycle_agrees_with_trying_everything():
    def slow(text):
        best = 0
        for i, j in itertools.combinations(range(len(text) + 1), 2):
            part = text[i:j]
            for period in range(1, len(part) // 2 + 1):
                if all(a == b for a, b in zip(part, part[period:], strict=False)):
                    best = max(best, len(part))
        return best

    for letters in itertools.product("ab", repeat=8):
        start, period, length = longest_cycle(letters)
        assert length == slow(letters)
        stretch = letters[start : start + length]
        assert stretch[period:] == stretch[: length - period]


def test_longest_cycle_counts_words_as_well_as_letters():
    assert longest_cycle("well to be to be".split()) == (1, 2, 4)


def test_bleu_by_hand():
    # Unigrams 3 of 4 (the second "the" is clipped), bigrams 1 of 3.
    score = bleu(["the", "the", "cat", "sat"], [["the", "cat", "sat", "."]], max_n=2)
    assert math.isclose(score, math.sqrt(3 / 4 * 2 / 3))
    assert bleu("abcd", ["abcd", "zzzz"]) == 1
    assert bleu("abcd", ["zzzz"]) == 0


def test_bleu_punishes_brevity():
    assert math.isclose(bleu("abcd", ["abcdefgh"]), math.exp(1 - 8 / 4))


def test_bleu_of_no_ngrams_is_refused():
    with pytest.raises(ValueError, match="max_n must be at least 1, got 0"):
        bleu("abcd", ["abcd"], max_n=0)


def test_self_bleu_is_1_for_copies_and_0_for_strangers():
    assert self_bleu(["abcdef", "abcdef", "abcdef"]) == 1
    assert self_bleu(["abcdef", "uvwxyz"]) == 0
    with pytest.raises(ValueError, match="needs two, got 1"):
        self_bleu(["abcdef"])
    with pytest.raises(ValueError, match="a reference and 4 tokens, got 1 and 2"):
        bleu("ab", ["abcd"])


def test_words_keep_inner_apostrophes():
    assert words_of("'Tis o'er, KATE!\nno3") == ["tis", "o'er", "kate", "no"]


def test_ngram_model_by_hand():
    model = NgramModel("aab", vocab_size=4, order=2)
    # Unigrams: a twice, b once, 2 kinds: (count + 2 / 4) / (3 + 2).
    assert math.isclose(model.prob("a", ()), 2.5 / 5)
    assert math.isclose(model.prob("c", ()), 0.5 / 5)
    # After "a": a once, b once, 2 kinds.
    assert math.isclose(model.prob("b", ("a",)), (1 + 2 * 1.5 / 5) / (2 + 2))
    # After "b" nothing was counted: the unigram answers.
    assert math.isclose(model.prob("a", ("b",)), 2.5 / 5)


def test_ngram_probabilities_add_up_to_1():
    text = "the cat sat on the mat and the rat sat on the cat"
    vocabulary = sorted(set(text)) + ["z"]
    model = NgramModel(text, vocab_size=len(vocabulary), order=4)
    for context in ("", "t", "th", "the", "zzz", "at "):
        total = sum(model.prob(token, tuple(context)) for token in vocabulary)
        assert math.isclose(total, 1)


def test_ngram_loss_is_the_mean_negative_log_likelihood():
    model = NgramModel("abracadabra", vocab_size=5, order=3)
    expected = -(
        math.log(model.prob("a", ()))
        + math.log(model.prob("b", ("a",)))
        + math.log(model.prob("r", ("a", "b")))
        + math.log(model.prob("d", ("b", "r")))
    )
    assert math.isclose(model.loss("abrd"), expected / 4)
    with pytest.raises(ValueError, match="The text is empty"):
        model.loss("")
    with pytest.raises(ValueError, match="length 3, got 4"):
        NgramModel("abc", vocab_size=3, order=4)
