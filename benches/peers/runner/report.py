"""Medians, ratios and tables. The first tool of a run is the base of its ratios."""

from statistics import median, quantiles


def summary(rounds):
    """Summarises `rounds`: for each tool, its measurements in the order of rounds."""
    base = next(iter(rounds.values()))
    return {tool: tool_summary(runs, base) for tool, runs in rounds.items()}


def tool_summary(runs, base):
    result = {}
    for key in ("cpu_ns", "wall_ns"):
        times = [run[key] for run in runs]
        # Both values of a ratio are from the same round, a moment apart, so that other load slows both.
        ratios = [other[key] / run[key] for run, other in zip(runs, base)]
        result[key] = {"median": median(times), "iqr": iqr(times), "times_base": median(ratios), "times_base_iqr": iqr(ratios)}
    return result


def iqr(values):
    if len(values) < 2:
        return [values[0], values[0]]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return [low, high]


def markdown(results):
    lines = ["# Comparison with peers", ""]
    lines += [f"- {key}: {value}" for key, value in results["settings"].items()]
    base = next(iter(results["jobs"][0]["tools"]))
    lines += ["", f"`x` is how many times as fast as {base}: ratios of each round, then their median (and quartiles)."]
    for job in results["jobs"]:
        lines += ["", f"## {job['name']}", "", job["text"], ""]
        rows = [row(tool, job["tools"][tool]) for tool in job["tools"]]
        titles = ["tool", "CPU ms", "CPU x", "wall ms", "wall x", "bytes", *rows[0]["more"], "peak MiB", "before MiB"]
        lines.append("| " + " | ".join(titles) + " |")
        lines.append("|---|" + "---:|" * (len(titles) - 1))
        for each in rows:
            lines.append("| " + " | ".join([*each["first"], *each["more"].values(), *each["last"]]) + " |")
    return "\n".join(lines) + "\n"


def row(tool, result):
    def milliseconds(time):
        ms = [value / 1e6 for value in (time["median"], *time["iqr"])]
        digits = 4 if ms[0] < 0.1 else 2 if ms[0] < 10 else 1
        return "{} ({}–{})".format(*(f"{value:.{digits}f}" for value in ms))

    def times(ratio):
        low, high = ratio["times_base_iqr"]
        digits = 2 if ratio["times_base"] < 100 else 0
        return f"**{ratio['times_base']:.{digits}f}** ({low:.{digits}f}–{high:.{digits}f})"

    cpu, wall = result["cpu_ns"], result["wall_ns"]
    more = {}
    if "ssimulacra2" in result:
        more = {"SSIMULACRA2": f"{result['ssimulacra2']:.2f}", "PSNR dB": f"{result['psnr_db']:.2f}"}
    elif "is_lossless" in result:
        more = {"same pixels": "yes" if result["is_lossless"] else "no"}
    memory = (f"{result[key] / 2**20:.1f}" for key in ("peak_bytes", "base_bytes"))
    return {
        "first": [tool, milliseconds(cpu), times(cpu), milliseconds(wall), times(wall), str(result["bytes"])],
        "more": more,
        "last": list(memory),
    }
