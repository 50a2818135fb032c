"""A geocoder that answers a batch oddly: geocoder.py MODE PORTFILE. It knows addresses in Elm St; what it is asked for stands
in PORTFILE.log."""
import csv
import http.server
import io
import json
import os
import sys

mode, port_file = sys.argv[1:3]
log = open(port_file + ".log", "w")


def answer(row):
    address = ", ".join(row[1:])
    if "Elm" not in address:
        return [row[0], address, "No_Match"]
    place = "40.05,-82.4" if mode == "swapped" else "" if mode == "nowhere" else "-82.4,40.05"
    return [row[0], address, "Match", "Exact", address.upper(), place, "1", "L", "39", "089", "752300", "1000"]


def answers(rows):
    made = [answer(row) for row in rows]
    if mode == "reordered":
        made.reverse()
    elif mode == "missing":
        made = made[1:]
    elif mode == "twice":
        made += made
    elif mode == "differently":
        made += [[*row[:5], "-83.0,39.9", *row[6:]] for row in made if row[2] == "Match"]
    elif mode == "matched and not":
        made += [[*row[:2], "No_Match"] for row in made if row[2] == "Match"]
    elif mode == "unasked":
        made.append(["0123456789abcdef", "1 Other Rd, Newark, OH, 43055", "No_Match"])
    elif mode == "nameless":
        made = [["", *row[1:]] for row in made]
    elif mode == "status":
        made = [[*row[:2], "Exact"] for row in made]
    elif mode == "moved":
        made = [row[:2] + ["", *row[2:]] for row in made]
    return made


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send(self, data, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        part = data.split(b'name="addressFile"')[1].split(b"\r\n\r\n", 1)[1].split(b"\r\n--")[0].decode()
        rows = [row for row in csv.reader(io.StringIO(part)) if row]
        text = io.StringIO()
        ends = "\r\n" if mode == "line ends" else "\n"
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=ends)
        writer.writerows(answers(rows))
        body = text.getvalue().encode()
        if mode == "cut":
            body = body[: body.rindex(b'"') - 3]
        self.send(body, "text/csv;charset=utf-8")

    def do_GET(self):
        log.write(self.path + "\n")
        log.flush()
        found = [] if self.path.startswith("/search") else {"result": {"addressMatches": []}}
        self.send(json.dumps(found).encode(), "application/json")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
