#!/bin/bash
# Makes a certificate authority and Elasticsearch's certificate, once. Runs in Elasticsearch's own image, before the node.
#   /certs  for the node: ca/ca.crt, ca/ca.key, elasticsearch/elasticsearch.crt, elasticsearch/elasticsearch.key
#   /ca     for those who connect: ca.crt
# A certificate that is there stays. To have a new one: remove the folder elasticsearch in /certs, start this again, restart the node.
set -euo pipefail
certutil=${CERTUTIL:-/usr/share/elasticsearch/bin/elasticsearch-certutil}
certs=${1:-/certs}
ca=${2:-/ca}
# The node reads its key as a member of the group 0.
umask 0027
make() {
  local name=$1
  shift
  rm -rf "$certs/new"
  mkdir "$certs/new"
  "$certutil" "$@" --silent --pem --days 3650 --out "$certs/new/made.zip"
  unzip -q "$certs/new/made.zip" -d "$certs/new"
  # In one step: a folder that is there is whole.
  mv "$certs/new/$name" "$certs/$name"
  rm -r "$certs/new"
}
if [ ! -d "$certs/ca" ]; then make ca ca; fi
if [ ! -d "$certs/elasticsearch" ]; then
  make elasticsearch cert --name elasticsearch --dns elasticsearch,localhost --ip 127.0.0.1 \
    --ca-cert "$certs/ca/ca.crt" --ca-key "$certs/ca/ca.key"
fi
umask 0022
cp "$certs/ca/ca.crt" "$ca/ca.crt.new"
chmod 0644 "$ca/ca.crt.new"
mv "$ca/ca.crt.new" "$ca/ca.crt"
