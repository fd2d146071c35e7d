"""Quizzes for a learning platform and on paper hold every question and one answer."""

import html.parser
import re

from course import cli, quizzes
from helpers.page import quiz

import pytest

NAMES = sorted(path.stem for path in quiz.QUIZZES.glob("*.json"))


def questions_of(name):
    return [q for part in quiz.PARTS for q in quiz.load_quiz(name, part)]


def parsed(gift):
    """Read GIFT back: `[(text, [(mark, answer, why), …]), …]`, signs unescaped."""
    found = []
    for block in re.findall(r"::.*?\n\}\n", gift, re.DOTALL):
        match = re.fullmatch(r"::(.*?)::\[html\](.*?) \{\n(.*)\n\}\n", block, re.DOTALL)
        answers = []
        for line in match[3].split("\n"):
            if line != "#":
                mark, rest = line[0], line[1:]
                answer, why = re.split(r"(?<!\\)#", rest)
                answers.append((mark, plain(answer), plain(why)))
        found.append((plain(match[2]), answers))
    return found


def plain(text):
    return re.sub(r"\\(.)", r"\1", text)


@pytest.mark.parametrize("name", NAMES)
def test_gift_says_what_the_quiz_says(name):
    found = parsed(quizzes.as_gift(name))
    asked = questions_of(name)
    assert len(found) == len(asked)
    for (text, answers), question in zip(found, asked, strict=True):
        assert text == quiz.as_html(question["question"])
        assert len(answers) == len(question["options"])
        whys = {quiz.as_html(option["why"]) for option in question["options"]}
        assert {why for _, _, why in answers} == whys
        right = [o["text"] for o in question["options"] if o.get("right")]
        full = [a for mark, a, _ in answers if mark == "=" and not a.startswith("%")]
        if "within" in question:
            assert full == [f"{right[0]}:{question['within']:g}"]
        else:
            assert full == [quiz.as_html(right[0])]


@pytest.mark.parametrize("sign", "~=#{}:\\")
def test_no_sign_of_gift_is_left_bare(sign):
    assert quizzes._escaped(f"a{sign}b") == f"a\\{sign}b"


class Text(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_asks_everything_and_has_its_key_on_another_sheet(name):
    asked, key = quizzes.as_sheet(name).split('<div class="key">')
    assert "page-break-before: always" in asked
    for question in questions_of(name):
        assert question["question"].replace("`", "") in Text(asked).text
        for option in question["options"]:
            assert option["why"].replace("`", "") not in Text(asked).text
            if "within" not in question:
                assert f"<li>{quiz.as_html(option['text'])}</li>" in asked
    answers = re.findall(r"(?<=[:,] )[A-E\d][\d.]*", Text(key).text)
    assert len(answers) == len(questions_of(name))


def test_the_command_writes_both_forms_of_each(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(quizzes.write, "__defaults__", (tmp_path,))
    assert cli.main(["quizzes"]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{n}.{form}" for n in NAMES for form in ("gift", "html")}
    assert len(capsys.readouterr().out.splitlines()) == len(names)
