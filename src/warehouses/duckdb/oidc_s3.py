"""Gives the S3 secrets of a running dbt-duckdb their keys anew.

A secret is made once for a process. DuckDB (1.5) looks its keys up again where S3 refuses to let it read, and not where
it refuses to let it write: a model that is stored after their end would be lost. dbt-duckdb shows each cursor to its
plugins, and every node gets one: there the secrets are made once more, from the same places, where those hold other keys.
"""

import json
import os
import pathlib
import threading
import urllib.request

from dbt.adapters.duckdb.plugins import BasePlugin


def _present():
    """What tells the present keys from those before."""
    address = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if address is None:
        return pathlib.Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).read_text("utf-8")
    authorization = pathlib.Path(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text("utf-8")
    request = urllib.request.Request(address, headers={"Authorization": authorization})
    # It is this machine: a proxy has no part in it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)["AccessKeyId"]


class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        self._lock = threading.Lock()
        self._made_of = None

    def configure_cursor(self, cursor):
        # Two that replace a secret at once would be a conflict, and so is a replacement during a transaction that has to
        # look its keys up: hence not for every node.
        with self._lock:
            try:
                present = _present()
                if present == self._made_of:
                    return
                for statement in self.creds.secrets_sql():
                    if "credential_chain" in statement:
                        cursor.execute(statement)
                self._made_of = present
            except Exception:
                # What is there may still live, and S3 says so where it does not.
                return
