"""Show the quizzes before and after each lesson: `data/quizzes/NN_topic.json`.

A quiz is a list of questions; each has a text and options, of which one is right. In a
live notebook jupyterquiz makes buttons of them, or a field where the answer is a number
to be worked out. Where no script runs, the questions read as text with collapsed
answers.
"""

import html
import itertools
import json
import random
import re

from helpers.files import DATA

QUIZZES = DATA / "quizzes"
PARTS = ("before", "after")

COLORS = {  # white text on each is readable, and they differ in lightness too
    "--jq-multiple-choice-bg": "#1f3a5f",
    "--jq-numeric-bg": "#1f3a5f",
    "--jq-numeric-input-bg": "#ffffff",
    "--jq-mc-button-bg": "#ffffff",
    "--jq-mc-button-border": "#8a8a8a",
    "--jq-incorrect-color": "#a33c00",
    "--jq-correct-color": "#005f43",
    "--jq-text-color": "#ffffff",
}


def load_quiz(lesson, part):
    """Return the questions of a quiz.

    Args:
        lesson: str, such as `"02_vae"`.
        part: `"before"` or `"after"`.

    Returns:
        list of dicts, `{"question": str, "options": [{"text": str, "why": str}, …]}`;
        the right option has `"right": true` too. Text between backticks is code; there
        is no other markup. A question with `"within"`, float ≥ 0, asks for a number:
        its options are numbers, those that are usual mistakes among them, and are not
        shown; an answer may be off by as much as `within`.

    Raises:
        ValueError: no quiz of this name, or a question that is not as it must be.
    """
    names = sorted(path.stem for path in QUIZZES.glob("*.json"))
    if lesson not in names:
        raise ValueError(f"No quiz for {lesson!r}. There are: {', '.join(names)}.")
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}.")
    quiz = json.loads((QUIZZES / f"{lesson}.json").read_text("utf-8"))
    for question in quiz[part]:
        check_question(question)
    return quiz[part]


def check_question(question):
    """Raise a ValueError unless a question has the form that `load_quiz` tells."""
    text, options = question.get("question", ""), question.get("options", [])
    if not text.strip():
        raise ValueError(f"A question must have a text, got {question!r}.")
    texts = [" ".join(option["text"].split()).casefold() for option in options]
    if not 3 <= len(options) <= 5 or len(set(texts)) < len(texts):
        raise ValueError(f"{text!r} must have 3 to 5 different options, got {texts}.")
    if "within" in question:
        _check_numbers(text, texts, question["within"])
    num_right = sum(option.get("right") is True for option in options)
    if num_right != 1:
        raise ValueError(f"{text!r} must have one right option, got {num_right}.")
    for option in options:
        if not option.get("why", "").strip():
            raise ValueError(f"{text!r}: option {option['text']!r} must have its why.")


def _check_numbers(text, texts, within):
    """Raise a ValueError unless options are numbers that the bound tells apart."""
    try:
        numbers = sorted(map(float, texts))
    except ValueError:
        raise ValueError(
            f"{text!r} must have numbers as options, got {texts}"
        ) from None
    gap = min(b - a for a, b in itertools.pairwise(numbers))
    if not 0 <= within < gap / 2:
        raise ValueError(
            f"{text!r}: within must be in [0, {gap / 2:g}), half the least distance of "
            f"two options, got {within}."
        )


def show_quiz(lesson, part):
    """Show a quiz below the cell: buttons where scripts run, else text.

    Args:
        lesson: str, such as `"02_vae"`.
        part: `"before"` or `"after"`.

    Raises:
        ValueError: as `load_quiz`.
    """
    from IPython.display import display

    display(make_bundle(lesson, part), raw=True)


def make_bundle(lesson, part):
    """Return a quiz as dict of MIME type to content; the same each time."""
    questions = load_quiz(lesson, part)
    text = as_text(questions)
    name = re.sub(r"\W", "_", f"quiz_{lesson}_{part}")
    return {
        "text/html": _buttons(questions, name) + f'<div class="quiz-text">{text}</div>',
        "text/markdown": text,
        "text/plain": f"Quiz {part} lesson {lesson}: {len(questions)} questions",
    }


