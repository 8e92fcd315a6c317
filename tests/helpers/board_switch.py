"""A power switch on the network, of the kind that labgrid's driver `simplerest` knows."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class BoardSwitch:
    """seen: the requests, as INDEX/VALUE. switched: is called with the index and whether on."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    switched: Callable[[int, bool], None] = lambda index, on: None

    def resource(self, index: int) -> dict[str, object]:
        """The switch of a board, as an exporter's file has it."""
        return {"model": "simplerest", "host": f"{self.url}/{{index}}/{{value}}", "index": index}


@contextlib.contextmanager
def board_switch() -> Iterator[BoardSwitch]:
    """A switch that works as long as the block lasts."""
    switch = BoardSwitch()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index, value = self.path.strip("/").split("/")
            switch.seen.append(f"{index}/{value}")
            switch.switched(int(index), value == "1")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        switch.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield switch
        finally:
            server.shutdown()
