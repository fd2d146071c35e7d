"""Let terms of the glossary lead there from the pages of the website."""

import re

from helpers.files import ROOT

GLOSSARY = ROOT / "website" / "glossary.md"
TERM = re.compile(r"^(\w.*)\n    .*\[Lesson (\d\d)", re.MULTILINE)
PROTECTED = re.compile(  # what no term is linked in
    r"(```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|<[^>\n]*>"
    r"|^#[^\n]*|^\|[^\n]*|\bhttps?://\S+)",
    re.DOTALL | re.MULTILINE,
)


def link_terms(notebook, number):
    """Let terms of the glossary lead there where a notebook's prose first has them.

    Those of this lesson and of the ones before it: in another, the word may mean
    something else. Title, headings, code, formulas, links and tags stay as they are,
    and so do the references at the end.

    Args:
        notebook: nbformat notebook, changed.
        number: str. That of its lesson, such as `"02"`.
    """
    glossary = GLOSSARY.read_text("utf-8")
    terms = TERM.findall(glossary)
    left = {name.split(" (")[0].casefold(): name for name, at in terms if at <= number}
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown":
            if cell.source.startswith("## References"):
                break
            parts = PROTECTED.split(cell.source)  # prose at even places
            parts[::2] = [_link_terms(part, left) for part in parts[::2]]
            cell.source = "".join(parts)


def _link_terms(text, left):
    """Link the terms of `left` in a text, and take them out of it."""

    def link(found):
        term = left.pop(found[0].casefold(), None)
        return f"{{term}}`{found[0]} <{term}>`" if term else found[0]

    names = sorted(left, key=len, reverse=True)
    if not names:
        return text
    words = "|".join(map(re.escape, names))
    return re.sub(rf"(?i)(?<![\w-])(?:{words})(?![\w-])", link, text)
