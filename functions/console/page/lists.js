// The lists of the page: each makes its content from the view, or from what was asked for.

import { element, badge, button, bytes, empty, moment, now, number, plural, running, span, table, title, link } from './dom.js';
import { go, to } from './route.js';
import * as ask from './dialogs.js';
import { drop } from './repairs.js';
import { deleteSchedule, editSchedule, pauseSchedule, whenOf } from './schedules.js';

const wait = answer => answer.problem ? element('p', { class: 'refused' }, answer.problem) : empty('Reading…');

// jobRow is a job in a list.
function jobRow(j, me) {
  return [
    [link(to({ job: j.id }), `${j.kind} ${j.id}`, { 'data-key': 'job-' + j.id }), ` of ${j.entity}`], [badge(j.state), j.note ? element('span', { class: 'why' }, j.note) : ''],
    share(j), [j.by || '–', ', ', running(j.createdAt)], me.operator ? jobActs(j) : '',
  ];
}

// share is how much of a job is done.
function share(j) {
  return [element('progress', { max: 1, value: j.roots ? Math.min(1, j.progress.roots / j.roots) : undefined, 'aria-label': `Job ${j.id}` }), ` ${number(j.progress.roots)}${j.roots ? ` of ${number(j.roots)}` : ''} roots`];
}

// jobActs are what an operator may do with an open job.
function jobActs(j) {
  const act = (name, label) => button(`${name}-${j.id}`, label, () => ask.moveJob(name, label, j));
  return element('span', { class: 'acts' }, j.state === 'running' && act('pause-job', 'Pause'), j.state === 'paused' && act('resume-job', 'Resume'),
    (j.state === 'running' || j.state === 'paused') && act('cancel-job', 'Cancel'));
}

// jobs are the open jobs, and the others newest first.
export function jobs({ report }, me, answer) {
  const open = report.entities.flatMap(e => e.jobs).filter(j => j.state === 'running' || j.state === 'paused');
  const made = [title('Jobs', element('small', {}, 'backfills, repairs and single records')), element('h3', {}, 'Open')];
  const columns = ['Job', 'State', 'Done', 'Asked for by', ''];
  made.push(open.length ? table(columns, open.map(j => jobRow(j, me)), 'Open jobs', open.map(j => 'job-' + j.id)) : empty('No job is open.'));
  const ended = answer.data?.filter(j => j.state !== 'running' && j.state !== 'paused') ?? [];
  if (!answer.data) made.push(wait(answer));
  if (ended.length) made.push(element('h3', {}, 'Ended'), table(columns, ended.map(j => jobRow(j, me)), 'Ended jobs', ended.map(j => 'job-' + j.id)));
  return made;
}

// job is the page of one job.
export function job(answer, me) {
  const j = answer.data;
  if (!j) return [title('Job'), wait(answer)];
  const c = j.progress.counts;
  return [title(`${j.kind} ${j.id} of ${j.entity}`, badge(j.state), me.operator && jobActs(j)),
    j.note ? element('p', { class: 'refused' }, j.note) : '', j.from ? element('p', {}, 'Changes from ', moment(j.from), ' to ', moment(j.to), '.') : '',
    element('p', {}, share(j)), element('p', {}, `${number(c.saved)} saved, ${number(c.deleted)} deleted, ${number(c.unchanged)} unchanged, ${number(c.parked)} parked; ${plural(c.operations, 'operation')} of the index.`),
    element('p', {}, 'Asked for by ', j.by || 'nobody', ' ', running(j.createdAt), '.')];
}

const runColumns = ['Run', 'Entity', 'State', 'Ended', 'Took', 'Found', 'Saved', 'Deleted', 'Parked', 'Error'];

// times are the ranges of a filter by time.
const times = [['', 'all'], ['1h', '1 hour'], ['24h', '24 hours'], ['168h', '7 days']];

// filters are the choices of a list, each of which is a part of its address.
function filters(page, at, choices, more = []) {
  const kept = Object.fromEntries(['entity', 'state', 'severity', 'since', 'account', 'reason'].map(name => [name, at[name]]));
  if (at.cause !== null) kept.cause = at.cause;
  const choose = (name, value) => go(to({ page, ...kept, [name]: value }));
  return element('span', { class: 'filters' }, Object.entries(choices).map(([name, values]) => element('label', { class: 'choice' }, { entity: 'Entity', state: 'State', severity: 'From severity', since: 'Within' }[name], ' ',
    element('select', { 'data-key': 'choose-' + name, onchange: event => choose(name, event.target.value) }, [...(name === 'since' ? times : [['', 'all'], ...values.map(v => [v, v])])].map(([v, label]) => element('option', { value: v, selected: v === at[name] }, label))))),
  more.map(name => element('label', { class: 'choice' }, 'Account ', element('input', { 'data-key': 'choose-' + name, value: at[name], autocomplete: 'off', spellcheck: 'false', onchange: event => choose(name, event.target.value.trim()) }))));
}

