#!/bin/sh
# The database and its logins, by deploy/postgres/managed-server.sql. The image of Postgres runs it once, as its superuser, when the
# volume is new. With AKER_OWNER_PASSWORD, AKER_WORKER_PASSWORD and AKER_READER_PASSWORD.
set -eu
psql -X -q -v ON_ERROR_STOP=1 -v owner_password="${AKER_OWNER_PASSWORD:?}" -v worker_password="${AKER_WORKER_PASSWORD:?}" \
  -v reader_password="${AKER_READER_PASSWORD:?}" -f "${MANAGED_SERVER:-/etc/aker/managed-server.sql}" postgres
