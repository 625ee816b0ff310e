#!/bin/sh
# arm-root.sh FOLDER: unpacks Debian's Python for 32-bit ARM (armhf), with all that it needs, into FOLDER, for
# qemu-arm. The packages come from the sources that apt is set up with; nothing of this machine's own state changes.
set -eu

folder=$(mkdir -p "$1" && cd "$1" && pwd)
[ ! -e "$folder/complete" ] || exit 0
command -v apt-get >/dev/null || { echo "arm-root.sh needs Debian's apt-get" >&2; exit 1; }

state=$folder/apt
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$folder/root"
: >"$state/status"
apt() {
    apt-get -qq -o APT::Architecture=armhf -o APT::Architectures=armhf -o APT::Sandbox::User=root \
        -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" \
        -o Dir::Cache="$state/cache" -o Dir::Log=/dev/null -o Debug::NoLocking=1 "$@"
}
# One source out of step (a mirror being renewed) does not matter while another has the packages.
apt update 2>"$state/said" || echo "arm-root.sh: not all package lists could be fetched" >&2
apt install --yes --download-only --no-install-recommends python3 >/dev/null || { cat "$state/said" >&2; exit 1; }
for package in "$state"/cache/archives/*.deb; do
    dpkg -x "$package" "$folder/root"
done
rm -rf "$state"
touch "$folder/complete"
