"""Run a submission's cells: what a cell says is bounded and never costs points.

nbgrader gives no points for a test cell that wrote to stderr, be it a warning of a
right answer or a line of a library. Here stderr is joined to stdout. Nor does a part
cost points because an earlier one failed: the model answer stands in for that.
"""

import json
import subprocess

from course.labs import stand_in
from helpers import catalogue

import nbformat
import zmq
from nbgrader.preprocessors import Execute as _Execute

OUTPUT_BYTES = 4 * 2**20  # of all cells of a submission, without error messages
OUTPUT_OVERHEAD = 100  # what an output takes in a notebook beside its content
MESSAGE_BYTES = 64 * 2**20  # a longer message of the kernel is not received
ERROR_CHARS = 20_000
CUT = "[The output was cut here: it was longer than 4 MiB.]\n"


class Execute(_Execute):
    """nbgrader's preprocessor, with bounds on what it takes from the kernel.

    nbgrader's configuration of `Execute` holds for it. The teacher's own cells before
    the first answer, imports and data, may take as long as the submission may.
    """

    _left = OUTPUT_BYTES
    _is_cut = False

    def preprocess(self, nb, resources, *args, **kwargs):
        source = catalogue.find(resources["nbgrader"]["assignment"], "lab").read()
        self.prepare(nb, stand_in.parts_of(source))
        self.timeout_func = self.seconds_for
        return super().preprocess(nb, resources, *args, **kwargs)

    def prepare(self, nb, parts):
        """Begin a notebook: nothing of its lab's parts has failed yet."""
        self._parts, self._failed, self._replaced = parts, set(), []
        self._model_cells = []
        self.find_unhurried(nb)

    def preprocess_cell(self, cell, resources, index):
        mark = _mark_of(cell)
        if mark.get("solution"):
            self._stand_in(mark["grade_id"], resources, index)
        done = super().preprocess_cell(cell, resources, index)
        outputs = cell.get("outputs", [])
        if any(output.output_type == "error" for output in outputs):
            self._failed.add(mark.get("grade_id"))
        if mark.get("grade") and not mark.get("solution") and self._replaced:
            said = nbformat.v4.new_output(
                "stream", text=stand_in.notice(self._replaced)
            )
            outputs.insert(0, said)
        return done

    def _stand_in(self, answer, resources, index):
        """Run the model answers of what has failed before an answer."""
        for part in stand_in.needed(self._parts, answer, self._failed):
            for code in part["code"]:
                cell = nbformat.v4.new_code_cell(code)
                self._model_cells.append(cell)  # it lives, so that its id stays its own
                self._unhurried.add(id(cell))
                self.execute_cell(cell, index, store_history=False)
            self._failed -= part["cells"]
            self._replaced.append(part)

    def find_unhurried(self, nb):
        """Find the teacher's cells before the first answer."""
        answers = [i for i, c in enumerate(nb.cells) if _mark_of(c).get("solution")]
        before = nb.cells[: answers[0] if answers else 0]
        self._unhurried = {id(c) for c in before if _mark_of(c).get("locked")}

    def seconds_for(self, cell):
        """Return the time that a cell may take, or `None` for no bound of its own."""
        return None if id(cell) in self._unhurried else self.timeout

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
        return manager

    def start_new_kernel(self, **kwargs):
        # What the kernel itself writes would grow the log without bound.
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        super().start_new_kernel(**silent, **kwargs)

    def process_message(self, msg, cell, cell_index):
        bounded = self._bounded(msg)
        if bounded is None:
            return None
        return super().process_message(bounded, cell, cell_index)

    def on_cell_executed(self, **kwargs):
        super().on_cell_executed(**kwargs)
        for output in kwargs["cell"].outputs:
            if output.output_type == "error":
                self._cut_error(output)

    def _bounded(self, msg):
        """Return a message of the kernel, cut where too much was said, or `None`."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "stream":
            content["name"] = "stdout"
            text = str(content.get("text", "")).encode("utf-8", "replace")
            content["text"] = text[: max(self._left, 0)].decode("utf-8", "ignore")
            if not self._take(len(text)):
                return self._cut(msg)
        elif kind == "execute_result":
            # A number here is partial credit: it stays, whatever was said before.
            if not self._take(len(json.dumps(content))):
                shown = str(content["data"].get("text/plain", ""))[:100]
                content["data"], content["metadata"] = {"text/plain": shown}, {}
        elif kind in ("display_data", "update_display_data") or kind[:4] == "comm":
            if not self._take(len(json.dumps(content))):
                return None
        return msg

    def _take(self, num_bytes):
        """Return whether that much may still be kept."""
        self._left -= num_bytes + OUTPUT_OVERHEAD
        return self._left >= 0

    def _cut(self, msg):
        """Return the last message of the stream that is kept, then `None`."""
        if self._is_cut:
            return None
        self._is_cut = True
        msg["content"]["text"] += f"\n{CUT}"
        return msg

    def _cut_error(self, output):
        most = ERROR_CHARS if self._left > 0 else ERROR_CHARS // 20
        traceback = "\n".join(map(str, output.traceback))
        if len(output.ename) + len(output.evalue) + len(traceback) > most:
            output.ename = output.ename[:200]
            output.evalue = output.evalue[: most // 4]
            output.traceback = [traceback[: most // 4], "…", traceback[-most // 2 :]]
        self._left -= len(traceback)


def _mark_of(cell):
    """Return what nbgrader knows about a cell."""
    return cell.metadata.get("nbgrader", {})
