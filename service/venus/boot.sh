#!/bin/sh
# Run by /data/rc.local at each boot, and by install.sh: puts gxbridge into /service, which is in memory.
set -eu
. "$(dirname "$(readlink -f "$0")")/common.sh"

# A firmware update may have brought another Python, also an older one.
if ! python_will_do; then
    reason="gxbridge is not started: it needs Python 3.11 or newer (Venus OS v3.60 or newer)"
    mkdir -p "$logs"
    echo "$reason" >"$logs/refused"
    ! command -v logger >/dev/null || logger -t gxbridge "$reason" || true
    refuse "$reason"
fi
rm -f "$logs/refused"
link_service
link_web
