#!/bin/sh
# Unpacks the packages that NAME.txt lists, and whatever they need that the machine lacks, into NAME/: install.sh NAME
# Nothing is installed, root is not needed, and the machine's own lists of packages stay as they are.
set -eu
cd "$(dirname "$0")"
packages=$(cat "$1.txt")
fail() { echo "peers: $1" >&2; exit 1; }
for tool in apt-get dpkg-deb; do
    command -v $tool >/dev/null || fail "$tool is missing; these peers come from Debian's packages and need a Debian or Ubuntu machine"
done
rm -rf "$1"
mkdir -p "$1" && cd "$1"
here=$PWD
mkdir -p apt/lists/partial apt/cache/archives/partial root bin
apt() {
    apt-get -qq -o Dir::State::Lists="$here/apt/lists" -o Dir::Cache="$here/apt/cache" -o Debug::NoLocking=1 \
        -o Dir::State::extended_states="$here/apt/extended" -o APT::Sandbox::User= "$@" >apt/log 2>&1 \
        || fail "apt-get $1 failed: $(grep -m1 '^E:' apt/log || tail -n1 apt/log)"
}
apt update
# --reinstall: those that the machine has too, so that what runs is known.
apt install --yes --no-install-recommends --download-only --reinstall $packages
for package in apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" root
done
# Their libraries and data lie where nobody looks; a program of bin/ finds them by itself.
libraries=$(find "$here/root" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd :)
voices=$(find "$here/root/usr/lib" -type d -name espeak-ng-data)
for program in root/usr/bin/* root/usr/sbin/*; do
    name=bin/$(basename "$program")
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s ESPEAK_DATA_PATH=%s exec %s "$@"\n' "$libraries" "$voices" "$here/$program" >"$name"
    chmod +x "$name"
done
[ ! -f root/usr/lib/erlang/bin/erl ] || sed -i "s#ROOTDIR=/usr#ROOTDIR=$here/root/usr#" root/usr/lib/erlang/bin/erl
for package in $packages; do
    version=$(dpkg-deb --field "$(ls apt/cache/archives/"${package}"_*.deb)" Version) || fail "$package was not downloaded"
    echo "$package $version"
done >versions.txt
rm -rf apt
touch done
