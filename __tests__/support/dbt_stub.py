"""Plays dbt: notes how it was started, then does what stub.json beside it says. Installed as dbt/cli/main.py."""

import datetime
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
STUB = json.loads((HERE / "stub.json").read_text("utf-8"))
COMMANDS = (
    "build clean clone compile debug deps docs init list ls parse retry run run-operation seed show snapshot source test"
).split()


def option(name, variable):
    """The value of --name (both spellings) or of the variable."""
    for index, word in enumerate(sys.argv):
        if word == name and index + 1 < len(sys.argv):
            return sys.argv[index + 1]
        if word.startswith(name + "="):
            return word[len(name) + 1 :]
    return os.environ.get(variable)


def note(line):
    with open(STUB["record"], "a", encoding="utf-8") as record:
        record.write(json.dumps(line) + "\n")


def listing(directory):
    found = []
    for path in sorted(pathlib.Path(directory).rglob("*")):
        stat = path.lstat()
        kind = "link" if path.is_symlink() else "directory" if path.is_dir() else "file"
        found.append({"path": path.relative_to(directory).as_posix(), "type": kind, "mode": f"{stat.st_mode & 0o7777:o}"})
    return found


def describe(command, grandchild, texts):
    profiles = option("--profiles-dir", "DBT_PROFILES_DIR")
    file = pathlib.Path(profiles or ".") / "profiles.yml"
    mask = os.umask(0)
    os.umask(mask)
    return {
        "kind": "run",
        "command": command,
        "argv": sys.argv[1:],
        "env": dict(os.environ),
        "cwd": os.getcwd(),
        "pid": os.getpid(),
        "umask": f"{mask:o}",
        "coreLimit": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "profilesDir": profiles,
        "profilesDirMode": f"{os.lstat(profiles).st_mode & 0o7777:o}" if profiles else None,
        "profiles": file.read_text("utf-8") if file.is_file() else None,
        "files": listing(profiles) if profiles else [],
        "texts": {name: (file.parent / name).read_text("utf-8") for name in texts if (file.parent / name).is_file()},
        "grandchild": grandchild,
    }


def say(stream, text):
    stream.buffer.write(text.encode("utf-8", "surrogatepass"))
    stream.buffer.flush()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def leak(places, project, target, logs):
    secrets = "".join(f"{k}={v}\n" for k, v in os.environ.items() if k.startswith("DBT_ENV_SECRET_"))
    for place in places:
        if place == "stdout":
            say(sys.stdout, secrets)
        elif place == "stderr":
            say(sys.stderr, secrets)
        else:
            folder = {"target": target, "logs": logs, "workspace": project}[place]
            write(folder / "leak.txt", secrets)


def watch(name):
    """Shows the private file before and after the action has replaced it; the action's deadline bounds the wait."""
    file = pathlib.Path(option("--profiles-dir", "DBT_PROFILES_DIR")) / name
    first = file.read_text("utf-8")
    say(sys.stdout, f"first {first}\n")
    while file.read_text("utf-8") == first:
        time.sleep(0.02)
    say(sys.stdout, f"then {file.read_text('utf-8')}\n")


def log_in(address):
    """Shows each DBT_ENV_SECRET_* to a server as a bearer token, as an adapter would; a refusal is its words."""
    for name, secret in os.environ.items():
        if name.startswith("DBT_ENV_SECRET_"):
            asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {secret}"})
            try:
                urllib.request.urlopen(asked).close()
            except urllib.error.HTTPError as refusal:
                return refusal.read().decode("utf-8")
    return None


def artifacts(given, target):
    invocation = str(uuid.uuid4())
    for name in ("run_results", "manifest"):
        if name not in given:
            continue
        content = dict(given[name])
        fresh = {} if given.get("stale") else {"invocation_id": invocation}
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        content["metadata"] = {"generated_at": now, **content.get("metadata", {}), **fresh}
        write(target / f"{name}.json", json.dumps(content))


def listen(ignored):
    def heard(number, _frame):
        name = signal.Signals(number).name
        note({"kind": "signal", "signal": name, "pid": os.getpid()})
        if name not in ignored:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, heard)


def cli():
    command = next((word for word in sys.argv[1:] if word in COMMANDS or word == "--version"), "")
    act = STUB["behaviours"].get(command, STUB["behaviours"].get("*", {}))
    listen(act.get("ignore", []))
    grandchild = None
    if "grandchild" in act:
        # Holds this process's output open and ends by itself, should nobody end it.
        code = f"import time; time.sleep({float(act['grandchild'])})"
        grandchild = subprocess.Popen([sys.executable, "-c", code]).pid
    note(describe(command, grandchild, act.get("texts", [])))
    project = pathlib.Path(option("--project-dir", "DBT_PROJECT_DIR") or ".")
    target = project / (option("--target-path", "DBT_TARGET_PATH") or "target")
    logs = project / (option("--log-path", "DBT_LOG_PATH") or "logs")
    say(sys.stdout, act.get("stdout", ""))
    say(sys.stderr, act.get("stderr", ""))
    for repeat in act.get("repeat", []):
        say(sys.stdout, repeat["text"] * repeat["times"])
    for path, text in act.get("write", {}).items():
        write(project / path, text)
    for path, to in act.get("link", {}).items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).symlink_to(to)
    leak(act.get("leak", []), project, target, logs)
    for name in act.get("watch", []):
        watch(name)
    refused = log_in(act["login"]) if "login" in act else None
    if refused is not None:
        say(sys.stdout, f"login failed: {refused}\n")
        return 2
    artifacts(act, target)
    if act.get("hang"):
        say(sys.stdout, "READY\n")
        while True:
            signal.pause()
    if "signal" in act:
        number = getattr(signal, act["signal"])
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return act.get("exit", 0)
