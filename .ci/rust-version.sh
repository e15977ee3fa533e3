#!/usr/bin/env bash
# Is the stated rust-version true? With that toolchain at hand it builds; without it, no dependency may ask for more.
# (clippy's `incompatible_msrv`, on by default, checks what we use of the standard library.)
set -euo pipefail
cd "$(dirname "$0")/.."
stated=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if rustup toolchain list 2>/dev/null | grep -q "^$stated"; then
    cargo "+$stated" check --workspace
    exit
fi
cargo metadata --format-version 1 --locked | python3 -c '
import json, sys
stated = tuple(int(part) for part in sys.argv[1].split("."))
over = []
for package in json.load(sys.stdin)["packages"]:
    asked = package.get("rust_version")
    if asked and tuple(int(part) for part in asked.split("."))[:2] > stated[:2]:
        over.append(package["name"] + " " + package["version"] + " asks for " + asked)
sys.exit("\n".join(over) or 0)
' "$stated"
echo "no dependency asks for more than $stated; that toolchain itself is not here"
