import os
import subprocess
import sys

from course.labs.sandbox import watch

MIB = 2**20


def test_private_memory_counts_and_pages_of_files_do_not():
    code = f"held = b'1' * (100 * {MIB}); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
            own = watch._own_bytes(file.read())
        process.communicate(b"\n")
    assert 100 * MIB <= own < 120 * MIB


def test_all_processes_are_added_up(tmp_path):
    for process in range(3):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "statm").write_text(f"9 {10 * MIB // PAGE} 1")
        (tmp_path / str(process) / "smaps_rollup").write_text(SMAPS)
    (tmp_path / "meminfo").write_text("")
    assert watch.exceeds(tmp_path, 14 * MIB)
    assert not watch.exceeds(tmp_path, 15 * MIB)


def test_what_has_ended_holds_nothing(tmp_path):
    (tmp_path / "7").mkdir()
    assert not watch.exceeds(tmp_path, 0)
    assert not watch.exceeds(tmp_path / "missing", 0)


PAGE = os.sysconf("SC_PAGE_SIZE")
SMAPS = "Rss: 10240 kB\nPss: 7168 kB\nPss_Anon: 5120 kB\nPss_File: 2048 kB\n"
