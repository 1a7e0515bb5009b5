# Recipes for https://just.systems; each is one line that can be typed by hand as well.

# List the recipes.
default:
    @just --list

# Make a small burst, merge and develop it.
demo out="calotype-demo":
    cargo run --release -- demo -o {{out}}

# Format and lint.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Run all tests.
test:
    cargo test --workspace

# Build the documentation, warnings denied.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Check the dependencies' licences.
deny:
    cargo deny check licenses bans

# Everything a change must pass.
ci:
    .ci/run

# Criterion benchmarks of the stages.
bench *args:
    cargo bench --workspace {{args}}

# Time and memory beside public raw developers, on the frames of one burst.
bench-peers burst:
    cargo build --release
    cargo run --release -p xtask -- bench-peers {{burst}}
