#!/bin/sh
# Installs gxbridge on a GX device (Venus OS), or puts another version in the place of the one that is there.
# Run again, it changes nothing. See docs/install.md.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/service/venus/common.sh"

force=no
unsigned=no
stored=no

usage() {
    cat <<'END'
sh install.sh [--force] [--unsigned]
sh install.sh --check FOLDER

Installs gxbridge under /data/apps/gxbridge, keeps the configuration in /data/conf/gxbridge.yaml, and starts it now and
at each boot. A version that runs already is replaced in one step and kept as `previous`.

--force  also on a system that is not known to work (not Venus OS, or older than v3.60), or with a configuration that
         this version calls wrong
--unsigned  also a bundle that is not signed with the key of those that are installed here
--check FOLDER  installs nothing: says whether this version would take the bundle that is unpacked there. What is in a
         bundle runs as root when its install.sh is started, so look at it first with the version that is installed.
END
}

unless_forced() {
    [ "$force" = no ] || { say "continuing because of --force, although $*"; return 0; }
    refuse "not installed: $*"
}

# --- may it be installed here? ----------------------------------------------------------------------------------------

# "v3.60", "v3.60~49", "v3.7" -> a number to compare: major * 1000 + minor
version_number() {
    number=${1#v}
    major=${number%%.*}
    minor=${number#*.}
    minor=${minor%%[!0-9]*}
    case "$major$minor" in *[!0-9]* | '') echo 0 ;; *) echo $((major * 1000 + minor)) ;; esac
}

