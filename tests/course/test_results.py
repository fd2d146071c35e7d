import json
import subprocess
import sys

from course import results
from helpers.files import ROOT

import pytest
from rows import row, seeds

WRITER = """
import pathlib, sys
from course import results
number, path = int(sys.argv[1]), pathlib.Path(sys.argv[2])
about = {"lesson": "02_vae", "budget": "cpu", "backend": "b", "device": "d"}
about |= {"source": "", "seed": number, "value": 1.0}
print("ready", flush=True)
sys.stdin.readline()
for i in range(20):
    results.add([about | {"metric": f"m{i:02}"}], path)
"""


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "data" / "results.json")
    return tmp_path / "data" / "results.json"


def test_a_newer_row_replaces_its_own_kind_only(ledger):
    results.add([row(), row(seed=1, value=91.0)])
    results.add([row(value=89.0)])
    assert [(r["seed"], r["value"]) for r in results.load()] == [(0, 89.0), (1, 91.0)]


def test_rows_can_be_kept_beside_the_ledger(ledger, tmp_path):
    own = tmp_path / "outputs" / "results.json"
    results.add([row()], own)
    results.add([row(value=89.0)], own)
    assert [r["value"] for r in results.load(own)] == [89.0]
    assert not ledger.exists()


def test_no_row_is_lost_where_several_processes_write_at_once(tmp_path):
    path = tmp_path / "results.json"
    command = [sys.executable, "-c", WRITER]
    writers = [
        subprocess.Popen(
            [*command, str(number), str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    rows = {(r["seed"], r["metric"]) for r in results.load(path)}
    assert len(rows) == 3 * 20


def test_the_spread_is_the_sample_standard_deviation_over_seeds():
    assert results.summarise(seeds(90.0, 91.0, 92.0)) == (91.0, 1.0, 3)
    assert results.summarise([row()]) == (90.0, None, 1)


def test_a_row_that_is_a_mean_over_seeds_brings_its_own_spread():
    found = [row(spread=0.25, num_seeds=5)]
    assert results.summarise(found) == (90.0, 0.25, 5)
    assert results.figure(found) == "90.0 ± 0.2"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((0.091360, 0.091404, 0.091316), "0.09136 ± 0.00004"),
        ((90.0, 91.0, 92.0), "91.0 ± 1.0"),
        ((12_000.0, 15_000.0), "14000 ± 2000"),
        ((10.0, 10.0), "10.0"),
        ((564.1,), "564"),
        ((0.23174,), "0.232"),
        ((1668.0,), "1670"),
        ((-19.81,), "-19.8"),
        ((0.0,), "0.00"),
    ],
)
def test_a_figure_has_the_digits_that_its_spread_leaves(values, wanted):
    assert results.figure(seeds(*values)) == wanted


def test_a_damaged_ledger_is_named_and_kept(ledger):
    ledger.parent.mkdir()
    ledger.write_text("[{")
    with pytest.raises(ValueError, match="results.json is not valid JSON"):
        results.add([row()])
    assert ledger.read_text() == "[{"


def test_the_committed_ledger_holds_whole_rows_of_real_budgets():
    """Rows of pages have the machine's speed since the day it was first measured."""
    fields = {"lesson", "metric", "value", "unit", "budget", "backend", "device"}
    fields |= {"source", "seed", "versions", "date"}
    rows = json.loads(results.RESULTS.read_text("utf-8"))
    assert rows
    for found in rows:
        of_a_run = {"seconds", "peak_mib"} if found["lesson"] != "helpers" else set()
        if of_a_run and found["date"] >= "2026-11-25":
            of_a_run.add("product_gflops")
        assert fields | of_a_run <= found.keys(), found
        assert found["budget"] in ("cpu", "gpu"), found
