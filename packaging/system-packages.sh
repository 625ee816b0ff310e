#!/bin/sh
# Sees to it that the system programs named on the command line are there: installs them where that is possible
# (root and apt-get), else says in one line what to install.
#   venv          Python's venv module
#   dbus-daemon   for the demo's and the tests' private buses
#   iproute2      ip, for the tests on a kernel with CAN
#   dbus-clients  D-Bus clients we did not write, for the conformance tests: dbus-python, busctl, gdbus
#   gx            what a GX device has, for the tests of the installation: busybox, daemontools, unshare
#   mosquitto     an MQTT broker and its clients, for the tests
#   qt            what PySide6 needs to draw without a screen
#   browser       Chromium, its driver, a font
#   prometheus    Prometheus; it is not started as a service
#   rsync, curl   what brings files from a boat
#   arm           qemu for 32-bit ARM programs, and a C compiler for its plugin
set -eu

missing=""
for wanted in "$@"; do
    case "$wanted" in
        venv) python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv" ;;
        dbus-daemon) command -v dbus-daemon >/dev/null || missing="$missing dbus" ;;
        dbus-clients)
            /usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || missing="$missing python3-dbus python3-gi"
            command -v busctl >/dev/null || missing="$missing systemd"
            command -v gdbus >/dev/null || missing="$missing libglib2.0-bin"
            ;;
        iproute2) command -v ip >/dev/null || missing="$missing iproute2" ;;
        gx)
            command -v busybox >/dev/null || missing="$missing busybox"
            command -v svscan >/dev/null || missing="$missing daemontools"
            command -v unshare >/dev/null || missing="$missing util-linux"
            ;;
        mosquitto) command -v mosquitto >/dev/null || missing="$missing mosquitto mosquitto-clients" ;;
        qt)
            ldconfig -p | grep -q libEGL.so.1 || missing="$missing libegl1"
            ldconfig -p | grep -q libGL.so.1 || missing="$missing libgl1"
            ldconfig -p | grep -q libfontconfig.so.1 || missing="$missing libfontconfig1"
            ldconfig -p | grep -q libxkbcommon.so.0 || missing="$missing libxkbcommon0"
            ldconfig -p | grep -q libglib-2.0.so.0 || missing="$missing libglib2.0-0"
            [ -d /usr/share/fonts/truetype/dejavu ] || missing="$missing fonts-dejavu-core"
            ;;
        browser)
            command -v chromium >/dev/null || missing="$missing chromium"
            command -v chromedriver >/dev/null || missing="$missing chromium-driver"
            [ -d /usr/share/fonts/truetype/dejavu ] || missing="$missing fonts-dejavu-core"
            ;;
        prometheus) command -v prometheus >/dev/null || missing="$missing prometheus" ;;
        rsync) command -v rsync >/dev/null || missing="$missing rsync" ;;
        curl) command -v curl >/dev/null || missing="$missing curl" ;;
        arm)
            command -v qemu-arm >/dev/null || missing="$missing qemu-user"
            command -v cc >/dev/null || missing="$missing gcc libc6-dev"
            ;;
        *) echo "system-packages.sh: unknown word '$wanted'" >&2; exit 2 ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Installing starts no service.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # One source out of step does not matter while another has the packages; if none has, the next line says so.
    apt-get update -qq || true
    # Installing a broker or another server must not start one.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # shellcheck disable=SC2086  # one word for each package is meant
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "gxbridge needs these packages here, please install them: apt-get install$missing" >&2
    exit 1
fi
