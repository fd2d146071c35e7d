from course import compare

import pytest
from rows import row, seeds

# mean 90.14; deviations -0.11, 0 and 0.11, so the sample standard deviation is 0.11
RECORDED = seeds(90.03, 90.14, 90.25)


@pytest.mark.parametrize(
    "value, distance",
    [
        (90.206, "0.6 spreads above"),
        (89.92, "2.0 spreads below"),
        (91.24, "10.0 spreads above"),
        (90.142, "less than 0.1 spreads away"),
    ],
)
def test_the_distance_is_in_standard_deviations_over_seeds(value, distance):
    told = compare.describe(row(value), RECORDED)
    number = f"{value:.4g}"
    wanted = f"{number} nats/image; recorded 90.14 ± 0.11 (3 seeds), {distance}"
    assert told == wanted


@pytest.mark.parametrize(
    "value, distance", [(91.0, "1 above"), (89.5, "0.5 below"), (90.0, "the same")]
)
def test_one_seed_has_no_spread_to_measure_with(value, distance):
    told = compare.describe(row(value), seeds(90.0))
    assert told.endswith(f"; recorded 90.0 (1 seed), {distance}")


def test_seeds_that_agree_to_the_digit_have_none_either():
    told = compare.describe(row(91.0), seeds(90.0, 90.0))
    assert told.endswith("; recorded 90.0 (2 seeds), 1 above")


def test_a_row_that_is_a_mean_over_seeds_brings_its_spread():
    told = compare.describe(row(91.0), seeds(90.0, spread=0.5, num_seeds=5))
    assert told.endswith("; recorded 90.0 ± 0.5 (5 seeds), 2.0 spreads above")


@pytest.mark.parametrize(
    "change",
    [
        {"budget": "gpu"},
        {"backend": "jax"},
        {"source": "drawn"},
        {"metric": "other"},
        {"lesson": "03_gan"},
        {"unit": "bits/image"},
    ],
)
def test_what_differs_in_more_than_the_seed_is_not_compared(change):
    told = compare.describe(row(90.21), seeds(1.0, 2.0, **change))
    assert told == "90.21 nats/image; nothing recorded for cpu, tensorflow, mnist"


def test_another_device_is_named_and_only_where_there_is_no_better_one():
    elsewhere = seeds(80.0, 82.0, device="GPU") + seeds(1.0, device="8 CPU cores")
    told = compare.describe(row(82.414), elsewhere)  # 81 + sqrt(2)
    assert told.endswith("; recorded 81.0 ± 1.4 (2 seeds, GPU), 1.0 spreads above")
    assert "recorded 90.14" in compare.describe(row(), elsewhere + RECORDED)


@pytest.mark.parametrize(
    "about",
    [
        {"metric": "run_seconds", "unit": "s"},
        {"metric": "step_ms", "unit": "ms"},
        {"metric": "cache_speedup", "unit": "ratio"},
        {"metric": "peak_mib", "unit": "MiB"},
    ],
)
def test_time_is_a_ratio_and_the_note_says_that_machines_differ(about):
    told = compare.describe(row(15.0, **about), seeds(9.0, 11.0, **about))
    assert "recorded 10.0 ± 1.4 (2 seeds), 1.5 times as much; machines differ" in told
    assert "spreads" not in told


def test_two_machines_are_compared_by_their_products_where_both_are_known():
    about = {"metric": "run_seconds", "unit": "s"}
    there = [row(10.0, **about, product_gflops=80.0), row(10.0, **about, seed=1)]
    told = compare.describe(row(20.0, **about, product_gflops=40.0), there)
    assert told.endswith("; machines differ (40 GFLOP/s here, 80 there)")
    told = compare.describe(row(20.0, **about), there)
    assert told.endswith("; machines differ")
