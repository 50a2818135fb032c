"""How long the grid takes a service at URL: what the server takes (by HTTP on this host), what it sends, and, with --browser, when
Chromium has painted it."""

import http.client
import os
import sys
import time
import urllib.parse

url = urllib.parse.urlparse(sys.argv[1])
rounds = int(sys.argv[2])
connection = http.client.HTTPConnection(url.hostname, url.port)
times, size = [], 0
for number in range(rounds + 5):
    began = time.perf_counter()
    connection.request("GET", url.path + "/", headers={"Accept-Encoding": "gzip", "Cookie": "aker_form=" + "0" * 32})
    answer = connection.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - began) * 1000
    assert answer.status == 200, (answer.status, body[:300])
    if number >= 5:
        times.append(taken)
    size = len(body)
times.sort()
print(f"{rounds} requests: median {times[len(times) // 2]:.1f} ms, p99 {times[min(len(times) - 1, int(len(times) * 0.99))]:.1f} ms, "
      f"{size} bytes compressed")
if "--browser" in sys.argv:
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                                             args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        bodies = []
        page.on("response", lambda response: bodies.append(response))
        page.goto(sys.argv[1] + "/", wait_until="load")
        bodies = [b for b in bodies if not b.url.endswith("/live")]
        total = sum(b.request.sizes()["responseBodySize"] for b in bodies)
        paint = page.evaluate("""() => new Promise(done => { const [n] = performance.getEntriesByType('navigation');
          new PerformanceObserver(list => {}).observe({type: 'paint', buffered: true});
          setTimeout(() => done(performance.getEntriesByName('first-contentful-paint')[0].startTime - n.responseEnd), 300) })""")
        print(f"first page: {len(bodies)} requests, {total} bytes; painted {paint:.0f} ms after its last byte")
        browser.close()
