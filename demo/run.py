"""The main job on real input, end to end: which part follows which?

    python -m demo.run [--seed N]

A server and four model providers run as processes of their own and are used through the public doors only.
Ends with 0 when everything held, 1 when something did not, 2 when the folder cannot be used.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.markup import escape

from demo import digits, lexicon, place, report, score
from demo.following import Follower, Stuck
from demo.models import TRAINING
from demo.place import Place, PlaceRefused
from demo.processes import ChildFailed, Children, command
from demo.progress import Teller, plain_table
from demo.providers import BOUGHT_INTO, LEXICON_PROVIDER, MODELS, RIVAL, STAKE
from demo.rehearsal import rehearse
from demo.stake import Moment, PromiseBroken, check_nothing_more, take_stake
from steelyard.client import Client, Refused, Unreachable

SEED = 1797
SHIPPING_S = 600.0
EXPECTED = (ChildFailed, Stuck, PromiseBroken, Refused, Unreachable)  # their message is enough


@dataclass(frozen=True)
class Server:
    url: str
    owner_key: str


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.run", description="The main job on real input.")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="which images are for fitting, which are tasks"
    )
    seed = parser.parse_args(given).seed
    if seed < 0:
        parser.error("--seed must not be negative")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        here = place.take()
        with Children(here.logs) as children:
            return _told(seed, here, children)
    except (PlaceRefused, OSError) as refused:
        print(f"demo: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return 130


def _told(seed: int, here: Place, children: Children) -> int:
    """Runs everything; of what goes wrong it tells the reason and the ends of the logs."""
    try:
        run(seed, here, children, Teller())
    except Exception as failed:
        children.end()
        print(f"\ndemo: {failed}", *children.tails(), sep="\n", file=sys.stderr)
        if not isinstance(failed, EXPECTED):
            traceback.print_exception(failed)
        return 1
    return 0


def _interrupted(number: int, _: Any) -> None:
    raise KeyboardInterrupt


def run(seed: int, here: Place, children: Children, teller: Teller) -> None:
    """All parts in their order; raises what goes wrong."""
    timing: dict[str, float] = {}
    teller.part("A server, and providers with prices and owners")
    images, entries, server = _start(seed, here, children)
    owner = Client(server.url, server.owner_key, timeout_s=SHIPPING_S)
    follower = Follower(owner, children, teller)
    keys = _set_up(owner, here, children, server.url)
    teller.say(f"serving at {server.url}")
    for provider in MODELS:
        teller.say(f"{provider.name:<11} {provider.price} a judgment, of {provider.owner}: {provider.what}")
    timing["started"] = teller.seconds

    teller.part(f"A shipment: {len(entries):,} words, each rated by ten people who are not named")
    shipped = follower.meanwhile(
        lexicon.SLUG, "ratings", sum(len(e.ratings) for e in entries), lambda: _ship(owner, entries)
    )
    teller.say(f"{shipped['judgments']:,} answers received and merged, {shipped['counts']['wrong']} refused")
    timing["shipment"] = teller.seconds

    sent = owner.create_tasks(digits.SLUG, digits.tasks(images))["counts"]["new"]
    truth = images.truth
    teller.part(
        f"{sent:,} digits, {sent - len(truth)} of them gold; four models answer, three answers a task"
    )
    half = follower.judgments(digits.SLUG, "judgments", lambda p: p["judgments"] * 2 >= p["wanted"])
    _tell_scorecard(owner, teller, f"The scorecard after {half['judgments']:,} judgments")

    teller.part(f"{RIVAL}, named in the project's conflicts, takes {STAKE:.0%} of {BOUGHT_INTO.name}")
    with Client(server.url, keys[BOUGHT_INTO.slug]) as its_own:
        moment = take_stake(owner, its_own, digits.SLUG, BOUGHT_INTO)
    _tell_moment(moment, teller)
    timing["stake"] = teller.seconds

    teller.part("The others finish the work")
    done = follower.judgments(digits.SLUG, "judgments", lambda p: p["open"] == 0)
    ended = children.result(BOUGHT_INTO.slug, 30.0)
    check_nothing_more(owner, BOUGHT_INTO, moment)
    teller.say(f"{done['settled']:,} tasks settled by {done['judgments']:,} judgments")
    teller.say(f"{BOUGHT_INTO.name}'s worker ended by itself ({ended['ended']}); it was shown nothing more")
    timing["answered"] = teller.seconds
    follower.final_fit(digits.SLUG, [p.slug for p in MODELS])
    cards = _tell_scorecard(owner, teller, "The scorecard at the end")
    values = {v["external_id"]: v["answers"]["feeling"] for v in follower.settled_values(lexicon.SLUG)}
    timeline = [
        {"provider": j["provider"], "at": datetime.fromisoformat(j["at"]), "gold": j["gold"]}
        for j in owner.judgments(digits.SLUG)
    ]
    timing["fitted"] = teller.seconds

    teller.part(f"Two releases, with {BOUGHT_INTO.name} and without")
    releases = _releases(here, teller)
    weighed = [score.weigh(here.releases / name, "digit", truth) for name in ("digits-v1", "digits-v2")]
    if BOUGHT_INTO.slug in weighed[1]["providers"]:
        raise PromiseBroken(f"the release without {BOUGHT_INTO.name} holds its answers")
    words = lexicon.weigh(entries, values)
    timing["released"] = teller.seconds

    drill = rehearse(here, digits.SLUG, teller)
    timing["rehearsed"] = teller.seconds

    found = report.Found(
        seed, moment, cards, weighed, releases, words, timeline, sent, len(truth), drill, timing
    )
    _tell_score(found, teller)
    timing["all"] = teller.seconds
    report.write(here, found)
    teller.part("Look at it")
    teller.say(f"{here.told(here.folder / 'report.html')}  the plots, in a browser")
    teller.say(f"{here.told(here.folder / 'drill.html')}  the drill's report, to print")
    teller.say(f"make serve DATA={here.told(here.data)}  the workbench; sign in with the key in")
    teller.say(f"{here.told(here.folder / 'owner.key')}")


def _start(seed: int, here: Place, children: Children) -> tuple[digits.Digits, list[lexicon.Entry], Server]:
    """Reads the input while the first key is made; then starts the server."""
    with ThreadPoolExecutor(1) as beside:
        made = beside.submit(command, here, "key", "create", "--role", "owner")
        images, entries = digits.load(seed), lexicon.load()
        digits.write_training(images, here)
        key = made.result()["key"]
    here.keep_secret("owner.key", key + "\n")
    return images, entries, Server(children.serve(here), key)


def _set_up(owner: Client, here: Place, children: Children, url: str) -> dict[str, str]:
    """Projects, providers, keys and workers; gives each model provider's key by its slug."""
    owner.create_project(**digits.PROJECT)
    owner.create_project(**lexicon.PROJECT)
    name, of = LEXICON_PROVIDER
    owner.create_provider(name, kind="shipment", owner=of)
    keys: dict[str, str] = {}
    for provider in MODELS:
        owner.create_provider(provider.name, kind="model", price=provider.price, owner=provider.owner)
        key = owner.create_key("machine", provider=provider.slug, name=f"{provider.name} worker")["key"]
        keys[provider.slug] = key
        more = {"STEELYARD_KEY": key, TRAINING: str(here.training)}
        children.work(provider.slug, f"demo.models:{provider.slug}", digits.SLUG, url, more)
    return keys


