"""Training that survives a kill: the state of a run in one file, always whole."""

import json
import pathlib
import re
import time

from helpers.backend import keras
from helpers.files import replacing
from helpers.train.step import variables_of

import numpy as np

NUM_SHOWN = 8  # settings that an error names


class Checkpoint:
    """Save and restore everything that a training run changes.

    Args:
        path: str or path of the file, such as `"../outputs/02_vae/two_latents.npz"`. It
            exists while training runs and is removed when training is done.
        tracked: list of models, optimizers, `SeedGenerator`s and variables.
        settings: dict of what else decides the result, such as the seed and the size of
            a batch: str to numbers, str, bool, `None`, lists and dicts of them. The
            configurations of tracked optimizers with their learning rates, the seeds of
            generators, and names, shapes and dtypes of all variables belong to the
            settings by themselves.
        resume: bool. `False` starts afresh and removes what an earlier run left.
        every_seconds: float ≥ 0. Time between two saves at the least.

    Raises:
        ValueError: `settings` holds something that JSON cannot.

    The file is NumPy's npz, read without pickle, and is replaced in one go, so a kill
    at any moment leaves the last whole one, and so do two runs that write to it.
    """

    def __init__(
        self, path, tracked, *, settings=None, resume=True, every_seconds=10.0
    ):
        self.path = pathlib.Path(path)
        self.tracked = list(tracked)
        self.every_seconds = every_seconds
        self._last_save = -np.inf
        # Of the optimizers as they are now: a learning rate may be changed in training.
        self._settings = _flat(_checked(settings or {})) | _settings_of(self.tracked)
        if not resume:
            self.remove()

    def save(self, epoch, history):
        """Write the state after `epoch` epochs, if the last save is long enough ago.

        A folder that cannot be written, or a full disk, is reported, and so is a state
        that has become NaN; the last checkpoint stays, and training goes on.
        """
        if time.monotonic() - self._last_save < self.every_seconds:
            return
        variables = variables_of(self.tracked)
        values = [keras.ops.convert_to_numpy(v.value) for v in variables]
        for variable, value in zip(variables, values, strict=True):
            if np.isnan(value).any():
                print(f"No checkpoint after epoch {epoch}: {variable.path} holds NaN.")
                return
        arrays = {f"value_{i}": _storable(value) for i, value in enumerate(values)}
        about = {
            "epoch": epoch,
            "history": history,
            "settings": self._settings | _settings_of_variables(variables),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as file:
                np.savez(file, about=np.array(json.dumps(about)), **arrays)
        except OSError as error:
            print(f"No checkpoint: {self.path} cannot be written ({error.strerror}).")
        self._last_save = time.monotonic()

    def restore(self, *, num_epochs=None):
        """Put the saved state back, if there is one.

        Args:
            num_epochs: int ≥ 0, how many epochs the whole run shall have, or `None`.
                Where it is given, a printed line says at which epoch the run goes on.

        Returns:
            `(epoch, history)`: how many epochs are done and what they measured;
            `(0, {})` where there is no file.

        Raises:
            ValueError: the file is damaged, belongs to a run with other settings (names
                them, old and new), or has more epochs than `num_epochs`. No variable
                has changed then.
        """
        if not self.path.exists():
            return 0, {}
        variables = variables_of(self.tracked)
        about, values = self._read()
        self._check_settings(about, variables)
        epoch = about["epoch"]
        if num_epochs is not None:
            self._tell(epoch, num_epochs)
        for variable, value in zip(variables, values, strict=True):
            dtype = np.dtype(variable.dtype)
            variable.assign(value.view(dtype) if dtype.kind == "V" else value)
        return epoch, about["history"]

    def remove(self):
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)

    def _tell(self, epoch, num_epochs):
        """Print at which epoch the run goes on."""
        if epoch > num_epochs:
            raise ValueError(
                f"{self.path} holds a run after {epoch} epochs, this run shall have "
                f"{num_epochs}. Ask for {epoch} or more to go on with it, or pass "
                "resume=False to Checkpoint to start afresh."
            )
        if epoch == num_epochs:
            where = f"after the last of {num_epochs} epochs"
        else:
            where = f"at epoch {epoch + 1} of {num_epochs}"
        afresh = "Checkpoint(resume=False) starts afresh"
        print(f"Resuming {where} ({self.path}; {afresh}).")

    def _check_settings(self, about, variables):
        """Raise an error that names the settings in which two runs differ."""
        old = about["settings"]
        new = self._settings | _settings_of_variables(variables)
        differences = [
            f"  {name}: {_text(old, name)} there, {_text(new, name)} here"
            for name in new | old
            if name not in old or name not in new or old[name] != new[name]
        ]
        if not differences:
            return
        shown, more = differences[:NUM_SHOWN], len(differences) - NUM_SHOWN
        if more > 0:
            shown.append(f"  and {more} more")
        raise ValueError(
            f"{self.path} holds an interrupted run with other settings:\n"
            + "\n".join(shown)
            + "\nPut them back to go on with that run, or pass resume=False to "
            "Checkpoint to start afresh."
        )

    def _read(self):
        try:
            with open(self.path, "rb") as file:
                arrays = np.load(file, allow_pickle=False)
                about = json.loads(str(arrays["about"]))
                num_values = about["settings"]["number of variables"]
                values = [arrays[f"value_{i}"] for i in range(num_values)]
        except Exception as error:  # zip, JSON and key errors: all mean the same here
            raise ValueError(
                f"{self.path} is no whole checkpoint ({error}). Pass resume=False to "
                "Checkpoint to start afresh."
            ) from error
        return about, values


