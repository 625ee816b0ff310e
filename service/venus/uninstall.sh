#!/bin/sh
# Takes gxbridge off a GX device, without a trace: program, service, boot hook, logs, settings and configuration.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/service/venus/common.sh"

usage() {
    cat <<'END'
sh uninstall.sh [--keep-config]

--keep-config  leaves /data/conf/gxbridge.yaml, and the device instances and names that the GX keeps for its batteries
END
}

remove_hook() {
    [ -f "$hook" ] || return 0
    if grep -q '# gxbridge$' "$hook"; then
        cp -p "$hook" "$hook.new"
        sed '/# gxbridge$/d' "$hook" >"$hook.new"
        mv "$hook.new" "$hook"
    fi
    # What install.sh made of nothing goes back to nothing.
    [ "$(cat "$hook")" != '#!/bin/sh' ] || rm "$hook"
}

main() {
    keep=no
    for argument in "$@"; do
        case "$argument" in
            --keep-config) keep=yes ;;
            -h | --help) usage && exit 0 ;;
            *) usage >&2 && exit 2 ;;
        esac
    done
    [ "$(id -u)" = 0 ] || refuse "not removed: this must be run as root"
    lock
    # Asked first, while everything is still there.
    helper "$here" chargers_with_bms || say "the chargers could not be asked whether they expect a BMS"
    unlink_service
    (service=$web_service && unlink_service)
    [ ! -f "$config" ] || helper "$here" forget_boxes "$config" ||
        say "black boxes stay where that configuration has them"
    if [ "$keep" = no ]; then
        helper "$here" forget_settings || say "the GX keeps the device instances of gxbridge's batteries"
        rm -f "$config" "$signer" "$state".json "$state".json.broken "$state".lock "$web_wanted" "$web_wanted"-token
    else
        say "the configuration stays: $config"
    fi
    remove_hook
    hide_page
    rm -rf "$apps" "$logs" "$logs"-web "$boxes" "$history"
    rmdir /data/apps 2>/dev/null || true
    settle
    say "gxbridge is removed"
}

# All of it is read before the file is deleted.
main "$@"
exit 0
