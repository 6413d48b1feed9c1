"""Gives the S3 secrets of a running dbt-duckdb their keys anew.

A secret is made once for a process. DuckDB (1.5) looks its keys up again where S3 refuses to let it read, and not where
it refuses to let it write: a model that is stored after their end would be lost. dbt-duckdb shows each cursor to its
plugins, and every node gets one: there the secrets are made once more, from the same places.
"""

import threading

from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):
    def initialize(self, plugin_config):
        self._lock = threading.Lock()

    def configure_cursor(self, cursor):
        # Two that replace the same secret at once would be a conflict.
        with self._lock:
            for statement in self.creds.secrets_sql():
                if "credential_chain" not in statement:
                    continue
                try:
                    cursor.execute(statement)
                except Exception:
                    # What is there may still live, and S3 says so where it does not.
                    return
