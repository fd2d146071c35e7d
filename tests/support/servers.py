"""A local web server that fails in the ways that networks do."""

import contextlib
import http.server
import threading

DRIP_SECONDS = 0.01  # from one byte to the next


@contextlib.contextmanager
def serve(content, *, fault=None):
    """Serve `content` at one address for the length of a `with` block.

    Args:
        content: bytes of the file.
        fault: `None`, a status to answer with, such as 404, or:
            `"half"`, half of the promised bytes, then the end;
            `"silent"`, accepts, then never answers;
            `"stall"`, half of the promised bytes, then nothing;
            `"drip"`, a byte now and then;
            `"endless"`, the content over and over, at most 1000 times;
            `"redirects"`, to itself.

    Yields:
        `(url, requests)`: the address, and the list of paths asked for so far.
    """
    requests, done = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            if fault == "silent":
                done.wait()
                return
            with contextlib.suppress(ConnectionError):  # the other side gave up
                self.answer()

        def answer(self):
            status = 302 if fault == "redirects" else fault
            self.send_response(status if isinstance(status, int) else 200)
            if fault == "redirects":
                self.send_header("Location", self.path)
            if fault != "endless":
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for piece in self.pieces():
                self.wfile.write(piece)
            if fault == "stall":
                done.wait()

        def pieces(self):
            if fault == "drip":
                for i in range(len(content)):
                    if done.wait(DRIP_SECONDS):
                        return
                    yield content[i : i + 1]
            elif fault in ("half", "stall"):
                yield content[: len(content) // 2]
            else:
                yield from [content] * (1000 if fault == "endless" else 1)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/file.bin", requests
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()
