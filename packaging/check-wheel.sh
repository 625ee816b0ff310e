#!/bin/sh
# Builds the wheel, installs it into an environment of its own and uses it from an empty folder.
set -eu

python=$1
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work" "$root"
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/gxbridge-*.whl
cd "$work"
printf '(1700000000.000000) can0 1CEFFF29#6699FF0F10270000\n' >boat.log
"$work/venv/bin/gxbridge" decode boat.log --format json | grep -q '"0x0FFF"'
"$work/venv/bin/gxbridge" candb show 0x2108 >/dev/null
"$work/venv/bin/gxbridge" config show >/dev/null
"$work/venv/bin/gxbridge" config check "$work/venv/share/gxbridge/gxbridge.example.yaml" >/dev/null
test -f "$work/venv/share/gxbridge/dbus-policy/gxbridge-control.conf"
test -f "$work/venv/share/gxbridge/systemd/gxbridge.service"
echo "the wheel installs, decodes, knows its database and its defaults, and brings the example, the policies and the unit"
