import json

from course import results

import pytest


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path / "data" / "results.json")
    return tmp_path / "data" / "results.json"


def row(**changes):
    base = {
        "lesson": "02_vae",
        "metric": "iwae_nll",
        "value": 90.0,
        "unit": "nats/image",
        "budget": "cpu",
        "backend": "tensorflow",
        "device": "2 CPU cores",
        "source": "mnist",
        "seed": 0,
    }
    return base | changes


def test_a_newer_row_replaces_its_own_kind_only(ledger):
    results.add([row(), row(seed=1, value=91.0)])
    results.add([row(value=89.0)])
    assert [(r["seed"], r["value"]) for r in results.load()] == [(0, 89.0), (1, 91.0)]


def test_table_gives_mean_and_sample_standard_deviation_over_seeds(ledger):
    values = (90.0, 91.0, 92.0)  # mean 91, sample standard deviation 1
    results.add([row(seed=s, value=v) for s, v in enumerate(values)])
    results.add([row(metric="run_seconds", value=200.0, unit="s")])
    table = results.table()
    assert "| iwae_nll | 91 ± 1 | nats/image | 3 | cpu | mnist |" in table
    assert "| run_seconds | 200 | s | 1 |" in table


def test_large_and_small_figures_are_readable_in_the_table(ledger):
    results.add([row(seed=s, value=v) for s, v in enumerate((12_000.0, 15_000.0))])
    results.add(
        [row(metric="excess", seed=s, value=v) for s, v in ((0, 0.02), (1, 0.02003))]
    )
    table = results.table()
    assert "| iwae_nll | 13500 ± 2121 |" in table
    assert "| excess | 0.02001 ± 2.1e-05 |" in table


def test_a_damaged_ledger_is_named_and_kept(ledger):
    ledger.parent.mkdir()
    ledger.write_text("[{")
    with pytest.raises(ValueError, match="results.json is not valid JSON"):
        results.add([row()])
    assert ledger.read_text() == "[{"


def test_the_committed_ledger_holds_whole_rows_of_real_budgets():
    fields = {"lesson", "metric", "value", "unit", "budget", "backend", "device"}
    fields |= {"source", "seed", "versions", "date"}
    rows = json.loads(results.RESULTS.read_text("utf-8"))
    assert rows
    for found in rows:
        of_a_run = {"seconds", "peak_mib"} if found["lesson"] != "helpers" else set()
        assert fields | of_a_run <= found.keys(), found
        assert found["budget"] in ("cpu", "gpu"), found
