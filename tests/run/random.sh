# Random well-typed models of every construct: four derivatives agree on each, at all levels in turn. FIRST and COUNT choose the
# seeds; failing models are kept in $BUILD/random, each beside a small one that fails alike (tests/random/fuzz.py).
. tests/run/common.sh
python3 tests/random/fuzz.py "$BPC" "$BUILD/random" "${FIRST:-1}" "${COUNT:-300}" 2
