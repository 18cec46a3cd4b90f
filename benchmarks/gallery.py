"""The gallery: seconds to write it, and milliseconds until its pages can be used, with 10,000 trials in the store.

Needs ``pip install playwright`` and Debian's chromium.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRIALS = 10_000
ROUNDS = 7
QUERY = "corrupted algorithmic"
FLAGS = (
    *("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage"),
)
KEYSTROKES = """(text) => {
  const words = document.getElementById("words"), spent = [];
  for (let length = 1; length <= text.length; length++) {
    const before = performance.now();
    words.value = text.slice(0, length);
    words.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();  // lays the page out
    spent.push(performance.now() - before);
  }
  return Math.max(...spent);
}"""


def fill_store(url: str) -> int:
    """Put the trials of all records into a store, again under other revisions until there are enough."""
    from dataclasses import replace

    from unseen.engine.plan import plan
    from unseen.engine.store import StoredTrial, open_store
    from unseen.records import read_record, record_files
    from unseen.registry import study_name

    stored, copy = 0, 0
    with open_store(url) as store:
        while stored < TRIALS:
            for (study, scale), path in record_files().items():
                planned = plan(study_name(study), scale=scale)
                outcomes = {(one.condition, one.seed): one.outcome for one in read_record(path).trials.items}
                kept = [key for key in planned.keys if (key.condition, key.seed) in outcomes]
                keys = [replace(key, revision=key.revision + copy) for key in kept][: TRIALS - stored]
                if not keys:
                    continue
                store.claim(keys, "benchmark", scale=scale, config=planned.config)
                store.finish(
                    "benchmark",
                    [
                        StoredTrial(key, scale, "done", outcomes[key.condition, key.seed], "", 1.0, 1, {}, None)
                        for key in keys
                    ],
                )
                stored += len(keys)
            copy += 1
    return stored


def report(store: str, out: Path, environment: dict[str, str]) -> float:
    """Wall time of ``unseen report``."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "unseen", "report", "--out", str(out), "--store", store]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure() -> list[tuple[str, str, str]]:
    """Rows of what was measured, its value and its bound."""
    from playwright.sync_api import sync_playwright

    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        store, out = f"sqlite:///{scratch}/store.db", Path(scratch) / "site"
        environment = {**os.environ, "XDG_CACHE_HOME": f"{scratch}/cache"}
        count = fill_store(store)
        rows.append(("`unseen report`, figures to be drawn", f"{report(store, out, environment):.1f} s", "30 s"))
        rows.append(("`unseen report`, figures in the cache", f"{report(store, out, environment):.1f} s", "30 s"))
        largest = max(out.rglob("*.html"), key=lambda path: path.stat().st_size)
        size = f"{largest.stat().st_size / 1e6:.2f} MB"
        rows.append((f"largest page ({largest.relative_to(out)})", size, "1.5 MB"))
        with sync_playwright() as play:
            flags = [f"--{flag}" for flag in FLAGS]
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            page = browser.new_page()
            ready, typed = [], []
            for _ in range(ROUNDS):
                page.goto((out / "index.html").as_uri())
                entry = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
                ready.append(page.evaluate(entry))
                typed.append(page.evaluate(KEYSTROKES, QUERY))
            papers = page.locator("#cards > li").count()
            browser.close()
        rows.append(("first page until the search answers", f"{statistics.median(ready):.0f} ms", "1000 ms"))
        rows.append((f"slowest keystroke of {QUERY!r}", f"{statistics.median(typed):.1f} ms", "50 ms"))
    return [(f"{papers} papers, {count:,} stored trials", "", ""), *rows]
