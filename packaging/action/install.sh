#!/usr/bin/env bash
# The action's first step: a release of doorward whose provenance is good, or the program that PROGRAM names.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$RUNNER_TEMP/doorward/bin
mkdir -p "$folder"

if [ -n "${PROGRAM:-}" ]; then
    cp "$PROGRAM" "$folder/"
else
    case ${RUNNER_OS:?}-${RUNNER_ARCH:?} in
        Linux-X64) target=x86_64-unknown-linux-musl end=tar.gz ;;
        Linux-ARM64) target=aarch64-unknown-linux-musl end=tar.gz ;;
        macOS-X64) target=x86_64-apple-darwin end=tar.gz ;;
        macOS-ARM64) target=aarch64-apple-darwin end=tar.gz ;;
        Windows-X64) target=x86_64-pc-windows-msvc end=zip ;;
        *) echo "::error::doorward has no release for $RUNNER_OS on $RUNNER_ARCH" >&2; exit 1 ;;
    esac
    version=${VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)}
    archive=doorward-$version-$target.$end
    repository=$(sed -n 's/^repository = "https:\/\/github.com\/\(.*\)"$/\1/p' "$root/Cargo.toml")
    cd "$RUNNER_TEMP/doorward"
    gh release download "v$version" --repo "$repository" --pattern "$archive" --clobber
    # Only what this repository's release workflow has built and signed is run.
    gh attestation verify "$archive" --repo "$repository" --signer-workflow "$repository/.github/workflows/release.yml"
    case $end in
        zip) 7z e -bd -y "$archive" -o"$folder" '*/doorward.exe' >/dev/null ;;
        *) tar -xzf "$archive" -C "$folder" --strip-components 1 "doorward-$version-$target/doorward" ;;
    esac
    rm "$archive"
fi
echo "$folder" >>"$GITHUB_PATH"
