"""What does the report look like? One file without scripts or anything fetched, in the reader's light or dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from demo.figures import Figure

STYLE = """
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #fff; --ink: #1d2025; --soft: #5c626b;
  --rule: #e3e4e6; --grid: #ececee; --grey: #868c95; --accent: #3451b2; --amber: #b86e00; --wash: #fdf4e3; }
@media (prefers-color-scheme: dark) { :root { --paper: #131417; --card: #1b1d21; --ink: #e9eaec; --soft: #a3a8b0;
  --rule: #2e3136; --grid: #26282d; --grey: #868c95; --accent: #9eb1ff; --amber: #f0b056; --wash: #2b2419; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 36px 28px 56px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -.01em; font-weight: 650; }
h2 { font-size: 16px; margin: 0 0 4px; font-weight: 650; }
p { margin: 0; } .soft { color: var(--soft); }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 16px; margin: 24px 0 16px; }
.fact { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 18px; }
.fact b { display: block; font-size: 26px; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.fact.key b { color: var(--accent); }
.fact span { color: var(--soft); font-size: 13px; display: block; line-height: 1.4; margin-top: 2px; }
.moment { background: var(--wash); border: 1px solid var(--rule); border-left: 4px solid var(--amber);
  border-radius: 10px; padding: 14px 18px; margin-bottom: 16px; }
.figures { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px;
  min-width: 0; display: flex; flex-direction: column; }
figcaption { font-size: 13px; color: var(--soft); margin-bottom: 10px; line-height: 1.45; }
svg { display: block; width: 100%; height: auto; margin-bottom: 10px; font-family: inherit; }
text { fill: var(--ink); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.tick, .title { fill: var(--soft); font-size: 11.5px; } .name { font-size: 13px; font-weight: 600; }
.name.struck, .amber-text { fill: var(--amber); } .amber-text { font-weight: 600; }
.grid { stroke: var(--grid); } .rule { stroke: var(--rule); } .diagonal { stroke: var(--grey); stroke-dasharray: 3 4; }
.whisker { stroke-width: 2; stroke: var(--accent); opacity: .55; }
.whisker.grey, .whisker.hollow { stroke: var(--grey); } .whisker.amber { stroke: var(--amber); }
.dot { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; } .dot.grey { fill: var(--grey); }
.dot.hollow { fill: var(--card); stroke: var(--ink); stroke-width: 2; } .dot.amber { fill: var(--amber); }
.path { fill: none; stroke: var(--grey); stroke-width: 2; stroke-linejoin: round; }
.path.amber { stroke: var(--amber); stroke-width: 2.5; } .moment { stroke: none; }
line.moment { stroke: var(--amber); stroke-dasharray: 5 4; stroke-width: 1.5; }
details { margin-top: auto; border-top: 1px solid var(--rule); padding-top: 8px; font-size: 13px; }
summary { cursor: pointer; color: var(--soft); } .wide { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 8px; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; } th, td { padding: 4px 0 4px 14px; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
td { text-align: right; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
footer { margin-top: 24px; color: var(--soft); font-size: 13px; }
code { font: 12.5px ui-monospace, "Liberation Mono", monospace; }
@media (max-width: 900px) { .figures { grid-template-columns: 1fr; } .facts { grid-template-columns: 1fr 1fr; } }
@media (max-width: 480px) { main { padding: 20px 14px; } .facts { grid-template-columns: 1fr; } }
"""


def render(said: Mapping[str, Any], figures: Sequence[Figure]) -> str:
    """The page of one report."""
    score, leaving = said["score"], said["exit"]
    without = said["score_without"]["consensus"]
    n = said["intervals"]["with"]["consensus"]["n"]
    facts = [
        (f"{score['consensus']:.1%}", f"of the consensus is right, n={n:,}", "key"),
        (f"{score['majority']:.1%}", "of the plain majority of the same answers", ""),
        (
            f"{score['best_provider']:.1%}",
            f"of {score['best_provider_is'].capitalize()} alone, the best provider",
            "",
        ),
        (f"{without:.1%}", f"of the consensus without {leaving['provider']}, fitted anew", ""),
    ]
    held = "verify, fitted again to the same values"
    if not all(release["verified"] for release in said["releases"]):
        held = "DO NOT VERIFY"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Steelyard: the demo's report</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Four model providers, one of them bought into half-way</h1>
<p class="soft">{said["tasks"]["sent"]:,} handwritten digits, three answers each; real classifiers that learned from
small sets of images. The truth of {said["tasks"]["scored"]:,} tasks was kept aside until the end.</p>
<section class="facts" aria-label="In short">{"".join(_fact(*fact) for fact in facts)}</section>
<section class="moment"><h2>{escape(leaving["organisation"])} took {leaving["stake"]:.0%} of
{escape(leaving["provider"])} at judgment {leaving["at_judgment"]:,}</h2>
<p>It was stopped at once: what it held ({leaving["recalled"]}) went back to the queue, its next claim got
“{escape(leaving["next_claim"])}”, an answer it had held back got “{escape(leaving["late_answer"])}”.
It had been shown {leaving["exposed"]:,} tasks and had answered {leaving["dependent"]:,}, {leaving["share"]:.0%} of all
judgments so far. The others finished the work; both releases {held}.</p></section>
<section class="figures">{"".join(_figure(figure) for figure in figures)}</section>
<footer>Steelyard {escape(said["version"])}, seed {said["seed"]}, {said["timing"]["all"]:.0f} seconds in all. The same
numbers stand in <code>report.json</code>. Intervals are 95 % (Wilson; for alpha, bootstrap).</footer>
</main>
</body>
</html>
"""


def _fact(figure: str, what: str, look: str) -> str:
    return f'<div class="fact {look}"><b>{escape(figure)}</b><span>{escape(what)}</span></div>'


def _figure(figure: Figure) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in figure.headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in figure.rows)
    return (
        f"<figure><h2>{escape(figure.title)}</h2><figcaption>{escape(figure.below)}</figcaption>{figure.drawing}"
        f'<details><summary>The numbers</summary><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details></figure>"
    )
