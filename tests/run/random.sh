# Random well-typed models: four derivatives agree on each. SEEDS="1 2 3" chooses; the failing models are kept in
# $BUILD/random. A model is its seed: python3 tests/random/generate.py SEED.
. tests/run/common.sh
mkdir -p "$BUILD/random"
for seed in ${SEEDS:-$(seq 1 20)}; do
    model="$BUILD/random/$seed.bp"
    python3 tests/random/generate.py "$seed" > "$model"
    status_is 0 "random model $seed" timeout 60 "$BPC" check --samples 4 "$model"
    [ "$got" != 0 ] || rm -f "$model"
done
finish