// runs are the runs of a filter, a page of a hundred.
export function runs(view, at, answer) {
  const made = [title('Runs', filters('runs', at, { entity: view.report.entities.map(e => e.name), state: ['synced', 'failed', 'interrupted', 'processing', 'windowing'] }))];
  const list = answer.data;
  if (!list) return [...made, wait(answer)];
  if (!list.length) return [...made, empty('There is no such run.')];
  const last = list[list.length - 1].runId;
  return [...made, table(runColumns, list.map(r => [
    link(to({ run: r.runId }), `run ${r.runId}`, { 'data-key': 'run-' + r.runId }), [r.entity, r.kind === 'window' ? '' : element('span', { class: 'why' }, r.kind)], badge(r.state),
    r.closedAt ? moment(r.closedAt) : '–', r.closedAt ? span(Date.parse(r.closedAt) - Date.parse(r.createdAt)) : running(r.createdAt, 'for'),
    number(r.counts.found), number(r.counts.saved), number(r.counts.deleted), number(r.counts.parked), r.lastError || '–',
  ]), 'Runs', list.map(r => 'run-' + r.runId)),
  element('p', { class: 'pages' }, at.before ? link(to({ page: 'runs', entity: at.entity, state: at.state }), 'Newest') : '', list.length === 100 ? link(to({ page: 'runs', entity: at.entity, state: at.state, before: last }), 'Older') : '')];
}

const reasons = { TOO_LARGE: 'too large', REJECTED: 'refused by the index', BAD_ROW: 'row has no JSON form' };

const worded = c => [reasons[c.reason] ?? c.reason, c.cause].filter(Boolean).join(': ');

// few is how many records of a cause are shown below it at once.
export const few = 20;

// askParked is what to ask for the records of a cause.
export const askParked = (entity, c, more = {}) => `parked?${new URLSearchParams(Object.entries({ entity, reason: c.reason, account: c.account, since: c.since, limit: 50, ...more }).filter(([, value]) => value))}${c.cause === null ? '' : '&' + new URLSearchParams({ cause: c.cause })}`;

// parkedFilters choose parked records; an account is one of an entity.
const parkedFilters = (view, at) => filters('records', at, { entity: view.report.entities.map(e => e.name), since: times }, at.entity ? ['account'] : []);

// parked are the records that an index rejects or that are too large for it, by their
// causes; answers has the records of small ones.
export function parked(view, me, at, answers) {
  const entries = Object.entries(view.parked ?? {}).filter(([name, list]) => list?.length && (!at.entity || name === at.entity));
  const made = [title('Parked records', element('small', {}, 'kept out of the index until their row changes, or they are tried again'), parkedFilters(view, at))];
  if (!entries.length) return [...made, empty('Nothing is parked.')];
  for (const [name, list] of entries) {
    const all = list.reduce((n, c) => n + c.records, 0);
    made.push(element('div', { class: 'sub' }, element('h3', {}, link(to({ entity: name }), name)), element('small', {}, `${plural(all, 'record')}, ${plural(list.length, 'cause')}`)));
    for (const c of list.filter(c => recent(c, at.since))) made.push(cause(name, c, view, me, answers[name + c.reason + c.cause]));
  }
  return made;
}

// recent reports whether a cause was seen within a time, such as 24h.
const recent = (c, since) => !/^\d+h$/.test(since) || now() - Date.parse(c.lastSeen) < parseInt(since, 10) * 3600e3;

// cause is a group of parked records.
function cause(name, c, view, me, answer) {
  const key = `${name}-${c.reason}-${c.cause}`;
  return element('div', { class: 'cause', 'data-row': key },
    element('div', { class: 'sub' }, element('strong', {}, number(c.records)), element('span', {}, worded(c)), element('small', {}, 'last seen ', running(c.lastSeen)),
      me.operator && button('retry-all-' + key, c.records === 1 ? 'Try it again' : `Try all ${number(Math.min(c.records, 500))} again`, () => ask.retryCause(name, c, worded(c))),
      c.records > few && link(to({ page: 'records', entity: name, reason: c.reason, cause: c.cause }), 'Show them', { 'data-key': 'show-' + key })),
    c.records > few ? '' : answer?.data ? parkedTable(name, answer.data.records, view, me) : answer ? wait(answer) : '');
}

