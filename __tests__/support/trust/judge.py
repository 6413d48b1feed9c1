"""What parsers of others make of documents. Reads a JSON list of {"kind", "text", "dialect"} and prints a list of findings."""

import json
import logging
import subprocess
import sys

import parliament
import sqlglot

# A statement that sqlglot does not know in detail it takes as a command, and says so.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def sql(text, dialect):
    """Statements as lists of [type of token, text]; comments are no tokens, and a literal is one whatever is in it."""
    sqlglot.parse(text, dialect=dialect)
    statements = [[]]
    for token in sqlglot.tokenize(text, dialect=dialect):
        if token.token_type.name == "SEMICOLON":
            statements.append([])
        else:
            statements[-1].append([token.token_type.name, token.text])
    return [statement for statement in statements if statement]


def sh(text):
    """What shellcheck says."""
    done = subprocess.run(
        [sys.prefix + "/bin/shellcheck", "--shell=sh", "--format=json", "--norc", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    return [f"SC{one['code']} line {one['line']}: {one['message']}" for one in json.loads(done.stdout)]


def iam(text):
    """What parliament says of a policy that a role has."""
    policy = parliament.analyze_policy_string(text)
    return [str(finding) for finding in policy.findings]


def judge(one):
    try:
        if one["kind"] == "sql":
            return {"found": sql(one["text"], one["dialect"])}
        return {"found": {"sh": sh, "iam": iam}[one["kind"]](one["text"])}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


print(json.dumps([judge(one) for one in json.load(sys.stdin)]))
