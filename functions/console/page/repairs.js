// Comparing, repairing, syncing history again, settings of the index: each is shown with
// its cost before it is done.

import { badge, element, moment, number, plural, span, table } from './dom.js';
import { call, confirm, cancel, field, heading, show, toast, close } from './dialogs.js';

const most = 3600_000; // a comparison reads everything

// asking shows that an answer takes time, and gives up with the dialog.
async function asking(title, path, body) {
  const dialog = document.getElementById('dialog'), stop = new AbortController(), began = Date.now();
  const says = element('p', { role: 'status' }, 'Asking…'), stopped = () => { if (!dialog.open) stop.abort(); }; // the event of a dialog before may come late
  const clock = setInterval(() => { says.textContent = `Under way for ${span(Date.now() - began)}. Closing stops it.`; }, 1000);
  show(heading(title), says, element('progress', { 'aria-label': title }), element('div', { class: 'acts' }, cancel('Stop')));
  dialog.addEventListener('close', stopped);
  try {
    return await call('ask/' + path, body, AbortSignal.any([stop.signal, AbortSignal.timeout(most)]));
  } finally {
    clearInterval(clock);
    dialog.removeEventListener('close', stopped);
  }
}

// form is a dialog whose answer is asked for: then() shows the answer.
function form({ title, says, fields, label, path, read, then }) {
  const refused = element('p', { class: 'refused', role: 'alert' });
  const made = element('form', {
    onsubmit: async event => {
      event.preventDefault();
      const body = read();
      try {
        then(body, await asking(title, path, body));
      } catch (problem) {
        if (!document.getElementById('dialog').open) return;
        refused.textContent = problem.message;
        show(made);
      }
    },
  }, heading(title), element('p', {}, says), fields, refused, element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main', id: 'ask' }, label)));
  show(made);
  (made.querySelector('input') ?? made.querySelector('#ask')).focus();
}

// does is a button that does what was shown.
function does(label, action, body, attributes = {}) {
  const refused = element('p', { class: 'refused', role: 'alert' });
  const yes = element('button', {
    type: 'button', class: 'main', id: 'confirm', ...attributes,
    onclick: async () => {
      yes.disabled = true;
      refused.textContent = '';
      try {
        toast((await call('act/' + action, body, AbortSignal.timeout(most))).message);
        close();
      } catch (problem) {
        refused.textContent = problem.message;
        yes.disabled = false;
      }
    },
  }, label);
  return [refused, element('div', { class: 'acts' }, cancel('Close'), yes)];
}

const ends = () => element('div', { class: 'acts' }, cancel('Close'));

// compare compares an entity, and offers to repair what differs.
export function compare(name, view) {
  const deep = element('input', { type: 'checkbox', id: 'deep', checked: view.readsIndex, disabled: !view.readsIndex });
  const account = element('input', { id: 'account', maxlength: 255, autocomplete: 'off', spellcheck: 'false' });
  form({
    title: `Compare ${name}`, label: 'Compare', path: 'compare',
    says: 'The rows of the source are compared with what was pushed. Nothing is changed; the syncs go on.',
    fields: [element('label', { class: 'box' }, deep, 'Read the index as well'), field('Account', account, 'empty: all accounts')],
    read: () => ({ entity: name, deep: deep.checked, account: account.value.trim() }), then: compared,
  });
}

// compared shows a comparison.
function compared(body, { report: r, operations, rootsToSync }) {
  const what = r.deep ? 'Source, ledger and index' : 'Source and ledger', t = r.ledger, i = r.index;
  const wrong = [t, i].reduce((n, one) => n + one.missing + one.different + one.orphaned + (one.unreadable ?? 0), 0);
  const tally = (label, one) => [label, number(one.missing), number(one.different), number(one.orphaned), number(one.unreadable ?? 0)];
  show(heading(wrong ? `${body.entity}: ${plural(wrong, 'difference')}` : `${body.entity}: nothing differs`),
    element('p', {}, badge(wrong ? 'not equal' : 'equal'), ` ${what}${wrong ? '' : ' agree'}, as of `, moment(r.asOf), `: ${plural(r.roots, 'root')}, ${plural(r.records, 'record')}; ${number(r.pending)} roots changed lately and were not judged, ${number(r.parked)} records are parked.`),
    wrong ? table(['', 'Missing', 'Different', 'Orphaned', 'Unreadable'], [tally('Ledger', t), ...(r.deep ? [tally('Index', i)] : [])], 'Differences by kind') : '',
    r.differences.length ? element('details', { open: r.differences.length <= 10 }, element('summary', {}, wrong > r.differences.length ? `The first ${number(r.differences.length)}` : 'The records'),
      table(['Record', 'Difference', 'In', 'Account'], r.differences.map(d => [d.id || `root ${d.key || d.root}`, d.kind, d.where, d.account || '–']), 'Records that differ')) : '',
    ...(rootsToSync ? [element('p', { class: 'says' }, `A repair syncs ${plural(rootsToSync, 'root')} and costs ${plural(operations, 'operation')} of the index.`), ...does('Repair', 'repair', body)] : [ends()]));
}

// backfill estimates a range of history, and offers to sync it again.
export function backfill(name) {
  const at = id => element('input', { id, type: 'datetime-local', step: 1 });
  const from = at('from'), to = at('to'), rate = element('input', { id: 'rate', type: 'number', min: 0, step: 1 });
  const time = input => input.value ? new Date(input.value).toISOString() : '';
  form({
    title: `Sync history of ${name} again`, label: 'Estimate', path: 'backfill',
    says: 'All roots whose rows changed in the range are synced again, next to the syncs. Unchanged records cost nothing.',
    fields: element('div', { class: 'grid' }, field('From', from, 'empty: the beginning; your zone'), field('To', to, 'empty: now'), field('Roots a second', rate, 'empty: as fast as the queue allows')),
    read: () => ({ entity: name, from: time(from), to: time(to), rate: Number(rate.value) || 0 }),
    then: (body, e) => show(heading(`Sync history of ${name} again?`),
      element('p', {}, 'Changes from ', moment(e.from), ' to ', moment(e.to), `: ${plural(e.roots, 'root')}.`),
      element('p', { class: 'says' }, `About ${plural(e.records, 'record')} and ${plural(e.operations, 'operation')} of the index, estimated from ${plural(e.sampled, 'root')}.`),
      e.seconds ? element('p', {}, `It takes at least ${span(e.seconds * 1000)}.`) : '', e.budget ? element('p', { class: 'refused' }, e.budget) : '',
      ...(e.roots ? does('Sync again', 'backfill', { ...body, to: e.to, from: e.from }) : [ends()])),
  });
}

const value = v => element('code', {}, v === undefined || v === null ? 'not set' : JSON.stringify(v));

// settings compares the settings of an entity's index, and offers to push its definition's.
export async function settings(name) {
  try {
    const drift = await asking(`Settings of ${name}`, 'settings', { entity: name }), wrong = drift.filter(d => d.missing || d.differences?.some(one => !one.leftAlone));
    show(heading(wrong.length ? `Settings of ${name}: ${wrong.length === 1 ? '1 index differs' : `${wrong.length} indices differ`}` : `Settings of ${name}: in step`),
      ...drift.length ? drift.map(d => [element('h3', {}, d.index), element('p', {}, d.missing ? 'There is no such index.' : `${plural(d.settings, 'setting')} of the definition.`),
        d.differences?.length ? table(['Setting', 'Index', 'Definition'], d.differences.map(one => [one.setting, value(one.have), one.leftAlone ? 'left alone' : value(one.want)]), `Settings of ${d.index}`) : '']).flat()
        : [element('p', {}, 'The definition has no settings.json, so the settings of its index stay as they are.')],
      ...(wrong.length ? does('Push the definition’s', 'push-settings', { entity: name }) : [ends()]));
  } catch (problem) {
    if (document.getElementById('dialog').open) show(heading(`Settings of ${name}`), element('p', { class: 'refused', role: 'alert' }, problem.message), ends());
  }
}

// drop takes parked records off the list.
export function drop(entity, records) {
  confirm({
    title: records.length === 1 ? `Take ${records[0]} off the list?` : `Take ${plural(records.length, 'record')} of ${entity} off the list?`, danger: true, label: 'Take off',
    says: ['The refused version stays out of the index. When a row changes, its record is sent again; if it is refused again, it is back on the list.'],
    action: 'drop-parked', body: { entity, records },
  });
}