check_system() {
    [ "$(id -u)" = 0 ] || refuse "not installed: this must be run as root"
    [ -f "$here/SHA256SUMS" ] || refuse "not installed: this is not an unpacked bundle; make one with \`make bundle\`"
    if [ ! -r /opt/victronenergy/version ]; then
        unless_forced "this is not Venus OS (there is no /opt/victronenergy/version); elsewhere use pip, see docs/install.md"
    else
        read -r venus _ </opt/victronenergy/version || true
        [ "$(version_number "$venus")" -ge 3060 ] ||
            unless_forced "this is Venus OS $venus, and gxbridge needs v3.60 or newer; update the firmware first"
    fi
    command -v python3 >/dev/null || refuse "not installed: there is no python3"
    python_will_do || refuse "not installed: gxbridge needs Python 3.11 or newer, this is $(python3 --version 2>&1)"
    for program in svc svok svstat multilog; do
        command -v "$program" >/dev/null || refuse "not installed: there is no $program; gxbridge needs daemontools here"
    done
    [ -d /service ] || refuse "not installed: there is no /service"
    [ -d /data ] && [ -w /data ] || refuse "not installed: /data is not there or cannot be written"
    [ ! -e /opt/victronenergy/service/gxbridge ] ||
        refuse "not installed: SetupHelper has installed gxbridge; uninstall it there first"
    # One copy, its byte code, and some air.
    needed=$(($(du -sk "$here" | cut -f 1) * 3))
    free=$(df -Pk /data | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$needed" ] || refuse "not installed: /data has $free kB free, and $needed kB are needed"
}

# The bundle in folder $1 is whole, and of the one who made those before.
check_bundle() {
    intact "$1" || refuse "not installed: the bundle is damaged, or holds files that it does not list (SHA256SUMS);" \
        "unpack it again"
    case "$1" in "$apps"/versions/*) return 0 ;; esac # it was looked at when it was installed
    why=$(doubt "$1")
    if [ -n "$why" ]; then
        [ "$unsigned" = yes ] || refuse "not installed: $why; --unsigned installs it all the same"
        say "continuing because of --unsigned, although $why"
    elif [ -e "$1/SHA256SUMS.sig" ]; then
        key=$(sed 's/^gxbridge //' "$1/signer" | ssh-keygen -lf - | cut -d ' ' -f 2)
        say "this bundle is signed with the key $key"
    fi
}

# The first signed bundle says whose bundles may follow.
remember_signer() {
    if [ ! -e "$signer" ] && [ -z "${why:-}" ] && [ -e "$folder/SHA256SUMS.sig" ]; then
        cp "$folder/signer" "$signer.new"
        mv "$signer.new" "$signer"
        say "from now on only bundles with this key are installed; compare it with what its maker says"
    fi
}

# --- the steps --------------------------------------------------------------------------------------------------------

# Unpacks into versions/NAME, which is complete or not there at all.
store() {
    name=$(sed 's/^v//' "$here/version")-$(sha256sum "$here/SHA256SUMS" | cut -c 1-8)
    folder=$apps/versions/$name
    [ "$here" != "$folder" ] || return 0
    if [ -d "$folder" ]; then
        ! intact "$folder" || return 0
        say "the installed copy of $name is damaged and is replaced"
    fi
    fresh=$apps/versions/.new
    mkdir -p "$apps/versions"
    rm -rf "$fresh"
    cp -R "$here" "$fresh"
    intact "$fresh" || refuse "not installed: the copy on /data differs from the bundle"
    find "$fresh" -name __pycache__ -prune -exec rm -rf {} +
    # Byte code for this very Python: the first start need not make it. It knows its source by time and size, so it stays
    # right if somebody edits a file, and a start need not read the sources.
    PYTHONNODEBUGRANGES=1 python3 -m compileall -q --invalidation-mode timestamp "$fresh/lib" "$fresh/lib-web" ||
        say "there is no byte code yet: the first start will be slow"
    settle
    rm -rf "$folder"
    mv "$fresh" "$folder"
    stored=yes
}

# Nothing of the version that runs has been touched when this ends the installation.
test_it() {
    helper "$folder" self_test || {
        discard
        refuse "not installed: see above"
    }
}

discard() {
    [ "$stored" = no ] || [ "$(readlink "$apps/current" || true)" = "versions/$name" ] || rm -rf "$folder"
    rmdir "$apps/versions" "$apps" /data/apps 2>/dev/null || true
}

make_config() {
    if [ -e "$config" ]; then
        say "your configuration stays as it is: $config"
    else
        mkdir -p "$(dirname "$config")"
        helper "$folder" first_config "$folder/service/gxbridge.example.yaml" >"$config.new"
        mv "$config.new" "$config"
        say "a first configuration was written: $config"
    fi
    "$folder/gxbridge" config check "$config" || {
        [ "$force" = yes ] || discard
        unless_forced "$config is not right for this version (see above); nothing was changed"
    }
}

# One rename: at any moment `current` is the old version or the new one.
activate() {
    old=$(readlink "$apps/current" || true)
    if [ "$old" != "versions/$name" ]; then
        rm -f "$apps/undone"
        if [ -n "$old" ]; then
            replace_link "$old" "$apps/previous"
            : >"$apps/upgraded" # until it has run for a minute: service/run goes back if it cannot
        fi
        replace_link "versions/$name" "$apps/current"
    fi
    for command in gxbridge uninstall.sh; do
        [ -e "$apps/$command" ] || ln -sf "current/$command" "$apps/$command"
    done
    keep=$(readlink "$apps/previous" || true)
    for each in "$apps"/versions/*; do
        [ "versions/${each##*/}" = "versions/$name" ] || [ "versions/${each##*/}" = "$keep" ] || rm -rf "$each"
    done
    settle
}

replace_link() {
    rm -f "$2.new"
    ln -s "$1" "$2.new"
    python3 -c 'import os, sys; os.replace(*sys.argv[1:])' "$2.new" "$2"
}

# Right below the first line: an rc.local may end in `exit 0`.
add_hook() {
    if [ -f "$hook" ] && grep -q '# gxbridge$' "$hook"; then
        return 0
    fi
    [ ! -e "$hook.disabled" ] || say "$hook.disabled is left as it is: modifications were switched off there"
    [ ! -f "$hook" ] || [ -x "$hook" ] || say "$hook was not executable; from now on everything in it runs at boot"
    {
        first=
        [ ! -f "$hook" ] || first=$(head -n 1 "$hook")
        case "$first" in
            '#!'*) echo "$first" && echo "$hook_line" && tail -n +2 "$hook" ;;
            *) echo '#!/bin/sh' && echo "$hook_line" && { [ ! -f "$hook" ] || cat "$hook"; } ;;
        esac
    } >"$hook.new"
    chmod 755 "$hook.new"
    settle
    mv "$hook.new" "$hook"
}

start() {
    if [ -e "$service" ]; then
        if [ "$old" != "versions/$name" ]; then
            rm -f "$service/starts"
            svc -t "$service"
            [ ! -e "$web_service" ] || svc -t "$web_service"
        fi
        link_web
    else
        sh "$apps/current/service/venus/boot.sh"
    fi
    tries=0
    until svok "$service" && svstat "$service" | grep -q ': up '; do # svscan looks every 5 s
        tries=$((tries + 1))
        [ "$tries" -le 15 ] || { say "the service is not up yet: tai64nlocal <$logs/current" && break; }
        sleep 1
    done
    svstat "$service" || true
}

main() {
    if [ "${1:-}" = --check ] && [ $# = 2 ]; then
        check_bundle "$(readlink -f "$2")"
        exit 0
    fi
    for argument in "$@"; do
        case "$argument" in
            --force) force=yes ;;
            --unsigned) unsigned=yes ;;
            -h | --help) usage && exit 0 ;;
            *) usage >&2 && exit 2 ;;
        esac
    done
    check_system
    check_bundle "$here"
    lock
    store
    test_it
    make_config
    remember_signer
    activate
    show_page "$folder"
    add_hook
    start
    say "version $name is installed. Look at it: $apps/gxbridge doctor"
}

main "$@"
