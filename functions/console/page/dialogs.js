// The changes that people can make. Each is confirmed before it is made.

import { $, badge, element, moment, number, plural, table } from './dom.js';

const dialog = $('dialog');

// call asks the function. Every change carries the header that other sites cannot send.
export async function call(path, body, signal = AbortSignal.timeout(60_000)) {
  const options = body === undefined ? {} : { method: 'POST', headers: { 'X-Return-Sync': '1', 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  let response, answer;
  try {
    response = await fetch(path, { ...options, signal });
    answer = await response.json();
  } catch {
    throw new Error(response ? `The console answered ${response.status}.` : 'The console does not answer. Are you online?');
  }
  if (!response.ok) throw new Error(answer.error?.message ?? `The console answered ${response.status}.`);
  return answer;
}

let toasts;
export function toast(text) {
  $('toast').textContent = text;
  $('toast').classList.add('shown');
  clearTimeout(toasts);
  toasts = setTimeout(() => $('toast').classList.remove('shown'), 6000);
}

// show fills the dialog and opens it.
function show(...content) {
  dialog.replaceChildren(...content);
  if (!dialog.open) dialog.showModal();
}

export function close() {
  if (dialog.open) dialog.close();
}

dialog.addEventListener('click', event => { if (event.target === dialog) close(); });

const heading = text => element('h2', { id: 'dialogtitle' }, text);
const cancel = (label = 'Cancel') => element('button', { type: 'button', onclick: close }, label);

// confirm asks, acts, and shows the outcome; done is called after the act.
export function confirm({ title, says, label, danger, action, body, back, done }) {
  const refused = element('p', { class: 'refused', role: 'alert' });
  const yes = element('button', { type: 'submit', class: danger ? 'main danger' : 'main', id: 'confirm' }, label);
  const form = element('form', {
    onsubmit: async event => {
      event.preventDefault();
      yes.disabled = true;
      refused.textContent = '';
      try {
        const { message } = await call('act/' + action, body);
        close();
        toast(message);
        done?.();
      } catch (problem) {
        refused.textContent = problem.message;
        yes.disabled = false;
      }
    },
  }, heading(title), says.map(line => typeof line === 'string' ? element('p', {}, line) : line), refused,
  element('div', { class: 'acts' }, back ? element('button', { type: 'button', onclick: back }, 'Back') : cancel(), yes));
  show(form);
  yes.focus();
}

export function startEntity(e) {
  confirm({
    title: `Sync ${e.name} now?`, says: ['The changes since the last sync are synced at once, instead of with the next tick. If a sync is running, no second one starts.'],
    label: 'Sync now', action: 'start-entity', body: { entity: e.name },
  });
}

export function startScope(s, restart) {
  confirm({
    title: `${restart ? 'Restart' : 'Start'} ${s.title || s.id}?`, danger: restart,
    says: [`Its members are synced as one: ${Object.keys(s.details).join(', ')}.`, restart ? 'It is syncing already. A restart forgets how far its members are; what is being synced goes on, and counts for the new start.' : ''].filter(Boolean),
    label: restart ? 'Restart' : 'Start', action: 'start-scope', body: { scope: s.id, restart },
  });
}

const jobSays = {
  'pause-job': 'No further pages of the job are sent; running pages finish. The job can be resumed where it stopped.',
  'resume-job': 'The job continues where it stopped.',
  'cancel-job': 'The job ends for good. Synced records stay synced.',
};

export function moveJob(action, label, j) {
  confirm({ title: `${label} ${j.kind} ${j.id} of ${j.entity}?`, says: [jobSays[action]], label: `${label} it`, danger: action === 'cancel-job', action, body: { job: j.id } });
}

export function retry(entity, records, cause) {
  confirm({
    title: records.length === 1 ? `Try ${records[0]} again?` : `Try ${plural(records.length, 'record')} of ${entity} again?`,
    says: [cause ? `Those with the cause: ${cause}.` : '', `A job sends each record once more, from its row as it is now: at most ${plural(records.length, 'operation')} of the index. A record that is rejected again stays parked, with one more try.`].filter(Boolean),
    label: 'Try again', action: 'retry-parked', body: { entity, records },
  });
}

// retryCause tries the records of one cause again, as many as one job takes.
export async function retryCause(entity, c, says) {
  try {
    const most = 500, { records } = await call(`parked?${new URLSearchParams({ entity, reason: c.reason, cause: c.cause, limit: most })}`);
    retry(entity, records.map(p => p.objectID), says);
  } catch (problem) {
    toast(problem.message);
  }
}

// copy puts a command into the clipboard.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied: ${text}`);
  } catch {
    toast(text);
  }
}

