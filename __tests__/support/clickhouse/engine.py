"""ClickHouse itself, in this process (chdb), behind as much of its HTTP interface as clickhouse-connect speaks.

It knows no users: who may come is for the front to say.
"""

import http.server
import re
import sys
import urllib.parse

from chdb import session

CODE = re.compile(r"Code: (\d+)")
engine = session.Session()


def quoted(name):
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = urllib.parse.urlparse(self.path)
        given = dict(urllib.parse.parse_qsl(asked.query))
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode("utf-8")
        statement = "\n".join(part for part in (given.get("query"), body) if part)
        try:
            engine.query(f"USE {quoted(given.get('database') or 'default')}")
            # What a statement answers without a FORMAT of its own is as the real one has it.
            answer = engine.query(statement, self.headers.get("x-clickhouse-format", "TabSeparated")).bytes()
            self.reply(200, answer, {})
        except Exception as error:
            found = CODE.search(str(error))
            self.reply(500, str(error).encode(), {"X-ClickHouse-Exception-Code": found[1] if found else "1002"})

    def do_GET(self):
        self.reply(200, b"Ok.\n", {})

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "X-ClickHouse-Timezone": "UTC", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# One at a time: the engine has one session, and `USE` belongs to the statement after it.
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"ClickHouse running on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
