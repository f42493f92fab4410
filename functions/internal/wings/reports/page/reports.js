// The reports wing's page of the console: failed reports, a calendar, and the types. The
// whole view is read again every few seconds; an unchanged section is not drawn again.

import { $, element, badge, button, moment, number, plural, table } from '../../dom.js';
import { call, cancel, close, field, heading, show, toast } from '../../dialogs.js';
import { act, empty, follow, section, title, view, why } from '../../wing.js';

// scenarios are the cases of the failed-report procedure.
const scenarios = {
  A: 'A destination did not take it.',
  B: 'The source gave no data.',
  C: 'Its repeat failed; the earlier data stays.',
};

function draw() {
  section('failed', [view.failed, view.operator], failedReports);
  section('calendar', [view.from, view.to, view.days, view.types.map(t => t.name)], calendar);
  section('types', [view.types, view.operator], types);
  document.title = (view.failed.length ? `(${view.failed.length}) ` : '') + 'Reports: Return-sync console';
}

// failedReports lists the reports that wait for a person.
function failedReports() {
  const { failed, operator } = view;
  if (!failed.length) return [title('Failed reports'), empty('No report has failed.')];
  return [
    title('Failed reports', element('span', { class: 'badge bad' }, view.moreFailed ? `more than ${failed.length}` : String(failed.length))),
    table(['Report', 'Cause', 'Failed', 'Due', ''], failed.map(r => [
      `${r.type} ${r.slot}`,
      element('div', { class: 'cause' }, r.error || 'no reason is known', why(`Scenario ${r.scenario}: ${scenarios[r.scenario] ?? ''}`)),
      moment(r.failedAt), moment(r.dueAt),
      operator ? element('div', { class: 'acts' }, button(`retry-${r.type}-${r.slot}`, 'Retry…', () => retry(r), { 'aria-label': `Retry ${r.type} ${r.slot}` })) : '',
    ]), 'Failed reports', failed.map(r => `${r.type} ${r.slot}`)),
  ];
}

function retry(r) {
  act({
    title: `Retry ${r.type} ${r.slot}?`,
    says: [r.scenario === 'C' ? 'The earlier data stays. The repeat runs at the next scheduled time of its type.' : 'Last Updated is cleared and Fail is unchecked. The report runs at the next scheduled time of its type.'],
    label: 'Retry', action: 'retry', body: { type: r.type, slot: r.slot },
  });
}

// stateOf is a day's state in one word, and its sign.
const signs = { done: '✓', failed: '!', busy: '…', waiting: '↻', none: '·' };
function stateOf(d) {
  if (d.state === 'failed') return 'failed';
  if (d.state === 'done') return 'done';
  return d.fail ? 'failed' : d.state === 'due' ? 'waiting' : 'busy';
}
const graver = ['none', 'done', 'busy', 'waiting', 'failed'];
const words = { done: 'done', failed: 'failed', busy: 'under way', waiting: 'due', none: 'no report' };

// dates are those of the calendar.
function dates() {
  const list = [];
  for (let at = Date.parse(view.from); at <= Date.parse(view.to); at += 86_400_000) list.push(new Date(at).toISOString().slice(0, 10));
  return list;
}

const dayText = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const longDay = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });

// calendar shows each type's reports by date. A row is one stop of the Tab key; arrows
// move within it.
function calendar() {
  const list = dates(), today = new Date(Date.parse(view.now)).toISOString().slice(0, 10);
  const known = new Map();
  for (const d of view.days) {
    const key = d.type + '|' + d.date, was = known.get(key) ?? { state: 'none', reports: 0, rows: 0 };
    const state = stateOf(d);
    known.set(key, { state: graver.indexOf(state) > graver.indexOf(was.state) ? state : was.state, reports: was.reports + d.reports, rows: was.rows + d.rows });
  }
  const head = [element('span', { class: 'name', 'aria-hidden': 'true' }), ...list.map((date, i) =>
    element('span', { class: 'date' + (date === today ? ' today' : ''), 'aria-hidden': 'true' }, i === 0 || date.endsWith('-01') ? dayText.format(new Date(date)) : String(Number(date.slice(8)))))];
  const rows = view.types.map(t => week(t, list, known));
  return [
    title('Calendar', element('small', {}, `${longDay.format(new Date(view.from))} to ${longDay.format(new Date(view.to))}; real-time types by UTC day`)),
    view.types.length ? element('div', { class: 'month' }, ...head, rows) : empty('There are no report types yet.'),
    element('div', { class: 'keys', 'aria-hidden': 'true' }, ['done', 'failed', 'busy', 'waiting', 'none'].map(state =>
      element('span', {}, element('span', { class: 'month sign' }, element('span', { class: 'none ' + state }, signs[state])), words[state]))),
  ];
}

