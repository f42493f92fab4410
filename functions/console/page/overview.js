// The overview: the verdict with each problem's cause, time and button, the most important
// numbers, and a line an entity, the worst first.

import { element, badge, button, moment, number, plural, running, span, table, link } from './dom.js';
import { spark } from './chart.js';
import { to } from './route.js';
import * as ask from './dialogs.js';
import { compare } from './repairs.js';

// places are the links of the page's header: the page's own, and those of wings.
export function places({ places: wings }, own, at) {
  return [...own.map(([name, title]) => link(to({ page: name === 'overview' ? '' : name }), title, { 'aria-current': at.page === name && 'page', 'data-key': 'place-' + name })),
    ...wings.map(({ name, title }) => element('a', { href: `wings/${name}/`, 'data-key': 'place-' + name }, title))];
}

// verdict says whether all is well, then lists the problems that need a person.
export function verdict(view, me) {
  const { report } = view, things = report.attention;
  const oldest = report.entities.filter(e => e.asOf).sort((a, b) => Date.parse(a.asOf) - Date.parse(b.asOf))[0];
  const made = [element('p', { class: 'verdict ' + (report.ok ? 'good' : 'bad') },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, report.ok ? '✓' : '!'),
    element('strong', {}, report.ok ? 'All is well.' : `${plural(things.length, 'thing')} ${things.length === 1 ? 'needs' : 'need'} you.`),
    oldest ? element('span', { class: 'asof' }, report.entities.length > 1 ? `The oldest index, ${oldest.name}, is as of ` : 'The index is as of ', moment(oldest.asOf), ', ', running(oldest.asOf, 'lag'), '.') : undefined)];
  if (!things.length) return made;
  const items = pressing(things).map(a => problem(a, view, me)), rest = items.splice(most);
  made.push(element('ol', { class: 'things' }, items));
  if (rest.length) made.push(element('details', { 'data-key': 'more-things', class: 'more' }, element('summary', {}, `${number(rest.length)} more`), element('ol', { class: 'things' }, rest)));
  return made;
}

// most is how many problems stand open, so that the entities are in sight below them.
const most = 4;

// stops are the problems with which an index gets old. An entity that has one comes first;
// its own problems stay together, because their advice names one another.
const stops = ['offline', 'never-synced', 'absent', 'behind', 'lease-expired', 'run-failed', 'taken-over', 'page-failed', 'page-error'];
const pressing = things => {
  const of = a => [a.wing, a.entity].join(' '), old = new Set(things.filter(a => stops.includes(a.kind)).map(of));
  return [...things.filter(a => old.has(of(a))), ...things.filter(a => !old.has(of(a)))];
};

// problem is one problem: its cause, since when, what to do and a button.
function problem(a, view, me) {
  const e = view.report.entities.find(e => e.name === a.entity), since = sinceOf(a, e, view);
  return element('li', { 'data-row': [a.wing, a.entity, a.kind].join(' ') },
    element('div', {}, element('strong', {}, [a.wing, a.entity].filter(Boolean).map(name => name + ': ').join('') + a.problem),
      since ? element('small', {}, ' since ', moment(since), ', ', running(since)) : '',
      element('p', {}, withCommands(a.do))),
    actOf(a, e, view, me));
}

// sinceOf is when a problem began, as far as it is known.
function sinceOf(a, e, view) {
  switch (a.kind) {
    case 'offline': return view.heartbeat?.at;
    case 'run-failed': case 'taken-over': return firstOf(view.recent?.[a.entity] ?? []) ?? e?.last?.closedAt;
    case 'page-failed': case 'page-error': return e?.pageError?.at;
    case 'lease-expired': return e?.claim.leaseUntil;
    case 'behind': case 'absent': return e?.asOf;
    case 'drift': return e?.drift?.examples?.[0]?.seenAt;
    case 'job-failed': return e?.jobs.find(j => j.state === 'failed')?.updatedAt;
  }
  return undefined;
}

// firstOf is when the first of the runs ended that have failed one after the other up to now.
function firstOf(runs) {
  const ended = runs.filter(r => r.closedAt), good = ended.findIndex(r => r.state === 'synced');
  return ended[(good < 0 ? ended.length : good) - 1]?.closedAt;
}

// actOf is the button of a problem: where it is seen, or what ends it.
function actOf(a, e, view, me) {
  const open = (label, wanted) => link(to(wanted), label, { class: 'act', 'data-key': `act-${a.kind}-${a.entity ?? ''}` });
  if (a.wing) return element('a', { class: 'act', href: `wings/${a.wing}/` }, `Open ${a.wing}`);
  if (!e) return undefined;
  switch (a.kind) {
    case 'run-failed': case 'taken-over': return e.last && open('Open run', { run: e.last.runId });
    case 'page-failed': case 'page-error': case 'lease-expired': return e.running ? open('Open run', { run: e.running.runId }) : open('Open entity', { entity: e.name });
    case 'parked': return open('Show records', { page: 'records', entity: e.name });
    case 'drift': return me.operator ? button(`act-compare-${e.name}`, 'Compare…', () => compare(e.name, view), { 'aria-label': `Compare ${e.name}` }) : open('Open entity', { entity: e.name });
    case 'job-failed': case 'job-waits': return open('Open jobs', { page: 'jobs' });
    case 'behind': case 'absent': case 'never-synced': return me.operator ? button(`act-sync-${e.name}`, 'Sync now', () => ask.startEntity(e), { 'aria-label': `Sync now: ${e.name}` }) : undefined;
  }
  return open('Open entity', { entity: e.name });
}

