"""The command `course`."""

import json
import sys

from course.labs import actions
from course.options import make_parser
from helpers import catalogue
from helpers.budget import parse_seed
from helpers.files import OUTPUTS

# What an action needs is imported when it starts: some of it takes seconds.

GROUPS = {"nbgrader": "teach"}  # packages that not all have


def main(arguments=None):
    """Run the command; return its exit status."""
    options = make_parser().parse_args(arguments)
    try:
        return ACTIONS[options.action](options) or 0
    except ModuleNotFoundError as error:
        group = GROUPS.get((error.name or "").split(".")[0])
        if group is None:
            raise
        hint = f"uv sync --inexact --group {group}"
        print(f"course: {error.name} is not installed: {hint}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"course: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("course: stopped.", file=sys.stderr)
        return 130


def _list(options):
    from course import report

    known, told = report.lessons(), []
    for page in catalogue.pages("lesson", "further"):
        minutes = report.minutes(page)
        subject = known.get(page.name, {}).get("subject", "")
        about = {"name": page.name, "title": page.title(), "minutes": minutes}
        told.append(about | {"subject": subject, "path": str(page.path)})
    if options.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    lines = [
        (row["name"], _minutes(row["minutes"]), row["title"], row["subject"])
        for row in told
    ]
    print_table(lines, right=(1,))


def _minutes(number):
    return f"{number} min" if number else ""


def _run(options):
    from course import results, run

    chosen = [catalogue.find(name) for name in options.pages]
    chosen = chosen or catalogue.pages("lesson")
    # what would fail, fails before minutes of work
    if options.seed is not None:
        parse_seed(options.seed, name="--seed")
    environment = run.settings(
        budget=options.budget, backend=options.backend, seed=options.seed
    )
    if options.record and environment.get("COURSE_BUDGET") == "smoke":
        raise ValueError("The smoke budget measures nothing that could be recorded.")
    OUTPUTS.mkdir(exist_ok=True)
    place = results.RESULTS if options.record else results.OWN
    results.load(place)
    failures = []
    for page in chosen:
        try:
            notebook, rows = _run_page(page, environment)
        except run.PageFailed as error:
            failures.append(_one_line(error))
            continue
        run.save(notebook, run.output_path(page))
        if options.write:
            run.save(notebook, page.path)
        _tell(rows)
        if rows and rows[0]["budget"] != "smoke":
            results.add(rows, place)
            print(f"  kept in {place.parent.name}/{place.name}")
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return len(failures) > 0


def _run_page(page, environment):
    """Execute a page with a progress bar."""
    from course import run

    from tqdm import tqdm

    with tqdm(total=len(page.read().cells), desc=page.name, unit="cell") as bar:
        return run.execute(page, environment=environment, on_cell=bar.update)


def _tell(rows):
    """Print the data and the figures, each beside the recorded ones.

    Figures of the smoke budget stand alone.
    """
    from course import compare, results

    recorded = results.load()
    if sources := sorted({row["source"] for row in rows} - {""}):
        print(f"  data: {', '.join(sources)}")
    for row in rows:
        told = f"{results.short(row['value'])} {row['unit']}"
        if row["budget"] != "smoke":
            told = compare.describe(row, recorded)
        print(f"  {row['metric']:28} {told}")


def _results(options):
    from course import report, results

    rows = results.load()
    if options.page:
        page = catalogue.find(options.page, "lesson", "further")
        rows = [row for row in rows if row["lesson"] == page.name]
    if options.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for name in dict.fromkeys(row["lesson"] for row in rows):
        print(f"\n{name}")
        lines = report.table([row for row in rows if row["lesson"] == name])
        print_table(lines, right=(1,))
    if not options.page:
        print()
        for path in report.write():
            print(f"up to date: {path.relative_to(report.ROOT)}")


def _publish(options):
    from course import publish

    if options.address is None:
        address = publish.own_address()
    else:
        address = publish.parse_address(options.address)
    reference = options.reference or publish.own_branch()
    changed = publish.publish(address, reference)
    print(f"Address {address}, reference {reference}.")
    print(f"Changed {len(changed)} files; commit and push them.")


def _site(options):
    from course import site

    print(f"Open {site.build()}")


def _slides(options):
    from course import slides

    for page in [catalogue.find(name, "lesson") for name in options.pages]:
        print(slides.write(page))


def _quizzes(options):
    from course import quizzes

    for path in quizzes.write():
        print(path)


def _copy(options):
    from course import copy

    written, kept = copy.copy(options.folder)
    for path in written:
        print(path)
    if kept:
        print(f"kept as they are: {len(kept)} pages that were there already")


def _samples(options):
    from course import samples

    print(samples.draw_strip())


def print_table(lines, *, right=()):
    """Print columns of text as wide as their widest cell.

    Args:
        lines: list of tuples of str, of one length.
        right: tuple of int. The columns that stand to the right.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  " + "  ".join(cells).rstrip())


def _one_line(error):
    """Return an error's message without line breaks."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or ''}: {error.strerror}".lstrip(": ")
    return " ".join(str(error).split())


ACTIONS = {
    "list": _list,
    "copy": _copy,
    "run": _run,
    "results": _results,
    "samples": _samples,
    "publish": _publish,
    "site": _site,
    "slides": _slides,
    "quizzes": _quizzes,
    "release": actions.release_labs,
    "grade": actions.grade_labs,
    "score": actions.score_project,
    "marks": actions.write_marks,
    "time": actions.time_labs,
}

if __name__ == "__main__":
    sys.exit(main())
