"""An hour of load and faults: nothing acknowledged is lost, doubled, half, or changed."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.processes.server import running
from tests.receiver import Receiver
from tests.soak.checker import Checker, Findings, Messages
from tests.soak.conftest import CHOSEN, SECONDS, Say
from tests.soak.disk import Disk
from tests.soak.faults import CLOCK, FAULTS, Fault, clock_ahead
from tests.soak.load import Load, Shop, order_of
from tests.soak.stage import GIVEN_UP, Stage, stage

pytestmark = pytest.mark.soak

# Shares of SOAK_SECONDS; each kind of database has one of the faults.
FAULTS_SHARE, CLOCK_SHARE = 0.4, 0.05
CALM = 2.0  # seconds between two faults
MOST_RECOVERY = 5.0  # seconds
# Seconds until all messages are out. A killed sender's claims last for 20 (docs/webhooks.md).
MOST_LATE = 30.0
SETTINGS = {"WEBHOOK_PRIVATE_NETWORK": "1"}


class Watch:
    """The load on a stage, its checker, and what went wrong so far."""

    def __init__(self, where: Stage, receiver: Receiver, answers: Path, say: Say) -> None:
        self.stage, self._say = where, say
        org = where.server.command("org", "add", "Soaked")["id"]
        made = where.server.command("token", "add", "--org", org, "--name", "x", "--private")
        self.token = made["token"]
        self.checker = Checker(answers, order_of)
        self.messages = Messages(receiver, self.checker)
        self.wrong: list[str] = []
        self._call("POST", "/api/webhooks", {"topic": "order.created", "address": receiver.address})
        self._load = Load([where.server.port], self.token, self.checker)

    def run(self, faults: Sequence[Fault], seconds: float, last: Fault | None = None) -> None:
        """Let the faults happen in turn, for this long and each once at least, and `last`."""
        ends = time.monotonic() + seconds
        self._load.start()
        for at, fault in enumerate(cycle(faults)):
            if at >= len(faults) and time.monotonic() > ends:
                break
            time.sleep(CALM)
            fault(self.stage)
            self._look_after(fault.__name__)
        self._load.stop()
        if last is not None:
            last(self.stage)
        self._look_at_the_end()

    def _look_after(self, name: str) -> None:
        back = self.stage.recovery(self.token)
        found = self.checker.compare_new(self._call) if back < GIVEN_UP else Findings()
        self.messages.take()
        self._say(f"  {name}: back in {back:.2f} s, {self.checker.orders} orders {_line(found)}")
        if back > MOST_RECOVERY:
            self.wrong.append(f"{name}: back in {back:.1f} s")
        if found:
            self.wrong.append(f"{name}: {found}")
        if back == GIVEN_UP:
            pytest.fail(f"{self.wrong}\n{self.stage.log()[-5000:]}")
        if self.stage.server.process.poll() is not None:
            self.wrong.append(f"{name}: the supervisor has ended")
            self.stage.restart()
            self.stage.recovery(self.token)

    def _look_at_the_end(self) -> None:
        started = time.monotonic()
        while self.messages.missing() and time.monotonic() < started + MOST_LATE:
            time.sleep(0.1)
        late, missing = time.monotonic() - started, self.messages.missing()
        found = self.checker.compare_all(self._call)
        self._say(f"  {self.checker.orders} orders acknowledged: {_line(found)}")
        self._say(
            f"  webhooks: {self.messages.orders} orders, {len(missing)} missing, "
            f"{self.messages.repeated} repeated, all out {late:.1f} s after the load; "
            f"the latest {self.messages.latest:.1f} s after its order"
        )
        self._say(f"  answers: {dict(self._load.statuses)}")
        self._say(f"  tracebacks in the log: {self.stage.log().count('Traceback')}")
        if found:
            self.wrong.append(f"at the end: {found}")
        if missing or self.messages.with_several_ids():
            self.wrong.append(f"messages: {missing or self.messages.with_several_ids()}")
        self.wrong += self._load.odd

    def _call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        shop = Shop(self.stage.server.port, self.token)
        try:
            return shop.call(method, path, body)
        finally:
            shop.close()


def _line(found: Findings) -> str:
    counts = (len(found.lost), len(found.doubled), len(found.half), len(found.changed))
    return "({} lost, {} doubled, {} half, {} changed)".format(*counts)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_whatever_happens(
    kind: str, tmp_path: Path, receiver: Receiver, say: Say
) -> None:
    say(f"\n{kind}")
    with stage(tmp_path, kind, **SETTINGS) as where:
        watch = Watch(where, receiver, tmp_path / "answers.jsonl", say)
        chosen = [one for one in FAULTS[kind] if not CHOSEN or one.__name__ in CHOSEN]
        watch.run(chosen, SECONDS * FAULTS_SHARE)
    assert watch.wrong == []


def test_clocks_that_step_lose_nothing(tmp_path: Path, receiver: Receiver, say: Say) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler builds the clock that steps (Debian: apt install gcc)")
    library, clock = tmp_path / "clock.so", tmp_path / "clock"
    source = Path(__file__).with_name("clock.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    clock.write_bytes(bytes(8))
    fake = {"LD_PRELOAD": str(library), "CLOCK": str(clock)}
    say("\nclock steps")
    folder = tmp_path / "data"
    folder.mkdir()
    # Not a fork: the library is loaded with the program.
    with running(folder, "", True, False, **SETTINGS, **fake) as server:
        where = Stage(server, Disk(folder, is_mounted=False), clock=clock)
        watch = Watch(where, receiver, tmp_path / "answers.jsonl", say)
        # What was stored while the clock was ahead is due at that time (docs/operations.md).
        watch.run(CLOCK, SECONDS * CLOCK_SHARE, clock_ahead)
    assert watch.wrong == []
