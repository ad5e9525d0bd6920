"""Medians of rounds, ratios to the first server of a job, and tables."""

from statistics import median

COLUMNS = ["server", "requests/s", "x", "p50 ms", "p99 ms", "CPU", "peak MiB", "errors"]


def summary(rounds):
    """Summarises `rounds`: for each server, its measurements in the order of rounds."""
    base = next(iter(rounds.values()))
    return {server: server_summary(runs, base) for server, runs in rounds.items()}


def server_summary(runs, base):
    result = {key: median(run[key] for run in runs) for key in ("rate", "p50_ms", "p99_ms", "cores")}
    # Both rates of a ratio are from the same round, so that other load slows both.
    ratios = [run["rate"] / other["rate"] for run, other in zip(runs, base) if other["rate"]]
    # The base may have completed no request, if requests take longer than a measurement.
    result["times_base"] = median(ratios) if ratios else None
    result["peak_bytes"] = max(run["peak_bytes"] for run in runs)
    result["errors"] = sum(run["errors"] for run in runs)
    return result


def markdown(results):
    lines = ["# Comparison of servers", ""]
    lines += [f"- {key}: {value}" for key, value in results["settings"].items()]
    cores = results["settings"]["cores"]
    for job in results["jobs"]:
        base = next(iter(job["responses"]))
        lines += ["", f"## {job['name']}", "", job["text"], ""]
        lines += [f"- {server}: {describe(response)}" for server, response in job["responses"].items()]
        for clients, servers in job["clients"].items():
            lines += ["", f"{clients} client{'s' if clients != '1' else ''}; `x` is the rate divided by that of {base}.", ""]
            lines.append("| " + " | ".join(COLUMNS) + " |")
            lines.append("|---|" + "---:|" * (len(COLUMNS) - 1))
            lines += ["| " + " | ".join(row(server, result, cores)) + " |" for server, result in servers.items()]
    return "\n".join(lines) + "\n"


def describe(response):
    quality = f", SSIMULACRA2 {response['ssimulacra2']:.2f}" if "ssimulacra2" in response else ""
    return f"status {response['status']}, {response['bytes']} bytes{quality}"


def row(server, result, cores):
    return [
        server,
        f"{result['rate']:.1f}",
        "–" if result["times_base"] is None else f"**{result['times_base']:.2f}**",
        f"{result['p50_ms']:.1f}",
        f"{result['p99_ms']:.1f}",
        f"{100 * result['cores'] / cores:.0f} %",
        f"{result['peak_bytes'] / 2**20:.0f}",
        str(result["errors"]),
    ]
