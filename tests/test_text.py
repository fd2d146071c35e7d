import numpy as np
import pytest

from helpers import text as text_module
from helpers.fetch import Unavailable, course_data
from helpers.text import (
    UNKNOWN,
    Corpus,
    Vocabulary,
    carried_windows,
    encode_lines,
    encode_prompt,
    load_headlines,
    load_shakespeare,
    load_text,
    load_verse,
    make_windows,
)


@pytest.fixture
def no_network(monkeypatch):
    def fetch(name, **_):
        raise Unavailable(f"no {name} here")

    monkeypatch.setattr(text_module, "fetch", fetch)


def test_corpus_is_cut_nine_to_one_and_loses_nothing():
    corpus = Corpus("abcdefghijklmnopqrs", "x")
    assert corpus.train_text + corpus.val_text == corpus.text
    assert len(corpus.train_text) == 17


def test_shakespeare_falls_back_to_the_bard_and_says_so(no_network, capsys):
    corpus = load_shakespeare()
    assert corpus.source == "bard"
    assert len(corpus.text) >= 1_000_000
    assert "bard writes instead" in capsys.readouterr().out


def test_a_source_asked_for_by_name_is_never_replaced(no_network):
    with pytest.raises(Unavailable, match=r"no shakespeare\.txt"):
        load_shakespeare("real")
    with pytest.raises(Unavailable, match="no ag_news"):
        load_headlines()
    with pytest.raises(ValueError, match="source must be 'auto', 'real' or 'bard'"):
        load_shakespeare("hamlet")


def test_headlines_are_the_second_column(tmp_path, monkeypatch):
    path = tmp_path / "ag.csv"
    path.write_text('"3","Oil, again ","Prices ..."\n"1","He said ""no""","..."\n')
    monkeypatch.setattr(text_module, "fetch", lambda *_, **__: path)
    assert load_headlines().text == 'Oil, again\nHe said "no"\n'


def test_own_file_is_read_and_left_as_it_was(tmp_path):
    path = tmp_path / "poem.txt"
    content = "\ufeffRôle\r\nzwei\rdrei\n".encode()
    path.write_bytes(content)
    corpus = load_text(path)
    assert corpus.text == "Rôle\nzwei\ndrei\n"
    assert corpus.source == "poem.txt"
    assert path.read_bytes() == content


def test_a_file_that_is_no_utf8_names_the_byte(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("abc é".encode("latin-1"))
    with pytest.raises(ValueError, match="latin.txt is not UTF-8: byte 0xe9 .* 4"):
        load_text(path)


def test_empty_and_missing_files_are_refused(tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(ValueError, match="empty.txt is empty"):
        load_text(tmp_path / "empty.txt")
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere\.txt"):
        load_text(tmp_path / "nowhere.txt")


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


def test_unknown_characters_are_named_with_their_places():
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


BOOK = """Project Gutenberg's Poems
PREFACE.
Her verses bloom.

I. LIFE.

I.

SUCCESS.

[Published in "A Masque"
in 1876.]

Success is _counted_   sweetest
  By those who ne'er succeed.


II.

Our share of night to bear.

POEMS

by EMILY DICKINSON

I. LIFE.

I'm nobody! Who are you?

End of Project Gutenberg's Poems
"""
VERSE = """Success is counted sweetest
By those who ne'er succeed.

Our share of night to bear.

I'm nobody! Who are you?
"""


def test_verse_is_what_remains_without_prefaces_notes_and_titles(tmp_path, monkeypatch):
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    monkeypatch.setattr(text_module, "fetch", lambda *_, **__: path)
    corpus = load_verse("real")
    assert (corpus.text, corpus.source) == (VERSE, "dickinson")


@pytest.mark.skipif(
    not (course_data() and (course_data() / "dickinson_lines.txt").is_file()),
    reason="COURSE_DATA has no dickinson_lines.txt to compare with",
)
def test_verse_is_the_published_selection():
    expected = (course_data() / "dickinson_lines.txt").read_text()
    assert load_verse("real").text == expected


def test_without_dickinson_the_bard_writes_lines_of_verse(no_network, capsys):
    corpus = load_verse()
    assert corpus.source == "bard"
    assert "bard writes instead" in capsys.readouterr().out
    assert ":" not in corpus.text and len(corpus.text.split("\n")) > 5000
    with pytest.raises(Unavailable, match=r"no dickinson\.txt"):
        load_verse("real")
    with pytest.raises(ValueError, match="got 'emily'"):
        load_verse("emily")


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
