"""Where nbgrader finds the labs and puts what it makes; used by `course labs`."""

import os
import pathlib

c = get_config()  # noqa: F821  (nbgrader defines it)

build = os.environ.get("COURSE_LABS", "build/labs")
c.CourseDirectory.course_id = "generative-models"
c.CourseDirectory.root = str(pathlib.Path(__file__).parent)
c.CourseDirectory.source_directory = "notebooks/labs"
c.CourseDirectory.release_directory = f"{build}/release"
c.CourseDirectory.submitted_directory = f"{build}/submitted"
c.CourseDirectory.autograded_directory = f"{build}/autograded"
c.CourseDirectory.feedback_directory = f"{build}/feedback"
c.CourseDirectory.db_url = f"sqlite:///{build}/gradebook.db"
