"""Text as numbers: vocabularies, prompts, lines and windows of token ids.

Taught in lesson 04, which builds the vocabulary and the windows by hand first.
"""

import collections

import numpy as np

UNKNOWN = "<unknown>"


class Vocabulary:
    """The tokens that a model knows, each with its id: its index in the list.

    Args:
        tokens: iterable of distinct str.
        separator: str. What stands between tokens when they are joined to text: `""`
            for characters, `" "` for words.

    Raises:
        ValueError: no token, or one given twice.
    """

    def __init__(self, tokens, *, separator=""):
        self.tokens = list(tokens)
        self.separator = separator
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if not self.tokens:
            raise ValueError("A vocabulary needs at least one token.")
        if len(self._ids) < len(self.tokens):
            twice, _ = collections.Counter(self.tokens).most_common(1)[0]
            raise ValueError(f"tokens must be distinct, got {twice!r} twice.")

    @classmethod
    def of_characters(cls, text):
        """Return the vocabulary of a text's distinct characters, sorted."""
        return cls(sorted(set(text)))

    def __len__(self):
        return len(self.tokens)

    def __contains__(self, token):
        return token in self._ids

    def encode(self, tokens, *, unknown=None):
        """Return the ids of a sequence of tokens.

        Args:
            tokens: str (a token per character) or sequence of str.
            unknown: str, a token of the vocabulary that stands for all unknown ones, or
                `None` to refuse them.

        Returns:
            int32, `(num_tokens,)`.

        Raises:
            ValueError: a token is not in the vocabulary; names it and its position.
        """
        if unknown is not None and unknown not in self._ids:
            raise ValueError(f"unknown must be in the vocabulary, got {unknown!r}.")
        stand_in = self._ids.get(unknown, -1)
        ids = np.array([self._ids.get(t, stand_in) for t in tokens], dtype="int32")
        strange = np.flatnonzero(ids < 0)
        if len(strange):
            named = ", ".join(f"{tokens[i]!r} at position {i}" for i in strange[:5])
            more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
            raise ValueError(
                f"Not in the vocabulary of {len(self)} tokens: {named}{more}. "
                "Remove them, or pass unknown= with a token to stand for them."
            )
        return ids

    def decode(self, token_ids):
        """Return the text of a sequence of ids, `(num_tokens,)`.

        Raises:
            ValueError: the ids are not one row, or one is out of range.
        """
        token_ids = np.asarray(token_ids)
        if token_ids.ndim != 1:
            raise ValueError(
                f"token_ids must have one axis, got shape {token_ids.shape}; "
                "decode a batch row by row."
            )
        for i in token_ids:
            if not 0 <= i < len(self):
                raise ValueError(f"ids must be in [0, {len(self) - 1}], got {i}.")
        return self.separator.join(self.tokens[i] for i in token_ids)


def encode_prompt(prompt, vocabulary, *, num_rows=1, unknown=None):
    """Return a prompt as rows of ids, ready for the generation loop.

    Args:
        prompt: str (or sequence of tokens) of at least one token.
        vocabulary: `Vocabulary`.
        num_rows: int >= 1. How many continuations are wanted.
        unknown: as in `Vocabulary.encode`.

    Returns:
        int32, `(num_rows, prompt_length)`, all rows equal.

    Raises:
        ValueError: the prompt is empty, or has tokens outside the vocabulary.
    """
    if not len(prompt):
        raise ValueError(
            "The prompt is empty. Give at least one token; a newline is a plain start."
        )
    if num_rows < 1:
        raise ValueError(f"num_rows must be at least 1, got {num_rows}.")
    return np.tile(vocabulary.encode(prompt, unknown=unknown), (num_rows, 1))


def encode_lines(lines, vocabulary, *, length, end):
    """Return lines of words as rows of equal length, each closed by an end token.

    Args:
        lines: list of lists of words, each with at least one and at most `length - 1`.
        vocabulary: `Vocabulary` that has all the words, and `end`.
        length: int >= 2. Tokens in a row.
        end: str. Stands after the last word, and fills up the row.

    Returns:
        int32, `(num_lines, length)`.

    Raises:
        ValueError: no line; a line is empty or too long (names the first); a word is
            not in the vocabulary; the vocabulary has no word besides `end`.
    """
    if len(vocabulary) < 2 or end not in vocabulary:
        raise ValueError(
            f"The vocabulary must hold {end!r} and at least one word, "
            f"got {vocabulary.tokens[:5]}."
        )
    if not lines:
        raise ValueError("There is no line to encode.")
    for number, line in enumerate(lines, start=1):
        if not 1 <= len(line) < length:
            raise ValueError(
                f"Line {number} has {len(line)} words, and a row of {length} tokens "
                f"holds 1 to {length - 1} and the end: {' '.join(line)[:60]!r}."
            )
    padded = [[*line, *[end] * (length - len(line))] for line in lines]
    return np.stack([vocabulary.encode(row) for row in padded])


def make_windows(token_ids, *, window_length):
    """Return every window of a text with its target, the same window one token on.

    Args:
        token_ids: int, `(num_tokens,)`, longer than `window_length`.
        window_length: int >= 1.

    Returns:
        inputs, targets: views `(num_tokens - window_length, window_length)` of the ids;
        `targets[i, t]` is the token that follows `inputs[i, t]`.

    Raises:
        ValueError: the text is shorter than one window and its target.
    """
    token_ids = np.asarray(token_ids)
    if window_length < 1:
        raise ValueError(f"window_length must be at least 1, got {window_length}.")
    if len(token_ids) < window_length + 1:
        raise ValueError(
            f"A window of {window_length} and its target need {window_length + 1} "
            f"tokens, the text has {len(token_ids)}."
        )
    windows = np.lib.stride_tricks.sliding_window_view(token_ids, window_length)
    return windows[:-1], windows[1:]


def carried_windows(token_ids, *, batch_size, window_length):
    """Yield windows in reading order, so that row `i` of a batch continues row `i`
    of the batch before, and a state may be carried from one to the next.

    The text is cut into `batch_size` streams of equal length, read side by side. Fewer
    than `batch_size * window_length + 1` tokens at the end are left out.

    Args:
        token_ids: int, `(num_tokens,)`.
        batch_size, window_length: int >= 1.

    Yields:
        inputs, targets: `(batch_size, window_length)` each.

    Raises:
        ValueError: the text is too short for one batch.
    """
    token_ids = np.asarray(token_ids)
    if batch_size < 1 or window_length < 1:
        raise ValueError(
            "batch_size and window_length must be at least 1, "
            f"got {batch_size} and {window_length}."
        )
    num_windows = (len(token_ids) - 1) // (batch_size * window_length)
    if num_windows < 1:
        raise ValueError(
            f"{batch_size} rows of {window_length} tokens and a last target need "
            f"{batch_size * window_length + 1} tokens, the text has {len(token_ids)}."
        )
    num_used, shape = batch_size * num_windows * window_length, (batch_size, -1)
    inputs = token_ids[:num_used].reshape(shape)  # (batch, num_windows * window)
    targets = token_ids[1 : num_used + 1].reshape(shape)
    for start in range(0, inputs.shape[1], window_length):
        columns = slice(start, start + window_length)
        yield inputs[:, columns], targets[:, columns]
