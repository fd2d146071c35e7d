"""Training that survives a kill: the state of a run in one file, always whole."""

import json
import os
import pathlib
import time

from helpers.backend import keras
from helpers.train.step import variables_of

import numpy as np


class Checkpoint:
    """Save and restore everything that a training run changes.

    Args:
        path: str or path of the file, such as `"../outputs/02_vae/two_latents.npz"`. It
            exists while training runs and is removed when training is done.
        tracked: list of models, optimizers, `SeedGenerator`s and variables.
        resume: bool. `False` starts afresh and removes what an earlier run left.
        every_seconds: float ≥ 0. Time between two saves at the least.

    The file is NumPy's npz, read without pickle, and is replaced in one go, so a kill
    at any moment leaves the last whole one.
    """

    def __init__(self, path, tracked, *, resume=True, every_seconds=10.0):
        self.path = pathlib.Path(path)
        self.tracked = list(tracked)
        self.every_seconds = every_seconds
        self._last_save = -np.inf
        if not resume:
            self.remove()

    def save(self, epoch, history):
        """Write the state after `epoch` epochs, if the last save is long enough ago.

        A folder that cannot be written, or a full disk, is reported; training goes on.
        """
        if time.monotonic() - self._last_save < self.every_seconds:
            return
        variables = variables_of(self.tracked)
        arrays = {
            f"value_{i}": keras.ops.convert_to_numpy(v.value)
            for i, v in enumerate(variables)
        }
        about = {
            "epoch": epoch,
            "history": history,
            "names": [v.path for v in variables],
        }
        temporary = self.path.with_name(self.path.name + ".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "wb") as file:
                np.savez(file, about=np.array(json.dumps(about)), **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError as error:
            print(f"No checkpoint: {self.path} cannot be written ({error.strerror}).")
        self._last_save = time.monotonic()

    def restore(self):
        """Put the saved state back, if there is one.

        Returns:
            `(epoch, history)`: how many epochs are done and what they measured;
            `(0, {})` where there is no file.

        Raises:
            ValueError: the file is damaged, or belongs to a model of other shapes.
        """
        if not self.path.exists():
            return 0, {}
        variables = variables_of(self.tracked)
        about, values = self._read()
        if len(values) != len(variables):
            raise ValueError(
                f"{self.path} holds {len(values)} variables, this run has "
                f"{len(variables)}. {self._way_out}"
            )
        for name, variable, value in zip(
            about["names"], variables, values, strict=True
        ):
            if value.shape != tuple(variable.shape):
                raise ValueError(
                    f"{self.path} holds {name} of shape {value.shape}, this run has "
                    f"{variable.path} of shape {tuple(variable.shape)}. {self._way_out}"
                )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return about["epoch"], about["history"]

    def remove(self):
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)

    _way_out = "Pass resume=False to start afresh."

    def _read(self):
        try:
            with open(self.path, "rb") as file:
                arrays = np.load(file, allow_pickle=False)
                about = json.loads(str(arrays["about"]))
                values = [arrays[f"value_{i}"] for i in range(len(about["names"]))]
        except Exception as error:  # zip, JSON and key errors: all mean the same here
            raise ValueError(
                f"{self.path} is no whole checkpoint ({error}). {self._way_out}"
            ) from error
        return about, values