// withCommands puts a button into the place of each command: people copy it whole.
function withCommands(text) {
  return text.split(/(returnsync [a-z][^;:,()]*[^;:,().\s])/).map((part, i) => i % 2 === 0 ? part
    : element('button', { type: 'button', class: 'copy', title: part, 'data-key': 'copy-' + part, onclick: () => ask.copy(part) }, 'copy command'));
}

// summary is the row of the most important numbers.
export function summary({ report, heartbeat, alerts, budgetPercent }) {
  const sum = what => report.entities.reduce((n, e) => n + what(e), 0);
  const parked = sum(e => e.parked), drift = sum(e => e.drift?.records ?? 0), compared = report.entities.some(e => e.drift);
  const jobs = sum(e => e.jobs.filter(j => j.state === 'running' || j.state === 'paused').length);
  const open = (alerts ?? []).filter(a => a.outcome === 'open').length;
  const tile = (label, mood, ...value) => element('div', { class: 'tile ' + mood }, element('span', { class: 'what' }, label), ...value);
  const big = text => element('strong', {}, text);
  const tiles = [
    tile('Heartbeat', heartbeat?.alive ? '' : 'bad', heartbeat ? element('strong', {}, running(heartbeat.at)) : big('never'), element('small', {}, heartbeat?.alive ? 'alive' : 'offline')),
    tile('Parked records', parked ? 'bad' : '', big(number(parked)), element('small', {}, 'kept out of the index')),
    tile('Drift', drift ? 'bad' : '', big(compared ? number(drift) : '–'), element('small', {}, compared ? 'records differ' : 'not compared yet')),
    tile('Open jobs', '', big(number(jobs)), element('small', {}, 'running next to syncs')),
    tile('Open alerts', open ? 'bad' : '', big(number(open)), element('small', {}, 'reported and not resolved')),
    operations(tile, big, report, sum, budgetPercent),
  ];
  return tiles;
}

// operations compares the index's operations with the budgets.
function operations(tile, big, report, sum, percent) {
  const b = report.budget, day = b?.day ?? sum(e => e.operations.day), month = b?.month ?? sum(e => e.operations.month);
  const bars = [[day, b?.dayCap, '24 hours'], [month, b?.monthCap, '30 days']].filter(([, cap]) => cap);
  const near = bars.some(([used, cap]) => 100 * used >= percent * cap);
  if (!bars.length) return tile('Operations in 24 hours', '', big(number(day)), element('small', {}, `${number(month)} in 30 days, no cap`));
  return tile('Operations of the index', near ? 'bad' : '', bars.map(([used, cap, span]) => element('span', { class: 'gauge' },
    element('meter', { min: 0, max: cap, low: 0.8 * cap, high: percent * cap / 100, optimum: 0, value: used, 'aria-label': `Operations in ${span}` }),
    element('small', {}, `${number(used)} of ${number(cap)} in ${span}`))));
}

// worst orders entities: those with problems first, then those that are furthest behind.
function worst(view) {
  const problems = e => view.report.attention.filter(a => a.entity === e.name).length;
  return [...view.report.entities].sort((a, b) => problems(b) - problems(a) || Date.parse(a.asOf ?? 0) - Date.parse(b.asOf ?? 0));
}

// lines is a line an entity.
export function lines(view, me) {
  const rows = worst(view).map(e => {
    const bad = view.report.attention.filter(a => a.entity === e.name), r = e.last;
    return [
      link(to({ entity: e.name }), e.name, { class: 'name', 'data-key': 'entity-' + e.name }),
      bad.length ? element('span', { class: 'badge bad' }, 'needs you') : badge(e.running ? 'syncing' : e.asOf ? 'synced' : 'notStarted'),
      e.asOf ? element('span', { class: 'fresh', 'data-stale': view.staleSeconds }, running(e.asOf, 'for')) : '–',
      spark(view.recent[e.name] ?? [], view.staleSeconds),
      r ? [link(to({ run: r.runId }), `run ${r.runId}`, { 'data-key': 'last-' + e.name }), ' ', r.state === 'synced' ? '' : badge(r.state), ' ', r.closedAt ? running(r.closedAt) : ''] : '–',
      e.parked ? link(to({ page: 'records', entity: e.name }), number(e.parked), { 'data-key': 'parked-' + e.name }) : '0',
      e.drift ? number(e.drift.records) : '–',
      me.operator ? button('sync-' + e.name, 'Sync now', () => ask.startEntity(e), { 'aria-label': `Sync now: ${e.name}` }) : '',
    ];
  });
  return [element('div', { class: 'title' }, element('h2', {}, 'Entities')),
    table(['Entity', 'State', 'Behind', 'Lately', 'Last run', 'Parked', 'Drift', ''], rows, 'Entities', worst(view).map(e => e.name))];
}
