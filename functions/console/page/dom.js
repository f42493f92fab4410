// Elements and words. Every value from the server becomes text, never markup.

export const $ = id => document.getElementById(id);

// element makes an element with attributes and children; texts stay texts.
export function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

// drawing makes an element of a drawing.
export function drawing(name, attributes = {}, ...children) {
  return furnish(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

function furnish(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made[key] = value; // a property, which renew can carry over
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== undefined && child !== null && child !== '' && child !== false));
  return made;
}

// The database's clock, as far as it is known here.
let ahead = 0;
export const setClock = text => { ahead = Date.parse(text) - Date.now(); };
export const now = () => Date.now() + ahead;

const whole = new Intl.NumberFormat('en-GB');

// All times are in one zone: the reader's, or UTC. The page's header names it.
let short, long, far, day;
export let zone;
export function setZone(name) {
  const timeZone = name === 'UTC' ? 'UTC' : undefined;
  short = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone });
  long = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone });
  far = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone });
  day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'short', timeZone });
  zone = short.resolvedOptions().timeZone;
}
const kept = 'return-sync-zone';
try { setZone(localStorage.getItem(kept)); } catch { setZone(); }
export function switchZone() {
  setZone(zone === 'UTC' ? undefined : 'UTC');
  try { localStorage.setItem(kept, zone); } catch { /* the choice lasts as long as the page */ }
}

export const number = n => whole.format(n);
export const plural = (n, one, many = one + 's') => `${number(n)} ${n === 1 ? one : many}`;

// clock words a time.
export function clock(text) {
  const date = new Date(text);
  if (day.format(date) === day.format(now())) return short.format(date);
  return Math.abs(now() - date) < 180 * 86400e3 ? long.format(date) : far.format(date);
}

// span words a duration in its two largest units.
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

export function bytes(n) {
  return n < 1000 ? `${n} B` : `${(n / 1000).toFixed(1)} kB`;
}

// moment is a time with the exact time as its tooltip.
export function moment(text) {
  if (!text) return '–';
  return element('time', { datetime: text, title: new Date(text).toISOString().replace('T', ' ').replace(/\.\d+Z/, ' UTC') }, clock(text));
}

// running is the age of a time, kept up to date by tick.
export function running(text, kind = 'ago') {
  const made = element('time', { datetime: text, 'data-runs': kind, title: new Date(text).toISOString() });
  age(made);
  return made;
}

// The texts of running times.
const kinds = {
  ago: ms => `${span(ms)} ago`,
  lag: ms => `${span(ms)} behind`,
  for: ms => span(ms),
  in: ms => ms < 0 ? `in ${span(-ms)}` : 'now',
};

function age(made) {
  const text = kinds[made.dataset.runs](now() - Date.parse(made.dateTime));
  if (made.textContent !== text) made.textContent = text;
  const late = made.closest('[data-stale]');
  if (late && made.dataset.runs === 'lag') late.classList.toggle('late', now() - Date.parse(made.dateTime) >= Number(late.dataset.stale) * 1000);
}

// tick updates the running times.
export function tick() {
  for (const made of document.querySelectorAll('time[data-runs]')) age(made);
}

const moods = {
  synced: 'good', equal: 'good', found: 'good', done: 'good', on: 'good', recovered: 'good', INFO: '',
  failed: 'bad', 'not equal': 'bad', 'not found': 'bad', interrupted: 'bad', rejected: 'bad', ERROR: 'bad', open: 'bad',
  'under way': 'busy', processing: 'busy', windowing: 'busy', syncing: 'busy', running: 'busy', pending: 'busy',
  paused: 'wait', abandoned: 'wait', disabled: 'wait', cancelled: 'wait', WARNING: 'wait', notStarted: 'wait',
};
const names = { notStarted: 'not started', windowing: 'listing', WARNING: 'warning', ERROR: 'error', INFO: 'info' };

// badge is a state in a word; its colour repeats the word's meaning.
export function badge(state) {
  return element('span', { class: 'badge ' + (moods[state] ?? '') }, names[state] ?? state);
}

// title heads a section, empty stands in a section without content.
export const title = (text, ...more) => element('div', { class: 'title' }, element('h2', {}, text), more);
export const empty = text => element('p', { class: 'empty' }, text);

// live says how the page is connected.
export function live(text, mood) {
  if ($('link').textContent !== text) $('link').textContent = text;
  $('link').className = 'pill ' + mood;
}

// button has a key by which its focus is restored after a redraw.
export function button(key, label, act, attributes = {}) {
  return element('button', { type: 'button', 'data-key': key, onclick: act, ...attributes }, label);
}

// link leads to another address of this page.
export function link(to, label, attributes = {}) {
  return element('a', { href: to, 'data-here': true, ...attributes }, label);
}

// table makes a table whose cells carry their column's name, for narrow pages, which leave
// out cells without a value. keys are
// the names of its rows, by which they stay when others come and go.
export function table(columns, rows, label, keys) {
  return element('table', { 'aria-label': label },
    element('thead', {}, element('tr', {}, columns.map(c => c ? element('th', { scope: 'col' }, c) : element('td')))),
    element('tbody', {}, rows.map((cells, n) => element('tr', { 'data-row': keys?.[n] }, cells.map((cell, i) => element('td', { 'data-label': columns[i] || undefined, class: cell === '–' || cell === '0' ? 'nil' : undefined }, cell))))));
}
