"""Drives a real browser through every page and act of a dashboard that serves Tests/Browser/world.sql and map.sql.

    dashboard.py URL             exits 1 with a line for each thing that is wrong
    dashboard.py URL --shots D   only writes pictures of each page into D
    dashboard.py URL --only P,P  only these parts, such as three_clicks
"""

import datetime
import json
import os
import re
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

import colours

URL = sys.argv[1].rstrip("/")
SHOTS = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "--shots" else None
ONLY = sys.argv[3].split(",") if len(sys.argv) > 3 and sys.argv[2] == "--only" else None
AXE = open(os.path.join(os.path.dirname(__import__("axe_playwright_python").__file__), "axe.min.js")).read()
wrong = []

# A picture of three thousand counties would take axe half a minute. Each of them is looked at for being as the first ones of its
# kind are, and those alone stay for axe.
ALIKE = """() => {
  const kind = e => [e.tagName, ...[...e.attributes].map(a => a.name).filter(n => n !== 'd').sort(),
    ...[...e.children].map(c => c.tagName + (c.textContent.trim() ? '' : ' empty'))].join(' ');
  const odd = [];
  for (const group of document.querySelectorAll('.map svg g')) {
    const paths = [...group.children].filter(e => e.tagName === 'path');
    for (const path of paths.slice(20)) {
      if (kind(path) !== kind(paths[0])) odd.push(path.outerHTML.slice(0, 200));
      path.remove();
    }
  }
  return odd;
}"""

# Questions in SQL: one with texts that nobody means well, and one with a mistake.
ANSWERED = """SELECT t.task_id, t.dataset, t.data_year, t.state, t.attempt_count, o.reason, NULL AS nothing
FROM queue.task t LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
ORDER BY o.reason IS NULL, t.dataset <> 'hazard_risk', t.task_id
LIMIT 200"""
REFUSED = """SELECT dataset, count(*)
FROM queue.task
WHERE data_yaer = 2020 -- </textarea><script>alert(1)</script>
GROUP BY dataset"""


def say(what):
    wrong.append(what)
    print("WRONG", what, flush=True)


def check(holds, what):
    if not holds:
        say(what)


def api(path, body=None):
    request = urllib.request.Request(URL + "/api/v1" + path)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def pages():
    failed = [t for t in api("/tasks?state=failed&limit=100")]
    hostile = next(t["task_id"] for t in failed if t["dataset"] == "hazard_risk")
    checks = next(t["task_id"] for t in failed if t["dataset"] == "rent_index")
    done = api("/tasks?state=completed&dataset=market_income&limit=1")[0]["task_id"]
    # Its worker is never heard of again, and lost after half a minute.
    running = (api("/tasks?state=running&limit=1") or api("/tasks?limit=1"))[0]["task_id"]
    return {
        "grid": "/", "grid-of-backfill": "/?backfill=2", "grid-empty": "/?dataset=zzz", "backfills": "/backfills",
        "backfill": "/backfills/1", "backfill-open": "/backfills/2", "new-backfill": "/backfills/new", "tasks": "/tasks",
        "tasks-failed": "/tasks?state=failed", "task-failed": f"/tasks/{checks}", "task-hostile": f"/tasks/{hostile}",
        "task-done": f"/tasks/{done}", "task-running": f"/tasks/{running}", "datasets": "/datasets",
        "dataset": "/datasets/market_income", "dataset-rows": "/datasets/personal_income", "map": "/map?dataset=personal_income", "map-state": "/map?dataset=hazard_risk&state=31", "partition": "/datasets/market_income/2020",
        "partition-failed": "/datasets/rent_index/2012", "partition-split": "/datasets/market_jobs/2018",
        "sources": "/sources", "workers": "/workers", "flows": "/flows", "flow": "/flows/refresh-market-data", "alerts": "/alerts", "audit": "/audit",
        "tokens": "/tokens", "preview": f"/preview?act=retry&task={checks}", "preview-backfill":
        "/preview?act=backfill&cell=market_income+2023&cell=market_jobs+2023", "preview-validate":
        "/preview?act=validate&cell=hazard_risk+2022&cell=market_income+2020", "preview-rollback":
        "/preview?act=rollback&cell=hazard_risk+2022&cell=market_income+2020", "sign-in": "/sign-in", "missing": "/tasks/999999", "mistyped": "/tsks",
        "explore": "/explore", "explore-answer": ("/explore", ANSWERED), "explore-refused": ("/explore", REFUSED),
    }


