import json

import pytest

from helpers import ledger


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "RESULTS", tmp_path / "data" / "results.json")
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


def test_record_prints_always_and_writes_where_a_run_asks(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("COURSE_LEDGER", raising=False)
    ledger.record("02_vae", "iwae_nll", 90.25, unit="nats/image", source="mnist")
    assert "iwae_nll = 90.25 nats/image" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_LEDGER", str(tmp_path / "rows.jsonl"))
    monkeypatch.setenv("COURSE_SEED", "3")
    ledger.record("02_vae", "iwae_nll", 90.25, unit="nats/image", source="mnist", k=5)
    (found,) = ledger.read_pending(tmp_path / "rows.jsonl")
    assert found["value"] == 90.25 and found["seed"] == 3 and found["k"] == 5
    assert found["budget"] == "smoke" and found["source"] == "mnist"
    assert {"backend", "device", "versions", "date", "unit"} <= found.keys()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=f"iwae_nll must be finite, got {value}"):
        ledger.record("02_vae", "iwae_nll", value, unit="nats/image")


def test_a_newer_row_replaces_its_own_kind_only(results):
    ledger.add([row(), row(seed=1, value=91.0)])
    ledger.add([row(value=89.0)])
    assert [(r["seed"], r["value"]) for r in ledger.load()] == [(0, 89.0), (1, 91.0)]


def test_table_gives_mean_and_sample_standard_deviation_over_seeds(results):
    values = (90.0, 91.0, 92.0)  # mean 91, sample standard deviation 1
    ledger.add([row(seed=s, value=v) for s, v in enumerate(values)])
    ledger.add([row(metric="run_seconds", value=200.0, unit="s")])
    table = ledger.table()
    assert "| iwae_nll | 91 ± 1 | nats/image | 3 | cpu | mnist |" in table
    assert "| run_seconds | 200 | s | 1 |" in table


def test_large_and_small_figures_are_readable_in_the_table(results):
    ledger.add([row(seed=s, value=v) for s, v in enumerate((12_000.0, 15_000.0))])
    ledger.add(
        [row(metric="excess", seed=s, value=v) for s, v in ((0, 0.02), (1, 0.02003))]
    )
    table = ledger.table()
    assert "| iwae_nll | 13500 ± 2121 |" in table
    assert "| excess | 0.02001 ± 2.1e-05 |" in table


def test_a_damaged_ledger_is_named_and_kept(results):
    results.parent.mkdir()
    results.write_text("[{")
    with pytest.raises(ValueError, match="results.json is not valid JSON"):
        ledger.add([row()])
    assert results.read_text() == "[{"


def test_the_committed_ledger_holds_whole_rows_of_real_budgets():
    fields = {"lesson", "metric", "value", "unit", "budget", "backend", "device"}
    fields |= {"source", "seed", "versions", "date"}
    rows = json.loads(ledger.RESULTS.read_text("utf-8"))
    assert rows
    for found in rows:
        of_a_run = {"seconds", "peak_mib"} if found["lesson"] != "helpers" else set()
        assert fields | of_a_run <= found.keys(), found
        assert found["budget"] in ("cpu", "gpu"), found
