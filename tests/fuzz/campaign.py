"""Sends generated requests to the served product and holds every answer against the document.

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

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
SHOP = "https://shop.example"
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
    saved: list[str]
    orders: list[str]


@dataclass(frozen=True)
class Outcome:
    """What came of one campaign: how many requests, and whether every check held."""

    cases: int
    is_clean: bool
    report: str
    links: tuple[int, int]  # followed, and how many the document has


def prepare(server: Server) -> Target:
    """Make an org with two tokens, saved configurations and orders of several states."""
    org = server.command("org", "add", "Generated")["id"]
    add = ("token", "add", "--org", org, "--name")
    private = server.command(*add, "script", "--private")["token"]
    public = server.command(*add, "shop", "--public", "--domain", "shop.example")["token"]
    target = Target(
        server, org, {"Authorization": f"Bearer {private}"},
        {"Authorization": f"Bearer {public}", "Origin": SHOP}, [], [],
    )  # fmt: skip
    for status in STATUSES:
        line = {"configurationId": CHAIR, "count": 1}
        made = _post(target, "/api/orders", {"status": status, "cart": [line]})
        target.orders.extend((made["shortId"], made["id"]))
    return target


def campaign(
    target: Target, *, headers: dict[str, str], examples: int, seed: int | None
) -> Outcome:
    """Run all phases: examples, boundaries, random requests, and chains of requests by links.

    `examples` is the number of random requests for each operation and kind; without a `seed` they
    are others each time, and the report names the seed.
    """
    sent = [option for header in headers.items() for option in ("-H", ": ".join(header))]
    done = subprocess.run(
        [
            SCHEMATHESIS, "--no-color", "--config-file", CONFIG, "run",
            f"{target.server.address}/api/openapi.json", *sent, "--max-examples", str(examples),
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
    return Outcome(cases, done.returncode == 0, done.stdout + done.stderr, followed)


def _post(target: Target, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own address
        target.server.address + path, json.dumps(body).encode(),
        {**target.private, "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        made: dict[str, Any] = json.load(answer)
    return made
