# shellcheck shell=sh
# Sourced by install.sh, uninstall.sh and boot.sh: where things are on Venus OS, and what more than one of them does.

# shellcheck disable=SC2034  # used by those who source this
apps=/data/apps/gxbridge    # survives firmware updates, like everything under /data
config=/data/conf/gxbridge.yaml
hook=/data/rc.local         # Venus OS runs it at the end of each boot
service=/service/gxbridge   # in memory: made anew at each boot
logs=/var/log/gxbridge
web_wanted=/data/conf/gxbridge-web    # where the web page listens, if it is wanted
web_service=/service/gxbridge-web
history=/data/log/gxbridge-history
state=/data/conf/gxbridge-state   # unless the configuration says otherwise
boxes=/data/log/gxbridge-blackbox # unless the configuration says otherwise
signer=/data/conf/gxbridge-signer    # whose bundles may take the place of the one that is there
page=/data/apps/available/GxBridge # the page "Limits and why" of the GX's screen; gui-v2 loads what enabled leads to
page_enabled=/data/apps/enabled/GxBridge
hook_line="[ ! -f $apps/current/service/venus/boot.sh ] || sh $apps/current/service/venus/boot.sh || true # gxbridge"

say() {
    echo "gxbridge: $*"
}

refuse() {
    echo "gxbridge: $*" >&2
    exit 1
}

# A module of lib/gxbridge_venus in the folder $1, with arguments.
helper() {
    folder_of_helper=$1
    module=$2
    shift 2
    PYTHONPATH="$folder_of_helper/lib" python3 -sP -m "gxbridge_venus.$module" "$@"
}

python_will_do() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# What was written to /data is on it when this returns: a GX is switched off without notice.
settle() {
    sync -f /data 2>/dev/null || sync
}

# The files of folder $1 are exactly those that its checksums list, each as it was; only byte code may lie beside them,
# and install.sh takes that away.
intact() (
    cd "$1" 2>/dev/null || exit 1
    sha256sum -c SHA256SUMS >/dev/null 2>&1 || exit 1
    listed=$(sed -nE 's/^[0-9a-f]{64}  //p' SHA256SUMS | sort)
    there=$(find . -name __pycache__ -prune -o ! -type d -print | sed 's|^\./||' | grep -vxE 'SHA256SUMS(\.sig)?' | sort)
    links=$(find . -name __pycache__ -prune -o ! -type d ! -type f -print)
    [ "$listed" = "$there" ] && [ -z "$links" ]
)

# The checksums of folder $1 are signed with the key in file $2.
signed_by() {
    ssh-keygen -Y verify -f "$2" -I gxbridge -n gxbridge-bundle -s "$1/SHA256SUMS.sig" <"$1/SHA256SUMS" >/dev/null 2>&1
}

# What stands against the origin of the bundle in folder $1, in a sentence; nothing where all is well. What is installed
# already was looked at when it was.
doubt() {
    if [ ! -e "$1/SHA256SUMS.sig" ] && [ ! -e "$signer" ]; then
        say "this bundle is not signed: nothing proves where it comes from" >&2
    elif ! command -v ssh-keygen >/dev/null; then
        echo "ssh-keygen is missing, so the signature of this bundle cannot be checked"
    elif [ ! -e "$1/SHA256SUMS.sig" ]; then
        echo "this bundle is not signed, and signed bundles are installed here ($signer)"
    elif [ -e "$signer" ]; then
        signed_by "$1" "$signer" || echo "this bundle is not signed with the key of the bundles that are installed here ($signer)"
    elif ! signed_by "$1" "$1/signer"; then
        echo "the signature of this bundle is wrong"
    fi
}

# Two installers at once would not know of each other.
lock() {
    lock=/run/gxbridge-install
    mkdir "$lock" 2>/dev/null || refuse "another install.sh or uninstall.sh runs; if it does not: rmdir $lock"
    trap 'rmdir "$lock"' EXIT
    trap 'exit 1' HUP INT TERM
}

# A folder of its own in /service whose scripts are links: what supervise keeps lies in memory and not on /data, and a
# new version needs nothing but a restart. Made under a hidden name, which svscan passes over, and then renamed, since
# svscan looks for log/ only once.
link_service() {
    [ ! -e "$service" ] || return 0
    new=/service/.gxbridge.new
    rm -rf "$new"
    mkdir -p "$new/log"
    ln -s "$apps/current/service/run" "$new/run"
    ln -s "$apps/current/service/log/run" "$new/log/run"
    rm -f "$service" # a link to nowhere
    mv "$new" "$service"
}

# The web page has a service of its own, where somebody asked for it; see docs/web.md.
link_web() {
    if [ ! -e "$web_wanted" ]; then
        (service=$web_service && unlink_service)
        return 0
    fi
    [ ! -e "$web_service" ] || return 0
    new=/service/.gxbridge-web.new
    rm -rf "$new"
    mkdir -p "$new/log"
    ln -s "$apps/current/service/web/run" "$new/run"
    ln -s "$apps/current/service/web/log/run" "$new/log/run"
    rm -f "$web_service"
    mv "$new" "$web_service"
}

# The page of the bundle in folder $1, if it has one. Somebody who disabled it took the link away, and it stays away.
show_page() {
    if [ ! -f "$1/service/gui-v2/GxBridge.json" ]; then
        hide_page
        return 0
    fi
    known=yes
    [ -d "$page" ] || known=no
    mkdir -p "$page/gui-v2" "${page_enabled%/*}"
    if [ "$(cat "$1/service/gui-v2/GxBridge.json")" != "$(cat "$page/gui-v2/GxBridge.json" 2>/dev/null)" ]; then
        cp "$1/service/gui-v2/GxBridge.json" "$page/gui-v2/.new"
        mv "$page/gui-v2/.new" "$page/gui-v2/GxBridge.json"
    fi
    [ "$known" = yes ] || ln -sfn ../available/GxBridge "$page_enabled"
}

hide_page() {
    rm -f "$page_enabled"
    rm -rf "$page"
    rmdir "${page_enabled%/*}" "${page%/*}" 2>/dev/null || true
}

unlink_service() {
    if [ ! -e "$service" ]; then
        rm -f "$service"
        return 0
    fi
    gone=/service/.${service##*/}.gone
    rm -rf "$gone"
    mv "$service" "$gone"
    svc -dx "$gone" "$gone/log" 2>/dev/null || true
    tries=0
    while svok "$gone" || svok "$gone/log"; do
        tries=$((tries + 1))
        [ "$tries" -le 10 ] || { say "the service did not end within 10 s: see svstat $gone" >&2; return 0; }
        sleep 1
    done
    rm -rf "$gone"
}
