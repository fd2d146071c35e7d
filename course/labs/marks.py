"""The table of marks, written anew from the whole gradebook."""

import csv
import io
import json

from course.labs import release
from helpers.files import replace_text

COLUMNS = ("student", "lab", "score", "max_score", "needs_manual_grade", "status")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


def gradebook():
    """Return nbgrader's gradebook, open."""
    from nbgrader.api import Gradebook

    build = release.build_folder()
    return Gradebook(f"sqlite:///{build / 'gradebook.db'}", "generative-models")


def remember(student, lab, status):
    """Keep what became of a submission, beside what became of it before.

    Args:
        student, lab: str.
        status: str that begins with "graded", or says why it could not be graded.
    """
    known = _remembered()
    entry = known.setdefault(student, {}).setdefault(lab, {"was_graded": False})
    entry["status"] = status
    entry["was_graded"] = entry["was_graded"] or status.startswith("graded")
    replace_text(_memory(), json.dumps(known, ensure_ascii=False, indent=1))


def write(others=()):
    """Write `marks.csv`: a row for each submission that there ever was.

    Args:
        others: list of `HandIn` that belong to no lab; each gets a row too.

    Returns:
        list of dicts with the keys `COLUMNS`. Where grading again has failed, the
        points are those of the earlier hand-in, and the status says so.
    """
    from nbgrader.api import Assignment, SubmittedAssignment

    with gradebook() as book:
        most = dict(book.db.query(Assignment.name, Assignment.max_score))
        graded = {
            (each.student.id, each.assignment.name): each
            for each in book.db.query(SubmittedAssignment)
        }
        known = {
            (student, lab): entry
            for student, labs in _remembered().items()
            for lab, entry in labs.items()
        }
        rows = []
        for student, lab in sorted(known):
            entry = known[student, lab]
            submission = graded.get((release.key_of(student), lab))
            status, counts = entry["status"], entry["was_graded"] and submission
            if counts and not status.startswith("graded"):
                status += "; the points are those of an earlier hand-in"
            score = submission.score if counts else 0.0
            by_hand = bool(counts and submission.needs_manual_grade)
            values = (student, lab, score, most.get(lab, 0.0), by_hand, status)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    for other in others:
        values = (other.student, other.lab, 0.0, 0.0, False, other.remark)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(row[name]) for name in COLUMNS} for row in rows)
    replace_text(release.build_folder() / "marks.csv", table.getvalue())
    return rows


def _harmless(value):
    """Return a cell that a spreadsheet takes as text, however it begins."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value


def _memory():
    return release.build_folder() / "status.json"


def _remembered():
    path = _memory()
    return json.loads(path.read_text("utf-8")) if path.exists() else {}
