"""Tokens by byte-pair encoding, as GPT-2 has them, through the library `tokenizers`.

Lesson 08 learns the merges of a sentence by hand first.
"""

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def train_byte_pairs(text, *, vocab_size):
    """Learn a tokenizer from a text.

    Args:
        text: str.
        vocab_size: int >= 256. Tokens at most: the 256 bytes, and one for each merge.
            A pair that occurs only once in the text is not merged.

    Returns:
        `tokenizers.Tokenizer`. It encodes any text, and `decode` gives it back.

    Raises:
        ValueError: `vocab_size` is below 256.

    GPT-2's rule for words: Radford et al. (2019).
    """
    if vocab_size < 256:
        raise ValueError(f"vocab_size must be at least 256 bytes, got {vocab_size}.")
    tokenizer = _of_bytes(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def load_byte_pairs(vocab_path, merges_path):
    """Return the tokenizer of GPT-2's two files: ids of tokens, and merges in order."""
    return _of_bytes(models.BPE.from_file(str(vocab_path), str(merges_path)))


def encode(tokenizer, text):
    """Return the ids of a text's tokens, int32 `(num_tokens,)`."""
    return np.array(tokenizer.encode(text).ids, dtype="int32")


def _of_bytes(model):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
