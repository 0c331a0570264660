"""The table: what is measured, what it should be, what it is; as text, Markdown and JSON."""
import statistics
from dataclasses import dataclass

FORMATS = {"x": "{:.2f}", "ms": "{:.1f}", "MB": "{:.1f}", "ns": "{:.0f}", "/s": "{:,.0f}", "/event": "{:.3f}", "a second": "{:.1f}", "cores": "{:.2f}"}


@dataclass
class Row:
    """`figures` are of the rounds; `unit` is one of FORMATS; without a `target` the row is there to be known.

    With `at_least` more is better. `error` says what went wrong, and then there are no figures.
    """
    name: str
    group: str
    what: str
    unit: str
    figures: list
    target: float = None
    at_least: bool = False
    error: str = None

    @property
    def median(self):
        return statistics.median(self.figures)

    @property
    def verdict(self):
        if self.error:
            return "FAILED"
        if self.target is None:
            return ""
        return f"missed by {self.miss:,.0f} %" if self.miss > 0 else "ok"

    @property
    def miss(self):
        """By how many percent of the target the median is on its wrong side; 0 when it is not."""
        over = self.target - self.median if self.at_least else self.median - self.target
        # A miss of less than half a percent would read as "by 0 %", and is less than any two runs differ by.
        percent = over / self.target * 100
        return percent if percent >= 0.5 else 0

    def shown(self, value):
        return FORMATS[self.unit].format(value)

    def json(self):
        out = {"name": self.name, "group": self.group, "what": self.what, "unit": self.unit, "target": self.target,
               "target_is": "at least" if self.at_least else "at most", "verdict": self.verdict or "no target"}
        if self.error:
            return {**out, "verdict": "failed", "error": self.error}
        return {**out, "verdict": "missed" if self.verdict.startswith("missed") else out["verdict"],
                "missed_by_percent": round(self.miss, 1) if self.target is not None else None,
                "min": min(self.figures), "median": self.median, "max": max(self.figures), "rounds": self.figures}

    def cells(self):
        target = "" if self.target is None else ("≥ " if self.at_least else "≤ ") + self.shown(self.target)
        if self.error:
            return [self.what, target, "", "", "", self.unit, self.verdict]
        figures = [self.shown(v) for v in (min(self.figures), self.median, max(self.figures))]
        return [self.what, target, *figures, self.unit, self.verdict]


HEADER = ["", "target", "min", "median", "max", "", ""]
LEFT = {0, 5, 6}


def text(rows):
    """One line a row, below the names of the groups; what went wrong stands below its row."""
    lines = [HEADER, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]

    def line(cells):
        padded = [cell.ljust(width) if i in LEFT else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(cells, widths))]
        return ("  " + "  ".join(padded)).rstrip()

    out, group = [line(HEADER)], None
    for row in rows:
        if row.group != group:
            out += ["", row.group]
            group = row.group
        out.append(line(row.cells()))
        if row.error:
            out += ["      " + part for part in row.error.splitlines()]
    return "\n".join(out)


def markdown(rows):
    """For a README: the groups are rows without figures."""
    out, group = ["| | target | median | least to most | |", "| --- | --- | --- | --- | --- |"], None
    for row in rows:
        if row.group != group:
            out.append(f"| **{row.group}** | | | | |")
            group = row.group
        what, target, least, middle, most, unit, verdict = row.cells()
        out.append(f"| {what} | {target} | {middle} {unit} | {least} to {most} | {verdict} |")
    return "\n".join(out)


def summary(rows):
    failed = sum(row.error is not None for row in rows)
    missed = sum(row.verdict.startswith("missed") for row in rows)
    met = sum(row.verdict == "ok" for row in rows)
    return f"{met} targets met, {missed} missed" + (f", {failed} rows FAILED" if failed else "")
