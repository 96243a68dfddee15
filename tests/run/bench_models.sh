# The models that `make bench` measures: their derivatives hold at small sizes, and what bpc makes of them at a few examples is what
# an expert's C computes. No time is looked at.
. tests/run/common.sh
check() { # model, defines
    model=$1
    shift
    status_is 0 "check $model" "$BPC" check "bench/models/$model.bp" --real f64 --samples 5 "$@"
    [ "$got" = 0 ] || grep OFF "$TMP/out"
}
check tiny
check small -D n=4 -D h=5
check mlp -D n=5 -D h1=4 -D h2=3
check deep -D n=4 -D k=3
check cnn -D m=1
check lstm -D T=3 -D D=2 -D H=3
check transformer -D T=3 -D D=4 -D H=2 -D F=3
check logreg
check gmm -D d=3 -D K=2

against_expert() { # name, model, expert, the sizes of each run separated by commas, defines
    name=$1 model=$2 expert=$3 runs=$4
    shift 4
    status_is 0 "bpc $name" "$BPC" "$model" --prefix model -o "$TMP/model.c" "$@"
    status_is 0 "cc $name" $CC -O2 -march=native -std=gnu11 -fopenmp-simd -Iruntime -Ibench/expert -o "$TMP/bench" bench/bench.c bench/limits.c \
        "bench/expert/$expert.c" "$TMP/model.c" "$BUILD/libbp.a" -ljansson -lz -lm -ldl -lpthread
    for sizes in $(echo "$runs" | tr , ' '); do
        status_is 0 "$name, $sizes, bpc and the expert" "$TMP/bench" "$sizes" --repetitions 0
        [ "$got" = 0 ] || cat "$TMP/out"
    done
}
for model in tiny small mlp deep cnn lstm transformer logreg gmm; do
    against_expert $model bench/models/$model.bp $model m=1,m=17,m=48
done
against_expert 'gmm of ADBench' tests/adbench/gmm.bp adbench_gmm n=1,n=130 -D d=10 -D K=25
against_expert 'lstm of ADBench' tests/adbench/lstm.bp adbench_lstm c=2,c=40 -D l=3
plain() { # model, sizes
    status_is 0 "bpc $1" "$BPC" "tests/adbench/$1.bp" --prefix model --want value -o "$TMP/model.c"
    status_is 0 "cc $1" $CC -O2 -march=native -std=gnu11 -Iruntime -Ibench/expert -o "$TMP/bench" bench/bench.c bench/limits.c "bench/plain/$1.c" \
        "$TMP/model.c" "$BUILD/libbp.a" -ljansson -lz -lm -ldl -lpthread
    shift
    status_is 0 "the plain objective" "$TMP/bench" "$@" --repetitions 0
    [ "$got" = 0 ] || cat "$TMP/out"
}
plain gmm n=9
plain lstm c=9
plain hand n=9
python3 tests/adbench/convert.py ba tests/adbench/data/ba_test.txt > "$TMP/ba.json"
plain ba --data "$TMP/ba.json"
finish
