#!/usr/bin/env bash
# Breaks the engine on purpose, in a copy of the workspace, once for each patch in this folder, and demands that the sweeps
# notice. The first line of a patch says what it breaks. With names as arguments, those patches alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target} CARGO_TERM_COLOR=never RUST_BACKTRACE=0
# The same folder each time, so that what is built there is built once.
copy=$CARGO_TARGET_DIR/mutations
packages=(-p storage -p commands -p rehearsal -p bot -p tests)

sweeps() {
    (cd "$copy" && cargo test "${packages[@]}" --test it -- sweep:: cases::) >"$CARGO_TARGET_DIR/mutations.log" 2>&1
}

names=("$@")
[ $# -gt 0 ] || for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
rm -rf "$copy"
mkdir -p "$copy"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --preserve=timestamps -t "$copy")

missed=0
for name in "${names[@]}"; do
    patch=$here/$name.patch began=$SECONDS
    patch --quiet --strip=1 --directory="$copy" <"$patch" || { echo "$name: the patch does not apply any more" >&2; exit 2; }
    if ! (cd "$copy" && cargo test --no-run "${packages[@]}" --test it) >"$CARGO_TARGET_DIR/mutations.log" 2>&1; then
        echo "$name: the patched workspace does not build, see $CARGO_TARGET_DIR/mutations.log" >&2
        exit 2
    fi
    if sweeps; then
        verdict="NOT NOTICED" missed=$((missed + 1))
    else
        verdict="noticed by $(awk '/^test .* FAILED$/ { print $2 }' "$CARGO_TARGET_DIR/mutations.log" | wc -l) tests"
    fi
    printf '%-20s %-22s %4d s  %s\n' "$name" "$verdict" $((SECONDS - began)) "$(head -1 "$patch")"
    patch --quiet --strip=1 --reverse --directory="$copy" <"$patch"
done
[ "$missed" -eq 0 ]