def _checked(settings):
    """Return settings as JSON would give them back."""
    try:
        return json.loads(json.dumps(settings, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"settings must be numbers, str, bool, None, lists or dicts: {error}."
        ) from error


def _settings_of(tracked):
    """Return what the optimizers and the seed generators say about themselves."""
    settings, kinds = {}, []
    for thing in tracked:
        if not isinstance(
            thing, (keras.optimizers.Optimizer, keras.random.SeedGenerator)
        ):
            continue
        kinds.append(type(thing).__name__)
        number = kinds.count(kinds[-1])
        name = kinds[-1] if number == 1 else f"{kinds[-1]} {number}"
        try:
            config = thing.get_config()
        except NotImplementedError:  # a schedule that does not describe itself
            continue
        del config["name"]  # Keras numbers the names anew in each session
        settings |= _flat(json.loads(json.dumps(config, default=str)), name)
    return settings


def _settings_of_variables(variables):
    """Return how many variables there are, and name, dtype and shape of each."""
    settings = {"number of variables": len(variables)}
    for i, variable in enumerate(variables, start=1):
        name = re.sub(r"_\d+(?=[_/]|$)", "", variable.path)  # as with "name" above
        settings[f"variable {i}, {name}"] = f"{variable.dtype} {tuple(variable.shape)}"
    return settings


def _flat(settings, prefix=""):
    """Turn nested settings into a dict of values with names such as "Adam.beta_1"."""
    flat = {}
    for name, value in settings.items():
        name = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict) and "class_name" in value:  # serialised by Keras
            flat[name] = value["class_name"]
            value = value["config"]
        if isinstance(value, dict):
            flat |= _flat(value, name)
        else:
            flat[name] = value
    return flat


def _text(settings, name):
    """Return one setting as an error shows it."""
    if name not in settings:
        return "nothing"
    value = settings[name]
    if isinstance(value, float) and np.float32(value) == value:
        return str(np.float32(value))  # 0.001, not 0.0010000000474974513
    return value if isinstance(value, str) else json.dumps(value)


def _storable(value):
    """Return an array of a dtype that NumPy's files keep; `view` turns it back."""
    # NumPy would store bfloat16, which is not its own, as raw bytes without a dtype.
    return value.view(f"uint{8 * value.itemsize}") if value.dtype.kind == "V" else value
