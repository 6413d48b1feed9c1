"""What runs the SQL of a lake: Trino's or Spark's, translated by sqlglot, in DuckDB.

It knows no users and no permissions: it says what a statement would touch, and then, when told to, does it.
"""

import ast
import base64
import http.server
import json
import os
import sys
import tempfile
import threading

import duckdb
import sqlglot
from sqlglot import exp

CATALOG = "awsdatacatalog"
lake = duckdb.connect()
lake.execute(f"ATTACH ':memory:' AS {CATALOG}; USE {CATALOG}")
scratch = tempfile.mkdtemp(prefix="lake-")


def named(table):
    return {"schema": table.db, "name": table.name}


def statements_in(code):
    """The SQL that a piece of PySpark hands to Spark, as far as it stands there as it is."""
    calls = [one for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Call) and one.args]
    return [
        one.args[0].value
        for one in calls
        if ast.unparse(one.func) in ("SqlWrapper2.execute", "spark.sql") and isinstance(one.args[0], ast.Constant)
    ]


def property_of(statement, name):
    given = statement.args.get("properties")
    for one in given.expressions if given else []:
        if isinstance(one, exp.LocationProperty) and name == "location":
            return one.this.name
        if one.name.lower() == name:
            return one.args["value"].name
    return None


def target_of(statement):
    if not isinstance(statement, (exp.Create, exp.Drop, exp.Alter, exp.Use)):
        return None
    target = statement.this or (statement.args.get("tables") or [None])[0]
    if isinstance(statement, exp.Use):
        return exp.Table(db=target.this)
    return target.this if isinstance(target, exp.Schema) else target


def plan(dialect, sql):
    """What it is, what it makes or takes away, where that is to lie, and what it reads."""
    statement = sqlglot.parse_one(sql, read=dialect)
    target = target_of(statement)
    kind = type(statement).__name__.lower()
    if kind in ("create", "drop"):
        kind = f"{kind} {str(statement.args['kind']).lower()}"
    if kind == "create table" and statement.expression is None:
        kind = "create external table"
    return {
        "kind": kind,
        "of": None if target is None else named(target),
        "location": property_of(statement, "external_location") or property_of(statement, "location"),
        "reads": [named(one) for one in statement.find_all(exp.Table) if one is not target and one.db],
    }


def run(dialect, sql, files):
    """Does it; an external table is what its files say, which are CSV here."""
    cursor = lake.cursor()
    cursor.execute(f"USE {CATALOG}")
    statement = sqlglot.parse_one(sql, read=dialect)
    planned = plan(dialect, sql)
    kind, of = planned["kind"], planned["of"]
    if kind in ("alter", "use"):
        return {}
    if kind == "create external table":
        path = os.path.join(scratch, f"{of['name']}.csv")
        with open(path, "w") as file:
            file.write("".join(files))
        cursor.execute(
            f"CREATE TABLE {whole(of)} AS SELECT * FROM read_csv('{path}', header = true, all_varchar = true)"
        )
        return described(cursor, of)
    if isinstance(statement, exp.Create):
        statement.set("properties", None)
    cursor.execute(statement.sql("duckdb"))
    if kind in ("create table", "create view"):
        return {**described(cursor, of), **(written(cursor, of) if kind == "create table" else {})}
    if of is not None:
        return {}
    rows = [[None if cell is None else text(cell) for cell in row] for row in cursor.fetchall()]
    return {"columns": columns(cursor.description), "rows": rows}


def whole(of):
    return ".".join('"' + part.replace('"', '""') + '"' for part in (CATALOG, of["schema"], of["name"]))


def described(cursor, of):
    cursor.execute(f"SELECT * FROM {whole(of)} LIMIT 0")
    return {"columns": columns(cursor.description)}


def written(cursor, of):
    path = os.path.join(scratch, f"{of['name']}.parquet")
    cursor.execute(f"COPY {whole(of)} TO '{path}' (FORMAT parquet)")
    with open(path, "rb") as file:
        return {"parquet": base64.b64encode(file.read()).decode()}


def columns(description):
    return [{"name": one[0], "type": exp.DataType.build(str(one[1]), dialect="duckdb").sql("hive").lower()} for one in description]


def text(cell):
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            if "code" in asked:
                return self.reply(200, {"statements": statements_in(asked["code"])})
            done = plan(asked["dialect"], asked["sql"])
            if "files" in asked:
                done |= run(asked["dialect"], asked["sql"], asked["files"])
            self.reply(200, done)
        except Exception as error:
            self.reply(422, {"error": f"{type(error).__name__}: {error}"})

    def reply(self, status, said):
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_parent, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"DuckDB running on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
