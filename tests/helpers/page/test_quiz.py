import html.parser
import inspect
import json
import random
import re

from course import run
from helpers import catalogue
from helpers.page import quiz

import nbformat
import pytest
import traitlets.config
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_code_cell, new_notebook, new_output

NAMES = sorted(path.stem for path in quiz.QUIZZES.glob("*.json"))
ALL = [(name, part) for name in NAMES for part in quiz.PARTS]

# The right options, written down a second time: one letter a question.
KEY = {
    "00_start_here": {"before": "BBC", "after": "ABCBC"},
    "01_autoencoder": {"before": "ABC", "after": "BABCA"},
    "02_vae": {"before": "ACB", "after": "BCBB"},
    "03_gan": {"before": "BAB", "after": "BCBCA"},
    "04_char_rnn": {"before": "BCA", "after": "BACBA"},
    "05_seqgan": {"before": "ABC", "after": "ABCAB"},
    "06_transformer": {"before": "BAC", "after": "BBAAC"},
    "07_diffusion": {"before": "BAC", "after": "BCABA"},
    "08_pretrained": {"before": "BAB", "after": "AACBA"},
}


@pytest.fixture(autouse=True, scope="module")
def shell():
    """What a notebook's kernel has: without it nothing can be displayed."""
    config = traitlets.config.Config({"HistoryManager": {"enabled": False}})
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


quizzes = pytest.mark.parametrize("name, part", ALL)


def right_options(questions):
    return "".join(
        "ABCDE"[[option.get("right", False) for option in q["options"]].index(True)]
        for q in questions
    )


@quizzes
def test_exactly_the_right_answers_are_marked(name, part):
    questions = quiz.load_quiz(name, part)  # raises unless each has one right option
    assert right_options(questions) == KEY[name][part]


def test_every_lesson_has_both_quizzes_and_shows_them():
    for page in catalogue.pages("lesson"):
        sources = [cell.source for cell in page.read().cells]
        for part in quiz.PARTS:
            [at] = [
                number
                for number, source in enumerate(sources)
                if f'show_quiz("{page.name}", "{part}")' in source
            ]
            texts = enumerate(f"\n{source}" for source in sources)
            summary = next(i for i, text in texts if "\n## Summary" in text)
            assert (at < summary) == (part == "before")


@quizzes
def test_a_quiz_has_three_to_five_questions_each_different(name, part):
    questions = quiz.load_quiz(name, part)
    assert 3 <= len(questions) <= 5
    assert len({question["question"] for question in questions}) == len(questions)


@quizzes
def test_the_right_option_does_not_stand_at_one_place(name, part):
    assert len(set(KEY[name][part])) > 1


def test_the_right_option_is_not_given_away_by_its_length():
    longest, ratios = [], []
    for name, part in ALL:
        for q in quiz.load_quiz(name, part):
            if "within" in q:
                continue
            right = [len(o["text"]) for o in q["options"] if o.get("right")]
            wrong = [len(o["text"]) for o in q["options"] if not o.get("right")]
            longest.append(right[0] > max(wrong))
            ratios.append(right[0] * len(wrong) / sum(wrong))
    assert sum(longest) <= len(longest) / 3  # as often as by chance
    assert 0.8 < sum(ratios) / len(ratios) < 1.1


def test_a_number_is_asked_for_where_a_number_is_the_point():
    numeric = [q for n, p in ALL for q in quiz.load_quiz(n, p) if "within" in q]
    assert len(numeric) >= 5
    for name, part in ALL:
        for q in quiz.load_quiz(name, part):
            texts = [option["text"] for option in q["options"]]
            if all(re.fullmatch(r"[\d.]+", text) for text in texts):
                assert "within" in q, q["question"]


@quizzes
def test_every_option_is_explained_and_no_text_needs_a_formula_reader(name, part):
    for question in quiz.load_quiz(name, part):
        texts = [question["question"]]
        for option in question["options"]:
            assert len(option["why"].split()) >= 6, option
            texts += [option["text"], option["why"]]
        for text in texts:
            assert not re.search(r"[$\\<>]|\]\(", text), text
            assert text.count("`") % 2 == 0, text


