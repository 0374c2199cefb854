"""Send generated requests to the served product and check every answer against the document.

All checks of schemathesis are on; `schemathesis.toml` says where they are narrowed, and why.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orders.settings import PROJECT
from tests.processes.server import Server
from tests.uploads import KIND, PDF, PNG, Form

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
# The document's examples, boundaries of every constraint, random requests, chains by links.
ALL_PHASES = "examples,coverage,fuzzing,stateful"
SHOP = "https://shop.example"
JSON = "application/json"
CHAIR = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
# Statuses of the seeded orders: open carts and placed ones are changed by different rules.
STATUSES = ("List", "In Cart", "New", "Complete")


@dataclass(frozen=True)
class Target:
    """A served org with something in it, and the headers of its callers."""

    server: Server
    org_id: str
    private: dict[str, str]
    public: dict[str, str]
    foreign: dict[str, str]  # a private token of another org
    saved: list[str]
    orders: list[str]


@dataclass(frozen=True)
class Outcome:
    """The result of a campaign: how many requests, and whether every check passed."""

    cases: int
    is_clean: bool
    report: str
    links: tuple[int, int]  # followed, and how many the document has


def prepare(server: Server) -> Target:
    """Make an org with two tokens and orders of several states, and another org with a token."""
    org, other = (server.command("org", "add", name)["id"] for name in ("Generated", "Other"))
    add = ("token", "add", "--name", "generated", "--org")
    private = server.command(*add, org, "--private")["token"]
    public = server.command(*add, org, "--public", "--domain", "shop.example")["token"]
    foreign = server.command(*add, other, "--private")["token"]
    target = Target(
        server, org, {"Authorization": f"Bearer {private}"},
        {"Authorization": f"Bearer {public}", "Origin": SHOP},
        {"Authorization": f"Bearer {foreign}"}, [], [],
    )  # fmt: skip
    _save_configurations(target)
    for status in STATUSES:
        line = {"configurationId": CHAIR, "count": 1}
        made = _post(target, "/api/orders", {"status": status, "cart": [line]})
        target.orders.extend((made["shortId"], made["id"]))
    return target


def _save_configurations(target: Target) -> None:
    form = (
        Form()
        .json("variant", {"Wood": "Oak"})
        .json("attachments", {"drawing": "drawing.pdf"})
        .file("files", "drawing.pdf", PDF, "application/pdf")
        .file("thumbnail", "chair.png", PNG, "image/png")
    )
    made = [
        _send(target, "/api/configurations", form.body(), KIND),
        _post(target, "/api/configurations", {"shortId": "own_short"}),
    ]
    target.saved.extend(one["shortId"] for one in made)


def as_script(
    target: Target, *, examples: int, seed: int | None, phases: str = ALL_PHASES
) -> Outcome:
    """Run a campaign with the private token; the other org's token tries what that one may read.

    `examples` is the number of random requests for each operation and kind; without a `seed` they
    are others each time, and the report names the seed.
    """
    folder = target.server.log.parent
    callers = {"ours": target.private, "theirs": target.foreign}
    users = [
        {"name": name, "fixedHeaders": [{"name": key, "value": headers[key]} for key in headers]}
        for name, headers in callers.items()
    ]
    (folder / "callers.json").write_text(json.dumps({"auth": users}), "utf-8")
    config = folder / "schemathesis.toml"
    section = "[auth.wfc]\npath = 'callers.json'\nuser = 'ours'\npeers = ['ours', 'theirs']\n"
    config.write_text(f"{CONFIG.read_text('utf-8')}\n{section}", "utf-8")
    return _campaign(target, config, {}, examples, seed, phases)


def as_page(
    target: Target, *, examples: int, seed: int | None, phases: str = ALL_PHASES
) -> Outcome:
    """Run a campaign with the public token from a page of its domain."""
    return _campaign(target, CONFIG, target.public, examples, seed, phases)


def _campaign(
    target: Target,
    config: Path,
    headers: dict[str, str],
    examples: int,
    seed: int | None,
    phases: str,
) -> Outcome:
    sent = [option for header in headers.items() for option in ("-H", ": ".join(header))]
    done = subprocess.run(
        [
            SCHEMATHESIS, "--no-color", "--config-file", config, "run",
            f"{target.server.address}/api/openapi.json", *sent, "--max-examples", str(examples),
            "--phases", phases,
            *(() if seed is None else ("--seed", str(seed))),
        ],
        cwd=target.server.log.parent,  # it leaves a cache there
        env={
            **os.environ, "PYTHONPATH": str(PROJECT), "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "FUZZ_ORG_ID": target.org_id, "FUZZ_SAVED": json.dumps(target.saved),
            "FUZZ_ORDERS": json.dumps(target.orders),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    counted = re.search(r"^ *([0-9,]+) generated", done.stdout, re.MULTILINE)
    cases = int(counted[1].replace(",", "")) if counted else 0
    links = re.search(r"API Links: +([0-9]+) covered / ([0-9]+) selected", done.stdout)
    followed = (int(links[1]), int(links[2])) if links else (0, 0)
    report = f"{done.stdout}{done.stderr}\n(schemathesis ended with {done.returncode})"
    return Outcome(cases, done.returncode == 0, report, followed)


def _post(target: Target, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _send(target, path, json.dumps(body).encode(), JSON)


def _send(target: Target, path: str, body: bytes, kind: str) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own address
        target.server.address + path, body, {**target.private, "Content-Type": kind}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        made: dict[str, Any] = json.load(answer)
    return made
