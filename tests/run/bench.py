"""What bpc bench prints as JSON and draws, against what is known by counting.   bench.py json|sweep|partial|plot|paths FILE [COST]"""
import json, math, sys
import xml.etree.ElementTree as tree

WHAT, FILE = sys.argv[1:3]
FIELDS = {"samples", "seconds", "low", "high", "ratio", "predicted", "calls", "calls_in_a_sample", "flops", "bytes", "memory",
          "flops_per_second", "bytes_per_second", "bandwidth"}


def measured(result):
    assert FIELDS <= set(result), result
    assert result["samples"] >= 3 and 0 < result["low"] <= result["seconds"] <= result["high"], result
    assert result["predicted"] > 0 and result["flops_per_second"] > 0, result
    assert result["mode"] == "paths" or result["bytes_per_second"] > 0, result


def check_json():
    """The notes' regression at m = 64: seven parameters; w, b and v reach the loss by one path an example and unit, c by one an
    example, so 3*2*64 + 64 paths."""
    bench = json.load(open(FILE))
    assert bench["complete"] is True and bench["sweep"] is None and bench["real"] == "f64"
    assert bench["machine"]["flops_per_second"] > 1e8
    bandwidths = bench["machine"]["bandwidth"]
    assert len(bandwidths) >= 3 and all(b["bytes_per_second"] > 1e7 for b in bandwidths)
    [point] = bench["points"]
    assert point["inputs"] == 7 and point["outputs"] == 1 and point["paths"] == 3 * 2 * 64 + 64
    assert point["disagreement"] < 1e-12, point["disagreement"]
    modes = {r["mode"]: r for r in point["modes"]}
    assert list(modes) == ["value", "reverse", "hvp", "jvp", "forward", "k-forward", "paths"]
    for result in modes.values():
        measured(result)
    assert modes["value"]["ratio"] == 1 and modes["forward"]["calls"] == 7 and modes["k-forward"]["calls"] == math.ceil(7 / 3)
    assert math.isclose(modes["forward"]["flops"], 7 * modes["jvp"]["flops"])
    for result in modes.values():  # rates are work by time, ratios are to the value
        assert math.isclose(result["flops_per_second"] * result["seconds"], result["flops"], rel_tol=1e-9)
        assert math.isclose(result["ratio"] * modes["value"]["seconds"], result["seconds"], rel_tol=1e-9)


def check_sweep():
    """layers.bp with h = 3, m = 5: from each of n inputs to each of the outputs lead h*h paths. The sweep is 1, 2, 4, 6."""
    bench = json.load(open(FILE))
    assert bench["sweep"] == "n" and bench["complete"] is True
    assert [p["n"] for p in bench["points"]] == [1, 2, 4, 6]
    for point in bench["points"]:
        n = point["n"]
        assert point["inputs"] == n and point["outputs"] == 5 and point["paths"] == n * 3 * 3 * 5
        assert point["disagreement"] < 1e-4, point["disagreement"]
        calls = {r["mode"]: r["calls"] for r in point["modes"]}
        assert calls == {"value": 1, "reverse": 1, "backward": 5, "jvp": 1, "forward": n, "k-forward": math.ceil(n / 8), "paths": 1}


def check_partial():
    bench = json.load(open(FILE))
    assert bench["complete"] is False and 1 <= len(bench["points"]) < 4
    measured(bench["points"][0]["modes"][0])


def check_plot():
    """A mark for each point of each mode, with the numbers of the JSON."""
    svg = "{http://www.w3.org/2000/svg}"
    seen = [title.text for title in tree.parse(FILE).iter(svg + "title")]
    modes = {"value", "one vjp", "reverse, all outputs", "one jvp", "forward, one by one", "forward, 8 at once", "every path summed"}
    for mode in modes:
        at = [t[len(mode) + 2:].split(", ")[0] for t in seen if t.startswith(mode + ": ")]
        assert at == ["1", "2", "4", "6"], (mode, at)
    text = open(FILE).read()
    assert "@media (prefers-color-scheme:dark)" in text and "dashed" in text


def check_paths():
    """As many paths as bpc cost counts, which does so from formulas."""
    bench, cost = json.load(open(FILE)), json.load(open(sys.argv[3]))
    [point] = bench["points"]
    assert math.isclose(point["paths"], int(cost["graph"]["paths"]["exact"]), rel_tol=1e-12), (point["paths"], cost["graph"]["paths"])


{"json": check_json, "paths": check_paths, "sweep": check_sweep, "partial": check_partial, "plot": check_plot}[WHAT]()
