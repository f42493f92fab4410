// Drawings of runs: a strip of the last runs, the lag of the index, and the outcomes of
// records.

import { drawing, element, clock, now, number, span } from './dom.js';

// strip is the last runs, oldest first. It is one stop of the Tab key; arrows
// move within it.
export function strip(runs, open) {
  const cells = [...runs].reverse().map(r => element('button', {
    type: 'button', class: 'cell ' + r.state + (r.counts.found ? '' : ' idle'), tabindex: -1, 'data-key': 'run-' + r.runId,
    'aria-label': says(r), title: says(r), onclick: () => open(r.runId),
  }));
  cells[cells.length - 1]?.setAttribute('tabindex', 0);
  return element('div', { class: 'strip', role: 'group', 'aria-label': 'Last runs, oldest first; arrow keys move', onkeydown: walk }, cells);
}

// walk moves the focus among the cells of a strip, of which one is a stop of the Tab key.
function walk(event) {
  const cells = [...event.currentTarget.children], at = cells.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: cells.length - 1 }[event.key];
  if (at < 0 || to === undefined || !cells[to]) return;
  event.preventDefault();
  for (const cell of cells) cell.tabIndex = -1;
  cells[to].tabIndex = 0;
  cells[to].focus();
}

function says(r) {
  const end = r.closedAt ? `${clock(r.closedAt)}, took ${span(Date.parse(r.closedAt) - Date.parse(r.createdAt))}` : 'under way';
  const why = r.lastError ? `: ${r.lastError}` : '';
  return `Run ${r.runId} ${r.state} ${end}; ${number(r.counts.found)} records${why}`;
}

const height = 120, left = 52, bottom = 18, top = 8;

