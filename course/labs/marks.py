"""The tables of marks, written anew from the whole gradebook.

`marks.csv` has a row for each thing that was handed in, `table.csv` a row for each
student and a column for each lab; `moodle.csv` and `canvas.csv` are the same in the
form that these platforms import.
"""

import contextlib
import csv
import io
import json
import pathlib
import re

from course.labs import release
from helpers.files import replace_text

COLUMNS = (
    *("student", "lab", "score", "late_penalty", "max_score"),
    *("needs_manual_grade", "status"),
)
WHO = ("student", "last_name", "first_name", "email")
# Canvas's importer reads these by their place: lib/gradebook_importer.rb.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("First name", "Last name", "ID number", "Email address")
NO_MARK = "-"  # Moodle's; it takes an empty cell of a new column for a mark
TABLES = ("marks.csv", "table.csv", "moodle.csv", "canvas.csv")
CANVAS_ID = re.compile(r"(?:.+_)?(\d+)")  # `platforms` writes name and number so
STATUS, OTHERS = "status.json", "others.json"  # what is kept from run to run
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


def gradebook():
    """Return nbgrader's gradebook, open."""
    from nbgrader.api import Gradebook

    build = release.build_folder()
    build.mkdir(parents=True, exist_ok=True)
    return Gradebook(f"sqlite:///{build / 'gradebook.db'}", "generative-models")


def roster():
    """Return `(id, last_name, first_name)` of all students who have a name."""
    from nbgrader.api import Student

    if not (release.build_folder() / "gradebook.db").exists():
        return []
    with gradebook() as book:
        who = book.db.query(Student.id, Student.last_name, Student.first_name)
        return sorted((tuple(each) for each in who if any(each[1:])), key=str)


def forget_time(student, lab):
    """Let a submission have no time, where the gradebook has that of an earlier one.

    nbgrader keeps it otherwise, and charges for it.
    """
    from nbgrader.api import MissingEntry

    with gradebook() as book, contextlib.suppress(MissingEntry):
        book.find_submission(lab, release.key_of(student)).timestamp = None
        book.db.commit()


def remember(student, lab, status):
    """Keep what became of a submission, beside what became of it before.

    Args:
        student, lab: str.
        status: str that begins with "graded", or says why it could not be graded.
    """
    known = _read(STATUS)
    entry = known.setdefault(student, {}).setdefault(lab, {"was_graded": False})
    entry["status"] = status
    entry["was_graded"] = entry["was_graded"] or status.startswith("graded")
    _keep(STATUS, known)


def remember_others(folder, others):
    """Keep what a folder holds that cannot be graded, in place of what it held before.

    Args:
        folder: path, as given for grading.
        others: list of `HandIn` without a path.
    """
    known = _read(OTHERS)
    known[str(pathlib.Path(folder).resolve())] = [
        [other.student, other.lab, other.remark] for other in others
    ]
    _keep(OTHERS, known)


