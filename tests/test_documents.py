"""The documents speak of files, modules and names that there are."""

import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("data/**/*.md"), *ROOT.glob("website/*.md")]
)
MADE = ("outputs", "build")  # by running something: not in a fresh clone


def quoted(document):
    """Return what stands in backticks within a line."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", document.read_text("utf-8"))


def is_path(words):
    """Say whether what is quoted names a file or folder of this project."""
    first = words.split("/")[0]
    return (
        re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", words)
        and "/" in words
        and (ROOT / first).is_dir()
        and first not in MADE
    )


def resolve(name):
    """Return what a dotted name stands for: a module, or something in one."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document):
    named = [words for words in quoted(document) if is_path(words)]
    missing = [words for words in named if not (ROOT / words).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_modules_and_functions_that_are_named_exist(document):
    for words in quoted(document):
        if match := re.fullmatch(r"((?:helpers|course)(?:\.\w+)+)(\(.*\))?", words):
            resolve(match[1])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_exist(document):
    folder = document.parent
    if folder.name == "website":  # the site puts its own pages beside README's
        folder = ROOT
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    local = [link for link in links if not link.startswith(("http", "mailto:"))]
    missing = [link for link in local if not (folder / link).exists()]
    assert not missing


def test_contributing_says_what_each_module_is_for():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"\w+(?=\.py`|`)", text[text.index("| To change |") :]))
    for path in [*ROOT.glob("helpers/**/*.py"), *ROOT.glob("course/*.py")]:
        assert path.stem in named | {"__init__"}, path


def test_a_name_that_is_gone_is_found():
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        resolve("helpers.files.rename_nothing")
    assert is_path("helpers/nothing.py") and not (ROOT / "helpers/nothing.py").exists()
