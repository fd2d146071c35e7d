from helpers.text.tokens import (
    UNKNOWN,
    Vocabulary,
    carried_windows,
    encode_lines,
    encode_prompt,
    make_windows,
)

import numpy as np
import pytest


def test_decode_undoes_encode():
    vocabulary = Vocabulary.of_characters("hello\nworld")
    ids = vocabulary.encode("who\nled")
    assert ids.dtype == np.int32
    assert vocabulary.decode(ids) == "who\nled"
    assert vocabulary.tokens == sorted(set("hello\nworld"))


def test_words_are_joined_by_the_separator():
    vocabulary = Vocabulary([UNKNOWN, "to", "be"], separator=" ")
    ids = vocabulary.encode(["to", "sleep", "to", "be"], unknown=UNKNOWN)
    assert ids.tolist() == [1, 0, 1, 2]
    assert vocabulary.decode(ids) == "to <unknown> to be"
    assert "be" in vocabulary and "sleep" not in vocabulary


def test_unknown_characters_are_named_with_their_positions():
    vocabulary = Vocabulary.of_characters("abc")
    with pytest.raises(ValueError, match="'é' at position 1, '7' at position 3"):
        vocabulary.encode("aéb7")
    with pytest.raises(ValueError, match="'z' at position 4 and 2 more"):
        vocabulary.encode("zzzzzzz")
    with pytest.raises(ValueError, match="unknown must be in the vocabulary, got '_'"):
        vocabulary.encode("ab", unknown="_")


def test_a_vocabulary_has_distinct_tokens():
    with pytest.raises(ValueError, match="distinct, got 'b' twice"):
        Vocabulary("abb")
    with pytest.raises(ValueError, match="at least one token"):
        Vocabulary("")


def test_decode_refuses_ids_out_of_range_and_batches():
    vocabulary = Vocabulary.of_characters("abc")
    with pytest.raises(ValueError, match=r"in \[0, 2\], got 3"):
        vocabulary.decode([0, 3])
    with pytest.raises(ValueError, match="got -1"):
        vocabulary.decode([-1])
    with pytest.raises(ValueError, match=r"got shape \(2, 2\)"):
        vocabulary.decode([[0, 1], [1, 0]])


def test_prompts_are_repeated_and_never_empty():
    vocabulary = Vocabulary.of_characters("abc")
    assert encode_prompt("cab", vocabulary, num_rows=2).tolist() == [[2, 0, 1]] * 2
    with pytest.raises(ValueError, match="prompt is empty"):
        encode_prompt("", vocabulary)
    with pytest.raises(ValueError, match="'x' at position 2"):
        encode_prompt("abx", vocabulary)
    with pytest.raises(ValueError, match="num_rows must be at least 1, got 0"):
        encode_prompt("a", vocabulary, num_rows=0)


def test_every_target_is_its_input_shifted_by_one():
    ids = np.arange(10)
    inputs, targets = make_windows(ids, window_length=4)
    assert inputs.shape == targets.shape == (6, 4)
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    np.testing.assert_array_equal(targets, inputs + 1)


def test_the_shortest_text_has_one_window():
    inputs, targets = make_windows([5, 6, 7], window_length=2)
    assert inputs.tolist() == [[5, 6]]
    assert targets.tolist() == [[6, 7]]
    with pytest.raises(ValueError, match="need 4 tokens, the text has 3"):
        make_windows([5, 6, 7], window_length=3)
    with pytest.raises(ValueError, match="window_length must be at least 1"):
        make_windows([5, 6, 7], window_length=0)


def test_rows_of_carried_windows_continue_each_other():
    ids = np.arange(50)
    batches = list(carried_windows(ids, batch_size=3, window_length=5))
    assert len(batches) == 3  # 49 // 15
    stream = np.concatenate([inputs for inputs, _ in batches], axis=1)
    np.testing.assert_array_equal(np.diff(stream, axis=1), 1)
    assert stream[:, 0].tolist() == [0, 15, 30]
    for inputs, targets in batches:
        np.testing.assert_array_equal(targets, inputs + 1)


def test_carried_windows_use_the_last_token_as_target_only():
    ((inputs, targets),) = carried_windows(np.arange(7), batch_size=2, window_length=3)
    assert inputs.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert targets.tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(ValueError, match="need 9 tokens, the text has 7"):
        list(carried_windows(np.arange(7), batch_size=2, window_length=4))
    with pytest.raises(ValueError, match="got 0 and 4"):
        list(carried_windows(np.arange(7), batch_size=0, window_length=4))


WORDS = Vocabulary(["<end>", "a", "rose", "is"], separator=" ")


def test_lines_become_rows_closed_by_the_end():
    rows = encode_lines([["a", "rose"], ["is"]], WORDS, length=4, end="<end>")
    assert rows.tolist() == [[1, 2, 0, 0], [3, 0, 0, 0]]
    assert rows.dtype == np.int32


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "no line"),
        (
            [["a"], ["a", "rose", "is", "a"]],
            "Line 2 has 4 words.*1 to 3.*'a rose is a'",
        ),
        ([[]], "Line 1 has 0 words"),
        ([["tulip"]], "'tulip' at position 0"),
    ],
)
def test_lines_that_do_not_fit_are_named(lines, message):
    with pytest.raises(ValueError, match=message):
        encode_lines(lines, WORDS, length=4, end="<end>")


def test_a_vocabulary_without_a_word_is_refused():
    with pytest.raises(ValueError, match="at least one word"):
        encode_lines([["<end>"]], Vocabulary(["<end>"]), length=4, end="<end>")