def write():
    """Write the tables, with everything that was ever handed in.

    A student whom the gradebook knows, from a roster or another lab, has a row for each
    lab that somebody has handed in. Whoever is not on the roster is said to be so.

    Returns:
        list of dicts with the keys `COLUMNS`; the score is what is left after the
        penalty, rounded to a hundredth. Where grading again has failed, the points are
        those of the earlier hand-in, and the status says so.
    """
    from nbgrader.api import Assignment, Student, SubmittedAssignment

    with gradebook() as book:
        names = (Student.id, Student.last_name, Student.first_name, Student.email)
        students = {who[0]: who for who in book.db.query(*names)}
        most = dict(book.db.query(Assignment.name, Assignment.max_score))
        graded = {
            (each.student.id, each.assignment.name): each
            for each in book.db.query(SubmittedAssignment)
        }
        known = {
            (student, lab): entry
            for student, labs in _read(STATUS).items()
            for lab, entry in labs.items()
        }
        handed_in = {(release.key_of(student), lab) for student, lab in known}
        for lab in {lab for _, lab in known}:
            for student in {each for each in students if (each, lab) not in handed_in}:
                status = {"status": "nothing handed in", "was_graded": False}
                known[student, lab] = status
        roster = {who[0] for who in students.values() if any(who[1:])}
        rows = []
        for student, lab in sorted(known):
            entry = known[student, lab]
            submission = graded.get((release.key_of(student), lab))
            status, counts = entry["status"], entry["was_graded"] and submission
            if counts and not status.startswith("graded"):
                status += "; the points are those of an earlier hand-in"
            if roster and release.key_of(student) not in roster:
                status += "; is not on the roster"
            penalty = (counts and submission.late_submission_penalty) or 0.0
            score = round(submission.score - penalty, 2) if counts else 0.0
            by_hand = bool(counts and submission.needs_manual_grade)
            points = (score, round(penalty, 2), most.get(lab, 0.0))
            values = (student, lab, *points, by_hand, status)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    _write_by_student(rows, students)
    others = {
        (student, name): remark
        for found in _read(OTHERS).values()
        for student, name, remark in found
    }
    for (student, name), remark in sorted(others.items()):
        values = (student, name, 0.0, 0.0, 0.0, False, remark)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    write_table("marks.csv", COLUMNS, rows)
    return rows


def _write_by_student(rows, students):
    """Write the tables with a row for each student; blank where nothing came."""
    labs = sorted({row["lab"] for row in rows if row["max_score"]})
    table = {}
    for row in rows:
        if row["lab"] not in labs:
            continue
        who = students.get(release.key_of(row["student"]), (None,) * len(WHO))
        entry = table.setdefault(row["student"], dict(zip(WHO, who, strict=True)))
        entry["student"] = row["student"]
        if row["status"].startswith("nothing handed in"):
            continue
        entry[row["lab"]] = row["score"]
        entry["total"] = entry.get("total", 0.0) + row["score"]
    write_table("table.csv", (*WHO, *labs, "total"), table.values())
    by_moodle = [_as_moodle_has_it(entry, labs) for entry in table.values()]
    by_moodle = [entry for entry in by_moodle if entry["Email address"]]
    write_table("moodle.csv", (*MOODLE, *labs), by_moodle)
    most = {row["lab"]: row["max_score"] for row in rows}
    points = {"Student": "Points Possible"} | {lab: most[lab] for lab in labs}
    by_canvas = [points, *map(_as_canvas_has_it, table.values())]
    write_table("canvas.csv", (*CANVAS, *labs), by_canvas)


def _as_moodle_has_it(entry, labs):
    """Return a student's row with the names of Moodle's columns.

    Rows are found by the email address. Moodle gives the marks of a row without one to
    the student of the row before, so those are left out.
    """
    who = (entry["first_name"], entry["last_name"], entry["student"], entry["email"])
    scores = {lab: entry.get(lab, NO_MARK) for lab in labs}
    return dict(zip(MOODLE, who, strict=True)) | scores


def _as_canvas_has_it(entry):
    """Return a student's row with the names of Canvas's columns.

    Canvas knows a student by its own number, which ends the names in its zips, or else
    by the name to log in.
    """
    student = entry["student"]
    named = entry["last_name"] or entry["first_name"]  # then the roster has the id
    number = CANVAS_ID.fullmatch(student)
    if named and not student.isdecimal():
        number = None
    full = ", ".join(filter(None, (entry["last_name"], entry["first_name"])))
    return entry | {
        "Student": full if named else student,
        "ID": number[1] if number else "",
        "SIS Login ID": "" if number else student,
    }


def write_table(name, columns, rows):
    """Write rows, dicts, into a table of the labs' build folder; return its path."""
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(
        {column: _harmless(row.get(column, "")) for column in columns} for row in rows
    )
    path = release.build_folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, table.getvalue())
    return path


def _harmless(value):
    """Return a cell that a spreadsheet takes as text, however it begins."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula and value != NO_MARK else value


def _read(name):
    path = release.build_folder() / name
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _keep(name, known):
    text = json.dumps(known, ensure_ascii=False, indent=1)
    replace_text(release.build_folder() / name, text)