def as_text(questions):
    """Return questions with answers to unfold as HTML without script or style.

    A press on an option unfolds whether it is right, and why. Letters are text, since a
    notebook that is not trusted loses the type of a list. There is no empty line, so
    that it may stand in Markdown as it is.
    """
    lines = []
    for number, question in enumerate(questions, start=1):
        lines += [f"<p><strong>{number}. {as_html(question['question'])}</strong></p>"]
        whys = [_why(option) for option in question["options"]]
        texts = [as_html(option["text"]) for option in question["options"]]
        if "within" in question:
            lines += ["<details><summary>Answer</summary>", "<ul>"]
            told = zip(texts, whys, strict=True)
            lines += [f"<li>{text}: {why}</li>" for text, why in told]
            lines += ["</ul>", "</details>"]
            continue
        for letter, text, why in zip("ABCDE", texts, whys, strict=False):
            lines += [f"<details><summary>{letter}. {text}</summary>"]
            lines += [f"<p>{why}</p></details>"]
    return "\n".join(lines)


def _why(option):
    """Return an option's explanation as HTML, which begins with whether it is right."""
    verdict = "<strong>Right.</strong>" if option.get("right") else "Not so."
    return f"{verdict} {as_html(option['why'])}"


def _buttons(questions, name):
    """Return the HTML and script that jupyterquiz makes of the questions.

    jupyterquiz draws an element's name from Python's random state, and has no argument
    for it. A fixed seed makes the name the same each time; the state is put back, so
    that a lesson's own draws stay what they are.
    """
    from IPython.utils.capture import capture_output
    from jupyterquiz import display_quiz

    state = random.getstate()
    random.seed(name)
    with capture_output() as captured:
        display_quiz([_for_jupyterquiz(q) for q in questions], colors=COLORS)
    random.setstate(state)
    element, script = (output.data for output in captured.outputs)
    style = (  # sizes and places, for which jupyterquiz has no arguments
        f"<style>#{name}:has(.Quiz) ~ .quiz-text {{display: none}}\n"
        f"#{name} .Quiz {{font-size: 1.1em; line-height: 1.4}}\n"
        f"#{name} .Feedback {{font-size: 1em; text-align: left; padding: 4px}}\n"
        f"#{name} .Feedback:not(:empty) {{background: #ffffff; padding: 8px}}\n"
        f"#{name} .InpLabel {{color: inherit}}\n"
        f"#{name} .Input-text:not(.correctButton, .incorrectButton)"
        " {color: #1f1f1f}\n"
        f"#{name} .Answer {{grid-template-columns: 1fr}}\n"
        f"#{name} .MCButton {{justify-content: left; text-align: left; gap: 8px}}\n"
        f"#{name} .MCButton:focus-within {{outline: 3px solid #e69f00}}</style>"
    )
    # jupyterquiz leaves its element open. The argument hides MathJax from its script,
    # which would fetch what it lacks of it from another host.
    return (
        f'<div id="{name}">{element["text/html"]}</div></div>{style}'
        f"<script>((MathJax) => {{{script['application/javascript']}}})()</script>"
    )


def _for_jupyterquiz(question):
    if "within" in question:
        return _number_for_jupyterquiz(question)
    answers = []
    for option in question["options"]:
        text, right = as_html(option["text"]), option.get("right", False)
        answers.append({"answer": text, "correct": right, "feedback": _why(option)})
    text = as_html(question["question"])
    return {"question": text, "type": "multiple_choice", "answers": answers}


def _number_for_jupyterquiz(question):
    within, answers = question["within"], []
    for option in question["options"]:
        right, number = option.get("right", False), float(option["text"])
        # jupyterquiz takes the upper end of a range as outside of it.
        limits = [number - within - 1e-9, number + within + 1e-9]
        about = {"range": limits, "correct": right, "feedback": _why(option)}
        answers.append({"type": "range"} | about)
    answers.append({"type": "default", "feedback": "Not so. Work it out once more."})
    text = as_html(question["question"])
    return {"question": text, "type": "numeric", "answers": answers}


def as_html(text):
    """Return plain text as HTML, what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