// field is a labelled input.
function field(label, input, hint) {
  return element('label', { class: 'field' }, element('span', {}, label), input, hint ? element('small', {}, hint) : undefined);
}

const select = (id, values, chosen) => element('select', { id }, values.map(v => element('option', { value: v, selected: v === chosen }, v)));

export function newScope(entities) {
  const id = element('input', { id: 'scopeid', required: true, maxlength: 96, pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]*', autocomplete: 'off', spellcheck: 'false' });
  const name = element('input', { id: 'scopetitle', maxlength: 255, autocomplete: 'off' });
  const boxes = entities.map(e => element('input', { type: 'checkbox', value: e, checked: true }));
  const refused = element('p', { class: 'refused', role: 'alert' });
  show(element('form', {
    onsubmit: event => {
      event.preventDefault();
      const chosen = boxes.filter(b => b.checked).map(b => b.value);
      if (!chosen.length) { refused.textContent = 'Choose at least one entity.'; return; }
      confirm({
        title: `Start ${name.value || id.value}?`, says: [`Its members are synced as one: ${chosen.join(', ')}.`], label: 'Start',
        action: 'start-scope', body: { scope: id.value, title: name.value, entities: chosen },
      });
    },
  }, heading('A new scope'), field('Id', id, 'letters, digits, dots, hyphens; schedules and programs start it by this'), field('Title', name, 'what people call it'),
  element('fieldset', {}, element('legend', {}, 'Entities'), entities.map((e, i) => element('label', { class: 'box' }, boxes[i], e))),
  refused, element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main' }, 'Start…'))));
}

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const zoneOf = hours => {
  const h = hours ?? -7, m = Math.round(Math.abs(h) * 60);
  return `UTC${h < 0 ? '−' : '+'}${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
};

// whenOf words a schedule's start times, as they were entered.
export function whenOf(s) {
  if (/^interval$/i.test(s.run)) return `every ${s.time} hours`;
  const at = `${s.time} ${zoneOf(s.timezone)}`;
  return /^weekly$/i.test(s.run) ? `${s.weekday || 'Monday'}s at ${at}` : `daily at ${at}`;
}

// here converts a time of day to the reader's time zone.
function here(s) {
  const found = /^(\d\d):(\d\d)$/.exec(s.time);
  if (!found || /^interval$/i.test(s.run)) return '';
  const minutes = found[1] * 60 + +found[2] - (s.timezone ?? -7) * 60 - new Date().getTimezoneOffset();
  const m = ((minutes % 1440) + 1440) % 1440;
  return `, which is ${String(Math.floor(m / 60)).padStart(2, '0')}:${String(Math.round(m % 60)).padStart(2, '0')} where you are`;
}

const scheduleFields = [['name', 'Name'], ['targetKind', 'Starts'], ['target', 'Target'], ['run', 'Run'], ['time', 'Time'], ['timezone', 'Hours from UTC'], ['weekday', 'Weekday'], ['disabled', 'Disabled'], ['description', 'Description']];
const worded = value => value === null || value === undefined || value === '' ? 'none' : value === true ? 'yes' : value === false ? 'no' : String(value);
const contentOf = s => Object.fromEntries(scheduleFields.map(([key]) => [key, s[key]]));

// editSchedule is the form of a schedule; without one, of a new one.
export function editSchedule(s, targets, draft) {
  const was = s ? contentOf(s) : { name: '', targetKind: 'entity', target: targets.entity[0] ?? '', run: 'Daily', time: '', timezone: -7, weekday: '', disabled: false, description: '' };
  const v = draft ?? was;
  const input = {
    name: element('input', { id: 's-name', value: v.name, required: true, maxlength: 128, autocomplete: 'off' }),
    targetKind: select('s-targetKind', ['entity', 'scope'], v.targetKind),
    target: element('input', { id: 's-target', value: v.target, required: true, list: 'targets', maxlength: 128, autocomplete: 'off', spellcheck: 'false' }),
    run: select('s-run', ['Daily', 'Weekly', 'Interval'], v.run),
    time: element('input', { id: 's-time', value: v.time, required: true, pattern: '([01]\\d|2[0-3]):[0-5]\\d', placeholder: '23:30', inputmode: 'numeric', maxlength: 5, autocomplete: 'off' }),
    timezone: element('input', { id: 's-timezone', type: 'number', value: v.timezone ?? '', placeholder: '-7', min: -12, max: 14, step: 0.25 }),
    weekday: select('s-weekday', days, v.weekday || 'Monday'),
    disabled: element('input', { id: 's-disabled', type: 'checkbox', checked: v.disabled }),
    description: element('input', { id: 's-description', value: v.description, maxlength: 1024, autocomplete: 'off' }),
  };
  const known = element('datalist', { id: 'targets' }), says = element('p', { class: 'says' });
  const weekday = field('Weekday', input.weekday), zone = field('Hours from UTC', input.timezone, 'fixed: summer time is never applied');
  const read = () => ({
    name: input.name.value.trim(), targetKind: input.targetKind.value, target: input.target.value.trim(), run: input.run.value, time: input.time.value.trim(),
    timezone: input.timezone.value === '' ? null : Number(input.timezone.value), weekday: input.run.value === 'Weekly' ? input.weekday.value : '', disabled: input.disabled.checked, description: input.description.value.trim(),
  });
  const update = () => {
    const e = read();
    known.replaceChildren(...targets[e.targetKind].map(t => element('option', { value: t })));
    weekday.hidden = e.run !== 'Weekly';
    zone.hidden = e.run === 'Interval';
    says.textContent = /^\d\d:\d\d$/.test(e.time) && e.target ? `Starts ${e.targetKind} ${e.target} ${whenOf(e)}${here(e)}${e.disabled ? '; disabled' : ''}.` : '';
  };
  update();
  show(element('form', {
    oninput: update,
    onchange: update,
    onsubmit: event => {
      event.preventDefault();
      saveSchedule(s, was, read(), draft => editSchedule(s, targets, draft));
    },
  }, heading(s ? `Edit ${s.name}` : 'Add a schedule'), element('div', { class: 'grid' }, field('Name', input.name), field('Starts', input.targetKind), field('Target', input.target), field('Run', input.run),
    field('Time', input.time, '24-hour HH:MM; of an Interval its length'), weekday, zone),
  field('Description', input.description), element('label', { class: 'box' }, input.disabled, 'Disabled'), known, says,
  element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main' }, 'Save…'))));
  input.name.focus();
}

// saveSchedule shows the change before it is saved.
function saveSchedule(s, was, is, again) {
  const changed = scheduleFields.filter(([key]) => worded(was[key]) !== worded(is[key]));
  if (s && !changed.length) { close(); toast('Nothing was changed.'); return; }
  const rows = s ? changed.map(([key, label]) => [label, worded(was[key]), worded(is[key])]) : scheduleFields.filter(([key]) => worded(is[key]) !== 'none').map(([key, label]) => [label, worded(is[key])]);
  confirm({
    title: s ? `Save the change of ${s.name}?` : `Add ${is.name}?`, says: [table(s ? ['', 'Before', 'After'] : ['', ''], rows, 'What changes'), 'It is in force within two minutes.'],
    label: s ? 'Save the change' : 'Add it', action: s ? 'edit-schedule' : 'add-schedule', body: s ? { schedule: s.id, version: s.version, edit: is } : { edit: is }, back: () => again(is),
  });
}

export function pauseSchedule(s) {
  confirm({
    title: `${s.disabled ? 'Enable' : 'Disable'} ${s.name}?`,
    says: [s.disabled ? 'The schedule starts again at its next time. Missed starts are not made up for.' : 'The schedule starts no further syncs; running ones finish.'],
    label: s.disabled ? 'Enable it' : 'Disable it', action: 'edit-schedule', body: { schedule: s.id, version: s.version, edit: { ...contentOf(s), disabled: !s.disabled } },
  });
}

export function deleteSchedule(s) {
  confirm({ title: `Delete ${s.name}?`, says: ['The schedule starts no further syncs; running ones finish.'], label: 'Delete it', danger: true, action: 'delete-schedule', body: { schedule: s.id, version: s.version } });
}

// askRecord asks for a record's id and shows what is known of it.
export function askRecord(entity, found = {}) {
  const id = element('input', { id: 'recordid', required: true, value: found.id, maxlength: 512, autocomplete: 'off', spellcheck: 'false' });
  const root = element('input', { id: 'recordroot', value: found.root, maxlength: 1024, autocomplete: 'off', spellcheck: 'false' });
  const refused = element('p', { class: 'refused', role: 'alert' });
  show(element('form', {
    onsubmit: async event => {
      event.preventDefault();
      refused.textContent = '';
      try {
        await showRecord(entity, id.value, root.value);
      } catch (problem) {
        refused.textContent = problem.message;
      }
    },
  }, heading(`A record of ${entity}`), field('objectID', id), field('Root', root, 'its id or key, where the objectID and our tables do not say it'), refused,
  element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main' }, 'Show'))));
  id.focus();
}

const json = value => element('pre', { tabindex: 0 }, JSON.stringify(value, null, 2));

// showRecord shows a record in source, ledger and index, and why a search finds it or not.
export async function showRecord(entity, id, root = '') {
  const r = await call(`record?${new URLSearchParams({ entity, id, root })}`);
  const facts = [
    ['Root', r.rooted ? `${r.key ?? r.root}, with ${plural(r.siblings, 'other record')}` : 'unknown'],
    ['Source', r.problem ? `its row has no record: ${r.problem}` : r.source ? plural(r.bytes, 'byte') : 'no row'],
    ['Ledger', r.ledger], ['Journal', r.unconfirmed && 'the outcome of a push is unknown'],
    ['Parked', r.parked && `${r.parked.reason}: ${r.parked.detail}`], ['Waiting', r.waiting && 'its root changed after the last window'], ['Index', r.index ? 'holds it' : 'no such record'],
  ].filter(([, value]) => value);
  show(heading(r.objectID), element('p', {}, badge(r.found ? 'found' : 'not found'), ' ', r.why), element('dl', {}, facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))),
    r.differences.length ? element('ul', {}, r.differences.map(line => element('li', {}, line))) : '',
    r.source ? element('details', {}, element('summary', {}, 'As its row makes it now'), json(r.source)) : '',
    r.index ? element('details', {}, element('summary', {}, 'As the index holds it'), json(r.index)) : '',
    r.runs.length ? table(['Run', 'Kind', 'State', 'Ended'], r.runs.map(one => [number(one.runId), one.kind, badge(one.state), one.closedAt ? moment(one.closedAt) : '–']), 'The newest runs of its root') : '',
    element('div', { class: 'acts' }, element('button', { type: 'button', onclick: () => askRecord(entity, { id, root }) }, 'Another'), cancel('Close')));
}

// Parts of dialogs, for the pages of wings.
export { show, heading, cancel, field };
