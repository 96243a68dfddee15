"""The points of run.svg are the rows of run.csv: each value, on both sets, by epoch.   curves.py run.csv run.svg"""
import csv, sys
import xml.etree.ElementTree as tree

rows = list(csv.DictReader(open(sys.argv[1])))
svg = "{http://www.w3.org/2000/svg}"
seen = [title.text for title in tree.parse(sys.argv[2]).iter(svg + "title")]
points = [(name, int(epoch), float(value)) for name, rest in (t.split(": ") for t in seen) for epoch, value in [rest.split(", ")]]
assert rows, "an empty log"
columns = [c for c in rows[0] if c.split("_")[-1] in ("L", "accuracy") or c in ("L", "accuracy")]
logged = sorted(float(row[c]) for row in rows for c in columns)
drawn = sorted(value for _, _, value in points)
assert len(logged) == len(drawn) == 4 * len(rows), (columns, len(drawn))
assert all(abs(a - b) <= 6e-4 * abs(a) for a, b in zip(logged, drawn)), (logged, drawn)
assert {epoch for _, epoch, _ in points} == {int(row["epoch"]) for row in rows}
