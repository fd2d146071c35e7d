"""Feedback without the code of hidden tests: their names and messages stay.

nbgrader shows the graded notebook as it ran, hidden tests included. Whoever has seen
them could write answers for them, and pass them on to next year's class.
"""

import re

from nbgrader.preprocessors.base import NbGraderPreprocessor

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
HIDDEN = re.compile(rf"^ *{BEGIN}\n(.*?)^ *{END} *$", re.MULTILINE | re.DOTALL)
NOTICE = "# Hidden tests ran here. What they found is below."
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NUMBER = re.compile(r"^[-> ]*\d+ ?")  # what a traceback puts before a line of code
LEAST = 4  # characters; a line such as ")" gives nothing away


class HideTests(NbGraderPreprocessor):
    """Takes hidden tests out of the code and out of the tracebacks of a notebook."""

    def preprocess_cell(self, cell, resources, index):
        """Return a cell without hidden tests, changed in place."""
        if cell.cell_type != "code":
            return cell, resources
        hidden = _lines("".join(HIDDEN.findall(cell.source)))
        hidden |= {BEGIN, END} if hidden else set()
        cell.source = HIDDEN.sub(NOTICE, cell.source)
        hidden -= _lines(cell.source)
        for output in cell.get("outputs", []):
            if hidden and output.output_type == "error":
                output.traceback = [
                    _without(hidden, entry) for entry in output.traceback
                ]
        return cell, resources


def _lines(code):
    return {line.strip() for line in code.splitlines()}


def _without(hidden, entry):
    """Return an entry of a traceback without its lines of hidden code."""
    return "\n".join(
        line
        for line in entry.split("\n")
        if len(code := _code_of(line)) < LEAST or code not in hidden
    )


def _code_of(line):
    return NUMBER.sub("", COLOUR.sub("", line)).strip()
