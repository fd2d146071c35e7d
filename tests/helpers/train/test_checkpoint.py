import io

from helpers.train.checkpoint import Checkpoint
from helpers.train.schedules import warmup_decay

import keras
import numpy as np
import pytest


def make(path, values, **options):
    variables = [keras.Variable(value) for value in values]
    return Checkpoint(path, variables, every_seconds=0, **options), variables


def test_what_was_saved_comes_back(tmp_path):
    saved, _ = make(tmp_path / "run.npz", [1.5, [2.0, 3.0]])
    saved.save(4, {"loss": [0.5]})
    restored, variables = make(tmp_path / "run.npz", [0.0, [0.0, 0.0]])
    assert restored.restore() == (4, {"loss": [0.5]})
    values = [keras.ops.convert_to_numpy(v) for v in variables]
    np.testing.assert_array_equal(np.hstack(values), [1.5, 2.0, 3.0])


def test_without_a_file_nothing_changes(tmp_path):
    checkpoint, variables = make(tmp_path / "run.npz", [1.5])
    assert checkpoint.restore() == (0, {})
    assert keras.ops.convert_to_numpy(variables[0]) == 1.5


def test_starting_afresh_removes_what_an_earlier_run_left(tmp_path):
    make(tmp_path / "run.npz", [1.5])[0].save(4, {})
    checkpoint, _ = make(tmp_path / "run.npz", [0.0], resume=False)
    assert checkpoint.restore() == (0, {})


def test_another_model_is_named_with_both_shapes(tmp_path):
    make(tmp_path / "run.npz", [[1.0, 2.0]])[0].save(1, {})
    other, variables = make(tmp_path / "run.npz", [[0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match=r"(?s)\(2,\).*\(3,\).*resume=False"):
        other.restore()
    assert not np.any(keras.ops.convert_to_numpy(variables[0]))


def test_another_number_of_variables_is_named(tmp_path):
    make(tmp_path / "run.npz", [1.0])[0].save(1, {})
    message = "number of variables: 1 there, 2 here"
    with pytest.raises(ValueError, match=message) as error:
        make(tmp_path / "run.npz", [1.0, 2.0])[0].restore()
    assert "variable 2, variable: nothing there, " in str(error.value)


def test_of_many_differences_the_first_are_named(tmp_path):
    make(tmp_path / "run.npz", [0.0] * 30)[0].save(1, {})
    with pytest.raises(ValueError, match="and 12 more"):  # of 1 number and 19 variables
        make(tmp_path / "run.npz", [0.0] * 11)[0].restore()


def save_and_restore(path, tracked, others, *, settings=None, other_settings=None):
    """Save one run and restore it into another."""
    Checkpoint(path, tracked, settings=settings, every_seconds=0).save(1, {})
    return Checkpoint(path, others, settings=other_settings).restore()


def test_equal_settings_resume_whatever_keras_names_its_objects(tmp_path):
    def make_run():
        model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
        model.build((None, 3))
        rate = warmup_decay(0.1, num_steps=20, num_warmup=3)
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(model.trainable_variables)
        return [model, optimizer, keras.random.SeedGenerator(3)]

    first, again = make_run(), make_run()
    assert first[0].variables[0].path != again[0].variables[0].path
    settings = {"batch_size": 8, "widths": (2, 1), "model": {"beta": 0.1, "name": None}}
    epoch, _ = save_and_restore(
        tmp_path / "run.npz", first, again, settings=settings, other_settings=settings
    )
    assert epoch == 1
    for old, new in zip(first[0].get_weights(), again[0].get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({"seed": 0}, {"seed": 1}, "seed: 0 there, 1 here"),
        ({"seed": 0}, None, "seed: 0 there, nothing here"),
        (None, {"words": True}, "words: nothing there, true here"),
        ({"vae": {"beta": 1}}, {"vae": {"beta": 4.5}}, r"vae.beta: 1 there, 4.5 here"),
        ({"widths": [2, 3]}, {"widths": [3, 2]}, r"\[2, 3\] there, \[3, 2\] here"),
    ],
)
def test_settings_that_differ_are_named_old_and_new(tmp_path, old, new, message):
    variables = [keras.Variable(1.0)], [keras.Variable(0.0)]
    with pytest.raises(ValueError, match=message) as error:
        save_and_restore(
            tmp_path / "run.npz", *variables, settings=old, other_settings=new
        )
    assert "pass resume=False" in str(error.value)
    assert str(error.value).count(" there, ") == 1
    assert keras.ops.convert_to_numpy(variables[1][0]) == 0.0


def rate(value):
    return keras.optimizers.Adam(value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (rate(0.001), rate(0.002), "Adam.learning_rate: 0.001 there, 0.002 here"),
        (
            rate(warmup_decay(0.5, num_steps=9)),
            rate(warmup_decay(0.5, num_steps=8)),
            "Adam.learning_rate.decay_steps: 9 there, 8 here",
        ),
        (
            rate(warmup_decay(0.5, num_steps=9, num_warmup=2)),
            rate(warmup_decay(0.5, num_steps=9, num_warmup=2, shape="linear")),
            "decay: CosineDecay there, PolynomialDecay here",
        ),
        (rate(0.1), keras.optimizers.SGD(0.1), "SGD.learning_rate: nothing there"),
        (
            keras.random.SeedGenerator(3),
            keras.random.SeedGenerator(4),
            "SeedGenerator.seed: 3 there, 4 here",
        ),
    ],
)
def test_settings_of_what_is_tracked_need_not_be_given(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message):
        save_and_restore(tmp_path / "run.npz", [old], [new])