def question(**changes):
    options = [
        {"text": "one", "why": "It is the successor of zero."},
        {"text": "two", "right": True, "why": "One and one."},
        {"text": "three", "why": "One too many."},
    ]
    return {"question": "1 + 1?", "options": options} | changes


def test_a_good_question_is_accepted():
    quiz.check_question(question())


@pytest.mark.parametrize(
    "bad, message",
    [
        (question(question=" "), "must have a text"),
        (question(options=question()["options"][:2]), "3 to 5 different options"),
        (question(options=question()["options"][:1] * 3), "different options"),
        (
            question(
                options=[*question()["options"], {"text": " Two ", "why": "Again."}]
            ),
            "different options",
        ),
    ],
)
def test_a_bad_question_is_named(bad, message):
    with pytest.raises(ValueError, match=message):
        quiz.check_question(bad)


@pytest.mark.parametrize("num_right", [0, 2])
def test_a_question_without_exactly_one_right_option_is_named(num_right):
    bad = question()
    for number, option in enumerate(bad["options"]):
        option["right"] = number < num_right
    with pytest.raises(ValueError, match=f"one right option, got {num_right}"):
        quiz.check_question(bad)


def number(within=0.1, right="2"):
    options = [
        {"text": "1", "why": "It is the successor of zero."},
        {"text": right, "right": True, "why": "One and one."},
        {"text": "3.5", "why": "One and a half too many."},
    ]
    return {"question": "1 + 1?", "within": within, "options": options}


@pytest.mark.parametrize("within", [0, 0.1, 0.49])
def test_a_question_may_ask_for_a_number(within):
    quiz.check_question(number(within))


@pytest.mark.parametrize("within", [-0.1, 0.5, 3])
def test_a_bound_that_takes_a_mistake_for_the_answer_is_refused(within):
    with pytest.raises(ValueError, match=rf"within must be in \[0, 0.5\).*{within}"):
        quiz.check_question(number(within))


def test_numbers_are_demanded_as_options():
    with pytest.raises(ValueError, match="numbers as options, got .*'two'"):
        quiz.check_question(number(right="two"))


def test_a_number_and_each_usual_mistake_have_an_answer_of_their_own():
    shown = quiz._for_jupyterquiz(number())
    assert shown["type"] == "numeric"
    *answers, default = shown["answers"]
    assert default["type"] == "default"
    for typed, correct in ((1.95, True), (2.1, True), (1, False), (3.6, False)):
        (met,) = [a for a in answers if a["range"][0] <= typed < a["range"][1]]
        assert met["correct"] == correct
    for typed in (0.5, 2.2):
        assert not any(a["range"][0] <= typed < a["range"][1] for a in answers)


def test_the_text_of_a_numeric_question_does_not_show_the_numbers():
    asked, _, answer = quiz.as_text([number()]).partition("<details>")
    assert "<li>" not in asked and "2" not in asked.replace("1 + 1", "")
    assert "<li>2: <strong>Right.</strong> One and one.</li>" in answer


def test_an_option_without_explanation_is_named():
    bad = question()
    bad["options"][2]["why"] = ""
    with pytest.raises(ValueError, match="'three' must have its why"):
        quiz.check_question(bad)


@pytest.mark.parametrize("name, part", [("02", "before"), ("02_vae", "during")])
def test_an_unknown_quiz_is_an_error_that_names_those_there_are(name, part):
    with pytest.raises(ValueError, match="02_vae|before, after"):
        quiz.load_quiz(name, part)


class Words(html.parser.HTMLParser):
    """Collects a page's text and the tags that are open at its end."""

    def __init__(self, text):
        super().__init__()
        self.text, self.open = "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@quizzes
def test_without_scripts_a_quiz_reads_as_text_with_collapsed_answers(name, part):
    text = quiz.make_bundle(name, part)["text/markdown"]
    assert "\n\n" not in text and "<script" not in text and "<style" not in text
    words = Words(text)
    assert not words.open
    for q in quiz.load_quiz(name, part):
        asked = q["question"].replace("`", "")
        whys = [option["why"].replace("`", "") for option in q["options"]]
        assert asked in words.text and all(why in words.text for why in whys)


