// The form of a schedule: it shows the next starts before it is saved. Saving and disabling
// can be undone and ask nothing; deleting asks.

import { element, moment, zone as shown } from './dom.js';
import { call, cancel, close, confirm, field, heading, select, show, toast } from './dialogs.js';

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const zoneOf = hours => {
  const h = hours ?? -7, m = Math.round(Math.abs(h) * 60);
  return `UTC${h < 0 ? '−' : '+'}${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
};

// whenOf words a schedule's start times, as they were entered.
export function whenOf(s) {
  if (/^interval$/i.test(s.run)) return `every ${s.time} hours`;
  const at = `${s.time} ${s.zone || zoneOf(s.timezone)}`;
  return /^weekly$/i.test(s.run) ? `${s.weekday || 'Monday'}s at ${at}` : `daily at ${at}`;
}

const contentOf = s => Object.fromEntries(['name', 'targetKind', 'target', 'run', 'time', 'timezone', 'zone', 'weekday', 'disabled', 'description'].map(key => [key, s[key]]));

// here is the browser's zone, which a new schedule proposes.
const here = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

// placeOf reads a zone as people write it: a name, or a distance from UTC.
function placeOf(text) {
  const found = /^(?:UTC)?\s*([+−-]?)(\d{1,2})(?::(\d\d)|(\.\d+))?$/.exec(text.trim());
  if (!found) return { zone: text.trim(), timezone: null };
  const hours = Number(found[2]) + (found[3] ? Number(found[3]) / 60 : Number(found[4] ?? 0));
  return { zone: '', timezone: /[−-]/.test(found[1]) ? -hours : hours };
}

// editSchedule is the form of a schedule; without one, of a new one.
export function editSchedule(s, targets) {
  const v = s ? contentOf(s) : { name: '', targetKind: 'entity', target: targets.entity[0] ?? '', run: 'Daily', time: '', zone: here(), weekday: '', disabled: false, description: '' };
  const input = {
    name: element('input', { id: 's-name', value: v.name, required: true, maxlength: 128, autocomplete: 'off' }),
    targetKind: select('s-targetKind', ['entity', 'scope'], v.targetKind),
    target: element('input', { id: 's-target', value: v.target, required: true, list: 'targets', maxlength: 128, autocomplete: 'off', spellcheck: 'false' }),
    run: select('s-run', ['Daily', 'Weekly', 'Interval'], v.run),
    time: element('input', { id: 's-time', type: /^interval$/i.test(v.run) ? 'text' : 'time', value: v.time, required: true, pattern: '([01]\\d|2[0-3]):[0-5]\\d', maxlength: 5, autocomplete: 'off' }),
    zone: element('input', { id: 's-zone', value: v.zone || zoneOf(v.timezone), required: true, list: 'zones', maxlength: 64, autocomplete: 'off', spellcheck: 'false' }),
    weekday: select('s-weekday', days, v.weekday || 'Monday'),
    disabled: element('input', { id: 's-disabled', type: 'checkbox', checked: v.disabled }),
    description: element('input', { id: 's-description', value: v.description, maxlength: 1024, autocomplete: 'off' }),
  };
  const known = element('datalist', { id: 'targets' }), zones = element('datalist', { id: 'zones' }, (Intl.supportedValuesOf?.('timeZone') ?? []).map(name => element('option', { value: name })));
  const says = element('div', { class: 'says', role: 'status' }), refused = element('p', { class: 'refused', role: 'alert' });
  const weekday = field('Weekday', input.weekday), zone = field('Zone', input.zone, 'a name, whose clocks count, or a fixed distance such as UTC+05:30'), time = field('Time', input.time);
  const read = () => {
    const text = name => input[name].value.trim();
    return { name: text('name'), targetKind: text('targetKind'), target: text('target'), run: text('run'), time: text('time'), ...placeOf(text('zone')),
      weekday: text('run') === 'Weekly' ? text('weekday') : '', disabled: input.disabled.checked, description: text('description') };
  };
  const body = () => s ? { schedule: s.id, version: s.version, edit: read() } : { edit: read() };
  let asked = 0, later;
  // starts shows the next starts, or why there are none.
  const starts = async () => {
    const mine = ++asked;
    if (!/^\d\d:\d\d$/.test(read().time)) { says.replaceChildren(); return; }
    try {
      const answer = await call('ask/schedule', { ...body(), edit: { ...read(), name: read().name || 'new' } });
      if (mine !== asked) return;
      refused.textContent = '';
      says.replaceChildren(...answer.next.length ? [`Next starts, in ${shown}`, element('ol', { class: 'starts' }, answer.next.map(at => element('li', {}, moment(at))))] : ['It starts nothing while it is disabled.']);
    } catch (problem) {
      if (mine !== asked) return;
      says.replaceChildren();
      refused.textContent = problem.message;
    }
  };
  const update = () => {
    const e = read(), interval = e.run === 'Interval';
    known.replaceChildren(...(targets[e.targetKind] ?? []).map(t => element('option', { value: t })));
    weekday.hidden = e.run !== 'Weekly';
    zone.hidden = interval;
    if (input.time.type !== (interval ? 'text' : 'time')) input.time.type = interval ? 'text' : 'time';
    time.querySelector('span').textContent = interval ? 'Length, HH:MM' : 'Time';
    clearTimeout(later);
    later = setTimeout(starts, 250);
  };
  update();
  show(element('form', {
    oninput: update,
    onsubmit: async event => {
      event.preventDefault();
      refused.textContent = '';
      try {
        toast((await call(`act/${s ? 'edit' : 'add'}-schedule`, body())).message);
        close();
      } catch (problem) {
        refused.textContent = problem.message;
      }
    },
  }, heading(s ? `Edit ${s.name}` : 'Add a schedule'), element('div', { class: 'grid' }, field('Name', input.name), field('Starts', input.targetKind), field('Target', input.target), field('Run', input.run), time, weekday, zone),
  field('Description', input.description), element('label', { class: 'box' }, input.disabled, 'Disabled'), known, zones, says, refused,
  element('div', { class: 'acts' }, cancel(), element('button', { type: 'submit', class: 'main', id: 'save' }, 'Save'))));
  input.name.focus();
}

// pauseSchedule disables or enables a schedule at once.
export async function pauseSchedule(s) {
  try {
    const { message } = await call('act/edit-schedule', { schedule: s.id, version: s.version, edit: { ...contentOf(s), disabled: !s.disabled } });
    toast(message);
  } catch (problem) {
    toast(problem.message);
  }
}

export function deleteSchedule(s) {
  confirm({ title: `Delete ${s.name}?`, says: ['The schedule starts no further syncs; running ones finish.'], label: 'Delete it', danger: true, action: 'delete-schedule', body: { schedule: s.id, version: s.version } });
}