def test_the_second_optimizer_is_told_from_the_first(tmp_path):
    old, new = ([rate(0.1), rate(other)] for other in (0.2, 0.3))
    with pytest.raises(ValueError, match="Adam 2.learning_rate: 0.2 there") as error:
        save_and_restore(tmp_path / "run.npz", old, new)
    assert "Adam.learning_rate" not in str(error.value)


def test_a_rate_that_training_changed_is_still_the_same_run(tmp_path):
    optimizer = rate(0.1)
    checkpoint = Checkpoint(tmp_path / "run.npz", [optimizer], every_seconds=0)
    optimizer.learning_rate.assign(0.05)
    checkpoint.save(3, {})
    again = rate(0.1)
    assert Checkpoint(tmp_path / "run.npz", [again]).restore() == (3, {})
    assert float(again.learning_rate) == pytest.approx(0.05)


def test_settings_that_a_file_cannot_hold_are_refused(tmp_path):
    with pytest.raises(ValueError, match="numbers, str, bool.*int64"):
        Checkpoint(tmp_path / "run.npz", [], settings={"seed": np.int64(0)})


def test_a_run_says_at_which_epoch_it_goes_on(tmp_path, capsys):
    checkpoint, _ = make(tmp_path / "run.npz", [1.0])
    assert checkpoint.restore(num_epochs=20) == (0, {})
    assert capsys.readouterr().out == ""
    checkpoint.save(6, {})
    checkpoint.restore(num_epochs=20)
    line = capsys.readouterr().out
    assert line.startswith("Resuming at epoch 7 of 20 (") and "run.npz" in line
    assert "Checkpoint(resume=False) starts afresh" in line


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "int8", "bool"])
def test_each_dtype_comes_back_to_the_bit(tmp_path, dtype):
    numbers = np.random.default_rng(0).normal(size=(5, 7)) * 1e-3
    old = keras.Variable(numbers > 0 if dtype == "bool" else numbers, dtype=dtype)
    new = keras.Variable(np.zeros((5, 7)), dtype=dtype)
    save_and_restore(tmp_path / "run.npz", [old], [new])
    old, new = map(keras.ops.convert_to_numpy, (old, new))
    assert new.dtype == old.dtype and new.tobytes() == old.tobytes()


def test_a_scalar_in_bfloat16_comes_back(tmp_path):
    old, new = (keras.Variable(v, dtype="bfloat16") for v in (1.5, 0.0))
    save_and_restore(tmp_path / "run.npz", [old], [new])
    assert float(keras.ops.convert_to_numpy(new)) == 1.5


def test_another_dtype_is_another_run(tmp_path):
    old, new = (keras.Variable(1.0, dtype=dtype) for dtype in ("float32", "bfloat16"))
    with pytest.raises(ValueError, match=r"float32 \(\) there, bfloat16 \(\) here"):
        save_and_restore(tmp_path / "run.npz", [old], [new])


def test_two_writers_leave_a_whole_file_of_one_of_them(tmp_path, monkeypatch):
    first, _ = make(tmp_path / "run.npz", [np.full(1000, 1.0)])
    second, _ = make(tmp_path / "run.npz", [np.full(1000, 2.0)])
    savez = np.savez

    def savez_in_halves(file, **arrays):
        whole = io.BytesIO()
        savez(whole, **arrays)
        content = whole.getvalue()
        file.write(content[:2000])
        file.flush()
        monkeypatch.setattr(np, "savez", savez)
        second.save(2, {})  # begins and ends while the first one writes
        file.write(content[2000:])

    monkeypatch.setattr(np, "savez", savez_in_halves)
    first.save(1, {})
    restored, variables = make(tmp_path / "run.npz", [np.zeros(1000)])
    assert restored.restore() == (1, {})
    assert (keras.ops.convert_to_numpy(variables[0]) == 1.0).all()
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_a_damaged_file_is_never_used(tmp_path):
    make(tmp_path / "run.npz", [1.0])[0].save(1, {})
    content = (tmp_path / "run.npz").read_bytes()
    (tmp_path / "run.npz").write_bytes(content[: len(content) // 2])
    checkpoint, variables = make(tmp_path / "run.npz", [7.0])
    with pytest.raises(ValueError, match="no whole checkpoint"):
        checkpoint.restore()
    assert keras.ops.convert_to_numpy(variables[0]) == 7.0


def test_saves_keep_their_distance_in_time(tmp_path):
    variables = [keras.Variable(1.0)]
    checkpoint = Checkpoint(tmp_path / "run.npz", variables, every_seconds=3600)
    checkpoint.save(1, {})
    checkpoint.save(2, {})
    assert checkpoint.restore()[0] == 1


def test_a_place_that_cannot_be_written_is_reported_and_training_goes_on(
    tmp_path, capsys
):
    (tmp_path / "file").write_text("not a folder")
    checkpoint, _ = make(tmp_path / "file" / "run.npz", [1.0])
    checkpoint.save(1, {})
    assert "cannot be written" in capsys.readouterr().out


def test_a_full_disk_keeps_the_last_whole_checkpoint(tmp_path, capsys):
    resource = pytest.importorskip("resource")
    checkpoint, variables = make(tmp_path / "run.npz", [np.full(10_000, 1.0)])
    checkpoint.save(1, {})
    variables[0].assign(np.full(10_000, 2.0))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # bytes in a file
    try:
        checkpoint.save(2, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "run.npz cannot be written (File too large)" in capsys.readouterr().out
    assert checkpoint.restore()[0] == 1
    assert (keras.ops.convert_to_numpy(variables[0]) == 1.0).all()
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
