"""Keeps the secret of a running dbt fresh.

dbt imports every module whose name begins with `dbt_` when it loads a project, before any connection. This one makes one
field of the adapter's credentials read a private file at each access, and the action replaces that file in time. Where
the adapter is not as expected, it says so and leaves the value of the profile as it is; it never ends a run.
"""

import hashlib
import importlib
import json
import pathlib
import sys
import time

_HERE = pathlib.Path(__file__).resolve().parent
_told = set()


def _tell(text):
    print(f"dbt-oidc: {text}", file=sys.stderr)


def _warn_of_end(ends):
    """Once: what nobody has renewed will be refused, and the warehouse cannot say why."""
    try:
        end = float(ends.read_text("utf-8"))
    except (OSError, ValueError):
        return
    if end > time.time() or ends in _told:
        return
    _told.add(ends)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    _tell(f"the credential ended at {when} and nobody has renewed it: the process that does so has ended, or got no other")


def _class(named):
    module, _, name = named.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    # The package of an adapter tells its credentials by its plugin.
    return found.credentials if name == "Plugin" else found


def _fresh(cls, field, sources):
    field = getattr(cls, "_ALIASES", {}).get(field, field)
    if field not in getattr(cls, "__dataclass_fields__", {}):
        raise LookupError(f"{cls.__name__} has no field {field}")

    def read(self):
        held = self.__dict__.get(field)
        if held is None:
            return None
        digest = hashlib.sha256(str(held).encode()).hexdigest()
        for file, ends, only in sources:
            # A profile of somebody else keeps what it says.
            if only is None or only == digest:
                _warn_of_end(ends)
                try:
                    return file.read_text("utf-8")
                except OSError:
                    return held
        return held

    def write(self, value):
        self.__dict__[field] = value

    setattr(cls, field, property(read, write))


def _headers(cls, name, field):
    own = getattr(cls.__dict__.get(name), "fget", None)
    if own is None:
        raise LookupError(f"{cls.__name__} has no property {name}")

    def read(self):
        # Who logs in by other means keeps them.
        if self.__dict__.get(field) is None:
            return own(self)
        return lambda: {"Authorization": f"Bearer {getattr(self, field)}"}

    setattr(cls, name, property(read))


def _places():
    """Ours first; then those of other uses of the action in this job, since Python imports one module of a name."""
    yield _HERE
    for entry in sys.path:
        place = pathlib.Path(entry)
        if place.name.startswith("dbt-oidc-") and place != _HERE and (place / "keepalive.json").is_file():
            yield place


def _given(place):
    try:
        return json.loads((place / "keepalive.json").read_text("utf-8"))
    except (OSError, ValueError):
        if place == _HERE:
            raise
        return None  # another use of the action has just ended, or writes its own


def _install():
    fields, headers = {}, {}
    for place in _places():
        given = _given(place)
        if given is None:
            continue
        sources = fields.setdefault((given["credentials"], given["field"]), [])
        # The other may be of an earlier version of the action.
        ends = place / given.get("ends", "keepalive-ends")
        sources.append((place / given["file"], ends, given.get("only")))
        headers[given["credentials"], given["field"]] = given.get("headers")
    for (credentials, field), sources in fields.items():
        cls = _class(credentials)
        made_of_it = headers[credentials, field]
        if made_of_it is not None:
            _headers(cls, made_of_it, field)
        _fresh(cls, field, sources)


try:
    _install()
except Exception as error:  # a run with a credential that ends is better than none
    _tell(f"the credential stays as it was at the start ({type(error).__name__}: {error})")
