"""The actions of `course labs`.

What an action needs is imported when it starts: some of it takes seconds. Each takes
the options that `course.options` has read.
"""

from helpers import catalogue


def release_labs(options):
    """Make the students' copies and the student edition, and name them."""
    from course.labs import grade, student

    chosen = [catalogue.find(name, "lab").stem for name in options.labs]
    chosen = chosen or grade.names()
    try:
        for path in (*grade.release(chosen), *student.write(chosen)):
            print(path)
    except grade.GradingFailed as error:
        raise ValueError(str(error)) from error


def grade_labs(options):
    """Grade a folder or zip; show progress, then the points."""
    from course.labs import grade

    from tqdm import tqdm

    lab = catalogue.find(options.lab, "lab").stem if options.lab else None
    folder = grade.unpack(options.folder)
    with tqdm(total=len(grade.collect(folder)), unit="submission") as bar:

        def tell(submission, status):
            bar.update()
            if status != "graded":
                bar.write(f"{'/'.join(submission)}: {status}")

        try:
            rows = grade.grade(
                folder,
                lab=lab,
                isolated=not options.unsafe,
                seconds=options.seconds,
                cell_seconds=options.cell_seconds,
                memory_mib=options.memory,
                jobs=options.jobs,
                on_graded=tell,
            )
        except grade.GradingFailed as error:
            raise ValueError(str(error)) from error
    for row in rows:
        points = f"{row['score']:g}/{row['max_score']:g}"
        print(f"{row['student']:20} {row['lab']:20} {points:>8}  {row['status']}")
    print(f"marks: {grade.build_folder() / 'marks.csv'}")
    print(f"feedback: {grade.build_folder() / 'feedback'}")


def score_project(options):
    """Score a project and show its leaderboard."""
    from course.labs import platforms, score
    from helpers.data.images import load_digits
    from helpers.measure.projects import ON_DIGITS

    project = catalogue.find(options.project, "project").stem
    digits = load_digits("mnist") if project in ON_DIGITS else None
    path, rows = score.score(project, platforms.unpack(options.folder), digits)
    figure = score.figure_of(project)
    for row in rows:
        told = f"{row[figure]:10.4g}" if figure in row else " " * 10
        level = row.get("level", "not scored")
        print(f"{row.get('rank', ''):4} {row['student']:20} {told}  {level:10}", end="")
        print(f"  {row['remark']}".rstrip())
    print(f"leaderboard: {path}")


def time_labs(options):
    """Measure how long a submission of each lab takes to grade."""
    from course import results
    from course.labs import grade, timing

    chosen = [catalogue.find(name, "lab").stem for name in options.labs]
    try:
        rows = timing.measure(chosen or grade.names())
    except grade.GradingFailed as error:
        raise ValueError(str(error)) from error
    if options.record:
        results.add(rows)


def write_marks(options):
    """Write the tables of marks anew, and name them."""
    from course.labs import grade, marks

    marks.write()
    for name in marks.TABLES:
        print(grade.build_folder() / name)
