"""Give a submission back the cells and marks that nbgrader knows them by.

A cell is lost when it was deleted, or when an editor dropped nbgrader's metadata. A
lost test would count 0 points, and so would an answer that no test follows.
"""

import copy
import re

DEFINED = re.compile(r"^(?:def|class) +(\w+)", re.MULTILINE)


def repair(notebook, released):
    """Restore what is lost of the students' copy.

    Args:
        notebook: notebook as handed in; it stays as it is.
        released: the students' copy of the lab.

    Returns:
        `(notebook, remarks)`: a notebook with every cell of the students' copy, once,
        and a list of str, what was done, empty where nothing was lost. A cell without
        nbgrader's mark is recognised by its id, its text, or what it defines.
    """
    notebook = copy.deepcopy(notebook)
    remarks = _unmark_copies(notebook)
    marked = {_name_of(cell) for cell in notebook.cells}
    lost = [c for c in released.cells if _name_of(c) and _name_of(c) not in marked]
    recognised, answers, restored = 0, [], 0
    for cell in lost:
        found = _recognise(cell, notebook)
        if found is not None:
            found.metadata["nbgrader"] = copy.deepcopy(cell.metadata["nbgrader"])
            recognised += 1
        else:
            notebook.cells.insert(
                _place_of(cell, notebook, released), copy.deepcopy(cell)
            )
            if cell.metadata["nbgrader"].get("solution"):
                answers.append(_name_of(cell))
            else:
                restored += 1
    if recognised:
        remarks.append(f"nbgrader's mark restored on {_count(recognised)}")
    if restored:
        remarks.append(f"{_count(restored)} restored")
    for answer in answers:
        remarks.append(f"answer {answer!r} is missing: look for it by hand")
    return notebook, remarks


def _unmark_copies(notebook):
    """Take nbgrader's mark from all but the last of cells that are there twice."""
    seen, copies = set(), []
    for cell in reversed(notebook.cells):
        name = _name_of(cell)
        if name in seen:
            del cell.metadata["nbgrader"]
            copies.append(name)
        elif name:
            seen.add(name)
    return [f"cell {name!r} is there twice: the last counts" for name in sorted(copies)]


def _name_of(cell):
    """Return nbgrader's name of a cell, or `None`."""
    mark = cell.metadata.get("nbgrader")
    return mark.get("grade_id") if isinstance(mark, dict) else None


def _recognise(cell, notebook):
    """Return the unmarked cell of a submission that once was a released one."""
    unmarked = [
        other
        for other in notebook.cells
        if not _name_of(other) and other.cell_type == cell.cell_type
    ]
    defined = set(DEFINED.findall(cell.source))
    is_answer = cell.metadata["nbgrader"].get("solution")
    tests = (
        lambda other: cell.get("id") and other.get("id") == cell["id"],
        lambda other: other.source.strip() == cell.source.strip(),
        lambda other: is_answer and defined & set(DEFINED.findall(other.source)),
    )
    for test in tests:
        found = [other for other in unmarked if test(other)]
        if found:
            return found[-1]
    return None


def _place_of(cell, notebook, released):
    """Return where to insert a lost cell: behind the one that came before it."""
    names = [_name_of(other) for other in notebook.cells]
    before = released.cells[: released.cells.index(cell)]
    for other in reversed(before):
        if _name_of(other) in names:
            return names.index(_name_of(other)) + 1
    return 0


def _count(number):
    return "1 cell" if number == 1 else f"{number} cells"
