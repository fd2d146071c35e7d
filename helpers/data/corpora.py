"""Texts to learn from: real ones where they can be had, else the bard's."""

import csv
import dataclasses
import pathlib
import re

from helpers.data.fetch import Unavailable, fetch
from helpers.data.worlds.bard import write_bard

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