// week is a type's row.
function week(t, list, known) {
  const cells = list.map(date => {
    const d = known.get(t.name + '|' + date), day = Number(date.slice(8));
    if (!d) return element('span', { class: 'none', 'data-day': day, 'aria-hidden': 'true' }, signs.none);
    const says = `${t.name} ${longDay.format(new Date(date))}: ${words[d.state]}${d.reports > 1 ? `, ${plural(d.reports, 'report')}` : ''}, ${plural(d.rows, 'row')}`;
    return element('button', {
      type: 'button', class: d.state, tabindex: -1, 'data-key': `day-${t.name}-${date}`, 'data-day': day, 'aria-label': says, title: says, onclick: () => showDay(t.name, date),
    }, signs[d.state]);
  });
  cells.findLast(c => c.tagName === 'BUTTON')?.setAttribute('tabindex', 0);
  return element('div', { class: 'row', role: 'group', 'data-row': t.name, 'aria-label': `${t.name}: reports by date; arrow keys move`, onkeydown: move }, element('span', { class: 'name' }, t.name), cells);
}

// move goes to another day of the row by a key.
function move(event) {
  const stops = [...event.currentTarget.querySelectorAll('button')], at = stops.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: stops.length - 1 }[event.key];
  if (at < 0 || to === undefined || !stops[to]) return;
  event.preventDefault();
  stops[at].tabIndex = -1;
  stops[to].tabIndex = 0;
  stops[to].focus();
}

// showDay shows the reports of a type and date.
async function showDay(type, date) {
  const done = () => element('div', { class: 'acts' }, cancel('Close'));
  const head = heading(`${type}, ${longDay.format(new Date(date))}`);
  show(head, element('p', {}, 'Reading…'), done());
  try {
    const { reports } = await call(`day?type=${encodeURIComponent(type)}&date=${date}`);
    const newest = reports[0];
    show(head,
      table(['Report', 'State', 'Rows', 'Last updated', 'Repeated'], reports.map(r => [r.slot, badge(r.state), number(r.rows), moment(r.lastUpdated), moment(r.updateRepeated)]), 'Reports'),
      newest?.error ? element('p', { class: 'refused' }, newest.error) : '',
      newest?.accounts?.length ? table(['Destination', 'Written', 'Unchanged', 'Parked'], newest.accounts.map(a => [a.sink, number(a.written), number(a.unchanged), number(a.parked)]), 'Destinations') : '',
      done());
  } catch (problem) {
    show(head, element('p', { class: 'refused', role: 'alert' }, problem.message), done());
  }
}

const yes = value => value ? 'yes' : 'no';

// types lists the report types; an operator edits their properties.
function types() {
  return [title('Report types'), view.types.length ? table(['Type', 'Status', 'Real-time', 'Offset', 'Notify on fail', 'Repeat after', 'Datapoints', 'Report type id', ''], view.types.map(t => [
    t.name, element('span', { class: 'badge ' + (t.active ? 'good' : 'wait') }, t.active ? 'active' : 'inactive'), yes(t.realTime), plural(t.offset, 'day'), yes(t.notifyOnFail),
    t.repeatAfterDays ? plural(t.repeatAfterDays, 'day') : 'never', yes(t.addToDatapoints), element('code', {}, t.reportTypeId),
    view.operator ? element('div', { class: 'acts' }, button(`edit-${t.name}`, 'Edit…', () => edit(t), { 'aria-label': `Edit ${t.name}` })) : '',
  ]), 'Report types', view.types.map(t => t.name)) : empty('There are no report types yet: the reports function makes them from its definitions within a minute.')];
}

const content = t => ({ active: t.active, realTime: t.realTime, offset: t.offset, notifyOnFail: t.notifyOnFail, repeatAfterDays: t.repeatAfterDays });

// edit asks for a type's properties, and shows the change before it is made.
function edit(t, draft = content(t)) {
  const box = (id, label, on) => element('label', { class: 'box' }, element('input', { id, type: 'checkbox', checked: on }), label);
  const count = (id, value, min, max) => element('input', { id, type: 'number', step: 1, min, max, value, required: true });
  const was = content(t);
  show(element('form', {
    onsubmit: event => {
      event.preventDefault();
      const is = { active: $('t-active').checked, realTime: $('t-realtime').checked, offset: Number($('t-offset').value), notifyOnFail: $('t-notify').checked, repeatAfterDays: Number($('t-repeat').value) };
      const names = { active: 'Active', realTime: 'Real-time', offset: 'Offset', notifyOnFail: 'Notify on fail', repeatAfterDays: 'Repeat after N days' };
      const changed = Object.keys(names).filter(key => was[key] !== is[key]);
      if (!changed.length) { close(); toast('Nothing was changed.'); return; }
      act({
        title: `Save the change of ${t.name}?`, says: [table(['', 'Before', 'After'], changed.map(key => [names[key], String(was[key]), String(is[key])]), 'What changes'), 'It counts from the next start of the type.'],
        label: 'Save the change', action: 'edit', body: { type: t.name, was, is }, back: () => edit(t, is),
      });
    },
  }, heading(`Edit ${t.name}`), box('t-active', 'Active', draft.active), box('t-realtime', 'Real-time: the source knows the current state alone', draft.realTime), box('t-notify', 'Notify on fail', draft.notifyOnFail),
  element('div', { class: 'grid' }, field('Offset in days', count('t-offset', draft.offset, -3650, 3650), 'added to today; negative is the past'), field('Repeat after N days', count('t-repeat', draft.repeatAfterDays, 0, 3650), '0 is never')),
  element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main' }, 'Save…'))));
}

follow(draw);
