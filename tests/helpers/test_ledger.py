from course.results import read_pending
from helpers import ledger

import pytest


def test_record_prints_always_and_writes_where_a_run_asks(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("COURSE_LEDGER", raising=False)
    ledger.record("02_vae", "iwae_nll", 90.25, unit="nats/image", source="mnist")
    assert "iwae_nll = 90.25 nats/image" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_LEDGER", str(tmp_path / "rows.jsonl"))
    monkeypatch.setenv("COURSE_SEED", "3")
    ledger.record("02_vae", "iwae_nll", 90.25, unit="nats/image", source="mnist", k=5)
    (found,) = read_pending(tmp_path / "rows.jsonl")
    assert found["value"] == 90.25 and found["seed"] == 3 and found["k"] == 5
    assert found["budget"] == "smoke" and found["source"] == "mnist"
    assert {"backend", "device", "versions", "date", "unit"} <= found.keys()


def test_a_mean_over_seeds_is_printed_with_its_spread(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_LEDGER", raising=False)
    more = {"unit": "nats/image", "num_seeds": 3}
    ledger.record("02_vae", "iwae_nll", 90.25, spread=0.1234, **more)
    assert "iwae_nll = 90.25 ± 0.12 nats/image" in capsys.readouterr().out


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=f"iwae_nll must be finite, got {value}"):
        ledger.record("02_vae", "iwae_nll", value, unit="nats/image")
