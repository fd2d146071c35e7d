"""Write the lessons' quizzes for a learning platform, and as sheets to be printed."""

import re

from helpers.files import ROOT, replace_text
from helpers.page.quiz import PARTS, QUIZZES, as_html, load_quiz

FOLDER = ROOT / "build" / "quizzes"
LETTERS = "ABCDE"
STYLE = "body {font: 12pt/1.4 serif; margin: 2cm} .key {page-break-before: always}"


def write(folder=FOLDER):
    """Write both forms of every lesson's quizzes.

    Args:
        folder: path. Gets `NN_topic.gift` and `NN_topic.html`.

    Returns:
        list of the paths written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for lesson in sorted(path.stem for path in QUIZZES.glob("*.json")):
        for form, suffix in ((as_gift, "gift"), (as_sheet, "html")):
            paths.append(folder / f"{lesson}.{suffix}")
            replace_text(paths[-1], form(lesson))
    return paths


def as_gift(lesson):
    """Return a lesson's quizzes in GIFT, which Moodle and others import.

    Source: https://docs.moodle.org/en/GIFT_format.
    """
    return "\n".join(
        f"::{lesson} {part} {number}::[html]{_escaped(question['question'])} {{\n"
        + "\n".join(_gift_answers(question))
        + "\n}\n"
        for part in PARTS
        for number, question in enumerate(load_quiz(lesson, part), start=1)
    )


def _gift_answers(question):
    options = question["options"]
    if "within" in question:
        right = [option for option in options if option.get("right")]
        others = [option for option in options if not option.get("right")]
        yield "#"
        for credit, option in [("", *right)] + [("%0%", o) for o in others]:
            why = _escaped(option["why"])
            yield f"={credit}{option['text']}:{question['within']:g}#{why}"
        return
    for option in options:
        mark = "=" if option.get("right") else "~"
        yield f"{mark}{_escaped(option['text'])}#{_escaped(option['why'])}"


def _escaped(text):
    """Return plain text as HTML in which GIFT finds none of its own signs."""
    return re.sub(r"([~=#{}:\\])", r"\\\1", as_html(text))


def as_sheet(lesson):
    """Return a page to be printed: the questions, then the key on its own sheet."""
    asked, key = [], []
    for part in PARTS:
        asked.append(f"<h2>{part.capitalize()} the lesson</h2>\n<ol>")
        answers = []
        for question in load_quiz(lesson, part):
            asked.append(f"<li><p>{as_html(question['question'])}</p>")
            options = question["options"]
            (at,) = [i for i, option in enumerate(options) if option.get("right")]
            if "within" in question:
                asked.append("<p>______________</p></li>")
                answers.append(options[at]["text"])
            else:
                texts = "".join(f"<li>{as_html(o['text'])}</li>" for o in options)
                asked.append(f'<ol type="A">{texts}</ol></li>')
                answers.append(LETTERS[at])
        asked.append("</ol>")
        key.append(f"<p>{part.capitalize()}: {', '.join(answers)}</p>")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{lesson}</title><style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{lesson}</h1>\n<p>Name: ______________________</p>\n"
        + "\n".join(asked)
        + '\n<div class="key"><h2>Key</h2>\n'
        + "\n".join(key)
        + "</div>\n</body>\n</html>\n"
    )
