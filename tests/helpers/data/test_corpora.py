from helpers.data import corpora
from helpers.data.corpora import (
    Corpus,
    load_headlines,
    load_shakespeare,
    load_text,
    load_verse,
)
from helpers.data.fetch import Unavailable, course_data

import pytest


@pytest.fixture
def no_network(monkeypatch):
    def fetch_file(name):
        raise Unavailable(f"no {name} here")

    monkeypatch.setattr(corpora, "fetch_file", fetch_file)


def test_corpus_is_cut_nine_to_one_and_loses_nothing():
    corpus = Corpus("abcdefghijklmnopqrs", "x")
    assert corpus.train_text + corpus.val_text == corpus.text
    assert len(corpus.train_text) == 17


def test_shakespeare_falls_back_to_the_bard_and_says_so(no_network, capsys):
    corpus = load_shakespeare()
    assert corpus.source == "bard"
    assert len(corpus.text) >= 1_000_000
    assert "bard writes instead" in capsys.readouterr().out


def test_shakespeare_is_the_file_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("First Citizen:\nSpeak.\n")
    files = {"shakespeare.txt": path}
    monkeypatch.setattr(corpora, "fetch_file", files.__getitem__)
    for source in ("auto", "real"):
        assert load_shakespeare(source) == Corpus(path.read_text(), "real")


@pytest.mark.parametrize("load", [load_shakespeare, load_verse])
def test_the_bard_asked_for_by_name_needs_no_file_and_obeys_its_seed(load, monkeypatch):
    monkeypatch.setattr(corpora, "fetch_file", pytest.fail)
    monkeypatch.setattr(corpora, "BARD_CHARS", 4000)
    first, same, other = (load("bard", seed=seed) for seed in (0, 0, 1))
    assert first == same and first.text != other.text
    assert first.source == "bard"


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
    monkeypatch.setattr(corpora, "fetch_file", lambda name: path)
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
    monkeypatch.setattr(corpora, "fetch_file", lambda name: path)
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
