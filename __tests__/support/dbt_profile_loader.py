"""Reads profiles.yml texts as dbt does: JSON lines in, JSON lines out, all in one process.

Requests:
  {"op": "profile", "text": ..., "profile": ..., "env": {...}}   dbt's read_profile, then Profile.render_profile
  {"op": "credentials", ...same...}                              ... then the adapter's credentials class
  {"op": "scalars", "texts": [...]}                              PyYAML's resolver and constructor, one by one
  {"op": "yaml", "text": ...}                                    the text as PyYAML loads it
"""

import datetime
import json
import os
import sys
import tempfile

import yaml
from dbt.clients.yaml_helper import SafeLoader
from dbt.config.profile import Profile, read_profile
from dbt.config.renderer import ProfileRenderer
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context
from argparse import Namespace

set_from_args(Namespace(), None)


def typed(value):
    """JSON that keeps Python's types apart."""
    if isinstance(value, dict):
        return {"map": [[typed(key), typed(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return {"list": [typed(item) for item in value]}
    if isinstance(value, str):
        return {"text": value}
    if value is None:
        return {"null": True}
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, (int, float)):
        return {"number": repr(float(value))}
    if isinstance(value, (datetime.date, datetime.datetime)):
        return {"time": value.isoformat()}
    return {"other": type(value).__name__}


def render(request):
    set_invocation_context(request.get("env", {}))
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "profiles.yml"), "w", encoding="utf-8", newline="") as file:
            file.write(request["text"])
        raw = read_profile(directory)
    name = request["profile"]
    renderer = ProfileRenderer({})
    target, output = Profile.render_profile(raw[name], name, None, renderer)
    return raw, name, target, output, renderer


def profile(request):
    raw, name, target, output, _ = render(request)
    return {"profiles": list(raw), "targets": list(raw[name]["outputs"]), "target": target, "output": typed(output)}


def credentials(request):
    raw, name, _, _, renderer = render(request)
    found = Profile.from_raw_profile_info(raw[name], name, renderer)
    return {"credentials": typed(found.credentials.to_dict(omit_none=True)), "threads": found.threads}


def scalar(text):
    loader = SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))
    try:
        return {"tag": tag.rsplit(":", 1)[1], "value": typed(loader.construct_object(yaml.ScalarNode(tag, text)))}
    except Exception as error:
        return {"tag": tag.rsplit(":", 1)[1], "error": type(error).__name__}


OPERATIONS = {
    "profile": profile,
    "credentials": credentials,
    "scalars": lambda request: {"scalars": [scalar(text) for text in request["texts"]]},
    "yaml": lambda request: {"value": typed(yaml.load(request["text"], SafeLoader))},
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = OPERATIONS[request["op"]](request)
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
