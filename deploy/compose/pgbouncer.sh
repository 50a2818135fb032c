#!/bin/sh
# Starts PgBouncer by deploy/postgres/pgbouncer.ini, its names between at signs filled in; who connects, and it itself,
# has the one login, by password.
#   pgbouncer.sh FILE      with POSTGRES_PASSWORD; of its place: DATABASE_HOST (postgres), DATABASE (aker), LISTEN (0.0.0.0), PORT (6432)
set -eu
umask 077
folder=$(mktemp -d)
# A quotation mark is doubled there.
printf '"aker" "%s"\n' "$(printf %s "${POSTGRES_PASSWORD:?}" | sed 's/"/""/g')" >"$folder/users"
sed -e "s|@database@|${DATABASE:-aker}|g" -e "s|@host@|${DATABASE_HOST:-postgres}|g" -e 's|@user@|aker|g' \
  -e "s|@listen@|${LISTEN:-0.0.0.0}|g" -e "s|@port@|${PORT:-6432}|g" -e "s|@socket@|$folder|g" \
  -e 's|@auth@|scram-sha-256|g' -e 's|@mode@|transaction|g' -e 's|@pool@|40|g' "$1" >"$folder/ini"
echo "auth_file = $folder/users" >>"$folder/ini"
exec pgbouncer "$folder/ini"