class Watch:
    """What a page must not do: fail in its script, break its own policy, open a dialog, ask other hosts."""

    def __init__(self, page, name):
        page.on("pageerror", lambda error: say(f"{name}: script failed: {error}"))
        page.on("dialog", lambda dialog: (say(f"{name}: a dialog opened: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda line: say(f"{name}: {line.text}") if line.type == "error"
                and not re.search(r"status of (404|401|403|409|422)", line.text) else None)
        page.on("request", lambda request: None if request.url.startswith(URL) else say(f"{name}: asks {request.url}"))


def look(page, name, path, label, axe, script=True):
    path, question = path if isinstance(path, tuple) else (path, None)
    page.goto(URL + path, wait_until="load")
    if question:
        page.fill("#sql", question)
        page.click("button[value=ask]")
        check(page.locator(".answer" if question == ANSWERED else "mark").count() == 1, f"{name} {label}: asks in vain")
    label = f"{name} {label}"
    if not script:
        check(page.locator("main h1").count() == 1, f"{label}: not one heading")
    else:
        check(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{label}: wider than the window")
        check(page.evaluate("document.querySelectorAll('main h1').length") == 1, f"{label}: not one heading")
        check(page.evaluate("!document.querySelector('img, main script, iframe, [onerror], [style]')"), f"{label}: something got in")
    if axe:
        for odd in page.evaluate(ALIKE):
            say(f"{label}: not as its neighbours are: {odd}")
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        for violation in found["violations"]:
            nodes = "; ".join(n["html"][:160] + " " + str(n.get("failureSummary", ""))[:200] for n in violation["nodes"][:3])
            say(f"{label}: axe {violation['id']} ({len(violation['nodes'])}): {nodes}")


def looks(browser):
    paths = pages()
    for scheme, width, axe, script in [("light", 1400, True, True), ("dark", 390, True, True), ("light", 390, False, True),
                                       ("dark", 1400, False, True), ("light", 1400, False, False)]:
        label = f"{scheme}-{width}{'' if script else '-plain'}"
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script,
                                      has_touch=width < 500)
        page = context.new_page()
        Watch(page, label)
        for name, path in paths.items():
            look(page, name, path, label, axe and not SHOTS, script)
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{label}.png", full_page=True)
        context.close()


def new(browser, **options):
    context = browser.new_context(viewport={"width": 1400, "height": 900}, **options)
    page = context.new_page()
    Watch(page, "acts")
    return page


def until(page, expression, seconds=20):
    """Waits for what a page shows. (What Playwright has for it is forbidden by the page's own policy.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise AssertionError(f"never true: {expression}")
        page.wait_for_timeout(20)


def count_clicks(page):
    """Each press of the mouse (a drag is one) in this tab, over all of its pages."""
    page.context.add_init_script("addEventListener('pointerdown', () => { sessionStorage.clicks = 1 + Number(sessionStorage.clicks ?? 0) }, true)")


def clicks(page):
    return int(page.evaluate("sessionStorage.clicks ?? 0"))


def press(page, selector):
    """As a hand does: where the thing is in the window, if it can be seen at all."""
    box = page.locator(selector).first.bounding_box()
    check(box and box["y"] + box["height"] <= page.viewport_size["height"], f"{selector} is not in sight: {box}")
    with page.expect_navigation():
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def state(task):
    return api(f"/tasks/{task}")["state"]


def three_clicks(browser):
    """As somebody who is new here: from the red cell to its cause, and to its retry, without scrolling."""
    page = new(browser)
    count_clicks(page)
    page.goto(URL + "/")
    press(page, ".grid td.s-failed a[title^='rent_index 2012']")
    check("outside 100 to 9000" in page.inner_text("main"), "the cause is not on the cell's page")
    press(page, "main .title .button.main")
    text = page.inner_text("main")
    check("again, and those that failed only because it did" in text, f"the preview has not the command's words: {text[:300]}")
    command = page.inner_text(".command code")
    task = int(re.search(r"aker retry --task (\d+)", command).group(1))
    check(state(task) == "failed", "the preview did it already")
    press(page, ".confirm button.main")
    check(state(task) == "ready", "the retry did not reach the queue")
    check(page.url.split("?")[0] == f"{URL}/tasks/{task}", f"the retry leads to {page.url}")
    check("1 task will run again" in page.inner_text("main"), "it is not said what was done")
    check(clicks(page) == 3, f"it took {clicks(page)} clicks")
    page.context.close()


def five_clicks(browser):
    """A year of three datasets selected with the mouse, and backfilled."""
    page = new(browser)
    count_clicks(page)
    page.goto(URL + "/")
    before = {b["backfill_id"] for b in api("/backfills")}
    first = page.locator(".grid td:has(input[value='boundary_county 2016'])").bounding_box()
    last = page.locator(".grid td:has(input[value='business_formation 2016'])").bounding_box()
    page.mouse.move(first["x"] + 20, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 10, steps=4)
    page.mouse.up()
    check(page.inner_text("#chosen") == "3 years selected", f"dragging selects: {page.inner_text('#chosen')}")
    press(page, "button[value=backfill]")
    press(page, ".confirm button.main")
    made = [b for b in api("/backfills") if b["backfill_id"] not in before]
    check(len(made) == 1, f"it made {len(made)} backfills")
    tasks = {(t["dataset"], t["data_year"]) for t in api(f"/tasks?backfill={made[0]['backfill_id']}&limit=100")}
    check({("boundary_county", 2016), ("building_permits", 2016), ("business_formation", 2016)} == tasks, f"enqueued are {tasks}")
    check(clicks(page) <= 5, f"it took {clicks(page)} clicks")
    page.context.close()


def without_script(browser):
    """The same with plain forms, and a selection by ticks."""
    page = new(browser, java_script_enabled=False)
    page.goto(URL + "/")
    page.check("input[value='rent_index 2014']")
    page.check("input[value='rent_index 2015']")
    page.click("button[value=retry]")
    check("This tries again 2 failed tasks of rent_index 2014-2015." in page.inner_text("main"), "ticks are not previewed")
    page.click(".confirm button.main")
    check("/batches/" in page.url, f"the act leads to {page.url}")
    check("2 tasks are tried again" in page.inner_text("main"), "the act is not shown")
    page.goto(URL + "/?dataset=market")
    check(page.locator(".grid tbody tr").count() == 4, "the filter does not filter")
    page.goto(URL + "/backfills/2")
    page.click("text=Cancel…")
    page.click(".confirm button.main")
    check(api("/backfills/2")["state"] in ("cancelled", "finished"), "the backfill was not cancelled")
    page.context.close()


def by_mouse(browser):
    """A year selected with the mouse and planned: nothing is enqueued before it is said."""
    page = new(browser)
    page.goto(URL + "/")
    first = page.locator(".grid td:has(input[value='market_income 2022'])").bounding_box()
    last = page.locator(".grid td:has(input[value='market_jobs 2023'])").bounding_box()
    page.mouse.move(first["x"] + 20, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(last["x"] + 20, last["y"] + 10, steps=6)
    page.mouse.up()
    check(page.inner_text("#chosen") == "4 years selected", f"dragging selects: {page.inner_text('#chosen')}")
    before = len(api("/backfills"))
    page.click("button[value=backfill]")
    text = page.inner_text("main")
    check("aker backfill market_income market_jobs --years 2022-2023" in text, f"the plan has no command: {text[:400]}")
    check(len(api("/backfills")) == before, "the plan enqueued something")
    page.context.close()


def enqueue(browser):
    """From ticked years through the plan to the backfill that was made of it."""
    page = new(browser, java_script_enabled=False)
    page.goto(URL + "/")
    before = {b["backfill_id"] for b in api("/backfills")}
    page.check("input[value='market_income 2023']")
    page.click("button[value=backfill]")
    label = page.inner_text(".confirm button.main")
    tasks = int(re.search(r"Enqueue (\d+) task", label).group(1))
    page.click(".confirm button.main")
    made = [b for b in api("/backfills") if b["backfill_id"] not in before]
    check(len(made) == 1, f"Enqueue made {len(made)} backfills")
    check(page.url.split("?")[0] == f"{URL}/backfills/{made[0]['backfill_id']}", f"Enqueue leads to {page.url}")
    check(f"{tasks} task" in page.inner_text("main .said"), f"it is not said what was enqueued: {page.inner_text('main .said')}")
    check(len(api(f"/tasks?backfill={made[0]['backfill_id']}&limit=100")) == tasks, "other tasks than were told")
    page.context.close()


def county_map(browser):
    """Chosen by a plain form, and drawn: every county is as the legend and the table say."""
    page = new(browser, java_script_enabled=False)
    page.goto(URL + "/map")
    page.select_option("select[name=dataset]", "hazard_risk")
    page.click("text=Show")
    page.select_option("select[name='where.hazard']", "wildfire")
    page.select_option("select[name=state]", "31")
    page.click("text=Show")
    check("Severity, Nebraska 2022" in page.inner_text("h1"), f"the form leads to {page.inner_text('h1')}")
    check(page.locator("select[name='where.hazard']").input_value() == "wildfire", "what was chosen is chosen no more")
    known = api("/maps/hazard_risk/2022?state=31&where=%7B%22hazard%22:%22wildfire%22%7D")
    check(page.locator(".map svg g:not(.border) > path").count() == len(known["places"]), "not every county is drawn")
    most = max(p["value"] for p in known["places"])
    check(f"{most}" in page.inner_text("#table tbody tr:first-child"), "the table does not begin with the highest")
    page.context.close()
    page = new(browser)
    page.goto(URL + "/map?dataset=personal_income")
    box = page.locator(".map svg").bounding_box()
    drawn = page.evaluate("(() => { const b = document.querySelector('.map .border').getBBox(); return [b.x, b.y, b.width, b.height] })()")
    check(drawn[0] >= 0 and drawn[1] >= 0 and drawn[0] + drawn[2] <= 960 and drawn[1] + drawn[3] <= 660, f"drawn outside: {drawn}")
    check(box["width"] > 500, f"the picture is {box}")
    fills = page.evaluate("[...document.querySelectorAll('.map svg g > path:first-child')].map(p => getComputedStyle(p).fill)")
    check(len(set(fills)) >= 6, f"shades are not drawn: {fills}")
    page.context.close()


def by_keys(browser):
    page = new(browser)
    page.goto(URL + "/")
    where = "document.activeElement.getAttribute('aria-label')"
    page.locator(".grid a[aria-label^='market_income 2015']").focus()
    for key, expected in [("ArrowRight", "market_income 2016"), ("ArrowDown", "market_jobs 2016"), ("End", "market_jobs 2026"),
                          ("Home", "market_jobs 2012"), ("PageUp", "boundary_county 2012"), ("PageDown", "price_index 2012")]:
        page.keyboard.press(key)
        found = page.evaluate(where) or ""
        check(found.startswith(expected), f"{key} leads to {found}, not to {expected}")
        if key == "PageDown":
            page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    check(page.inner_text("#chosen") == "4 years selected", f"Shift with arrows selects: {page.inner_text('#chosen')}")
    page.keyboard.press("Escape")
    until(page, "document.getElementById('chosen').textContent.startsWith('Drag')")
    check(page.locator(".grid a[tabindex='0']").count() == 1, "the grid is more than one stop of Tab")
    page.keyboard.press("?")
    check(page.locator("dialog[open] kbd").count() > 5, "? does not list the shortcuts")
    page.context.close()


def live(browser):
    """A change is seen on its own, and nothing moves."""
    page = new(browser)
    page.goto(URL + "/")
    until(page, "document.getElementById('live').textContent.includes('live')")
    cell = page.locator(".grid td:has(input[value='rent_index 2013'])")
    check("s-failed" in cell.get_attribute("class"), "2013 has not failed")
    # So that the first look of the stream is over.
    page.wait_for_timeout(1500)
    page.evaluate("""() => { window.places = () => [...document.querySelectorAll('.grid td')].map(e => { const r = e.getBoundingClientRect();
      return [r.x, r.y, r.width, r.height].map(Math.round).join() }).join(' '); window.was = window.places(); window.mark = 1 }""")
    task = next(t["task_id"] for t in api("/tasks?state=failed&dataset=rent_index&year=2013"))
    began = time.monotonic()
    api("/retry", {"task": task})
    until(page, "document.querySelector(\".grid td:has(input[value='rent_index 2013'])\").classList.contains('s-waiting')")
    print(f"seen {time.monotonic() - began:.2f} s after its commit", flush=True)
    check(page.evaluate("window.mark === 1"), "the page was loaded again")
    check(page.evaluate("window.places() === window.was"), "cells moved")
    page.context.close()


def explore(browser):
    """A question, with keys and without a script; what is typed stays; a download."""
    page = new(browser)
    page.goto(URL + "/explore")
    page.fill("#find", "publication")
    until(page, "![...document.querySelectorAll('.relation:not([hidden]) summary code')].some(e => e.textContent === 'event')")
    check(page.locator(".relation:not([hidden]) summary code", has_text="publication").count() > 0, "publication is not found")
    page.fill("#sql", "SELECT n, n * 2 AS twice\nFROM generate_series(1, 1500) n")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".answer")
    text = page.inner_text("main")
    check("The first 1000 rows" in text and page.locator(".answer tbody tr").count() == 1000, f"the cut is not told: {text[:300]}")
    check(page.locator(".answer th.number").count() == 2 and "integer" in page.inner_text(".answer thead"), "types are not told")
    check("1500) n" in page.input_value("#sql"), "the question is gone")
    check("aker_reader" in (page.text_content(".again code") or ""), "there is no command")
    with page.expect_download() as download:
        page.click("button[value=csv]")
    lines = open(download.value.path()).read().split("\n")
    check(lines[:2] == ["n,twice", "1,2"] and len(lines) == 1502, f"the download is {lines[:3]}, {len(lines)} lines")
    page.context.close()
    page = new(browser, java_script_enabled=False)
    # An address fills the box, and asks nothing.
    page.goto(URL + "/explore?sql=SELECT+pg_sleep(0)+AS+slept")
    check(page.locator(".answer").count() == 0 and page.input_value("#sql") == "SELECT pg_sleep(0) AS slept", "an address asks")
    page.fill("#find", "lake_path")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    check(page.input_value("#sql") == "SELECT pg_sleep(0) AS slept" and page.locator(".answer").count() == 0, "looking for tables asks")
    names = page.locator(".relation summary code").all_inner_texts()
    check("publication" in names and "event" not in names, f"found are {names}")
    page.fill("#sql", REFUSED)
    page.click("button[value=ask]")
    check(page.inner_text("mark") == "data_yaer", f"marked is {page.inner_text('mark')}")
    check(page.input_value("#sql") == REFUSED, "the question is another")
    page.fill("#sql", "SELECT '' AS empty, NULL AS nothing")
    page.click("button[value=ask]")
    check(page.locator(".answer td").all_inner_texts() == ["", "NULL"], "NULL is not told")
    page.context.close()


def local_times(browser):
    """Every time of every page is the reader's, with UTC on hover; without a script it is UTC, and says so."""
    # Half an hour besides, and no summer time.
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    context = browser.new_context(timezone_id="Asia/Kolkata", locale="en-GB")
    plain = browser.new_context(java_script_enabled=False)
    here, there = context.new_page(), plain.new_page()
    counted = 0
    for name, path in pages().items():
        if isinstance(path, tuple):
            continue
        here.goto(URL + path)
        there.goto(URL + path)
        for stamp, shown, title in here.evaluate("[...document.querySelectorAll('main time')].map(t => [t.dateTime, t.textContent, t.title])"):
            moment = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
            local = moment.astimezone(zone)
            check(shown == f"{local.day} {local:%b} {local.year}, {local:%H:%M}".replace("Sep ", "Sept "), f"{name}: {stamp} is shown as {shown}")
            check(title == f"{moment:%Y-%m-%d %H:%M} UTC", f"{name}: on hover {stamp} is {title}")
            counted += 1
        # Those that nobody turned into a local one.
        other = re.findall(r".{0,40}\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,20}", here.evaluate("""() => {
          const copy = document.querySelector('main').cloneNode(true);
          copy.querySelectorAll('code, pre, textarea').forEach(e => e.remove());
          return copy.textContent }"""))
        check(not other, f"{name}: times that are not local: {other[:3]}")
        for shown in there.locator("main time").all_text_contents():
            check(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", shown), f"{name}: without a script {shown}")
    check(counted > 50, f"only {counted} times")

    # A sentence may have several; what is to be copied stays as it is.
    def told(route):
        answer = route.fetch()
        words = "<p id='told'>From 2026-03-01 10:00 UTC to 2026-03-02T11:30Z: <code>2026-03-03 10:00 UTC</code></p>"
        route.fulfill(response=answer, body=answer.text().replace("</main>", words + "</main>"))
    here.route(URL + "/workers", told)
    here.goto(URL + "/workers")
    text = here.inner_text("#told")
    check(text == "From 1 Mar 2026, 15:30 to 2 Mar 2026, 17:00: 2026-03-03 10:00 UTC", f"a sentence with two times: {text}")
    # The page asks for itself again, and may be about to.
    here.unroute_all(behavior="wait")
    context.close()
    plain.close()


def plain_acts(browser):
    """Every act that the pages offer, by plain forms: previewed, done, and told."""
    page = new(browser, java_script_enabled=False)

    def act(path, label, within="main"):
        page.goto(URL + path)
        page.locator(f"{within} a.button", has_text=re.compile(f"^{re.escape(label)}$")).first.click()
        page.click(".confirm button.main")
        check(page.locator("main .said").count() == 1 or "/batches/" in page.url, f"{label} of {path}: it is not said what was done: {page.url}")

    def tasks(query):
        return api(f"/tasks?limit=1000&{query}")

    def ask(sql):
        return [value for row in api("/explore", {"sql": sql})["rows"] for value in (row.values() if isinstance(row, dict) else row)]

    made = api("/backfills", {"datasets": ["market_population", "market_income"], "years": "2011-2012", "only": "all", "as_of": "2024-07"})["backfill_id"]
    backfill = f"/backfills/{made}"
    act(backfill, "Pause…")
    check(api(backfill)["state"] == "paused", "a backfill is not paused")
    act(backfill, "Resume…")
    check(api(backfill)["state"] == "open", "a backfill is not resumed")
    act(backfill, "First…")
    check(ask(f"SELECT DISTINCT priority::text FROM queue.task WHERE backfill_id = {made}") == ["10"], "a backfill does not go first")
    first = [t["task_id"] for t in tasks(f"backfill={made}&state=ready")][0]
    act(f"/tasks/{first}", "First…")
    check(ask(f"SELECT left(run_at::text, 4) FROM queue.task WHERE task_id = {first}") == ["1970"], "a task does not go first")
    act(f"/tasks/{first}", "Cancel…")
    check(state(first) == "cancelled", "a task is not cancelled")
    # Chosen now, and done one by one in the background.
    act("/datasets/market_population/2012", "Cancel…")
    check("cancel" in page.inner_text("main").lower(), "a year's cancellation is not told")
    for what, path in [("dataset", "/datasets/market_jobs"), ("all work", "/workers")]:
        suffix = " all work…" if what == "all work" else "…"
        def paused():
            return [o["item"] for o in api("/overview") if o["value"] == "paused" and o["item"] in ("queue", "dataset market_jobs")]
        act(path, "Pause" + suffix)
        check(len(paused()) == 1, f"{what} is not paused: {paused()}")
        act(path, "Resume" + suffix)
        check(not paused(), f"{what} is not resumed: {paused()}")
    def source():
        return next(s for s in api("/sources") if s["id"] == "bls_qcew")["state"].get("pause_reason")
    act("/sources", "Pause…", "tr#bls_qcew")
    check(source(), "a source is not paused")
    act("/sources", "Resume…", "tr#bls_qcew")
    check(not source(), "a source is not resumed")
    def flow():
        return next(f for f in api("/flows") if f["name"] == "refresh-market-data")["state"].get("paused_at")
    act("/flows/refresh-market-data", "Pause…")
    check(flow(), "a flow is not paused")
    act("/flows", "Resume…")
    check(not flow(), "a flow is not resumed")
    act("/alerts", "Silence…")
    check(any(a.get("silenced_until") for a in api("/alerts")), "no alert is silenced")
    page.goto(URL + "/tokens")
    page.fill("input[name=name]", "dana")
    page.click("text=Make a token")
    check("aker_" in page.inner_text(".command code"), "a token is not told")
    act("/tokens", "Revoke…")
    check([t["state"] for t in api("/tokens")] == ["revoked"], "a token is not revoked")
    # From the grid, where it is told.
    check(api("/datasets/boundary_county").get("pause_reason") == "the source moved", "the world has changed")
    page.goto(URL + "/")
    page.locator(".notes li", has_text="boundary_county").locator("a.button").click()
    page.click(".confirm button.main")
    check(api("/datasets/boundary_county").get("pause_reason") is None, "a dataset is not resumed")
    page.context.close()


def one_cause(browser):
    """Failures by cause, and the retry of one of them alone."""
    page = new(browser, java_script_enabled=False)
    failed = lambda more="": {t["task_id"] for t in api(f"/tasks?backfill=1&state=failed&limit=1000{more}")}
    page.goto(URL + "/backfills/1")
    cause = page.locator(".failure", has_text="permanent").first
    dataset = cause.locator(".kind a").inner_text()
    before, chosen = failed(), failed(f"&error_class=permanent&dataset={dataset}")
    check(chosen and chosen < before, f"failed are {before}, of this cause {chosen}")
    cause.locator("a.button").click()
    # All failures of this dataset are of one class: whether others would be left alone, the command tells.
    command = page.inner_text(".command code")
    check("--error-class permanent" in command and f"--dataset {dataset}" in command, f"the preview is of {command}")
    page.click(".confirm button.main")
    check(failed() == before - chosen, f"still failed are {failed()} of {before}, of this cause were {chosen}")
    page.context.close()


def seven_tabs(browser):
    """A browser opens six connections to a host: the seventh tab lives by the one stream of all."""
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(7)]
    for tab in tabs:
        tab.goto(URL + "/workers")
    until(tabs[6], "document.getElementById('live').textContent.includes('live')")
    context.close()


def apart(browser):
    """Colours of states, as the stylesheet has them, for all kinds of eyes."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(URL + "/workers")
        names = ["published", "warned", "stale", "other", "failed", "running", "waiting", "blocked", "paused", "cancelled", "page"]
        found = page.evaluate("names => names.map(n => getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim())", names)
        shades = ["m0", "m1", "m2", "m3", "m4", "page"]
        values = page.evaluate("names => names.map(n => getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim())", shades)
        nearest = colours.closest(dict(zip(shades, values)))
        check(nearest[0] >= 15, f"{scheme}: shades {nearest} are too near to each other")
        least = colours.closest(dict(zip(names, found)))
        print(f"{scheme}: colours are {least[0]:.1f} apart at least: {least[1:]}", flush=True)
        check(least[0] >= 15, f"{scheme}: {least} are too near to each other")
        context.close()


def weight(browser):
    page = new(browser)
    asked = []
    page.on("response", lambda response: asked.append(response))
    page.goto(URL + "/", wait_until="load")
    asked = [r for r in asked if not r.url.endswith("/live")]
    sizes = {r.url: int(r.request.sizes()["responseBodySize"]) for r in asked}
    total = sum(sizes.values())
    print(f"first page: {len(sizes)} requests, {total} bytes", flush=True)
    check(len(sizes) <= 4, f"{len(sizes)} requests: {list(sizes)}")
    check(total <= 60_000, f"{total} bytes: {sizes}")
    page.context.close()


def main():
    began = time.monotonic()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                                             args=["--no-sandbox", "--disable-gpu"])
        if not ONLY:
            looks(browser)
        if not SHOTS:
            for part in [weight, apart, three_clicks, five_clicks, by_mouse, by_keys, county_map, live, local_times, explore, seven_tabs, without_script,
                         one_cause, plain_acts, enqueue]:
                if ONLY and part.__name__ not in ONLY:
                    continue
                try:
                    part(browser)
                except Exception as error:  # One that breaks off is wrong, and the others are looked at all the same.
                    say(f"{part.__name__}: {str(error)[:600]}")
        browser.close()
    print(f"{time.monotonic() - began:.0f} s, {len(wrong)} wrong", flush=True)
    sys.exit(1 if wrong else 0)


main()
