"""A local web server that fails in the ways that networks do."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def serve(content, *, fault=None):
    """Serve `content` at one address for the length of a `with` block.

    Args:
        content: bytes of the file.
        fault: `None`, `"error"` (status 500), `"half"` (half of the promised bytes),
            `"stall"` (accepts, then never answers).

    Yields:
        `(url, requests)`: the address, and the list of paths asked for so far.
    """
    requests, done = [], threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            if fault == "stall":
                done.wait()
                return
            self.send_response(500 if fault == "error" else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            sent = content[: len(content) // 2] if fault == "half" else content
            self.wfile.write(sent)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/file.bin", requests
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()
