// The changes that people can make. Each is confirmed before it is made.

import { $, badge, element, moment, number, plural, table } from './dom.js';
import { refocus } from './renew.js';

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

// opener is what had the focus when the dialog was opened, and its section.
let opener;

// show fills the dialog and opens it.
function show(...content) {
  dialog.replaceChildren(...content);
  if (!dialog.open) {
    opener = [document.activeElement, document.activeElement.closest('section')];
    dialog.showModal();
  } else if (!dialog.contains(document.activeElement)) dialog.querySelector('h2').focus(); // what had the focus was replaced
}

export function close() {
  if (dialog.open) dialog.close();
}

// The browser gives the focus back to the opener, and leaves it where it is or nowhere if the
// page was renewed without the opener.
dialog.addEventListener('close', () => {
  const at = document.activeElement;
  if (!dialog.open && (at === document.body || dialog.contains(at))) refocus(...opener);
});
dialog.addEventListener('click', event => { if (event.target === dialog) close(); });

const heading = text => element('h2', { id: 'dialogtitle', tabindex: -1 }, text);
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

const answerSays = {
  'acknowledge-alert': 'The alert stays open and says that you look after it.',
  'snooze-alert': 'The alert sends nothing meanwhile, and is sent again afterwards if it still holds. Its recovery is sent in any case. An alert of Cloud Monitoring is snoozed there.',
};

export function answerAlert(action, label, a, minutes) {
  confirm({ title: `${label}: ${a.title}?`, says: [minutes === 0 ? 'The next round of the watcher sends the alert again if it still holds.' : answerSays[action]], label, action, body: { alert: a.id, minutes } });
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
export { show, heading, cancel, field, select };
