"""How do the plan and the certificate of an exit read on paper?

Both say the same as their JSON: what is signed is the digest that stands on the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from steelyard.formats.document import Document, Section, Table, render

PLAN_SIGNED_BY = ("Responsible for the provider", "Approved by")
CERTIFICATE_SIGNED_BY = ("Carried out by", "Checked by")
_CONTRACT = {
    "reference": "Contract",
    "function": "Function it supports",
    "critical": "Critical or important function",
    "starts": "Begins",
    "ends": "Ends",
    "notice_days": "Notice, days",
    "renews": "Renews by itself",
    "contact": "Contact",
    "data_location": "Where data lie",
    "subcontractors": "Subcontractors",
}


def plan_document(plan: Mapping[str, Any], currency: str) -> Iterator[str]:
    """The exit plan as HTML that prints well. `plan` as from `exit.plan.plan`."""
    return render(
        Document(
            title=f"Exit plan: {plan['name']}",
            subtitle="What leaving this provider means, counted at the time below; nothing has been changed",
            about=[
                ("Provider", f"{plan['name']} ({plan['provider']}), {plan['status']}"),
                ("Counted at", plan["at"]),
                ("World", plan["world"]),
                ("Digest of this plan (SHA-256)", plan["digest"]),
            ],
            sections=_plan_sections(plan, currency),
            signatures=PLAN_SIGNED_BY,
        )
    )


def _plan_sections(plan: Mapping[str, Any], currency: str) -> Iterator[Section]:
    shown = plan["exposure"]
    yield Section(
        "In short",
        lists=[
            [
                f"{plan['in_flight']:,} assignments are in its hands and go back to the queue at once.",
                f"{plan['queued']:,} answers wait that it could have given; {plan['stranded']:,} of the open "
                "ones nobody else may give as things stand.",
                f"It was shown {plan['exposed']:,} contents, which cannot be undone.",
                f"{plan['judgments']:,} of its judgments count now, {plan['share']:.1%} of all.",
                f"{len(plan['releases']):,} releases hold something of it.",
            ]
        ],
    )
    if plan["interests"] or plan["contract"]:
        yield _contract(plan)
    yield Section(
        "Work",
        paragraphs=["Per project: what hangs on it now. Alone: tasks that nobody else has answered."],
        tables=[
            Table(
                ("Project", "Judgments", "Share", "Alone", "Held", "Queued", "Stranded", "What was derived"),
                [
                    (
                        p["name"], p["judgments"], f"{p['share']:.1%}", p["only_provider_tasks"], p["held"],
                        p["queued"], p["stranded"],
                        {"drop": "goes with it", "keep": "stays"}.get(p["derivatives"] or "", "–"),
                    )
                    for p in plan["projects"]
                ],
                numeric=(1, 2, 3, 4, 5, 6),
                empty="No project has an answer of it.",
            ),
            Table(
                ("Without it", "Values that change", "Answers lost", "Below target", "Confidence", "then"),
                [
                    (p["name"], w["values_changed"], w["tasks_lost"], w["below_target"],
                     _confidence(w["confidence_before"]), _confidence(w["confidence_after"]))
                    for p in plan["projects"]
                    if (w := p.get("without"))
                ],
                numeric=(1, 2, 3, 4, 5),
                caption="The truth inferred anew from what everybody else has answered",
                empty="Not worked out yet.",
            ),
        ],
    )  # fmt: skip
    yield Section("Replacement", **_replacement(plan, currency))
    yield Section(
        "Releases",
        paragraphs=["Each gets a successor without the provider; a release that was handed on stays as it is."],
        tables=[
            Table(
                ("Project", "Version", "Built", "Judgments of it", "Contents of it", "Rows", "Rows lost", "Where"),
                [
                    (
                        r["project"], r["version"], r["at"], r["judgments"], r["contents"], r["rows"],
                        r["rows_lost"], r["path"] if r["there"] else f"{r['path']} (not there)",
                    )
                    for r in plan["releases"]
                ],
                numeric=(1, 3, 4, 5, 6),
                code=(7,),
                empty="No release holds anything of it.",
            )
        ],
    )  # fmt: skip
    yield Section(
        "What it was shown",
        paragraphs=[
            f"{shown['tasks']:,} contents in {shown['showings']:,} showings, from {shown['first'] or '–'} to "
            f"{shown['last'] or '–'}. The exposure list names each one."
        ],
        tables=[
            Table(("Sensitivity", "Contents"), sorted(shown["by_sensitivity"].items()), numeric=(1,)),
            Table(("Project", "Contents"), sorted(shown["by_project"].items()), numeric=(1,)),
        ],
    )
    revoke = plan["revoke"]
    yield Section(
        "Doors that are shut",
        lists=[
            [
                f"{len(revoke['keys']):,} keys",
                f"{revoke['sessions']:,} sessions of people who are signed in",
                f"{revoke['links']:,} sign-in links not used yet",
                *(f"{callback['what']}: {callback['where']}" for callback in revoke["callbacks"]),
            ]
        ],
        tables=[
            Table(
                ("Key of", "Role", "World", "Ends in"),
                [(k["name"], k["role"], k["world"], k["last4"]) for k in revoke["keys"]],
                code=(3,),
                empty="It has no key.",
            )
        ],
    )


def _contract(plan: Mapping[str, Any]) -> Section:
    contract = plan["contract"] or {}
    said = [
        (title, _plain(contract[name])) for name, title in _CONTRACT.items() if contract.get(name) is not None
    ]
    return Section(
        "Contract and ownership",
        paragraphs=[] if said else ["No contract is recorded."],
        tables=[
            *([Table(("Contract", "As recorded"), said)] if said else []),
            Table(
                ("Organisation with an interest", "Share", "Since"),
                [
                    (i["organisation"], f"{i['share']:.4%}".replace(".0000%", "%"), i["since"])
                    for i in plan["interests"]
                ],
                numeric=(1,),
                empty="No organisation with an interest is recorded.",
            ),
        ],
    )


def _confidence(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _plain(value: Any) -> Any:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value


def _replacement(plan: Mapping[str, Any], currency: str) -> dict[str, Any]:
    replacement = plan["replacement"]
    rows = []
    for mix in replacement["mixes"]:
        who = ", ".join(f"{p['provider']} {p['share']:.0%}" for p in mix["providers"]) or "nobody"
        rows.append(
            (mix["title"], who, _money(mix["cost"]), _duration(mix["days"]), mix["date"] or mix["because"],
             mix["stranded"])
        )  # fmt: skip
    return {
        "paragraphs": [
            f"{replacement['answers']:,} answers would be asked for anew. Costs are in {currency} at current "
            "prices, from all by the cheapest of a mix to all by its dearest; times are at the current speed of those "
            "named, with an 80 % interval."
        ],
        "tables": [
            Table(
                ("Mix", "Who", "Cost", "Time", "Done on", "Stranded"),
                rows,
                numeric=(2, 3, 5),
                empty="Nobody else may do this work as things stand.",
            )
        ],
    }


def _money(figure: Mapping[str, str] | None) -> str | None:
    if figure is None:
        return None
    value, low, high = (f"{Decimal(figure[name]):,.2f}" for name in ("value", "low", "high"))
    return f"{value} [{low} to {high}]"


def _duration(days: Mapping[str, float] | None) -> str | None:
    """Days, or hours where it is less than two days."""
    if days is None:
        return None
    unit, factor = ("hours", 24.0) if days["high"] < 2 else ("days", 1.0)
    value, low, high = (f"{days[name] * factor:,.1f}" for name in ("value", "low", "high"))
    return f"{value} [{low} to {high}] {unit}"


def _done(detail: Mapping[str, Any] | None) -> str:
    """What a step did, in words: figures and sentences as they are, lists by how long they are."""
    said = []
    for name, value in (detail or {}).items():
        title = name.replace("_", " ")
        if isinstance(value, bool):
            said.append(f"{title}: {'yes' if value else 'no'}")
        elif isinstance(value, list):
            said.append(f"{len(value):,} {title}" if value else f"no {title}")
        elif isinstance(value, int):
            said.append(f"{value:,} {title}")
        else:
            said.append(f"{title}: {value}")
    return ", ".join(said)


def certificate_document(certificate: Mapping[str, Any]) -> Iterator[str]:
    """The certificate of an exit as HTML that prints well."""
    verdict = (
        "It has been left." if certificate["holds"] else "It has NOT been left: see the checks that fail."
    )
    signature = certificate["signature"]
    return render(
        Document(
            title=f"Exit certificate: {certificate['name']}",
            subtitle=verdict,
            about=[
                ("Provider", f"{certificate['name']} ({certificate['provider']})"),
                ("Exit", certificate["exit"]),
                ("Ordered at", certificate["ordered_at"]),
                ("Looked at", certificate["at"]),
                ("Its answers", {"withdraw": "withdrawn", "keep": "kept"}[certificate["options"]["answers"]]),
                ("Digest (SHA-256)", certificate["digest"]),
                ("Signed by the key", signature["keyid"]),
            ],
            sections=_certificate_sections(certificate),
            signatures=CERTIFICATE_SIGNED_BY,
        )
    )


def _certificate_sections(certificate: Mapping[str, Any]) -> Iterator[Section]:
    yield Section(
        "Checks",
        paragraphs=["Read from the database, the blobs and the releases after the exit."],
        tables=[
            Table(
                ("Check", "Holds", "Against it", "What"),
                [
                    (c["title"], c["holds"], c["found"], c["detail"] if c["found"] else "")
                    for c in certificate["checks"]
                ],
                numeric=(2,),
            )
        ],
    )
    yield Section(
        "Releases that stand now",
        tables=[
            Table(
                ("Project", "Version", "Verified", "Nothing of it", "Manifest (SHA-256)", "Where"),
                [
                    (r["project"], r["version"], r["verified"], r["holds_nothing"], r["digest"], r["path"])
                    for r in certificate["releases"]
                ],
                numeric=(1,),
                code=(4, 5),
                empty="No release ever held anything of it.",
            )
        ],
    )
    yield Section(
        "What remains, and where",
        tables=[
            Table(
                ("What", "Where", "How many", "Why"),
                [(r["what"], r["where"], r["count"], r["why"]) for r in certificate["remains"]],
                numeric=(2,),
                empty="Nothing.",
            )
        ],
    )
    yield Section(
        "Backups",
        paragraphs=[
            "Copies that Steelyard cannot change. Backups that nobody has named are not listed here."
        ],
        tables=[
            Table(
                ("Backup", "Why"),
                [(b["name"], b["why"]) for b in certificate["backups"]],
                empty="None was named.",
            )
        ],
    )


def drill_document(drill: Mapping[str, Any]) -> Iterator[str]:
    """The report of a drill as HTML that prints well. `drill` as from `exit.drill.describe`."""
    verdict = {"done": "Every step was done.", "failed": "A step failed: see below."}
    return render(
        Document(
            title=f"Exit drill: {drill['name']}",
            subtitle=verdict.get(drill["state"], "It has not been done yet."),
            about=[
                ("Provider", f"{drill['name']} ({drill['provider']})"),
                ("Ordered", f"{drill['at']} by {drill['by']}"),
                ("Done", drill["done_at"]),
                ("What failed", drill["error"]),
                ("Rehearsed on", "a copy of the data, gone afterwards; no provider was called"),
            ],
            sections=_drill_sections(drill["report"]) if drill["report"] else (),
            signatures=CERTIFICATE_SIGNED_BY,
        )
    )


def _drill_sections(report: Mapping[str, Any]) -> Iterator[Section]:
    copied = report["copied"]
    yield Section(
        "Steps",
        paragraphs=[f"Copying {copied['database_bytes']:,} bytes took {copied['ms']:,} ms."],
        tables=[
            Table(
                ("Step", "Milliseconds", "What was done", "Error"),
                [
                    (
                        s["name"],
                        s["ms"],
                        _done(s["detail"]),
                        s["error"],
                    )
                    for s in report["steps"]
                ],
                numeric=(1,),
            ),
            Table(
                ("Planned and done", "Planned", "Done"),
                [(a["what"], a["planned"], a["done"]) for a in report["against_plan"]],
                numeric=(1, 2),
            ),
        ],
    )
    yield Section(
        "What the projects would be worth",
        tables=[
            Table(
                ("Project", "When", "Tasks", "Settled", "Answered", "Mean confidence", "Below target"),
                [
                    (p["name"] if when == "before" else "", when, f["tasks"], f["settled"], f["answered"],
                     None if f["confidence"] is None else f"{f['confidence']:.3f}", f["below_target"])
                    for p in report["projects"]
                    for when, f in (("before", p["before"]), ("after", p["after"]))
                ],
                numeric=(2, 3, 4, 5, 6),
                empty="Nothing would change.",
            )
        ],
    )  # fmt: skip
    if report["certificate"] is not None:
        yield Section(
            "What the certificate would say",
            tables=[
                Table(
                    ("Check", "Holds", "Against it", "What"),
                    [
                        (c["title"], c["holds"], c["found"], c["detail"] if c["found"] else "")
                        for c in report["certificate"]["checks"]
                    ],
                    numeric=(2,),
                )
            ],
        )
