import os
import subprocess
import sys

from helpers import processor
from helpers.files import ROOT

import pytest


def test_cores_that_a_process_may_not_use_do_not_count():
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not bind processes to cores")
    code = (
        "import os\n"
        "from helpers.processor import num_cores\n"
        "print(num_cores() == len(os.sched_getaffinity(0)))\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "print(num_cores())"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "True\n1\n"


def test_all_cores_count_where_the_system_binds_none(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert processor.num_cores() == 6


def test_processor_flags_are_those_that_the_system_lists(tmp_path):
    listing = tmp_path / "cpuinfo"
    listing.write_text("processor\t: 0\nflags\t\t: fpu avx2 amx_bf16\n", "utf-8")
    assert processor.processor_flags(listing) == {"fpu", "avx2", "amx_bf16"}
    assert processor.processor_flags(tmp_path / "no such file") == set()
