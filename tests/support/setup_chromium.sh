#!/bin/sh
# Is there a Chromium for the browser tests?
#
# One that is on the machine is used; as root on Debian the distribution's own is installed; else the one
# command that would do it is printed and the browser tests skip. This never fails: it must not stop a test run.

packages="chromium fonts-liberation fonts-noto-core"

have_chromium() {
    [ -n "${STEELYARD_CHROMIUM:-}" ] && [ -x "$STEELYARD_CHROMIUM" ] && return 0
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        # A name that does not run (a stand-in that only says how to install it) is no browser.
        command -v "$name" >/dev/null 2>&1 && "$name" --version >/dev/null 2>&1 && return 0
    done
    return 1
}

install_chromium() {
    export DEBIAN_FRONTEND=noninteractive
    options="-o DPkg::Lock::Timeout=120 -o Acquire::Retries=1 -o Acquire::http::Timeout=30"
    # shellcheck disable=SC2086
    timeout 120 apt-get $options -qq update &&
        timeout 400 apt-get $options -qq install -y --no-install-recommends $packages
}

have_chromium && exit 0

system=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null)
if [ "$system" = debian ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Debian's Chromium for the browser tests"
    log=$(mktemp)
    if install_chromium >"$log" 2>&1 </dev/null && have_chromium; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log"
    rm -f "$log"
fi

case "$system" in
    debian) command="sudo apt-get install --no-install-recommends $packages" ;;
    *) command="install Chromium or Google Chrome, or set STEELYARD_CHROMIUM to its path" ;;
esac
echo "no Chromium was found, so the browser tests will skip. To run them: $command"
exit 0
