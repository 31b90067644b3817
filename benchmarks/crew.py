"""Rounds: every contender works for the same short time, in shuffled order, in processes and threads of its own."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from statistics import median
from threading import Thread

PER_CLIENT = 100  # records that one client moves, in turn
SHAPES = {1: (1, 1), 8: (2, 4)}  # clients -> (processes, threads in each)
ONCE = 0.0  # a time to work in which everybody takes exactly one step


class Crew:
    """One contender: its processes, which wait for `go`."""

    def __init__(self, name: str, opener: str, url: str, clients: int) -> None:
        self.name, self.url, self.done = name, url, 0
        self.pipes: list[Connection] = []
        processes, threads = SHAPES[clients]
        context = multiprocessing.get_context("spawn")
        self.processes = []
        for number in range(processes):
            ours, theirs = context.Pipe()
            first = number * threads * PER_CLIENT + 1
            process = context.Process(target=work, args=(theirs, opener, url, threads, first), daemon=True)
            process.start()
            theirs.close()  # so that a process that dies is an end of file here
            self.processes.append(process)
            self.pipes.append(ours)
        for pipe in self.pipes:
            assert pipe.recv() == "ready"

    def go(self, seconds: float) -> float:
        """Work for so long; the steps per second of all clients together."""
        for pipe in self.pipes:
            pipe.send(seconds)
        results = [pipe.recv() for pipe in self.pipes]
        self.done += sum(steps for steps, _ in results)
        return float(sum(steps / took for steps, took in results))

    def stop(self) -> None:
        for pipe in self.pipes:
            with suppress(BrokenPipeError):  # a process that has failed has said so
                pipe.send(None)
        for process in self.processes:
            process.join(10)


def work(pipe: Connection, opener: str, url: str, threads: int, first: int) -> None:
    """What one process does: open the contender named `module:function`, then step whenever it is told to."""
    module, function = opener.split(":")
    new_client = getattr(importlib.import_module(module), function)(url)
    orders: list[SimpleQueue[float]] = [SimpleQueue() for _ in range(threads)]
    steps: SimpleQueue[int | None] = SimpleQueue()
    for number, order in enumerate(orders):
        Thread(target=_client, args=(new_client, first + number * PER_CLIENT, order, steps), daemon=True).start()
    for _ in orders:
        steps.get()
    gc.collect()
    gc.freeze()  # what a server does after its start: what was imported is not searched for garbage again
    pipe.send("ready")
    while (seconds := pipe.recv()) is not None:
        start = time.perf_counter()
        for order in orders:
            order.put(start + seconds)
        counts = [steps.get() for _ in orders]
        took = time.perf_counter() - start
        if None in counts:
            raise SystemExit("A client failed: see above.")
        pipe.send((sum(filter(None, counts)), took))


def _client(
    new_client: Callable[[], Callable[[int, int], None]],
    first: int,
    orders: SimpleQueue[float],
    steps: SimpleQueue[int | None],
) -> None:
    """One thread with its own connection: at every order step until that moment; the records go round in turn."""
    take, turn = new_client(), 0
    steps.put(0)
    while True:
        end, before = orders.get(), turn
        try:
            while turn == before or time.perf_counter() < end:
                take(first + turn % PER_CLIENT, turn // PER_CLIENT % 4)
                turn += 1
        except BaseException:
            steps.put(None)
            raise
        steps.put(turn - before)


@contextmanager
def crews(openers: dict[str, str], copy: Callable[[str], str], clients: int) -> Iterator[list[Crew]]:
    """Every contender with a copy of the database of its own."""
    with ExitStack() as stack:
        made = []
        for name, opener in openers.items():
            crew = Crew(name, opener, copy(name), clients)
            stack.callback(crew.stop)
            made.append(crew)
        yield made


def rounds(
    crews: list[Crew], seconds: float, count: int, before_each: Callable[[Crew], None] = lambda _: None
) -> Iterator[dict[str, float]]:
    """The rates of each round, after one that warms everybody up."""
    order = random.Random(7)
    for number in range(count + 1):
        order.shuffle(crews)
        rates = {}
        for crew in crews:
            before_each(crew)
            rates[crew.name] = crew.go(seconds)
        if number:
            yield rates


def middle(values: Iterable[float]) -> float:
    """The median of some rates, to four digits."""
    return float(f"{median(values):.4g}")


def compared(rates: list[dict[str, float]], ours: str, peers: Iterable[str]) -> dict[str, object]:
    """The medians of the rounds; each ratio is the median of the rounds' own ratios."""
    peers = [name for name in peers if name in rates[0]]
    found: dict[str, object] = {f"{ours}_per_s": middle(r[ours] for r in rates)}
    found["limit_per_s"] = middle(r["limit"] for r in rates)
    found["ratio_to_limit"] = middle(r[ours] / r["limit"] for r in rates)
    found["peers"] = {name: middle(r[name] for r in rates) for name in peers}
    if peers:
        found["ratio_to_fastest_peer"] = middle(r[ours] / max(r[name] for name in peers) for r in rates)
    return found
