"""The loop of the server's first process that starts workers again."""

import threading
from typing import Any

from orders.interfaces.http.server import _Server


class Worker:
    """A worker process that has ended or not."""

    def __init__(self, idx: int, *, lives: bool) -> None:
        self.idx, self.lives = idx, lives
        self.inner = self  # granian's worker has its process in there
        self.exitcode = None if lives else -9

    def is_alive(self) -> bool:
        return self.lives


class Loop(_Server):
    """The server without granian: its workers end, and `rounds` is how often they are replaced."""

    def __init__(self, workers: list[Worker], rounds: int) -> None:
        self.wrks: Any = workers
        self.main_loop_interrupt = threading.Event()
        self.interrupt_signal = False
        self.interrupt_children: Any = []
        self.replaced: list[list[int]] = []
        self._rounds = rounds

    def _respawn_workers(self, workers: Any, *_: object) -> None:  # noqa: ANN401 - as granian has it
        if workers:
            self.replaced.append(list(workers))
        for at in workers:
            self.wrks[at] = Worker(at, lives=len(self.replaced) >= self._rounds)
        self.interrupt_signal = len(self.replaced) >= self._rounds


def test_workers_that_end_together_are_both_replaced_without_being_announced() -> None:
    loop = Loop([Worker(0, lives=False), Worker(1, lives=True), Worker(2, lives=False)], rounds=1)
    loop._serve_loop(None, None)
    assert loop.replaced == [[0, 2]]


def test_workers_that_end_at_once_end_the_server() -> None:
    loop = Loop([Worker(0, lives=True), Worker(1, lives=False)], rounds=9)
    loop._serve_loop(None, None)
    assert loop.replaced == [[1]]
    assert loop.interrupt_children == [1]  # so that the exit code is 1
