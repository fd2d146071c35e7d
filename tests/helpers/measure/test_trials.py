"""Intervals and verdicts of a trial, against cases that can be worked out by hand."""

import json

from helpers.measure import trials

import numpy as np
import pytest


def test_an_interval_of_pairs_is_students():
    mean, half = trials.paired_interval([1.0, 2.0, 3.0], confidence=0.95)
    assert mean == 2
    assert half == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)  # t, 2 degrees


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [
        trials.paired_interval(x, confidence=0.8) for x in rng.normal(size=(2000, 5))
    ]
    covered = np.mean([abs(mean) < half for mean, half in found])
    assert covered == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("values", [[1.0], [], [[1.0, 2.0], [3.0, 4.0]]])
def test_what_is_no_pair_is_refused(values):
    with pytest.raises(ValueError, match="two pairs or more"):
        trials.paired_interval(values, confidence=0.95)


def test_a_confidence_is_below_one():
    with pytest.raises(ValueError, match="confidence must be in"):
        trials.paired_interval([1.0, 2.0], confidence=95)


@pytest.mark.parametrize(
    ("intervals", "word"),
    [
        ([(-1, 0.5), (-0.1, 0.05)], "lower"),
        ([(1, 0.5), (0.1, 0.05)], "higher"),
        ([(-1, 0.5), (-0.1, 0.2)], "no difference shown"),
        ([(1, 0.5), (0.1, 0.2)], "no difference shown"),
        ([(-1, 0.5), (0.1, 0.05)], "no difference shown"),
    ],
)
def test_a_verdict_needs_the_interval_of_every_world(intervals, word):
    assert trials.verdict(intervals) == word


def some_values():
    rng = np.random.default_rng(0)
    start = rng.normal(size=(2, 5))
    return {
        ("a", "nll_oracle"): start + 0.001 * rng.normal(size=(2, 5)) - 1,
        ("b", "nll_oracle"): start,
        ("c", "nll_oracle"): start + 5 * rng.normal(size=(2, 5)),
    }


def test_verdicts_are_paired_and_widened_by_their_number():
    values = some_values()
    both = trials.verdicts(values, "a", ["b", "c"], measures=["nll_oracle", "absent"])
    assert [row["verdict"] for row in both] == ["lower", "no difference shown"]
    [alone] = trials.verdicts(values, "a", ["b"], measures=["nll_oracle"])
    gaps = values["a", "nll_oracle"] - values["b", "nll_oracle"]
    for row, number in ((both[0], 2), (alone, 1)):
        confidence = 1 - 0.05 / number
        expected = [trials.paired_interval(g, confidence=confidence) for g in gaps]
        assert row["intervals"] == expected
    assert trials.describe(both).startswith("2 comparisons")


def test_what_is_equal_by_construction_is_not_compared():
    values = some_values()
    values["d", "nll_oracle"] = values["a", "nll_oracle"]
    found = trials.verdicts(values, "a", ["b", "d"], measures=["nll_oracle"])
    assert [row["rival"] for row in found] == ["b"]


def test_measures_match_between_two_rows_and_at_the_ends():
    rows = [
        {"nll_oracle": 3.0, "kl": 1.0},
        {"nll_oracle": 1.0, "kl": 0.0},
        {"nll_oracle": 2.0, "kl": 0.4},
    ]
    assert trials.matched(2.5, rows, by="nll_oracle")["kl"] == pytest.approx(0.7)
    assert trials.matched(1.0, rows, by="nll_oracle") == {"nll_oracle": 1.0, "kl": 0.0}
    assert trials.matched(0.0, rows, by="nll_oracle")["kl"] == 0.0


def test_a_trial_becomes_curves_ends_and_a_table():
    def row(value):
        return {"nll_oracle": value, "kl": value / 2}

    start = [row(1.0), row(3.0)]
    trial = [
        [(start, {"a": [row(3.0), row(2.0 + k)], "b": [row(3.0), row(9.0)]})]
        for k in range(2)
    ]
    curves = trials.curves_of(trial, "nll_oracle", world="World")
    assert curves["World 1"]["a"].tolist() == [[3.0, 3.0]]
    ends = trials.ends_of(trial, target="a", by="nll_oracle")
    assert ends[0][0]["start"] == row(3.0)
    assert ends[0][0]["tempered"] == row(2.0)
    table = trials.by_arm(ends, ["nll_oracle"])
    assert table["b", "nll_oracle"].tolist() == [[9.0], [9.0]]
    curve, dots = trials.plane_of(trial, ends, "nll_oracle", "kl", world="World")[
        "World 0"
    ]
    assert curve.tolist() == [[1.0, 0.5], [3.0, 1.5]]
    assert dots["a"].tolist() == [[2.0, 1.0]]


def test_a_summary_spreads_over_seeds_not_over_worlds():
    found = trials.summary([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0]])
    assert (found["value"], found["spread"], found["num_seeds"]) == (7.0, 1.0, 6)


def test_verdicts_come_again_from_the_ledger(tmp_path, capsys):
    rng, rows = np.random.default_rng(0), []
    for arm, level in (("seqgan", 2.0), ("tempered", 2.0), ("mle", 2.6)):
        for measure in ("nll_oracle", "held_out", "reverse", "forward"):
            values = level + 0.01 * rng.normal(size=(2, 5))
            about = {"lesson": "05_seqgan", "metric": f"trial_{arm}_{measure}"}
            rows.append(about | trials.summary(values) | {"budget": "cpu"})
            foreign = rows[-1] | {"values": [[0.0] * 5] * 2}
            rows.append(foreign | {"metric": f"other_{arm}_{measure}"})
            rows.append(foreign | {"lesson": "04_char_rnn"})
    path = tmp_path / "results.json"
    path.write_text(json.dumps(rows))
    trials.main([str(path)])
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("4 comparisons")
    assert [line.split()[0] for line in said[3:]] == ["mle", "mle", "tempered"] + [
        "tempered"
    ]
    assert all(line.endswith("lower") for line in said[3:5])
    assert all(line.endswith("shown") for line in said[5:])
    with pytest.raises(SystemExit):
        trials.main([str(path), "--budget", "gpu"])
