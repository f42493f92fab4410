// The sections of the page: each makes its content from the view.

import { element, badge, button, bytes, moment, number, plural, running, table } from './dom.js';
import { lag, legend, records, strip } from './chart.js';
import * as ask from './dialogs.js';

const title = (text, ...more) => element('div', { class: 'title' }, element('h2', {}, text), ...more);
const empty = text => element('p', { class: 'empty' }, text);

// places are the links to the pages of the wings beside sync.
export function places({ places: list }) {
  return list.map(({ name, title }) => element('a', { href: `wings/${name}/` }, title));
}

// verdict says whether all is well, then lists the problems that need a person.
export function verdict({ report }) {
  const things = report.attention;
  const oldest = report.entities.filter(e => e.asOf).sort((a, b) => Date.parse(a.asOf) - Date.parse(b.asOf))[0];
  const made = [element('p', { class: 'verdict ' + (report.ok ? 'good' : 'bad') },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, report.ok ? '✓' : '!'),
    element('strong', {}, report.ok ? 'All is well.' : `${plural(things.length, 'thing')} ${things.length === 1 ? 'needs' : 'need'} you.`),
    oldest ? element('span', { class: 'asof' }, report.entities.length > 1 ? `The oldest index, ${oldest.name}, is as of ` : 'The index is as of ', moment(oldest.asOf), ', ', running(oldest.asOf, 'lag'), '.') : undefined)];
  if (things.length) {
    made.push(element('ol', { class: 'things' }, things.map(a => element('li', {},
      element('strong', {}, [a.wing, a.entity].filter(Boolean).map(name => name + ': ').join('') + a.problem), element('p', {}, a.do)))));
  }
  return made;
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

// entity is one entity's card.
export function entity(e, view, me, width) {
  const runs = view.recent[e.name] ?? [];
  const made = [
    title(e.name, element('small', {}, `index ${e.index}${e.target ? `, target ${e.target}` : ''}`),
      me.operator && button('record-' + e.name, 'A record…', () => ask.askRecord(e.name)),
      me.operator && button('sync-' + e.name, 'Sync now', () => ask.startEntity(e))),
    element('p', { class: 'fresh', 'data-stale': view.staleSeconds }, e.asOf ? ['As of ', moment(e.asOf), ' · ', running(e.asOf, 'lag')] : 'Never synced'),
    progress(e),
    runs.length ? [element('small', {}, runs.length === 1 ? 'The only run so far' : `The last ${runs.length} runs`), strip(runs, ask.showRun)] : empty('No run yet.'),
    lastly(e),
  ];
  const behind = lag(runs, width), outcomes = records(runs, width);
  if (behind || outcomes) {
    made.push(element('div', { class: 'charts' },
      element('figure', {}, element('figcaption', {}, 'How far behind the index was'), behind ?? empty('Drawn after the second run.')),
      outcomes && element('figure', {}, element('figcaption', {}, 'Records per run'), outcomes, legend())));
  }
  made.push(facts(e));
  return made;
}

// progress is the run in progress.
function progress(e) {
  const r = e.running;
  if (!r) return element('p', { class: 'progress idle' }, e.claim.state === 'claimed' ? 'A sync is about to begin.' : e.claim.expired ? 'The sync under way has gone silent.' : 'No sync is under way.');
  const ended = r.pagesDone + r.pagesFailed;
  return element('div', { class: 'progress' },
    element('p', {}, button('open-' + r.runId, `Run ${r.runId}`, () => ask.showRun(r.runId), { class: 'link' }), ' for ', running(r.createdAt, 'for'), ': ',
      r.pagesTotal ? `${number(ended)} of ${plural(r.pagesTotal, 'page')}, ${plural(r.counts.found, 'record')}` : 'listing what changed',
      r.pagesFailed ? element('strong', { class: 'bad' }, `, ${number(r.pagesFailed)} failed`) : ''),
    e.pageError ? element('p', { class: 'why' }, `Page ${e.pageError.page}, try ${e.pageError.try} failed `, running(e.pageError.at), `: ${e.pageError.message}`) : '',
    element('progress', { max: r.pagesTotal || undefined, value: r.pagesTotal ? ended : undefined, 'aria-label': `Run ${r.runId}` }));
}

