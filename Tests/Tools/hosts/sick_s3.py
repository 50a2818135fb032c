"""moto's S3 server, which answers 500 to everything while a file is there: sick_s3.py HOST PORT FILE."""
import os, sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

host, port, flag = sys.argv[1:]
well = DomainDispatcherApplication(create_backend_app)
ANSWER = (b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code>'
          b"<Message>We encountered an internal error. Please try again.</Message></Error>")


def application(environ, start_response):
    if not os.path.exists(flag):
        return well(environ, start_response)
    with open(flag, "ab") as file:
        file.write(b".")  # one for each that was refused
    start_response("500 Internal Server Error", [("Content-Type", "application/xml"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


run_simple(host, int(port), application, threaded=True)
