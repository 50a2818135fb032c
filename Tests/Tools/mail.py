"""Mail servers with and without TLS, by aiosmtpd; each is named by how it is: writes FOLDER/ports as JSON, and what each took
and who logged in to FOLDER/log, a line each.

    mail.py FOLDER    FOLDER has good.pem, good.key, stranger.pem, stranger.key
"""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder = sys.argv[1]


def log(*words):
    with open(f"{folder}/log", "a") as file:
        file.write(" ".join(words) + "\n")


def context(name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    return made


class Handler:
    def __init__(self, name):
        self.name = name

    async def handle_DATA(self, server, session, envelope):
        log(self.name, "took", envelope.mail_from, "tls" if session.ssl or self.name.startswith("smtps") else "plain")
        return "250 taken"


def authenticator(name):
    def check(server, session, envelope, mechanism, data):
        log(name, "login", data.login.decode(), data.password.decode())
        return AuthResult(success=data.login == b"aker" and data.password == b"s3cret", handled=False)

    return check


async def main():
    loop = asyncio.get_running_loop()
    ports = {}
    for name, options, implicit in [
        ("starttls", {"tls_context": context("good"), "auth_required": True}, None),
        ("starttls-stranger", {"tls_context": context("stranger"), "auth_required": True}, None),
        ("smtps", {"auth_required": True, "auth_require_tls": False}, context("good")),
        ("smtps-stranger", {"auth_required": True, "auth_require_tls": False}, context("stranger")),
        ("plain", {"auth_require_tls": False}, None),
    ]:
        def made(name=name, options=options):
            return SMTP(Handler(name), hostname="test", authenticator=authenticator(name), **options)

        server = await loop.create_server(made, "127.0.0.1", 0, ssl=implicit)
        ports[name] = server.sockets[0].getsockname()[1]
    with open(f"{folder}/ports.new", "w") as file:
        json.dump(ports, file)
    os.rename(f"{folder}/ports.new", f"{folder}/ports")
    await asyncio.Event().wait()


asyncio.run(main())
