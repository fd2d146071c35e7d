"""Texts to learn from: real ones where they can be had, else the bard's."""

import csv
import dataclasses
import pathlib
import re

from helpers.data.sources import fetch_file, load_source
from helpers.data.worlds.bard import write_bard

BARD_CHARS = 1_100_000  # about as long as the real file


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A text, cut into a part to train on and a part to evaluate on.

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

    def real():
        return dataclasses.replace(
            load_text(fetch_file("shakespeare.txt")), source="real"
        )

    def bard():
        return Corpus(write_bard(BARD_CHARS, seed=seed), "bard")

    return load_source(
        source,
        {"real": real, "bard": bard},
        notice="Shakespeare is not here, so the bard writes instead.",
    )


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

    def real():
        book = load_text(fetch_file("dickinson.txt")).text
        return Corpus(_verse_lines(book), "dickinson")

    def bard():
        lines = write_bard(BARD_CHARS // 4, seed=seed).split("\n")
        return Corpus("\n".join(x for x in lines if not x.endswith(":")), "bard")

    return load_source(
        source,
        {"real": real, "bard": bard},
        notice="Dickinson is not here, so the bard writes instead.",
    )


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
    path = fetch_file("ag_news_train.csv")
    with open(path, encoding="utf-8", newline="") as file:
        titles = [title.strip() for _, title, _ in csv.reader(file)]
    return Corpus("\n".join(titles) + "\n", "headlines")
