"""What a late hand-in costs, by nbgrader's own way of asking."""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

SECONDS_A_DAY = 24 * 60 * 60


class PercentADay(LateSubmissionPlugin):
    """Takes a share of the points for each day that has begun after the due date.

    nbgrader asks only where a lab has a due date and the hand-in came after it.
    """

    percent = Float(10, help="Percent of the points a day.").tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Return the points to be taken off, at most all of them.

        Args:
            student_id: str, not looked at.
            score: float ≥ 0, the points without a penalty.
            total_seconds_late: float > 0.
        """
        days = math.ceil(total_seconds_late / SECONDS_A_DAY)
        return score * min(1.0, days * self.percent / 100)
