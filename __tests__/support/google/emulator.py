"""crucible's BigQuery on a free port of 127.0.0.1, for as long as somebody holds the other end of standard input."""

import os
import sys
import threading

import uvicorn
from crucible.engine import Engine
from crucible.server.app import create_app


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
uvicorn.run(create_app("bigquery", Engine(None)), host="127.0.0.1", port=0, access_log=False)
