"""Where nbgrader finds the labs and puts what it makes; used by `course labs`."""

import os
import pathlib

from course.labs.execute import Execute
from course.labs.feedback import HideTests
from course.labs.late import PercentADay

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.preprocessors import Execute as Original

c = get_config()  # noqa: F821  (nbgrader defines it)

root = pathlib.Path(__file__).parent
build = os.environ.get("COURSE_LABS", "build/labs")
(root / build).mkdir(parents=True, exist_ok=True)  # for the gradebook
c.CourseDirectory.course_id = "generative-models"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "notebooks/labs"
c.CourseDirectory.release_directory = f"{build}/release"
c.CourseDirectory.submitted_directory = f"{build}/submitted"
c.CourseDirectory.autograded_directory = f"{build}/autograded"
c.CourseDirectory.feedback_directory = f"{build}/feedback"
c.CourseDirectory.db_url = f"sqlite:///{build}/gradebook.db"

# Cells run with bounds on what they say, and stderr costs no points.
c.Autograde.autograde_preprocessors = [
    Execute if step is Original else step
    for step in Autograde.autograde_preprocessors.default()
]
# Feedback says what hidden tests found, and keeps their code back.
c.GenerateFeedback.preprocessors = [
    HideTests,
    *GenerateFeedback.preprocessors.default(),
]
# Labs with a due date: what each day costs that has begun after it.
c.AssignLatePenalties.plugin_class = PercentADay
c.PercentADay.percent = 10
# What a student's code shows is text and pictures in the feedback, never a script.
c.HTMLExporter.sanitize_html = True
