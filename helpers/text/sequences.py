"""Rows of tokens that may end early: their mask, their sampler, and lines of words.

A row whose end token is missing counts in full. Taught in lesson 05.
"""

from helpers.backend import ops
from helpers.measure.texts import words_of
from helpers.text.generation import make_generator
from helpers.text.tokens import Vocabulary

import numpy as np

START = 0  # the token that stands before every row
ROWS_AT_ONCE = 1000  # drawn by one call, which bounds the memory


def counted(tokens, end_id):
    """Mark with 1 the tokens that count: those up to and with the first end token.

    Args:
        tokens: int, `(batch, length)`.
        end_id: int, or `None` where rows have no end, so that all tokens count.

    Returns:
        float32, `(batch, length)`, of 0 and 1.
    """
    tokens = ops.convert_to_tensor(tokens)
    if end_id is None:
        return ops.ones_like(tokens, dtype="float32")
    is_end = ops.cast(tokens == end_id, "float32")
    ends_before = ops.cumsum(is_end, axis=1) - is_end  # (batch, length)
    return ops.cast(ends_before == 0, "float32")


def close_lines(tokens, end_id):
    """Return rows `(batch, length)` with end tokens after the first one.

    Args:
        tokens: NumPy int, `(batch, length)`.
        end_id: int, or `None` to return the rows as they are.
    """
    if end_id is None:
        return tokens
    has_ended = np.cumsum(tokens == end_id, axis=1) > 0
    return np.where(has_ended, end_id, tokens).astype("int32")


def make_sampler(network, *, length, end_id=None):
    """Compile the loop by which a network writes rows, each from the start token.

    Args:
        network: has `step(token_ids, state)` and `zero_state(batch_size)`, as lesson
            04's CharRNN.
        length: int >= 1. Tokens in a row.
        end_id: int, or `None` where rows have no end.

    Returns:
        `sample(num_rows, *, seed, temperature=1.0)`, which returns int32
        `(num_rows, length)`; `seed` is an int or a list of ints.
    """
    write = make_generator(network.step, uses=[network])

    def sample(num_rows, *, seed, temperature=1.0):
        parts = []
        for first in range(0, num_rows, ROWS_AT_ONCE):
            num = min(ROWS_AT_ONCE, num_rows - first)
            token_ids, _ = write(
                np.full((num, 1), START),
                network.zero_state(num),
                num_tokens=length,
                seed=[first, *np.atleast_1d(seed)],
                temperature=temperature,
            )
            parts.append(token_ids[:, 1:])
        return close_lines(np.concatenate(parts), end_id)

    return sample


def mean_of_counted(fn, rows, *others, end_id=None, rows_at_once=250):
    """Return the mean over the tokens that count, a float.

    Args:
        fn: function of `(rows, *others)` that returns a number for each token.
        rows: int, `(num_rows, length)`, of at least one row.
        others: further arguments, the same for all rows.
        end_id: int, or `None` where rows have no end.
        rows_at_once: int >= 1. About how many rows a call gets.
    """
    parts = np.array_split(rows, -(-len(rows) // rows_at_once))
    found = [ops.convert_to_numpy(fn(part, *others)) for part in parts]
    mask = ops.convert_to_numpy(counted(rows, end_id))
    return float((mask * np.concatenate(found)).sum() / mask.sum())


def check_rewards(rewards, shape):
    """Return rewards as float32; a NaN would ruin all weights of a generator.

    Args:
        rewards: a probability for each token.
        shape: their shape, `(batch, length)`.

    Raises:
        ValueError: another shape, a number that is not finite, or one outside [0, 1].
    """
    rewards = np.asarray(rewards, dtype="float32")
    if rewards.shape != tuple(shape):
        raise ValueError(
            f"rewards must have a number for each token, shape {tuple(shape)}, "
            f"got {rewards.shape}."
        )
    if not np.isfinite(rewards).all():
        raise ValueError(f"{(~np.isfinite(rewards)).sum()} rewards are not finite.")
    if rewards.min() < 0 or rewards.max() > 1:
        raise ValueError(
            "rewards must be probabilities, in [0, 1], got "
            f"[{rewards.min():g}, {rewards.max():g}]."
        )
    return rewards


def read_lines(text, *, length, min_count, end):
    """Return the vocabulary of a text, and those of its lines that fit.

    Args:
        text: str. A line is a sequence of words.
        length: int. A line has at least 2 words and fewer than `length`.
        min_count: int >= 1. A rarer word is left out, with every line that has it.
        end: str. The token that closes a line, the vocabulary's first.

    Returns:
        `Vocabulary`, and list of lists of words.
    """
    lines = [words_of(line) for line in text.split("\n")]
    words, counts = np.unique([w for line in lines for w in line], return_counts=True)
    vocabulary = Vocabulary([end, *words[counts >= min_count]], separator=" ")
    fits = [line for line in lines if 2 <= len(line) < length]
    return vocabulary, [line for line in fits if all(w in vocabulary for w in line)]
