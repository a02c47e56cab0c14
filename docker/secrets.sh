#!/bin/sh
# Writes .env for docker-compose.yml: passwords of this installation, made at random. Never touches an .env that is there.
set -eu
cd "$(dirname "$0")/.."
if [ -e .env ]; then
  echo "docker/secrets.sh: there is an .env already, and Elasticsearch keeps its passwords; remove it only together with the volumes (docker compose down --volumes)" >&2
  exit 1
fi
secret() { od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'; }
umask 077
redis=$(secret)
elastic=$(secret)
hinomi=$(secret)
cat >.env.new <<END
# Passwords that the parts of the center use among themselves; no person needs them. Keep a copy with your backups.
HINOMI_REDIS_PASSWORD=$redis
HINOMI_ELASTICSEARCH_ADMIN_PASSWORD=$elastic
HINOMI_ELASTICSEARCH_PASSWORD=$hinomi
END
mv .env.new .env
echo "Wrote $(pwd)/.env"
