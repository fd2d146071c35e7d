from helpers.text.byte_pairs import encode, load_byte_pairs, train_byte_pairs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = "The sea said come to the brook, the brook said let me grow. " * 5


@pytest.fixture(scope="module")
def tokenizer():
    return train_byte_pairs(TEXT, vocab_size=270)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text())
def test_decoding_gives_back_any_unicode_text(tokenizer, text):
    assert tokenizer.decode(encode(tokenizer, text)) == text


def test_every_byte_is_a_token_and_the_vocabulary_is_as_large_as_asked(tokenizer):
    assert tokenizer.get_vocab_size() == 270
    assert train_byte_pairs("", vocab_size=300).get_vocab_size() == 256


def test_a_pair_that_occurs_once_is_not_merged():
    once = train_byte_pairs("abc", vocab_size=300)
    assert once.get_vocab_size() == 256
    twice = train_byte_pairs("ab ab", vocab_size=300)
    assert [twice.decode([i]) for i in encode(twice, "ab")] == ["ab"]


def test_ids_are_int32_and_shorter_than_the_text(tokenizer):
    ids = encode(tokenizer, TEXT)
    assert ids.dtype == np.int32 and ids.ndim == 1
    assert 0 < len(ids) < len(TEXT) / 2


def test_a_vocabulary_below_the_bytes_is_refused():
    with pytest.raises(ValueError, match="at least 256 bytes, got 255"):
        train_byte_pairs("text", vocab_size=255)


def test_the_two_files_give_the_same_tokenizer(tokenizer, tmp_path):
    again = load_byte_pairs(*tokenizer.model.save(str(tmp_path)))
    np.testing.assert_array_equal(encode(again, TEXT), encode(tokenizer, TEXT))
    assert again.decode(encode(again, "naïve ☃")) == "naïve ☃"