@quizzes
def test_without_scripts_each_option_has_its_letter_and_unfolds(name, part):
    text = quiz.as_text(quiz.load_quiz(name, part))
    assert "<ol" not in text  # an untrusted notebook would number it 1, 2, 3
    for q in quiz.load_quiz(name, part):
        for letter, option in zip("ABCDE", q["options"], strict=False):
            why = quiz.as_html(option["why"])
            shown = quiz.as_html(option["text"])
            verdict = "<strong>Right.</strong>" if option.get("right") else "Not so."
            if "within" in q:
                assert f"<li>{shown}: {verdict} {why}</li>" in text
            else:
                folded = f"<summary>{letter}. {shown}</summary>\n<p>{verdict} {why}"
                assert folded in text


@quizzes
def test_a_shown_quiz_holds_every_question_and_asks_no_other_host(name, part):
    bundle = quiz.make_bundle(name, part)
    for q in quiz.load_quiz(name, part):
        for option in q["options"]:
            answer = {"answer": quiz.as_html(option["text"])}
            if "within" in q:
                answer = {"correct": option.get("right", False)}
            assert json.dumps(answer)[1:-1] in bundle["text/html"]
    assert not re.search(r"""(src|href)=["']https?:""", bundle["text/html"])


def script_of(bundle):
    [script] = re.findall(r"<script>(.*)</script>", bundle["text/html"], re.DOTALL)
    return script


def test_the_elements_of_a_shown_quiz_are_closed_and_named_once():
    """jupyterquiz leaves one open, which is closed here."""
    bundle = quiz.make_bundle("02_vae", "before")
    page = bundle["text/html"]
    assert not Words(page.replace(script_of(bundle), "")).open
    ids = re.findall(r'<div id="(\w+)"', page)
    assert len(ids) == len(set(ids)) == 2
    assert ids[0] == "quiz_02_vae_before"


def test_the_style_names_what_jupyterquiz_draws():
    bundle = quiz.make_bundle("02_vae", "before")
    styled = set(re.findall(r"#quiz_02_vae_before \.([\w-]+)", bundle["text/html"]))
    assert styled == {
        "Quiz",
        "Feedback",
        "Answer",
        "MCButton",
        "Input-text",
        "InpLabel",
    }
    for name in styled:
        made = rf"""className = ['"]{name}['"]"""
        assert re.search(made, script_of(bundle)), name


def test_the_colours_are_among_those_that_jupyterquiz_knows():
    import jupyterquiz.dynamic.display

    known = inspect.getsource(jupyterquiz.dynamic.display)
    for name in quiz.COLORS:
        assert f"'{name}'" in known


def test_the_script_cannot_see_what_it_would_fetch_the_rest_of():
    """It looks for MathJax by its bare name alone, which an argument covers."""
    script = script_of(quiz.make_bundle("02_vae", "before"))
    assert script.startswith("((MathJax) => {") and script.endswith("})()")
    assert "typeof MathJax" in script
    assert not re.search(r"(window|globalThis)(\.|\[['\"])MathJax(?! = )", script)
    fetched = re.findall(r"https?://[\w./@-]+", script)
    assert all("mathjax" in address for address in fetched)


def test_a_quiz_is_the_same_each_time_and_leaves_random_draws_alone():
    random.seed(1)
    state = random.getstate()
    first = quiz.make_bundle("02_vae", "before")
    assert random.getstate() == state
    random.seed(2)
    drawn = random.getstate()
    assert quiz.make_bundle("02_vae", "before") == first
    assert random.getstate() == drawn
    assert quiz.make_bundle("02_vae", "after")["text/html"] != first["text/html"]


def test_a_saved_notebook_keeps_the_text_and_not_the_script(tmp_path):
    bundle = quiz.make_bundle("02_vae", "after")
    cell = new_code_cell(outputs=[new_output("display_data", data=bundle)])
    run.save(new_notebook(cells=[cell]), tmp_path / "lesson.ipynb")
    saved = nbformat.read(tmp_path / "lesson.ipynb", as_version=4).cells[0].outputs[0]
    assert saved.data["text/markdown"] == bundle["text/markdown"]
    assert "text/html" not in saved.data
    assert (tmp_path / "lesson.ipynb").stat().st_size < 10_000
