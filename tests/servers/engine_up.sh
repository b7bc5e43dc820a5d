#!/bin/bash
# Unpacks Debian 13's Docker Engine below DIR and starts it there: engine_up.sh DIR. Nothing is installed, apt's settings
# stay as they are. It needs root, and of the system runc and iptables. The engine listens at DIR/run/docker.sock; the
# program `docker` with its plugins buildx and compose is DIR/root/usr/bin/docker, with DOCKER_CONFIG=DIR/cfg.
set -euo pipefail
D=$(realpath -m "$1"); mkdir -p "$D"/{lists/partial,cache/archives/partial,debs,root,run,data,exec,cfg/cli-plugins}
if [ ! -e "$D/cfg/cli-plugins/docker-compose" ]; then
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian$')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$D/sources.list"
  apt=(apt-get -o Dir::Etc::sourcelist="$D/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$D/lists" -o Dir::Cache="$D/cache" -o APT::Sandbox::User=root -qq)
  "${apt[@]}" update
  (cd "$D/debs" && "${apt[@]}" download docker.io/trixie docker-cli/trixie containerd/trixie tini/trixie docker-buildx/trixie docker-compose/trixie)
  for deb in "$D"/debs/*.deb; do dpkg -x "$deb" "$D/root"; done
  ln -sf "$D"/root/usr/libexec/docker/cli-plugins/* "$D/cfg/cli-plugins/"
fi
cat > "$D/daemon.json" <<J
{"data-root": "$D/data", "exec-root": "$D/exec", "pidfile": "$D/run/docker.pid", "hosts": ["unix://$D/run/docker.sock"],
 "storage-driver": "overlay2", "exec-opts": ["native.cgroupdriver=cgroupfs"], "bip": "172.28.0.1/24",
 "default-address-pools": [{"base": "172.29.0.0/16", "size": 24}],
 "userland-proxy-path": "$D/root/usr/sbin/docker-proxy", "init-path": "$D/root/usr/bin/tini-static"}
J
export PATH="$D/root/usr/sbin:$D/root/usr/bin:$PATH"
setsid nohup dockerd --config-file "$D/daemon.json" >"$D/dockerd.log" 2>&1 </dev/null &
for _ in $(seq 160); do docker -H "unix://$D/run/docker.sock" version >/dev/null 2>&1 && exit 0; sleep .25; done
tail -20 "$D/dockerd.log" >&2; exit 1
