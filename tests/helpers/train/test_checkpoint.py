import os

from helpers.train.checkpoint import Checkpoint

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
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\).*resume=False"):
        other.restore()
    assert not np.any(keras.ops.convert_to_numpy(variables[0]))


def test_another_number_of_variables_is_named(tmp_path):
    make(tmp_path / "run.npz", [1.0])[0].save(1, {})
    with pytest.raises(ValueError, match="holds 1 variables, this run has 2"):
        make(tmp_path / "run.npz", [1.0, 2.0])[0].restore()


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


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_keeps_the_last_whole_checkpoint(tmp_path, capsys):
    checkpoint, _ = make(tmp_path / "run.npz", [1.0])
    checkpoint.save(1, {})
    (tmp_path / "run.npz.part").symlink_to("/dev/full")
    checkpoint.save(2, {})
    assert "No space left" in capsys.readouterr().out
    assert checkpoint.restore()[0] == 1
