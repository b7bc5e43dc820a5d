#!/bin/sh
# Makes the folders and secrets that compose.yml names. What is there stays, so that it can be run again: sudo sh deploy/setup.sh
set -eu
umask 077
cd "$(dirname "$0")/.."
env=${1:-.env}
[ -f "$env" ] || { echo "There is no $env: cp .env.example .env, and fill in what has no value." >&2; exit 1; }
value() { sed -n "s/^$1=//p" "$env" | tail -n 1; }
data=$(value DEITA_DATA); secrets=$(value DEITA_SECRETS)
for name in DEITA_DATA DEITA_SECRETS; do
  case "$(value $name)" in /?*) ;; *) echo "$name in $env must be an absolute path." >&2; exit 1 ;; esac
done

DEITA=1000 POSTGRES=999
install -d -m 711 "$data" "$secrets"
for each in home home/storage home/secrets edge objects backups cache prometheus; do install -d -m 700 -o $DEITA -g $DEITA "$data/$each"; done

made() { od -An -vtx1 -N32 /dev/urandom | tr -d ' \n'; }
# keep NAME OWNER: writes what comes in into a file that its owner alone reads, unless there is one
keep() {
  if [ -e "$secrets/$1" ]; then cat >/dev/null; else cat >"$secrets/.new"; mv "$secrets/.new" "$secrets/$1"; fi
  chown "$2:$2" "$secrets/$1"; chmod 400 "$secrets/$1"
}
made | keep postgres_admin_password $POSTGRES
made | keep postgres_password $POSTGRES
printf 'postgresql://deita:%s@postgres/deita' "$(cat "$secrets/postgres_password")" | keep database_url $DEITA
made | keep proxy_token $DEITA
made | keep backup_password $DEITA  # keep a copy elsewhere: without it no backup can be read
made | keep metrics_token $DEITA
made | cut -c1-20 | tr -d '\n' | keep s3_access_key $DEITA
made | keep s3_secret_key $DEITA
printf '{"identities": [{"name": "deita", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}' \
  "$(cat "$secrets/s3_access_key")" "$(cat "$secrets/s3_secret_key")" | keep s3_identities.json $DEITA
sed "s/SIGNING_KEY/$(made)/" deploy/s3_roles.json | keep s3_roles.json $DEITA
: | keep tls_certificate.pem $DEITA  # put your own in their place with DEITA_TLS=own
: | keep tls_key.pem $DEITA
made | keep sign_in_client_secret $DEITA  # the provider's in its place with DEITA_SIGN_IN

grep -q '^DOCKER_GID=[0-9]' "$env" || {
  socket=$(value DOCKER_SOCKET); gid=$(stat -c %g "${socket:-/var/run/docker.sock}")
  sed -i '/^DOCKER_GID=/d' "$env"; echo "DOCKER_GID=$gid" >>"$env"
}
echo "Folders are in $data, secrets in $secrets. Next: docker compose up --detach --wait"
