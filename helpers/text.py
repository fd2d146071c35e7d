"""Text for language models: corpora, vocabularies, windows.

Taught in lesson 04, which builds the vocabulary and the windows by hand first.
"""

import collections
import csv
import dataclasses
import pathlib
import re

import numpy as np

from helpers.fetch import Unavailable, fetch
from helpers.worlds.bard import write_bard

SHAKESPEARE_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/"
    "data/tinyshakespeare/input.txt"
)
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
HEADLINES_URL = (
    "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/"
    "data/ag_news_csv/train.csv"
)
HEADLINES_SHA256 = "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e"
VERSE_URL = (
    "https://raw.githubusercontent.com/GITenberg/"
    "Poems-by-Emily-Dickinson-Three-Series-Complete_12242/master/12242.txt"
)
VERSE_SHA256 = "6bab04e9cca647f1433cc432e6d0b2fb8382d19c054752bbed9c2ae722b49829"
BARD_CHARS = 1_100_000  # about as long as the real file
UNKNOWN = "<unknown>"


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A text, cut into a part to learn from and a part to be judged by.

    Attributes:
        text: str. The whole text.
        source: str. `"real"`, `"dickinson"`, `"bard"`, `"headlines"`, or the name of a
            file.
        train_text, val_text: str. The first nine tenths and the last tenth.
    """

    text: str
    source: str

    @property
    def num_train(self):
        return int(0.9 * len(self.text))

    @property
    def train_text(self):
        return self.text[: self.num_train]

    @property
    def val_text(self):
        return self.text[self.num_train :]


def load_shakespeare(source="auto", *, seed=0):
    """Load Tiny Shakespeare: 1,115,394 characters of plays, 65 of them distinct.

    Args:
        source: `"real"`, `"bard"` (verse made on the spot by a grammar), or `"auto"`:
            the real text where it can be had, else the bard, saying so.
        seed: int. Seed of the bard; the real text does not depend on it.

    Returns:
        `Corpus`.

    Raises:
        ValueError: unknown source.
        Unavailable: the real text was asked for by name and cannot be had.

    The selection is Andrej Karpathy's (char-rnn, 2015); the words are Shakespeare's.
    """
    if source not in ("auto", "real", "bard"):
        raise ValueError(f"source must be 'auto', 'real' or 'bard', got {source!r}.")
    if source != "bard":
        try:
            path = fetch(
                "shakespeare.txt", url=SHAKESPEARE_URL, sha256=SHAKESPEARE_SHA256
            )
            return dataclasses.replace(load_text(path), source="real")
        except Unavailable as error:
            if source == "real":
                raise
            print(f"Shakespeare is not here, so the bard writes instead. {error}")
    return Corpus(write_bard(BARD_CHARS, seed=seed), "bard")


def load_verse(source="auto", *, seed=0):
    """Load Emily Dickinson's poems: 5,444 lines of verse, one a line.

    Args:
        source: `"real"`, `"bard"` (verse made on the spot by a grammar), or `"auto"`:
            the real lines where they can be had, else the bard's, saying so.
        seed: int. Seed of the bard; the real lines do not depend on it.

    Returns:
        `Corpus`. An empty line stands between stanzas, and between poems.

    Raises:
        ValueError: unknown source.
        Unavailable: the real lines were asked for by name and cannot be had.

    *Poems: Three Series* (1890 to 1896), in the public domain; Project Gutenberg's text
    number 12242, here without prefaces, notes and titles.
    """
    if source not in ("auto", "real", "bard"):
        raise ValueError(f"source must be 'auto', 'real' or 'bard', got {source!r}.")
    if source != "bard":
        try:
            path = fetch("dickinson.txt", url=VERSE_URL, sha256=VERSE_SHA256)
            return Corpus(_verse_lines(load_text(path).text), "dickinson")
        except Unavailable as error:
            if source == "real":
                raise
            print(f"Dickinson is not here, so the bard writes instead. {error}")
    lines = write_bard(BARD_CHARS // 4, seed=seed).split("\n")
    return Corpus("\n".join(x for x in lines if not x.endswith(":")), "bard")


def _verse_lines(book):
    """Keep the verse of Gutenberg's book: no preface, note, number or title."""
    lines = []
    for series in re.split(r"^I\. LIFE\.$", book, flags=re.MULTILINE)[1:]:
        # The next series' title page, or the publisher's notice, ends this one.
        verse = re.split(r"by EMILY DICKINSON|End of Project Gutenberg", series)[0]
        verse = re.sub(r"\[[^]]*\]", "", verse).replace("_", "")
        lines += [" ".join(line.split()) for line in verse.split("\n")]
    # A line without a small letter is a title or a numeral; it leaves a gap.
    text = "\n".join(x if re.search("[a-z]", x) else "" for x in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def load_text(path):
    """Load a text file of your own. The file is read and never changed.

    Args:
        path: str or `pathlib.Path`. A UTF-8 file. Line ends become `"\\n"`.

    Returns:
        `Corpus`, its `source` the file's name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, or is not UTF-8; names the first wrong byte.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} is not UTF-8: byte {content[error.start]:#04x} at position "
            f"{error.start}. Save it as UTF-8 from an editor, then load it again."
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise ValueError(f"{path.name} is empty; there is nothing to learn from it.")
    return Corpus(text, path.name)


def load_headlines():
    """Download the titles of AG News: 120,000 headlines of 2004, one a line.

    Returns:
        `Corpus`.

    Raises:
        Unavailable: the file is not here and cannot be downloaded.

    The news may be used for research and other non-commercial activity; the file is
    fetched when asked for and is no part of this course. Zhang et al. (2015),
    arXiv:1509.01626.
    """
    path = fetch("ag_news_train.csv", url=HEADLINES_URL, sha256=HEADLINES_SHA256)
    with open(path, encoding="utf-8", newline="") as file:
        titles = [title.strip() for _, title, _ in csv.reader(file)]
    return Corpus("\n".join(titles) + "\n", "headlines")


class Vocabulary:
    """The tokens that a model knows, each with its id: its place in the list.

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
