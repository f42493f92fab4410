// The page of an entity: its freshness, the sync under way, its last runs and charts.

import { element, badge, button, empty, moment, now, number, plural, running, title, link } from './dom.js';
import { lag, legend, records, strip } from './chart.js';
import { to, go } from './route.js';
import * as ask from './dialogs.js';
import * as repairs from './repairs.js';

// ranges are the times that the charts can show, in hours; without one they show the last runs.
const ranges = [['1h', 1, '1 hour'], ['24h', 24, '24 hours'], ['7d', 168, '7 days']];

// week asks for the runs of the longest range.
export const week = name => `runs?${new URLSearchParams({ entity: name, syncs: true, limit: 700 })}`;

// entity is an entity's page; at has the range, and more the runs of a week.
export function entity(e, view, me, width, at, more) {
  const range = ranges.find(([name]) => name === at.range);
  const last = view.recent[e.name] ?? [], known = range && more?.data || last, from = range ? now() - range[1] * 3600e3 : 0;
  const runs = known.filter(r => !r.closedAt || Date.parse(r.closedAt) >= from);
  const everything = at.state === 'everything';
  const made = [
    title(e.name, element('small', {}, `index ${e.index}${e.target ? `, target ${e.target}` : ''}`),
      me.operator && element('span', { class: 'acts' }, button('record-' + e.name, 'A record…', () => ask.askRecord(e.name)), button('compare-' + e.name, 'Compare…', () => repairs.compare(e.name, view)),
      button('backfill-' + e.name, 'History…', () => repairs.backfill(e.name)), view.pushesSettings && button('settings-' + e.name, 'Settings…', () => repairs.settings(e.name)), button('sync-' + e.name, 'Sync now', () => ask.startEntity(e)))),
    element('p', { class: 'fresh', 'data-stale': view.staleSeconds }, e.asOf ? ['As of ', moment(e.asOf), ' · ', running(e.asOf, 'lag')] : 'Never synced'),
    progress(e),
    last.length ? [element('small', {}, last.length === 1 ? 'The only run so far' : `The last ${last.length} runs`), strip(last, id => go(to({ run: id })))] : empty('No run yet.'),
    lastly(e),
  ];
  const behind = lag(runs, width, view.staleSeconds), outcomes = records(runs, width, everything);
  if (last.length > 1) {
    made.push(element('p', { class: 'ranges', role: 'group', 'aria-label': 'Range of the charts' }, [['', 0, 'last runs'], ...ranges].map(([name, , label]) =>
      link(to({ entity: e.name, range: name, state: at.state }), label, { 'aria-current': (range?.[0] ?? '') === name && 'true', 'data-key': 'range-' + name })),
    more?.problem ? element('span', { class: 'refused' }, more.problem) : range && !more?.data ? 'Reading…' : ''));
    made.push(element('div', { class: 'charts' },
      element('figure', {}, element('figcaption', {}, 'How far behind the index was'), behind ?? empty('Drawn after the second run of the range.')),
      element('figure', {}, element('figcaption', {}, 'Records per run'), outcomes ?? empty('No run of the range found anything that changed.'), legend(everything),
        link(to({ entity: e.name, range: at.range, state: everything ? '' : 'everything' }), everything ? 'without unchanged records' : 'with unchanged records', { 'data-key': 'unchanged' }))));
  }
  made.push(facts(e));
  made.push(element('p', {}, link(to({ page: 'runs', entity: e.name }), 'All runs'), ' · ', link(to({ page: 'records', entity: e.name }), 'Parked records')));
  return made;
}

// progress is the run in progress.
function progress(e) {
  const r = e.running;
  if (!r) return element('p', { class: 'progress idle' }, e.claim.state === 'claimed' ? 'A sync is about to begin.' : e.claim.expired ? 'The sync under way has gone silent.' : 'No sync is under way.');
  const ended = r.pagesDone + r.pagesFailed;
  return element('div', { class: 'progress' },
    element('p', {}, link(to({ run: r.runId }), `Run ${r.runId}`, { 'data-key': 'open-' + r.runId }), ' for ', running(r.createdAt, 'for'), ': ',
      r.pagesTotal ? `${number(ended)} of ${plural(r.pagesTotal, 'page')}, ${plural(r.counts.found, 'record')}` : 'listing what changed',
      r.pagesFailed ? element('strong', { class: 'bad' }, `, ${number(r.pagesFailed)} failed`) : ''),
    e.pageError ? element('p', { class: 'why' }, `Page ${e.pageError.page}, try ${e.pageError.try} failed `, running(e.pageError.at), `: ${e.pageError.message}`) : '',
    element('progress', { max: r.pagesTotal || undefined, value: r.pagesTotal ? ended : undefined, 'aria-label': `Run ${r.runId}` }));
}

// lastly is the last run's ending.
function lastly(e) {
  const r = e.last;
  if (!r) return undefined;
  return element('p', { class: 'last' }, 'Last: ', link(to({ run: r.runId }), `run ${r.runId}`, { 'data-key': 'last-' + e.name }), ' ', badge(r.state), ' ',
    r.closedAt ? running(r.closedAt) : '', `, ${plural(r.counts.found, 'record')}`, r.lastError ? element('span', { class: 'why' }, r.lastError) : undefined);
}

// facts are the rest of an entity's numbers.
function facts(e) {
  const list = [
    ['In the index', e.indexCheck ? [`${number(e.indexCheck.records)} records, ${number(e.indexCheck.least)} to ${number(e.indexCheck.most)} expected, checked `, running(e.indexCheck.at)] : 'never checked'],
    ['Parked', number(e.parked)], ['Unconfirmed', plural(e.doubts, 'root')],
    ['Drift', e.drift ? (e.drift.records ? plural(e.drift.records, 'record') : 'none known') : 'not compared yet'],
    ['Last compared', e.drift?.roundFinishedAt ? running(e.drift.roundFinishedAt) : e.drift ? 'first round under way' : '–'],
    ['Operations', `${number(e.operations.day)} in 24 h, ${number(e.operations.month)} in 30 d`],
    ...(e.targets ?? []).map(t => [`Target ${t.name}`, [`${t.role}, `, t.asOf ? running(t.asOf, 'lag') : 'never synced']]),
  ];
  return element('dl', {}, list.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

