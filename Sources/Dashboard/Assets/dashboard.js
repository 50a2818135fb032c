// Everything works without this. It makes times local, cells selectable by mouse and keys, commands copyable, and pages live.
'use strict';
if (typeof document === 'undefined') {
  // As a shared worker: one stream of events for all tabs of a browser, and none while all of them are hidden.
  const visible = new Set();
  let source = null;
  const say = (message) => visible.forEach((port) => port.postMessage(message));
  const look = () => {
    if (visible.size && !source) source = listen(new URL('../live', location.href), say);
    if (!visible.size && source) { source.close(); source = null; }
  };
  onconnect = ({ ports: [port] }) => {
    port.onmessage = ({ data }) => {
      data ? visible.add(port) : visible.delete(port);
      look();
      if (data && source) port.postMessage(source.readyState === 1 ? 'open' : 'wait');
    };
  };
} else {
  page(document.currentScript.src);
}

function listen(address, say) {
  const source = new EventSource(address);
  source.onopen = () => say('open');
  source.onerror = () => say('wait');
  for (const kind of ['event', 'cell', 'worker', 'source', 'alert', 'batch', 'gone', 'reset']) source.addEventListener(kind, () => say('change'));
  return source;
}

function page(script) {
  const main = document.querySelector('main');
  const prefix = document.documentElement.dataset.prefix;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Times, as the clock on this wall has them; UTC on hover. Buttons that copy.
  let format = null; // made with the first time: it takes as long as all else here
  const written = /\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)? ?(?:UTC|Z)/;
  function dress(within) {
    // Those within sentences, too; what is to be copied stays as it is.
    const texts = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) if (written.test(texts.currentNode.data) && !texts.currentNode.parentElement.closest('time, code, pre, textarea, .answer')) found.push(texts.currentNode);
    for (let text of found) {
      for (let match; (match = written.exec(text.data));) {
        const time = document.createElement('time');
        const rest = text.splitText(match.index).splitText(match[0].length);
        time.title = match[0].replace(/T(?=\d)/, ' ').replace(/ ?(UTC|Z)/, ' UTC');
        time.dateTime = match[0].replace(' ', 'T').replace(/ ?UTC/, 'Z');
        text.nextSibling.replaceWith(time);
        text = rest;
      }
    }
    for (const time of all('time', within)) {
      format ??= new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
      time.textContent = format.format(new Date(time.dateTime));
    }
    for (const command of all('.command', within)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = 'Copy';
      command.append(button);
    }
  }
  dress(main);
  document.addEventListener('click', async ({ target }) => {
    const command = target.closest?.('.command button');
    if (!command) return;
    const code = command.parentElement.querySelector('code');
    try {
      await navigator.clipboard.writeText(code.textContent);
      command.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      command.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => { command.textContent = 'Copy'; }, 2000);
  });

  // The grid: arrows move, Shift selects; the mouse drags over what it selects.
  const grid = document.querySelector('.grid');
  const box = (cell) => cell?.querySelector('input');
  const place = (cell) => [cell.parentElement.rowIndex, cell.cellIndex];
  const at = (row, column) => grid.rows[row]?.cells[column];
  let anchor = null;
  let before = new Set();
  function mark() {
    const chosen = all('.grid td:has(input:checked)');
    for (const cell of all('.grid td.chosen')) if (!box(cell)?.checked) cell.classList.remove('chosen');
    for (const cell of chosen) cell.classList.add('chosen');
    for (const cell of all('.grid td')) if (box(cell)) cell.setAttribute('aria-selected', String(box(cell).checked));
    const bar = document.getElementById('bar');
    if (!bar) return;
    bar.classList.toggle('some', chosen.length > 0);
    const text = chosen.length ? `${chosen.length} ${chosen.length === 1 ? 'year' : 'years'} selected` : 'Drag over years, or Shift with arrows, to select.';
    const told = document.getElementById('chosen');
    if (told.textContent !== text) told.textContent = text;
    for (const button of all('button[name=act]', bar)) button.disabled = chosen.length === 0;
  }
  // Selects from the anchor to a cell, besides what was selected when it began.
  function stretch(cell) {
    const [[r1, c1], [r2, c2]] = [place(anchor), place(cell)];
    for (const other of all('.grid td')) {
      const [r, c] = place(other);
      const isInside = r >= Math.min(r1, r2) && r <= Math.max(r1, r2) && c >= Math.min(c1, c2) && c <= Math.max(c1, c2);
      if (box(other)) box(other).checked = isInside || before.has(box(other).value);
    }
    mark();
  }
  const checked = () => new Set(all('.grid input:checked').map((input) => input.value));
  function rove(cell) {
    for (const link of all('.grid a')) link.tabIndex = -1;
    const link = cell?.querySelector('a') ?? grid.querySelector('td a') ?? grid.querySelector('a');
    if (link) link.tabIndex = 0;
  }
  function setUpGrid() {
    // The newest years are what one came for.
    grid.parentElement.scrollLeft = grid.scrollWidth;
    // What does not show is made ready after the first picture.
    requestAnimationFrame(() => setTimeout(() => { rove(null); mark(); }));
    let dragging = null;
    let moved = false;
    grid.addEventListener('dragstart', (event) => event.preventDefault());
    grid.addEventListener('pointerdown', (event) => {
      const cell = event.target.closest('td');
      if (!cell || !box(cell) || event.button || event.pointerType === 'touch' || event.target.matches('input')) return;
      dragging = cell;
      moved = false;
      before = event.shiftKey || event.ctrlKey || event.metaKey ? checked() : new Set();
      if (!event.shiftKey || !anchor) anchor = cell;
      if (event.shiftKey || event.ctrlKey || event.metaKey) { moved = true; stretch(cell); }
    });
    grid.addEventListener('pointerover', (event) => {
      const cell = event.target.closest('td');
      if (!dragging || !cell || (cell === dragging && !moved)) return;
      moved = true;
      stretch(cell);
    });
    addEventListener('pointerup', () => { dragging = null; });
    grid.addEventListener('click', (event) => { if (moved && event.target.closest('td')) { event.preventDefault(); moved = false; } });
    grid.addEventListener('change', mark);
    document.getElementById('selection').addEventListener('reset', () => setTimeout(mark));
    grid.addEventListener('keydown', (event) => {
      const cell = event.target.closest('td, th');
      if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === ' ' && box(cell)) {
        box(cell).checked = !box(cell).checked;
        anchor = cell;
        mark();
        return event.preventDefault();
      }
      if (event.key === 'Escape') { document.getElementById('selection').reset(); return; }
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -999], End: [0, 999] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      let [row, column] = place(cell);
      let next = null;
      const [rows, columns] = [grid.rows.length - 1, grid.rows[0].cells.length - 1];
      row = Math.min(rows, Math.max(1, row + move[0]));
      column = event.key === 'Home' ? 1 : Math.min(columns, Math.max(0, column + move[1]));
      // Past what has no year there.
      const step = [Math.sign(move[0]), event.key === 'Home' ? 1 : event.key === 'End' ? -1 : Math.sign(move[1])];
      while ((next = at(row, column)) && !next.querySelector('a')) { row += step[0]; column += step[1]; if (row < 1) return; }
      if (!next) return;
      if (event.shiftKey && box(next)) {
        if (!anchor || !box(cell)?.checked) { anchor = cell; before = checked(); }
        stretch(next);
      } else {
        anchor = next;
      }
      rove(next);
      next.querySelector('a').focus();
    });
  }
  if (grid) setUpGrid();

  // Live: when something changed, the page is asked for again, and what differs is put in place. Nothing moves.
  const live = document.getElementById('live');
  let [wanted, busy, last, soon] = [false, false, 0, 0];
  async function refresh() {
    if (busy || !wanted || document.hidden) return;
    const wait = last + 400 - Date.now();
    if (wait > 0) return void setTimeout(refresh, wait);
    [wanted, busy, last] = [false, true, Date.now()];
    try {
      const answer = await fetch(location.href, { headers: { 'X-Aker-Live': '1' } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
        for (const said of all('.said', fresh)) said.remove();
        const kept = document.querySelector('main > .said');
        if (kept) fresh.prepend(kept.cloneNode(true));
        dress(fresh);
        const cell = document.activeElement?.closest?.('.grid td, .grid th');
        morph(main, fresh);
        if (grid?.isConnected) { rove(cell); mark(); }
      }
    } catch { /* the stream says that it is away */ }
    busy = false;
    if (wanted) refresh();
  }
  const heard = (message) => {
    // All that one look of the service found comes at once, and is asked for once.
    if (message === 'change') { wanted = true; clearTimeout(soon); soon = setTimeout(refresh, 20); } else live.textContent = message === 'open' ? '● live' : '○ not connected; tries again';
    // What changed before it was connected is not told.
    if (message === 'open') { wanted = true; refresh(); }
  };
  if (main.hasAttribute('data-live')) {
    if (typeof SharedWorker === 'undefined') {
      let source = null;
      const look = () => { source?.close(); source = document.hidden ? null : listen(prefix + '/live', heard); };
      document.addEventListener('visibilitychange', look);
      look();
    } else {
      const { port } = new SharedWorker(script, 'aker');
      port.onmessage = ({ data }) => heard(data);
      const look = () => { port.postMessage(!document.hidden); if (!document.hidden) { wanted = true; refresh(); } };
      document.addEventListener('visibilitychange', look);
      addEventListener('pagehide', () => port.postMessage(false));
      addEventListener('pageshow', look);
      port.postMessage(!document.hidden);
    }
  }

  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    for (const { name, value } of fresh.attributes) if (name !== 'class' || !old.classList.contains('chosen')) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !['open', 'tabindex', 'aria-selected', 'disabled'].includes(name)) old.removeAttribute(name);
    if (old.classList.contains('chosen')) old.className = fresh.className + ' chosen';
    if (old.matches('input, select') || old.id === 'chosen') return;
    const keyed = new Map([...old.children].filter((child) => child.dataset?.key).map((child) => [child.dataset.key, child]));
    let next = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const key = child.dataset?.key;
      let match = key ? keyed.get(key) : null;
      if (match && match !== next) old.insertBefore(match, next);
      if (!match && !key && next && next.nodeName === child.nodeName && !next.dataset?.key) match = next;
      if (!match) { old.insertBefore(child, next); continue; }
      next = match.nextSibling;
      if (match.nodeType === 1) morph(match, child);
      else if (match.data !== child.data) match.data = child.data;
    }
    while (next) { const gone = next; next = next.nextSibling; gone.remove(); }
  }

  // Explore: Ctrl with Enter asks; tables are found while one types.
  const question = document.querySelector('form.explore');
  if (question) {
    const find = question.querySelector('#find');
    question.querySelector('#sql').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) question.requestSubmit(question.querySelector('[value=ask]'));
    });
    find.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
    find.addEventListener('input', () => {
      const words = find.value.trim().toLowerCase();
      for (const schema of all('.schema', question)) {
        let some = false;
        for (const relation of all('.relation', schema)) {
          relation.hidden = !(schema.firstChild.firstChild.textContent + '.' + relation.textContent).toLowerCase().includes(words);
          some ||= !relation.hidden;
        }
        schema.hidden = !some;
        if (words && some) schema.open = true;
      }
    });
  }

  // Where the window is narrow, the place where one is may be out of sight.
  const nav = document.querySelector('nav');
  const current = nav.querySelector('[aria-current]');
  if (current) nav.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - nav.clientWidth / 2 - nav.offsetLeft;

  // Keys for all pages.
  const places = { g: '', b: 'backfills', t: 'tasks', d: 'datasets', m: 'map', e: 'explore', s: 'sources', w: 'workers', f: 'flows', a: 'alerts', n: 'backfills/new' };
  let going = 0;
  function help() {
    let dialog = document.querySelector('dialog');
    if (!dialog) {
      const lines = [['?', 'this list'], ['/', 'search'], ['g, then g b t d m e s w f a', 'grid, backfills, tasks, datasets, map, explore, sources, workers, flows, alerts'], ['g, then n', 'new backfill'],
        ['arrows, Home, End, PgUp, PgDn', 'move on the grid'], ['Shift with arrows', 'select'], ['Space', 'select one'], ['Enter', 'open'], ['Esc', 'select none'],
        ['Ctrl with Enter', 'ask, on Explore']];
      dialog = document.createElement('dialog');
      dialog.setAttribute('aria-labelledby', 'keys');
      const [head, list, form] = ['h2', 'dl', 'form'].map((name) => document.createElement(name));
      head.id = 'keys';
      head.textContent = 'Shortcuts';
      for (const [keys, what] of lines) {
        const [term, detail, key] = ['dt', 'dd', 'kbd'].map((name) => document.createElement(name));
        key.textContent = keys;
        detail.textContent = what;
        term.append(key);
        list.append(term, detail);
      }
      form.method = 'dialog';
      const close = document.createElement('button');
      close.textContent = 'Close';
      form.append(close);
      dialog.append(head, list, form);
      document.body.append(dialog);
    }
    dialog.open ? dialog.close() : dialog.showModal();
  }
  document.addEventListener('keydown', (event) => {
    if (event.target.matches('input:not([type=checkbox]), select, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '?') return help();
    if (event.key === '/') {
      const search = document.querySelector('input[type=search], [role=search] input');
      if (search) { event.preventDefault(); search.focus(); }
      return;
    }
    if (Date.now() - going < 1500 && event.key in places) location.href = prefix + '/' + places[event.key];
    going = event.key === 'g' && Date.now() - going >= 1500 ? Date.now() : 0;
  });
}
