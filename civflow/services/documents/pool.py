"""Rendering in processes of their own: a PDF takes a processor for itself, and the web is to stay quick.

A printer is a child that reads jobs from its standard input and writes PDFs to its standard output; when
whoever started it is gone, killed included, its input ends and so does it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Timer
from typing import IO, Any, NamedTuple

from civflow.services.documents.printed import print_once
from civflow.services.documents.render import CannotRender, render

LIFE = 500  # documents, then a printer is replaced: its memory grows a little with each
LONGEST = 120  # seconds for one document


class Order(NamedTuple):
    """What to print: the arguments of rendering.render, and where to look whether it was printed before, if anywhere."""

    kind: str
    data: Mapping[str, Any]
    base_url: str = ""
    files: str = ""

    def carry_out(self) -> bytes:
        """The PDF. Raises CannotRender."""
        if self.files:
            return print_once(self.kind, self.data, base_url=self.base_url, files=Path(self.files))
        return render(self.kind, self.data, base_url=self.base_url)


class Printer:
    """One child that prints; it is started when it is needed, and again when it died."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._printed = 0

    def print(self, order: Order) -> bytes:
        """The PDF. Raises CannotRender with the sentence that says why there is none."""
        try:
            return self._print(order)
        except (OSError, ValueError):  # the child was lost, perhaps through no fault of this document
            self.close()
        try:
            return self._print(order)
        except (OSError, ValueError) as broken:
            self.close()
            raise CannotRender(f"The process that prints documents ended twice: {broken}.") from broken

    def answer(self, order: Order) -> bytes | CannotRender:
        """The PDF, or why there is none."""
        try:
            return self.print(order)
        except CannotRender as failed:
            return failed

    def _print(self, order: Order) -> bytes:
        child = self._ready()
        impatience = Timer(LONGEST, child.kill)
        impatience.start()
        try:
            return _ask(child, order)
        finally:
            impatience.cancel()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None or self._printed >= LIFE:
            self.close()
            path = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
            self._child = subprocess.Popen(
                [sys.executable, "-m", "civflow.services.documents.pool"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
            self._printed = 0
        self._printed += 1
        return self._child

    def close(self) -> None:
        """Let the child end."""
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with suppress(OSError):  # it may be gone already
                    pipe.close()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _ask(child: subprocess.Popen[bytes], order: Order) -> bytes:
    """One line of JSON goes out; one comes back, and the PDF after it."""
    assert child.stdin  # noqa: S101
    assert child.stdout  # noqa: S101
    child.stdin.write(json.dumps(order).encode() + b"\n")
    child.stdin.flush()
    answer = json.loads(child.stdout.readline() or b'{"lost": true}')
    if "error" in answer:
        raise CannotRender(answer["error"])
    if "lost" in answer:
        raise ValueError("it gave no answer")
    pdf = child.stdout.read(answer["size"])
    if len(pdf) != answer["size"]:
        raise ValueError("its answer broke off")
    return pdf


class PrintRoom:
    """Some printers that work side by side."""

    def __init__(self, printers: int = min(2, os.cpu_count() or 1)) -> None:
        self._printers = [Printer() for _ in range(printers)]
        self._free: SimpleQueue[Printer] = SimpleQueue()
        for printer in self._printers:
            self._free.put(printer)
        self._threads = ThreadPoolExecutor(printers, thread_name_prefix="printer")

    def begin(self, order: Order) -> Future[bytes | CannotRender]:
        """Take an order: the first printer that is free prints it, while the caller does something else."""
        return self._threads.submit(self._print, order)

    def _print(self, order: Order) -> bytes | CannotRender:
        printer = self._free.get()
        try:
            return printer.answer(order)
        finally:
            self._free.put(printer)

    def close(self) -> None:
        """Let every printer end; orders that none has begun are dropped."""
        self._threads.shutdown(cancel_futures=True)
        for printer in self._printers:
            printer.close()


def serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    """What a child does: print each order, until no more come."""
    for line in orders:
        try:
            pdf = Order(*json.loads(line)).carry_out()
            answers.write(json.dumps({"size": len(pdf)}).encode() + b"\n" + pdf)
        except CannotRender as failed:
            answers.write(json.dumps({"error": str(failed)}).encode() + b"\n")
        except Exception as failed:  # noqa: BLE001, whatever one document does, the next one is printed
            answers.write(json.dumps({"error": f"{type(failed).__name__}: {failed}"}).encode() + b"\n")
        answers.flush()
        if gc.get_freeze_count() == 0:  # what the first document loaded stays; only what comes after is looked through
            gc.freeze()


if __name__ == "__main__":
    os.nice(5)  # the web goes first
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)  # whoever asked is gone; there is nobody to tell
