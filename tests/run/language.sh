# The language and its library, sentence by sentence: the models of tests/language against numpy (tests/language/run.py), each
# interpreted and compiled at -O0 and -O2. tests/README.md says which sentence is where. MODELS="filters pieces" chooses.
. tests/run/common.sh
python=python3
"$python" -c 'import numpy' 2> /dev/null || python=/usr/bin/python3
"$python" tests/language/run.py "$BPC" tests/language $MODELS > "$TMP/language"
passed=$(grep -c '^ok' "$TMP/language")
failures=$(grep -c '^FAIL' "$TMP/language")
[ "$failures" = 0 ] || { echo; sed -n '/^FAIL/,/^ok/p' "$TMP/language" | grep -v '^ok'; }
[ "$passed" != 0 ] || fail language "nothing ran"
finish