def _ship(owner: Client, entries: list[lexicon.Entry]) -> dict[str, Any]:
    provider = LEXICON_PROVIDER[0].lower()
    return owner.ship(lexicon.SLUG, provider, "vader_lexicon.txt", lexicon.shipment(entries))


def _releases(here: Place, teller: Teller) -> list[dict[str, Any]]:
    """Builds both releases, the one with everybody first, and verifies them side by side."""
    found = []
    for name, without in (("digits-v1", None), ("digits-v2", BOUGHT_INTO.slug)):
        less = () if without is None else ("--without", without)
        built = command(here, "release", "build", digits.SLUG, "--out", str(here.releases / name), *less)
        if "path" not in built:
            raise ChildFailed(f"the release was not built: {built}")
        found.append({"path": here.told(here.releases / name), "rows": built["rows"], "without": without})
    with ThreadPoolExecutor(len(found)) as beside:
        folders = [str(here.folder.parent / release["path"]) for release in found]
        checked = list(beside.map(lambda path: command(here, "release", "verify", path, "--refit"), folders))
    for release, said in zip(found, checked, strict=True):
        release["verified"] = bool(said.get("ok")) and bool(said.get("refitted"))
        if not release["verified"]:
            raise PromiseBroken(f"{release['path']} does not hold: {said.get('problems')}")
        whose = f"without {BOUGHT_INTO.name}" if release["without"] else "of everybody"
        teller.say(
            f"{release['path']}: {release['rows']:,} rows, {whose}; verified, refitted to the same values"
        )
    return found


