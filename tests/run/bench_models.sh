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

# What bpc makes is compiled by CC, the driver and C by hand by gcc, whose vectors it speaks.
driver() { # name, model, C by hand, defines
    name=$1 model=$2 by_hand=$3
    shift 3
    status_is 0 "bpc $name" "$BPC" "$model" --prefix model -o "$TMP/model.c" "$@"
    status_is 0 "cc $name" $CC -O2 -Iruntime -c -o "$TMP/model.o" "$TMP/model.c"
    status_is 0 "gcc $name" gcc -O2 -march=native -std=gnu11 -fopenmp-simd -Iruntime -Ibench/expert -o "$TMP/bench" bench/bench.c \
        bench/limits.c "$by_hand" "$TMP/model.o" "$BUILD/libbp.a" -ljansson -lz -lm -ldl -lpthread
}
agrees() { # name, arguments of the driver
    name=$1
    shift
    status_is 0 "$name, $*, bpc and by hand" "$TMP/bench" "$@" --repetitions 0
    [ "$got" = 0 ] || cat "$TMP/out"
}
for model in tiny small mlp deep cnn lstm transformer logreg gmm; do
    driver $model bench/models/$model.bp bench/expert/$model.c
    for m in 1 17 48; do agrees $model m=$m; done
done
driver "ADBench's GMM" tests/adbench/gmm.bp bench/expert/adbench_gmm.c -D d=10 -D K=25
agrees "ADBench's GMM" n=1
agrees "ADBench's GMM" n=130
driver "ADBench's LSTM" tests/adbench/lstm.bp bench/expert/adbench_lstm.c -D l=3
agrees "ADBench's LSTM" c=2
agrees "ADBench's LSTM" c=40

# The plain objectives, by which published times are scaled.
for kind in gmm lstm hand ba; do
    driver "plain $kind" tests/adbench/$kind.bp bench/plain/$kind.c --want value
    case $kind in
        gmm | hand) agrees "plain $kind" n=9 ;;
        lstm) agrees "plain $kind" c=9 ;;
        ba) python3 tests/adbench/convert.py ba tests/adbench/data/ba_test.txt > "$TMP/ba.json"
            agrees "plain $kind" --data "$TMP/ba.json" ;;
    esac
done
finish
