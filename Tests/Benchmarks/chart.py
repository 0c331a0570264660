"""The table as a picture: each figure in relation to its target, on one scale."""
import math
from html import escape

WIDTH, ROW, HEAD, GAP = 1040, 20, 64, 12  # pixels
NAMES, PLOT = 430, 290  # width of the words before the plot, and of the plot
LEAST, MOST = 1 / 8, 8  # multiples of the target at the ends of the plot; what lies beyond is drawn at the end

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .page { fill: #ffffff; } .title { font-size: 16px; font-weight: 600; } .group { font-weight: 600; }
  .quiet { fill: #57606a; } .grid { stroke: #d0d7de; } .target { stroke: #57606a; stroke-width: 1.5; }
  .ok { fill: #1a7f37; stroke: #1a7f37; } .missed { fill: #bc4c00; stroke: #bc4c00; }
  text.ok, text.missed, text.failed { stroke: none; } text.failed { fill: #cf222e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .page { fill: #0d1117; } .quiet { fill: #9198a1; } .grid { stroke: #30363d; }
    .target { stroke: #9198a1; } .ok { fill: #3fb950; stroke: #3fb950; } .missed { fill: #f0883e; stroke: #f0883e; }
    text.failed { fill: #ff7b72; }
  }
"""


def place(value):
    """Where a multiple of the target stands: 1 in the middle, what is better to the left, whatever the unit."""
    clamped = min(max(value, LEAST), MOST)
    return NAMES + PLOT * math.log(clamped / LEAST) / math.log(MOST / LEAST)


def multiple(row, value):
    if row.at_least:
        return row.target / value if value else MOST
    return value / row.target


def svg_text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def mark(row, y):
    """A line from the least to the most, and a dot at the median."""
    kind = "ok" if row.verdict == "ok" else "missed"
    left, middle, right = (place(multiple(row, v)) for v in (min(row.figures), row.median, max(row.figures)))
    return (f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}" class="{kind}" stroke-width="2"/>'
            f'<circle cx="{middle:.1f}" cy="{y}" r="4.5" class="{kind}"/>')


def chart(rows, caption):
    """An SVG of the rows that have a target, readable on light and on dark pages."""
    rows = [row for row in rows if row.target is not None]
    body, y, group = [], HEAD, None
    for row in rows:
        if row.group != group:
            y += GAP + ROW
            body.append(svg_text(16, y, row.group, "group"))
            group = row.group
        y += ROW
        body.append(svg_text(28, y, row.what))
        if row.error:
            body.append(svg_text(NAMES + PLOT + 16, y, "failed", "failed"))
            continue
        sign = "≥" if row.at_least else "≤"
        kind = "ok" if row.verdict == "ok" else "missed"
        body += [mark(row, y - 4),
                 svg_text(NAMES + PLOT + 16, y, f"{row.shown(row.median)}  ({sign} {row.shown(row.target)} {row.unit})"),
                 svg_text(WIDTH - 16, y, row.verdict, kind, "end")]
    bottom = y + GAP
    scale = []
    for value in (LEAST, 1 / 4, 1 / 2, 1, 2, 4, MOST):
        words = f"{value:g} ×" if value >= 1 else f"1/{1 / value:g}"
        x = place(value)
        scale += [f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{HEAD}" y2="{bottom}" class="{"target" if value == 1 else "grid"}"/>',
                  svg_text(x, HEAD - 6, "target" if value == 1 else words, "quiet", "middle")]
    height = bottom + 32
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape(caption)}</title>", f"<style>{STYLE}</style>", f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        svg_text(16, 26, "Sluice against its targets", "title"),
        svg_text(WIDTH - 16, 26, "left of the line is better; dot: median, line: least to most", "quiet", "end"),
        *scale, *body, svg_text(16, height - 12, caption, "quiet"), "</svg>\n"])
