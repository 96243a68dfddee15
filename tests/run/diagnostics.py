"""The messages of --diagnostics=json are those of the text: diagnostics.py BPC, in the folder tests/errors. Prints what differs."""
import glob, json, subprocess, sys

bad = 0
for model in sorted(glob.glob("*.bp")):
    done = subprocess.run([sys.argv[1], model, "--diagnostics=json", "-o", "/dev/null"], capture_output=True)
    said = []
    try:
        for message in json.loads(done.stderr):
            for part in [message] + message["notes"]:
                place = f"{part['file']}:{part['line']}:{part['column']}: " if "file" in part else "bpc: "
                said.append(f"{place}{part['severity']}: {part['message']}")
    except ValueError as error:
        said = [f"not JSON: {error}"]
    text = open(model[:-3] + ".err", encoding="utf-8", errors="replace").read().split("\n")
    missing = [line for line in said if not any(t == line or t.startswith(line + " [-W") for t in text)]
    count = sum(t.startswith((f"{model}:", "bpc: error", "bpc: warning", "bpc: note")) for t in text)
    if missing or count != len(said) or done.returncode != 1:
        bad += 1
        print(f"{model}: status {done.returncode}, {len(said)} messages, {count} in the text; not there: {missing[:2]}")
sys.exit(bad != 0)