// parkedTable shows records of an entity.
function parkedTable(name, list, view, me) {
  const most = view.limits[name];
  return table(['Record', 'Why', 'Size', 'Tries', 'Last seen', '', ''], list.map(p => [
    link(to({ record: p.objectID, entity: name }), p.objectID, { 'data-key': 'record-' + p.objectID }), [reasons[p.reason] ?? p.reason, p.detail ? element('span', { class: 'why' }, p.detail) : ''],
    p.bytes ? `${bytes(p.bytes)}${most ? ` of ${bytes(most)}` : ''}` : '–', number(p.attempts), running(p.lastSeen),
    me.operator ? button('retry-' + p.objectID, 'Try again', () => ask.retry(name, [p.objectID]), { 'aria-label': `Try again: ${p.objectID}` }) : '',
    me.operator ? button('drop-' + p.objectID, 'Drop…', () => drop(name, [p.objectID]), { 'aria-label': `Drop ${p.objectID}` }) : '',
  ]), `Parked records of ${name}`, list.map(p => p.objectID));
}

// ofCause is a page of the records of one cause.
export function ofCause(view, me, at, answer) {
  const narrowed = { page: 'records', entity: at.entity, reason: at.reason, cause: at.cause ?? undefined, account: at.account, since: at.since };
  const made = [title('Parked records', link(to({ page: 'records' }), 'All causes'), parkedFilters(view, at)), at.cause === null ? '' : element('p', {}, `${at.entity}: ${worded(at)}`)];
  if (!answer.data) return [...made, wait(answer)];
  if (!answer.data.records.length) return [...made, empty(at.account || at.since ? 'No record is parked that these choices mean.' : 'Nothing is parked for this cause any more.')];
  return [...made, parkedTable(at.entity, answer.data.records, view, me),
    element('p', { class: 'pages' }, at.after ? link(to(narrowed), 'First') : '',
      answer.data.next ? link(to({ ...narrowed, after: answer.data.next }), 'Next 50') : '')];
}

// record is the page of one parked record.
export function record(view, me, at, answer) {
  const made = [title(at.id, element('small', {}, `a record of ${at.entity}`), link(to({ page: 'records', entity: at.entity }), 'Parked records'))];
  if (!answer.data) return [...made, wait(answer)];
  const [p] = answer.data.records;
  if (!p || p.resolvedAt) return [...made, empty(p ? ['It was parked, and is not any more since ', moment(p.resolvedAt), '.'] : 'It is not parked.')];
  return [...made, parkedTable(at.entity, [p], view, me), element('p', {}, 'Root ', element('code', {}, p.root), ', first seen ', running(p.firstSeen), ', by ', link(to({ run: p.run }), `run ${p.run}`), '.')];
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
  }), 'Scopes', list.map(s => s.id))];
}

// schedules are the further start times of syncs.
export function schedules({ schedules: list, schedulesLookedAt, report, scopes: groups }, me) {
  const targets = { entity: report.entities.map(e => e.name), scope: (groups ?? []).map(s => s.id) };
  const made = [title('Schedules', element('small', {}, schedulesLookedAt ? ['an edit is in force within two minutes; last brought into force ', running(schedulesLookedAt)] : 'nobody has brought them into force yet'),
    me.operator && button('add-schedule', 'Add…', () => editSchedule(undefined, targets)))];
  if (!list?.length) return [...made, empty('There are no schedules. The tick of every 15 minutes goes on without them.')];
  return [...made, table(['Schedule', 'When', 'State', 'Last', 'Next', ''], list.map(s => [
    [element('strong', {}, s.name), element('span', { class: 'why' }, `starts ${s.targetKind} ${s.target}`), s.description ? element('span', { class: 'why' }, s.description) : ''],
    whenOf(s), [badge(s.state), s.message ? element('span', { class: 'why' }, s.message) : ''],
    s.lastFiredAt ? running(s.lastFiredAt) : '–', s.nextAt ? [moment(s.nextAt), element('span', { class: 'why' }, running(s.nextAt, 'in'))] : '–',
    me.operator ? element('span', { class: 'acts' },
      button('edit-schedule-' + s.id, 'Edit…', () => editSchedule(s, targets), { 'aria-label': `Edit ${s.name}` }),
      button('pause-schedule-' + s.id, s.disabled ? 'Enable' : 'Disable', () => pauseSchedule(s)),
      button('delete-schedule-' + s.id, 'Delete', () => deleteSchedule(s))) : '',
  ]), 'Schedules', list.map(s => 'schedule-' + s.id))];
}

// answered is what people answered to an alert that is open.
function answered(a) {
  if (a.outcome !== 'open') return '';
  return element('small', {}, a.acknowledgedAt ? [`, acknowledged by ${a.acknowledgedBy} `, running(a.acknowledgedAt)] : '',
    a.snoozedUntil ? [`, snoozed by ${a.snoozedBy} until `, moment(a.snoozedUntil)] : '');
}

