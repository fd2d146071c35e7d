"""Tests and lessons run offline, at the smoke budget, and write nowhere but to tmp."""

import os

os.environ.setdefault("COURSE_BUDGET", "smoke")
os.environ.setdefault("COURSE_OFFLINE", "1")
