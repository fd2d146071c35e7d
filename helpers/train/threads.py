"""How TensorFlow divides the processor's cores among its operations.

Importing it does not start Keras.
"""

import os
import sys
import warnings

from helpers.processor import num_cores


def run_side_by_side(num_operations):
    """Let TensorFlow run several operations at once, each on a part of the cores.

    By itself TensorFlow spreads every operation over all cores, and where operations
    are small the cores wait for each other more than they compute. Give each core work
    of its own instead: `num_parts` of `helpers.train.step.gradient_step`.

    Call it before Keras is imported: TensorFlow starts its threads then, and keeps
    them. Other backends take no notice.

    Args:
        num_operations: int >= 1, at most the number of cores to gain by it.

    Returns:
        bool: whether TensorFlow will do so. Where it is too late, a warning says so;
        the results are the same and take longer.
    """
    if num_operations < 1:
        raise ValueError(f"num_operations must be at least 1, got {num_operations}.")
    wanted = {
        "TF_NUM_INTEROP_THREADS": str(num_operations),
        "TF_NUM_INTRAOP_THREADS": str(max(1, num_cores() // num_operations)),
    }
    is_set = all(os.environ.get(name) == value for name, value in wanted.items())
    if "keras" in sys.modules and not is_set:
        warnings.warn(
            "TensorFlow has already started its threads, so training takes longer. "
            "To mend that, restart the kernel and run all cells.",
            stacklevel=2,
        )
        return False
    os.environ.update(wanted)
    return True
