import os
import subprocess
import sys

from helpers.files import ROOT
from helpers.train import threads

import pytest

VARIABLES = "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS"
BEFORE_AND_AFTER_KERAS = """
import sys, warnings
from helpers.train.threads import run_side_by_side

warnings.simplefilter("error", UserWarning)
assert run_side_by_side(2)
assert "keras" not in sys.modules  # the module itself does not come too late
import helpers.backend

assert run_side_by_side(2)  # the cell may be run again
try:
    run_side_by_side(3)
except UserWarning as warning:
    assert "restart the kernel" in str(warning)
else:
    raise AssertionError("the threads have started, and nobody said so")
"""


@pytest.mark.parametrize(
    ("num_operations", "cores_each"), [(1, "8"), (2, "4"), (3, "2"), (16, "1")]
)
def test_each_operation_gets_its_part_of_the_cores(
    monkeypatch, num_operations, cores_each
):
    monkeypatch.setattr(threads, "num_cores", lambda: 8)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
    assert threads.run_side_by_side(num_operations)
    assert [os.environ[name] for name in VARIABLES] == [str(num_operations), cores_each]


def test_threads_are_set_before_keras_and_afterwards_no_more():
    env = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-c", BEFORE_AND_AFTER_KERAS]
    subprocess.run(command, cwd=ROOT, env=env, check=True)


def test_no_operation_at_once_is_an_error():
    with pytest.raises(ValueError, match="got 0"):
        threads.run_side_by_side(0)
