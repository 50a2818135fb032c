#!/bin/sh
# Starts PgBouncer by deploy/postgres/pgbouncer.ini, its names between at signs filled in. Two logins may connect, by password, and
# the server knows each by the same: the owner's (the coordinator) and the workers'.
#   pgbouncer.sh FILE      with AKER_OWNER_PASSWORD, AKER_WORKER_PASSWORD; of its place: DATABASE_HOST (postgres), DATABASE (aker), LISTEN (0.0.0.0), PORT (6432)
set -eu
umask 077
folder=$(mktemp -d)
# A quotation mark is doubled there.
login() { printf '"%s" "%s"\n' "$1" "$(printf %s "$2" | sed 's/"/""/g')" >>"$folder/users"; }
login aker_owner "${AKER_OWNER_PASSWORD:?}"
login aker_worker_login "${AKER_WORKER_PASSWORD:?}"
sed -e "s|@database@|${DATABASE:-aker}|g" -e "s|@host@|${DATABASE_HOST:-postgres}|g" -e 's| user=@user@||' \
  -e "s|@listen@|${LISTEN:-0.0.0.0}|g" -e "s|@port@|${PORT:-6432}|g" -e "s|@socket@|$folder|g" \
  -e 's|@auth@|scram-sha-256|g' -e 's|@mode@|transaction|g' -e 's|@pool@|40|g' "$1" >"$folder/ini"
echo "auth_file = $folder/users" >>"$folder/ini"
exec pgbouncer "$folder/ini"