// lastly is the last run's ending.
function lastly(e) {
  const r = e.last;
  if (!r) return undefined;
  return element('p', { class: 'last' }, 'Last: ', button('last-' + e.name, `run ${r.runId}`, () => ask.showRun(r.runId), { class: 'link' }), ' ', badge(r.state), ' ',
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

// jobs are the open jobs and those that failed within a day.
export function jobs({ report }, me) {
  const all = report.entities.flatMap(e => e.jobs);
  const made = [title('Jobs', element('small', {}, 'backfills, repairs and single records'))];
  if (!all.length) return [...made, empty('No job is open.')];
  return [...made, table(['Job', 'State', 'Done', 'Asked for by', ''], all.map(j => {
    const share = j.roots ? Math.min(1, j.progress.roots / j.roots) : undefined;
    const act = (name, label) => button(`${name}-${j.id}`, label, () => ask.moveJob(name, label, j));
    return [
      `${j.kind} ${j.id} of ${j.entity}`, [badge(j.state), j.note ? element('span', { class: 'why' }, j.note) : ''],
      [element('progress', { max: 1, value: share, 'aria-label': `Job ${j.id}` }), ` ${number(j.progress.roots)}${j.roots ? ` of ${number(j.roots)}` : ''} roots`],
      [j.by || '–', ', ', running(j.createdAt)],
      me.operator ? element('span', { class: 'acts' },
        j.state === 'running' && act('pause-job', 'Pause'), j.state === 'paused' && act('resume-job', 'Resume'),
        (j.state === 'running' || j.state === 'paused') && act('cancel-job', 'Cancel')) : '',
    ];
  }), 'Jobs')];
}

const reasons = { TOO_LARGE: 'too large', REJECTED: 'refused by the index', BAD_ROW: 'row has no JSON form' };

// parked are the records that an index rejects or that are too large for it.
export function parked({ parked: lists, report, limits }, me) {
  const entries = Object.entries(lists ?? {}).filter(([, list]) => list?.length);
  const made = [title('Parked records', element('small', {}, 'kept out of the index until their row changes, or they are tried again'))];
  if (!entries.length) return [...made, empty('Nothing is parked.')];
  for (const [name, list] of entries) {
    const all = report.entities.find(e => e.name === name)?.parked ?? list.length;
    made.push(element('div', { class: 'sub' }, element('h3', {}, name), element('small', {}, all > list.length ? `the newest ${list.length} of ${number(all)}` : plural(all, 'record')),
      me.operator && button('retry-all-' + name, `Try ${list.length === 1 ? 'it' : `all ${list.length}`} again`, () => ask.retry(name, list.map(p => p.objectID)))));
    made.push(table(['Record', 'Why', 'Size', 'Tries', 'Last seen', ''], list.map(p => [
      element('code', {}, p.objectID), [reasons[p.reason] ?? p.reason, p.detail ? element('span', { class: 'why' }, p.detail) : ''],
      p.bytes ? `${bytes(p.bytes)}${limits[name] ? ` of ${bytes(limits[name])}` : ''}` : '–', number(p.attempts), running(p.lastSeen),
      me.operator ? button('retry-' + p.objectID, 'Try again', () => ask.retry(name, [p.objectID]), { 'aria-label': `Try ${p.objectID} again` }) : '',
    ]), `Parked records of ${name}`));
  }
  return made;
}

// scopes are the groups that are started as one.
export function scopes({ scopes: list, report }, me) {
  const made = [title('Scopes', element('small', {}, 'entities that are started and followed as one'),
    me.operator && button('new-scope', 'New scope…', () => ask.newScope(report.entities.map(e => e.name))))];
  if (!list?.length) return [...made, empty('No scope was ever started.')];
  return [...made, table(['Scope', 'State', 'Members', 'Started', ''], list.map(s => {
    const members = Object.entries(s.details);
    const failures = members.flatMap(([, m]) => m.failures ?? []);
    const done = members.reduce((n, [, m]) => n + m.pagesDone, 0), all = members.reduce((n, [, m]) => n + m.pagesTotal, 0);
    return [
      [element('strong', {}, s.title || s.id), s.title ? element('span', { class: 'why' }, s.id) : ''],
      [badge(s.state), s.state === 'syncing' && all ? element('progress', { max: all, value: done, 'aria-label': `Scope ${s.id}` }) : '',
        s.reason ? element('span', { class: 'why' }, s.reason) : '', failures.map(f => element('span', { class: 'why' }, `${f.entity}: ${f.error}`))],
      element('span', { class: 'members' }, members.map(([id, m]) => element('span', {}, `${id} `, badge(m.state)))),
      s.lastStartedAt ? running(new Date(s.lastStartedAt).toISOString()) : '–',
      me.operator ? element('span', { class: 'acts' }, s.state === 'syncing'
        ? button('restart-' + s.id, 'Restart', () => ask.startScope(s, true)) : button('start-' + s.id, 'Start', () => ask.startScope(s, false))) : '',
    ];
  }), 'Scopes')];
}

// schedules are the further start times of syncs.
export function schedules({ schedules: list, schedulesLookedAt, report, scopes: groups }, me) {
  const targets = { entity: report.entities.map(e => e.name), scope: (groups ?? []).map(s => s.id) };
  const made = [title('Schedules', element('small', {}, schedulesLookedAt ? ['an edit is in force within two minutes; last brought into force ', running(schedulesLookedAt)] : 'nobody has brought them into force yet'),
    me.operator && button('add-schedule', 'Add…', () => ask.editSchedule(undefined, targets)))];
  if (!list?.length) return [...made, empty('There are no schedules. The tick of every 15 minutes goes on without them.')];
  return [...made, table(['Schedule', 'When', 'State', 'Last', 'Next', ''], list.map(s => [
    [element('strong', {}, s.name), element('span', { class: 'why' }, `starts ${s.targetKind} ${s.target}`), s.description ? element('span', { class: 'why' }, s.description) : ''],
    ask.whenOf(s), [badge(s.state), s.message ? element('span', { class: 'why' }, s.message) : ''],
    s.lastFiredAt ? running(s.lastFiredAt) : '–', s.nextAt ? [moment(s.nextAt), element('span', { class: 'why' }, running(s.nextAt, 'in'))] : '–',
    me.operator ? element('span', { class: 'acts' },
      button('edit-schedule-' + s.id, 'Edit…', () => ask.editSchedule(s, targets), { 'aria-label': `Edit ${s.name}` }),
      button('pause-schedule-' + s.id, s.disabled ? 'Enable' : 'Disable', () => ask.pauseSchedule(s)),
      button('delete-schedule-' + s.id, 'Delete', () => ask.deleteSchedule(s))) : '',
  ]), 'Schedules')];
}

// alerts are the alerts that were sent, open or resolved.
export function alerts({ alerts: list }) {
  const made = [title('Alerts')];
  if (!list?.length) return [...made, empty('No alert was ever raised.')];
  return [...made, element('ul', { class: 'entries' }, list.map(a => element('li', {}, badge(a.outcome), ' ', element('strong', {}, a.title), ' ',
    element('small', {}, running(a.raisedAt), a.waiting ? `, ${plural(a.waiting, 'message')} waiting` : '', a.refused ? `, ${plural(a.refused, 'message')} refused` : ''),
    a.outcome === 'open' ? element('p', {}, a.text, ' ', a.do) : undefined)))];
}

// log is the run log.
export function log({ log: list }) {
  const made = [title('Run log')];
  if (!list?.length) return [...made, empty('The run log is empty.')];
  return [...made, element('ul', { class: 'entries' }, list.map(e => element('li', {}, e.severity === 'INFO' ? '' : [badge(e.severity), ' '],
    element('small', {}, moment(e.at), e.entity ? ` ${e.entity}` : '', e.runId ? [' ', button('log-' + e.id, `run ${e.runId}`, () => ask.showRun(e.runId), { class: 'link' })] : ''),
    element('p', {}, e.message))))];
}

// audit lists the changes by people.
export function audit({ audit: list }) {
  const made = [title('Audit log')];
  if (!list?.length) return [...made, empty('Nobody has changed anything yet.')];
  return [...made, table(['When', 'Who', 'What', 'Before', 'After', 'Outcome'], list.map(a => [
    moment(a.at), [a.who, element('span', { class: 'why' }, a.via === 'cli' ? 'command line' : a.via)], [a.action.replaceAll('-', ' '), element('span', { class: 'why' }, a.object)],
    a.old || '–', a.new || '–', a.outcome || 'broke off',
  ]), 'Audit log')];
}