def _tell_moment(moment: Moment, teller: Teller) -> None:
    hangs = moment.hangs
    teller.say(f"stopped at judgment {moment.at_judgment:,}: {moment.because}", style="bold yellow")
    teller.say(f"the assignments that it held went back to the queue: {moment.recalled}")
    teller.say(f"it had been shown {moment.exposed:,} tasks ({moment.showings:,} showings)")
    teller.say(
        f"{hangs['share']:.0%} of all judgments are its own, on {hangs['tasks_answered']:,} tasks; nobody else "
        f"has answered {hangs['only_provider_tasks']:,} of these"
    )
    teller.say(f"its next claim: {moment.next_claim}; an answer it had held back: {moment.refused}")


def _tell_scorecard(owner: Client, teller: Teller, title: str) -> dict[str, dict[str, Any]]:
    cards = {p.slug: owner.scorecard(p.slug) for p in MODELS}
    table = plain_table(
        "provider", "judgments", "against gold", "n", "inferred", "n", "price", "a correct answer costs"
    )
    for provider in MODELS:
        card = cards[provider.slug]
        table.add_row(
            "  " + provider.name,
            f"{card['judgments']:,}",
            *_cells(card["gold"]),
            *_cells(card["inferred"]),
            card["price"],
            card["cost_per_correct"] or "-",
        )
    teller.part(title)
    teller.table(table)
    return cards


def _cells(found: dict[str, Any] | None) -> tuple[str, str]:
    if found is None or found["value"] is None:
        return "-", "0"
    return escape(f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"), f"{found['n']:,}"


def _tell_score(found: report.Found, teller: Teller) -> None:
    whole, less = found.weighed
    table = plain_table("held against the truth", "with everybody", "n", f"without {BOUGHT_INTO.name}", "n")
    for title, name in (("consensus", "consensus"), ("plain majority", "majority")):
        table.add_row("  " + title, *_cells(whole[name]), *_cells(less[name]))
    for provider in MODELS:
        own, again = whole["providers"].get(provider.slug), less["providers"].get(provider.slug)
        table.add_row(f"  {provider.name} alone", *_cells(own), *(_cells(again) if again else ("-", "-")))
    teller.part("The score")
    teller.table(table)
    words = found.words
    alpha = words["alpha"]
    teller.say("")
    teller.say(
        f"Words: the raters' agreement is {alpha['value']:.3f} [{alpha['low']:.3f}, {alpha['high']:.3f}] "
        f"(Krippendorff's alpha, ordinal, n={alpha['n']:,})"
    )
    near = words["within_half"]
    teller.say(
        f"the merged rating is {words['mean_difference']:.3f} away from the printed mean on average, within 0.5 "
        f"for {near['value']:.1%} (n={near['n']:,}), correlation {words['correlation']:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
