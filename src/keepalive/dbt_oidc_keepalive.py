"""Keeps the secret of a running dbt fresh.

dbt imports every module whose name begins with `dbt_` when it loads a project, before any connection. This one makes one
field of the adapter's credentials read a private file at each access, and the action replaces that file in time. Where
the adapter is not as expected, it says so and leaves the value of the profile as it is; it never ends a run.
"""

import importlib
import json
import pathlib
import sys

_HERE = pathlib.Path(__file__).resolve().parent


def _fresh(cls, field, file):
    if field not in getattr(cls, "__dataclass_fields__", {}):
        raise LookupError(f"{cls.__name__} has no field {field}")

    def read(self):
        held = self.__dict__.get(field)
        if held is None:
            return None
        try:
            return file.read_text("utf-8")
        except OSError:
            return held

    def write(self, value):
        self.__dict__[field] = value

    setattr(cls, field, property(read, write))


def _install():
    given = json.loads((_HERE / "keepalive.json").read_text("utf-8"))
    module, _, name = given["credentials"].rpartition(".")
    _fresh(getattr(importlib.import_module(module), name), given["field"], _HERE / given["file"])


try:
    _install()
except Exception as error:  # a run with a credential that ends is better than none
    print(f"dbt-oidc: the credential stays as it was at the start ({type(error).__name__}: {error})", file=sys.stderr)
