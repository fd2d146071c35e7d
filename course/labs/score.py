"""Score projects: read arrays, compute figures, write a leaderboard.

Nothing that was handed in is executed: `helpers.measure.projects` reads arrays without
pickle and checks them. The notebook beside them is read by a person.
"""

from course.labs import intake, marks
from helpers.measure import projects

COLUMNS = ("rank", "student", "level")


def figure_of(project):
    """Return the name of the figure that a leaderboard shows first."""
    return projects.LEVELS[project][0] if project in projects.LEVELS else "difference"


def score(project, folder, digits=None):
    """Score all hand-ins of a project and write the leaderboard.

    Args:
        project: one of `projects.FORMATS`.
        folder: path, as in `intake.collect`, of folders and files with
            `PROJECT.npz` anywhere below them; of several, the newest counts.
        digits: `ImageSet` with the test images, for the projects that need them.

    Returns:
        `(path, rows)`: the table `PROJECT.csv` in the labs' build folder and its rows,
        dicts with the keys `COLUMNS`, the project's figures, and `remark`; the best
        first, whoever has no figures last. Project 4 is no contest: its rows have no
        rank and come by name.

    Raises:
        ValueError: there is no such folder, or nobody in it.
    """
    students, loose = intake.files_by_student(folder, marks.roster())
    if not students and not loose:
        raise ValueError(f"No hand-in in {str(folder)!r}: expected STUDENT/{project}.")
    rows = [_row(project, *each, digits) for each in students.items()]
    rows += [
        {"student": name, "remark": "lies in no student's folder"} for name in loose
    ]
    scored = [row for row in rows if "level" in row]
    if project in projects.LEVELS:
        figure = figure_of(project)
        scored.sort(key=lambda row: row[figure])
        for row in scored:
            row["rank"] = 1 + sum(other[figure] < row[figure] for other in scored)
    rows = [*scored, *(row for row in rows if "level" not in row)]
    figures = [name for row in scored[:1] for name in row if name not in COLUMNS]
    names = [name for name in figures if name != "remark"]
    path = marks.write_table(f"{project}.csv", (*COLUMNS, *names, "remark"), rows)
    return path, rows


def _row(project, student, found, digits):
    """Return the row of one student, whatever was handed in."""
    files, errors = found
    mine = [file for file in files if _belongs(file.path.name, project)]
    if not mine:
        names = ", ".join([file.shown for file in files][:5] + [n for n, _ in errors])
        return {
            "student": student,
            "remark": f"no {project}.npz ({names or 'nothing'})",
        }
    *others, newest = sorted(mine, key=lambda file: file.age)
    remarks = [f"newest of {len(mine)}: {newest.shown}"] if others else []
    if newest.sender and newest.sender.is_late:
        remarks.append(f"late, {newest.sender.platform} says")
    row = {"student": student}
    try:
        if newest.path.is_symlink() or not newest.path.is_file():
            raise ValueError("is no plain file")
        arrays = projects.load(project, newest.path)
        row |= projects.score(project, arrays, digits)
    except (ValueError, OSError) as error:
        row["remark"] = " ".join(str(error).split())
    row["remark"] = "; ".join(filter(None, [row["remark"], *remarks]))
    return row


def _belongs(name, project):
    name = name.casefold()
    return project in name and name.endswith(".npz")