// alertActs are what an operator may answer to an open alert.
function alertActs(a) {
  const act = (name, label, minutes) => button(`${name}-${a.id}${minutes === undefined ? '' : '-' + minutes}`, label, () => ask.answerAlert(name, label, a, minutes));
  return element('p', { class: 'acts' }, !a.acknowledgedAt && act('acknowledge-alert', 'Acknowledge'),
    act('snooze-alert', 'Snooze 1 hour', 60), act('snooze-alert', 'Snooze 1 day', 1440), a.snoozedUntil && act('snooze-alert', 'End the snooze', 0));
}

// alertEntry is an alert in a list.
const alertEntry = a => element('li', { 'data-row': 'alert-' + a.id }, badge(a.outcome), ' ', link(to({ alert: a.id }), a.title, { 'data-key': 'alert-' + a.id }), ' ',
  element('small', {}, running(a.raisedAt), a.waiting ? `, ${plural(a.waiting, 'message')} waiting` : '', a.refused ? `, ${plural(a.refused, 'message')} refused` : ''), answered(a),
  a.outcome === 'open' ? element('p', {}, a.text, ' ', a.do) : undefined);

// alerts are the alerts that were sent, open or resolved; on the overview the open ones.
export function alerts({ alerts: newest }, answer) {
  const list = answer ? answer.data : (newest ?? []).filter(a => a.outcome === 'open');
  const made = [title(answer ? 'Alerts' : 'Open alerts', !answer && link(to({ page: 'alerts' }), 'All alerts'))];
  if (!list) return [...made, wait(answer)];
  if (!list.length) return [...made, empty(answer ? 'No alert was ever raised.' : 'No alert is open.')];
  return [...made, element('ul', { class: 'entries whole' }, list.map(alertEntry))];
}

// alert is the page of one alert.
export function alert(answer, me) {
  const a = answer.data;
  if (!a) return [title('Alert'), wait(answer)];
  return [title(a.title, badge(a.outcome)), element('p', {}, a.text), element('p', {}, a.do),
    element('p', {}, 'Raised ', moment(a.raisedAt), ', ', running(a.raisedAt), a.closedAt ? ['; closed ', moment(a.closedAt)] : '', '.'),
    element('p', {}, `${plural(a.sent, 'message')} sent, ${number(a.waiting)} waiting, ${number(a.refused)} refused`, answered(a), '.'),
    me.operator && a.outcome === 'open' ? alertActs(a) : '',
    a.entity ? element('p', {}, link(to({ entity: a.entity }), `The entity ${a.entity}`)) : ''];
}

// sameAs is what entries of the log have in common: their text without numbers.
const sameAs = e => [e.severity, e.entity ?? '', e.message.replace(/[^\s]*\d[^\s]*/g, '…')].join(' ');

// log is the run log, entries of one kind together.
export function log(view, at, answer) {
  const list = answer.data, made = [title('Run log', element('small', {}, 'entries that differ in numbers alone stand together'),
    filters('log', at, { entity: view.report.entities.map(e => e.name), severity: ['warning', 'error'], since: times }))];
  if (!list) return [...made, wait(answer)];
  if (!list.length) return [...made, empty('There is no such entry.')];
  const groups = Map.groupBy(list, sameAs);
  return [...made, element('ul', { class: 'entries whole' }, [...groups].map(([kind, entries]) => element('li', { 'data-row': kind }, entries.length === 1 ? logEntry(entries[0])
    : [logEntry(entries[0]), element('details', { 'data-key': kind }, element('summary', {}, `${number(entries.length - 1)} more of this kind`), element('ul', {}, entries.slice(1).map(e => element('li', { 'data-row': 'log-' + e.id }, logEntry(e)))))]))),
  element('p', { class: 'pages' }, at.before ? link(to({ page: 'log', entity: at.entity, severity: at.severity, since: at.since }), 'Newest') : '',
    list.length === 100 ? link(to({ page: 'log', entity: at.entity, severity: at.severity, since: at.since, before: list[list.length - 1].id }), 'Older') : '')];
}

// logEntry is an entry of the log.
const logEntry = e => [e.severity === 'INFO' ? '' : [badge(e.severity), ' '],
  element('small', {}, moment(e.at), e.entity ? ` ${e.entity}` : '', e.runId ? [' ', link(to({ run: e.runId }), `run ${e.runId}`, { 'data-key': 'log-' + e.id })] : ''),
  element('p', {}, e.message)].flat();

// audit lists the changes by people.
export function audit({ audit: list }) {
  const made = [title('Audit log')];
  if (!list?.length) return [...made, empty('Nobody has changed anything yet.')];
  return [...made, table(['When', 'Who', 'What', 'Before', 'After', 'Outcome'], list.map(a => [
    moment(a.at), [a.who, element('span', { class: 'why' }, a.via === 'cli' ? 'command line' : a.via)], [a.action.replaceAll('-', ' '), element('span', { class: 'why' }, a.object)],
    a.old || '–', a.new || '–', a.outcome || 'broke off',
  ]), 'Audit log', list.map(a => 'audit-' + a.id))];
}
