"""What the grid costs a service at URL: the time the server takes (by its own word, and by HTTP on this host), what it sends, and when Chromium has painted
it. Prints a row for docs/benchmarks.md.

    measure.py URL NAME ROUNDS PID      PID is the service's, for its memory
"""

import http.client
import os
import re
import sys
import time
import urllib.parse

LIMIT_SECONDS = 60
LOADS = 9
address, name, rounds, pid = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
url = urllib.parse.urlparse(address)
connection = http.client.HTTPConnection(url.hostname, url.port, timeout=LIMIT_SECONDS)


def ask(path):
    began = time.perf_counter()
    connection.request("GET", url.path + path, headers={"Accept-Encoding": "gzip", "Cookie": "aker_form=" + "0" * 32})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status, body[:300])
    # `page;dur=3.1`: from the request's head to the compressed answer.
    own = re.search(r"dur=([0-9.]+)", answer.headers.get("Server-Timing", ""))
    return (time.perf_counter() - began) * 1000, len(body), float(own.group(1))


def middle(times):
    return sorted(times)[len(times) // 2]


def late(times):
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


for _ in range(5):
    ask("/")
found = [ask("/") for _ in range(rounds)]
times = sorted(taken for taken, _, _ in found)
size = max(length for _, length, _ in found)
own = sorted(taken for _, _, taken in found)
# Each of these was never asked before, so that nothing that is kept can answer it, and finds everything.
fresh = [ask(f"/?dataset={'dataset_'[:8 - number]}")[2] for number in range(7)]

# As one backfill or one vintage has it: each asked with a search of its own, so that nothing kept answers it.
part = [middle([ask(f"/?{choice}&dataset={'dataset_'[:8 - number]}")[2] for number in range(7)]) for choice in ("backfill=1", "as_of=2024-05")]

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                                         args=["--no-sandbox", "--disable-gpu"], timeout=LIMIT_SECONDS * 1000)
    paints = []
    for _ in range(LOADS):
        # A browser that was never here: nothing is in its cache.
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        page.set_default_timeout(LIMIT_SECONDS * 1000)
        bodies = []
        page.on("response", lambda response: bodies.append(response))
        page.goto(address + "/", wait_until="load")
        # Each once; without the stream, and without what the page asks again once that is open (with If-None-Match).
        first = {b.url: b for b in reversed(bodies) if not b.url.endswith("/live") and not b.request.headers.get("x-aker-live")}
        total = sum(b.request.sizes()["responseBodySize"] for b in first.values())
        paints.append(page.evaluate("""() => new Promise(done => { const [n] = performance.getEntriesByType('navigation');
          setTimeout(() => done(performance.getEntriesByName('first-contentful-paint')[0].startTime - n.responseEnd), 500) })"""))
        context.close()
    browser.close()
with open(f"/proc/{pid}/status") as status:
    resident = int(next(line for line in status if line.startswith("VmRSS")).split()[1]) // 1024
print(f"| {name} | {middle(own):.1f} | {late(own):.1f} | {late(times):.1f} | {middle(fresh):.0f} | {size / 1000:.1f} | "
      f"{len(first)}, {total / 1000:.1f} | {middle(paints):.0f}, {max(paints):.0f} | {part[0]:.0f}, {part[1]:.0f} | {resident} |", flush=True)
