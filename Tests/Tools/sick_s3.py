"""moto's S3 server, which can be made ill: sick_s3.py HOST PORT FLAG [PORTFILE].

While FLAG is there it answers 500 to everything; FLAG.slow: a second late; FLAG.cut: what is read ends in the middle, and what is
written is written, though the answer says 500. Who comes with the access key `well` finds it well. With PORTFILE, PORT may be 0: the one that is taken is written there, and the server
ends with its parent.
"""
import os, sys, threading, time

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

host, port, flag, *port_file = sys.argv[1:]
well = DomainDispatcherApplication(create_backend_app)
ANSWER = (b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code>'
          b"<Message>We encountered an internal error. Please try again.</Message></Error>")


def refuse(start_response):
    start_response("500 Internal Server Error", [("Content-Type", "application/xml"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


def application(environ, start_response):
    if "Credential=well/" in environ.get("HTTP_AUTHORIZATION", ""):
        return well(environ, start_response)
    if os.path.exists(flag):
        with open(flag, "ab") as file:
            file.write(b".")  # one for each that was refused
        return refuse(start_response)
    if os.path.exists(flag + ".slow"):
        time.sleep(1)
    if not os.path.exists(flag + ".cut"):
        return well(environ, start_response)
    if environ["REQUEST_METHOD"] != "GET":
        b"".join(well(environ, lambda *_: None))
        return refuse(start_response)
    body = b"".join(well(environ, start_response))
    return [body[:len(body) // 2]]


server = make_server(host, int(port), application, threaded=True)
if port_file:
    parent = os.getppid()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(port_file[0] + ".new", "w") as file:
        file.write(str(server.port))
    os.rename(port_file[0] + ".new", port_file[0])
    while os.getppid() == parent:
        time.sleep(0.5)
else:
    server.serve_forever()