// frame is a chart with its axes; y labels are made by say.
function frame(width, label, most, say) {
  const floor = height - bottom, y = value => floor - (floor - top) * value / most;
  const made = drawing('svg', { class: 'chart', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label });
  for (const value of [0, most / 2, most]) {
    made.append(drawing('line', { class: 'grid', x1: left, x2: width, y1: y(value), y2: y(value) }),
      drawing('text', { class: 'label', x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, say(value)));
  }
  return { made, y, floor };
}

// chosen is which run each chart shows the value of, by the chart's name; the newest
// without a choice.
const chosen = new Map();

// readable lets people read a chart's values, by the pointer or by arrow keys; stops are
// its values from left to right.
function readable(name, chart, stops) {
  const mark = drawing('line', { class: 'mark', y1: top, y2: height - bottom }), value = element('p', { class: 'value' });
  const box = element('div', { class: 'readable', tabindex: 0, role: 'slider', 'data-key': name, 'aria-label': chart.getAttribute('aria-label'), 'aria-valuemin': 0, 'aria-valuemax': stops.length - 1 }, chart);
  const at = () => { const i = stops.findIndex(s => s.id === chosen.get(name)); return i < 0 ? stops.length - 1 : i; };
  // The elements on the page may be older ones that were renewed, so they are found from the event.
  const choose = (box, i) => {
    const to = stops[Math.max(0, Math.min(stops.length - 1, i))], mark = box.querySelector('.mark');
    chosen.set(name, to === stops[stops.length - 1] ? undefined : to.id);
    mark.setAttribute('x1', to.x);
    mark.setAttribute('x2', to.x);
    box.setAttribute('aria-valuenow', stops.indexOf(to));
    box.setAttribute('aria-valuetext', to.says);
    (box.nextElementSibling ?? value).textContent = to.says;
  };
  chart.setAttribute('aria-hidden', 'true');
  chart.append(mark);
  choose(box, at());
  box.onkeydown = event => {
    const to = { ArrowLeft: at() - 1, ArrowDown: at() - 1, ArrowRight: at() + 1, ArrowUp: at() + 1, Home: 0, End: stops.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(event.currentTarget, to);
  };
  box.onpointermove = event => {
    const drawn = event.currentTarget.firstElementChild, area = drawn.getBoundingClientRect(), x = (event.clientX - area.left) * drawn.viewBox.baseVal.width / area.width;
    choose(event.currentTarget, stops.reduce((best, s, i) => Math.abs(s.x - x) < Math.abs(stops[best].x - x) ? i : best, 0));
  };
  return element('div', {}, box, value);
}

// ends names the first and the last place of the x axis, if there is room for both.
function ends(made, first, last, x) {
  made.append(drawing('text', { class: 'label', x: left, y: height - 3 }, first));
  if (x - left > 110) made.append(drawing('text', { class: 'label', x, y: height - 3, 'text-anchor': 'end' }, last));
}

// nice is a round number that is not below value and can be halved.
function nice(value, steps) {
  for (const step of steps) if (step >= value) return step;
  const power = 10 ** Math.floor(Math.log10(value));
  return [2, 4, 6, 8, 10].map(n => n * power).find(n => n >= value) ?? value;
}

const spans = [10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800].map(s => s * 1000);
const terse = ms => ms === 0 ? '0' : ms < 60e3 ? `${ms / 1e3} s` : ms < 3600e3 ? `${+(ms / 60e3).toFixed(1)} min` : ms < 172800e3 ? `${+(ms / 3600e3).toFixed(1)} h` : `${+(ms / 86400e3).toFixed(1)} d`;

// lag is the age of the index over time, up to now: it grows until a run ends well. stale
// is the age in seconds from which on the index counts as behind.
export function lag(runs, width, stale) {
  const good = runs.filter(r => r.state === 'synced' && r.closedAt).sort((a, b) => Date.parse(a.closedAt) - Date.parse(b.closedAt));
  if (good.length < 2) return undefined;
  const points = [], peaks = [], first = good[0];
  for (let i = 1; i < good.length; i++) {
    const at = Date.parse(good[i].closedAt);
    peaks.push({ at, before: at - Date.parse(good[i - 1].to), after: at - Date.parse(good[i].to), id: good[i].runId });
  }
  // The line goes on to now: without a run that ended well the index falls behind.
  const newest = good[good.length - 1], behindNow = Math.max(0, now() - Date.parse(newest.to));
  const from = Date.parse(first.closedAt), to = Math.max(now(), peaks[peaks.length - 1].at, from + 1);
  const worst = Math.max(...peaks.map(p => p.before), behindNow);
  const failed = runs.filter(r => ['failed', 'interrupted'].includes(r.state) && r.closedAt && Date.parse(r.closedAt) >= from);
  const most = nice(Math.max(worst, 1000), spans);
  const { made, y, floor } = frame(width, `How far the index was behind, at most ${span(worst)}, now ${span(behindNow)}; behind from ${span(stale * 1000)} on; ${number(failed.length)} failed runs`, most, terse);
  ends(made, clock(from), clock(to), width);
  const x = at => left + (width - left - 4) * (at - from) / (to - from);
  points.push(`${x(from)},${y(from - Date.parse(first.to)).toFixed(1)}`);
  for (const p of peaks) points.push(`${x(p.at).toFixed(1)},${y(p.before).toFixed(1)}`, `${x(p.at).toFixed(1)},${y(p.after).toFixed(1)}`);
  points.push(`${x(to).toFixed(1)},${y(behindNow).toFixed(1)}`);
  made.append(drawing('polygon', { class: 'area', points: `${x(from)},${floor} ${points.join(' ')} ${x(to)},${floor}` }),
    drawing('polyline', { class: 'line', points: points.join(' ') }));
  if (stale * 1000 <= most) {
    made.append(drawing('line', { class: 'stale', x1: left, x2: width, y1: y(stale * 1000), y2: y(stale * 1000) }, drawing('title', {}, `behind from ${span(stale * 1000)} on`)));
  }
  for (const r of failed) {
    const at = x(Date.parse(r.closedAt));
    made.append(drawing('path', { class: 'broken', d: `M${at - 4},${floor - 4}l8,8m0,-8l-8,8` }, drawing('title', {}, says(r))));
  }
  if (peaks.length <= width / 8) for (const p of peaks) {
    made.append(drawing('circle', { class: 'dot', cx: x(p.at), cy: y(p.before), r: 2.5 }, drawing('title', {}, `${span(p.before)} behind when run ${p.id} ended at ${clock(p.at)}`)));
  }
  return readable('lag', made, [...peaks.map(p => ({ id: p.id, x: x(p.at), says: `${span(p.before)} behind when run ${p.id} ended at ${clock(p.at)}` })),
    ...failed.map(r => ({ id: r.runId, x: x(Date.parse(r.closedAt)), says: says(r) }))].sort((a, b) => a.x - b.x));
}

// spark is the lag of the last runs, small.
export function spark(runs, stale) {
  const good = runs.filter(r => r.state === 'synced' && r.closedAt).slice(0, 30).reverse();
  if (good.length < 2) return '';
  const width = 96, height = 22, peaks = good.slice(1).map((r, i) => Date.parse(r.closedAt) - Date.parse(good[i].to));
  peaks.push(Math.max(0, now() - Date.parse(good[good.length - 1].to)));
  const most = Math.max(...peaks, 1), worst = Math.max(...peaks);
  const points = peaks.map((p, i) => `${(i * width / (peaks.length - 1)).toFixed(1)},${(height - 2 - (height - 4) * p / most).toFixed(1)}`).join(' ');
  return drawing('svg', { class: 'spark' + (worst >= stale * 1000 ? ' late' : ''), viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `Lag of the last ${good.length} runs, at most ${span(worst)}` },
    drawing('title', {}, `lag of the last ${good.length} runs, at most ${span(worst)}`), drawing('polyline', { class: 'line', points }));
}

// From below: changed records first, because unchanged ones are often many times more.
const all = ['saved', 'deleted', 'parked', 'unchanged'], changed = all.slice(0, 3);

const accountOf = r => `Run ${r.runId}: ` + all.map(f => `${number(r.counts[f])} ${f}`).join(', ');

// records are the outcomes of each run's records; the unchanged ones only if asked for.
export function records(runs, width, everything) {
  const outcomes = everything ? all : changed, sum = r => outcomes.reduce((n, o) => n + r.counts[o], 0);
  const shown = [...runs].reverse().filter(r => sum(r) > 0);
  if (!shown.length) return undefined;
  const most = nice(Math.max(...shown.map(sum)), [2, 4, 6, 8, 10, 20, 40, 60, 80, 100]);
  const { made, y } = frame(width, `Records of the last ${shown.length} runs that found something`, most, number);
  const step = Math.min((width - left - 4) / shown.length, 26), wide = Math.max(step - 2, 1.5);
  ends(made, `run ${shown[0].runId}`, `run ${shown[shown.length - 1].runId}`, left + 2 + step * shown.length);
  shown.forEach((r, i) => {
    let base = 0;
    const bar = drawing('g', {}, drawing('title', {}, accountOf(r)));
    for (const outcome of outcomes) {
      const n = r.counts[outcome];
      if (n > 0) bar.append(drawing('rect', { class: outcome, x: left + 2 + i * step, width: wide, y: y(base + n), height: Math.max(y(base) - y(base + n), 1) }));
      base += n;
    }
    made.append(bar);
  });
  return readable('records', made, shown.map((r, i) => ({ id: r.runId, x: left + 2 + i * step + wide / 2, says: accountOf(r) })));
}

// legend names the colours of records.
export function legend(everything) {
  return element('p', { class: 'legend' }, (everything ? all : changed).map(outcome => element('span', {}, element('i', { class: outcome }), outcome)));
}
