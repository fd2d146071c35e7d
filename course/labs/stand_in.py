"""Let the model answer stand in for an answer that is missing or wrong.

Later parts of a lab use earlier ones. So that a mistake costs its own points alone,
the grader puts the model answer in its place before the next answer runs.
"""

import re

MARKS = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)


def parts_of(source):
    """Cut a lab into parts, each an answer with what comes before the next one.

    Args:
        source: notebook, the lab's source.

    Returns:
        list of dicts in order: `"name"`, the answer's name; `"cells"`, the set of names
        of the part's code cells; `"defines"`, the functions of the answer;
        `"code"`, list of str, the model answer and the teacher's cells without tests.
    """
    parts = []
    for cell in source.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code":
            continue
        if mark.get("solution"):
            name, code = mark["grade_id"], MARKS.sub("", cell.source)
            defines = re.findall(r"^(?:def|class) (\w+)", code, re.MULTILINE)
            parts.append({"name": name, "cells": {name}, "defines": defines})
            parts[-1]["code"] = [code]
        elif parts:
            parts[-1]["cells"].add(mark.get("grade_id"))
            if not mark.get("grade"):
                parts[-1]["code"].append(cell.source)
    return parts


def needed(parts, answer, failed):
    """Return the parts before an answer in which something has failed, in order.

    An answer's own tests never see its model answer, so they cannot be met by it.

    Args:
        parts: as `parts_of` returns them.
        answer: str, name of the answer that comes next.
        failed: set of str, names of the cells that ended with an error.
    """
    names = [part["name"] for part in parts]
    before = parts[: names.index(answer)] if answer in names else []
    return [part for part in before if part["cells"] & failed]


def notice(parts):
    """Return the line that says whose place the model answer has taken."""
    names = ", ".join(name for part in parts for name in part["defines"])
    return f"[An earlier part failed. Here the model answer stands in for: {names}.]\n"
