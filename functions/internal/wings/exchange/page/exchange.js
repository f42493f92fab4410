// The page of the exchange: partners, subscriptions, what differs, syncs, activities. It
// asks for the whole state every few seconds and draws again what has changed.

import { element, badge, button, bytes, moment, number, plural, running, span, table, tick } from '../../dom.js';
import { act, empty, follow, section, title, view, why } from '../../wing.js';

const zero = '00000000-0000-0000-0000-000000000000';
const never = text => !text || text.startsWith('0001-');
const ago = text => never(text) ? 'never' : running(text);
const partnerOf = id => view.partners.find(p => p.id === id)?.name ?? 'a company that was removed';

function draw() {
  section('verdict', [view.partners, view.subscriptions], verdict);
  section('partners', [view.partners, view.role, view.operator], partners);
  section('subscriptions', [view.subscriptions, view.role, view.operator], subscriptions);
  section('differences', [view.starts, view.subscriptions, view.role], differences);
  section('starts', [view.starts, view.role], starts);
  section('activities', [view.activities, view.activities_total], activities);
  tick();
}

// flag is a switch; who may not change it sees its state.
function flag(key, on, label, change) {
  return button(key, on ? 'on' : 'off', change, { role: 'switch', 'aria-checked': String(on), 'aria-label': label, disabled: !view.operator });
}

function verdict() {
  const late = view.partners.filter(p => p.late), failing = view.subscriptions.filter(s => s.active && s.error);
  const things = [
    ...late.map(p => [p.name, `no sync succeeded in the last ${span(view.period_seconds * 1000)}`, p.error]),
    ...failing.map(s => [s.name, 'the last sync failed', s.error]),
  ];
  const role = view.role === 'primary' ? 'This server is a primary: it publishes slices to its partners.' : 'This server is a secondary: it copies the slices of its partners.';
  const made = [element('p', { class: 'verdict ' + (things.length ? 'bad' : 'good') },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, things.length ? '!' : '✓'),
    element('strong', {}, things.length ? `${plural(things.length, 'thing')} ${things.length === 1 ? 'needs' : 'need'} you.` : 'All is well.'), element('span', {}, role))];
  if (things.length) made.push(element('ol', { class: 'things' }, things.map(([name, problem, reason]) => element('li', {}, element('strong', {}, `${name}: ${problem}`), reason ? element('p', {}, reason) : ''))));
  return made;
}

function partners() {
  const secondary = view.role !== 'primary', acts = view.operator && secondary;
  const made = [title('Partners', element('small', {}, 'companies whose servers exchange slices with this one'),
    acts && button('sync-all', 'Sync with all', () => act({
      title: 'Sync with all partners now?', says: ['The copies of all active subscriptions are brought in line. A sync that is running with a partner is not disturbed.'],
      label: 'Sync now', action: 'sync', body: { target: 'all' },
    })))];
  if (!view.partners.length) return [...made, empty('There are no companies yet.')];
  return [...made, table(['Company', 'Active', 'Address', 'Last good sync', 'Last try', ...acts ? ['Actions'] : []], view.partners.map(p => [
    [element('strong', {}, p.name), why(p.id)],
    flag('company-' + p.id, p.active, `${p.name} is active`, () => act({
      title: `Switch ${p.name} ${p.active ? 'off' : 'on'}?`, danger: p.active,
      says: [p.active ? 'Nothing is exchanged with the company until it is on again. What was copied stays.' : 'Slices are exchanged with the company again.'],
      label: p.active ? 'Switch off' : 'Switch on', action: 'company', body: { id: p.id, on: !p.active },
    })),
    p.sync_addr ? [element('code', {}, p.sync_addr), p.has_sync_api_key ? '' : why('no key of the partner is kept')] : '–',
    [ago(p.last_good), p.late ? [' ', badge('late')] : ''],
    [ago(p.last_try), why(p.error)],
    ...acts ? [p.sync_addr && p.active ? element('span', { class: 'acts' },
      button('sync-' + p.id, 'Sync now', () => act({
        title: `Sync with ${p.name} now?`, says: ['The copies of all active subscriptions to the company are brought in line.'], label: 'Sync now', action: 'sync', body: { target: p.id },
      }), { 'aria-label': `Sync now with ${p.name}` }),
      button('compare-' + p.id, 'Compare', () => act({
        title: `Compare with ${p.name}?`, says: ['The copies are compared and nothing is changed. The list of differences appears below.'], label: 'Compare', action: 'compare', body: { target: p.id },
      }), { 'aria-label': `Compare with ${p.name}` })) : ''] : [],
  ]), 'Partners', view.partners.map(p => p.id))];
}

function subscriptions() {
  const primary = view.role === 'primary';
  const made = [title('Subscriptions', element('small', {}, primary ? 'which company may copy which slice' : 'slices that this server copies'))];
  if (!view.subscriptions.length) return [...made, empty('There are no subscriptions yet.')];
  return [...made, table(['Subscription', 'Company', 'Active', primary ? 'May be synced' : 'State', 'Grains', 'As of', 'Last good sync'], view.subscriptions.map(s => [
    [element('strong', {}, s.name), why(s.slice.slice_name === s.name ? s.slice.slice_type : `slice ${s.slice.slice_name}, ${s.slice.slice_type}`)],
    s.partner,
    [flag('sub-' + s.id, s.active, `${s.name} is active`, () => act({
      title: `Switch ${s.name} ${s.active ? 'off' : 'on'}?`, danger: s.active,
      says: [s.active ? primary ? 'The company can no longer copy the slice. Its next sync switches the subscription off there as well.' : 'The slice is no longer synced. What was copied stays.'
        : primary ? 'The company may copy the slice again. Its own switch stays as it is.' : 'The slice is synced again.'],
      label: s.active ? 'Switch off' : 'Switch on', action: 'subscription', body: { id: s.id, on: !s.active },
    })), s.vanished ? [' ', badge('vanished'), why('the primary no longer lists it; the content is kept')] : ''],
    primary ? flag('slice-' + s.id, s.slice.allow_sync, `Slice ${s.slice.slice_name} may be synced`, () => act({
      title: `${s.slice.allow_sync ? 'Lock' : 'Unlock'} ${s.slice.slice_name}?`, danger: s.slice.allow_sync,
      says: [s.slice.allow_sync ? 'Partners wait with their syncs of the slice until it is unlocked, for as long as it is edited.' : 'Partners may sync the slice again.'],
      label: s.slice.allow_sync ? 'Lock' : 'Unlock', action: 'slice', body: { id: s.slice_id, on: !s.slice.allow_sync },
    })) : badge({ success: 'synced', error: 'failed', updating: 'under way', none: 'not synced yet' }[s.slice.sync_status] ?? s.slice.sync_status),
    number(s.slice.content_count),
    never(s.slice.content_date) ? '–' : moment(s.slice.content_date),
    [ago(s.last_good), why(s.error)],
  ]), 'Subscriptions', view.subscriptions.map(s => s.id))];
}

// differences are, on a primary, slices that changed since a partner's last sync, and on
// a secondary what the last comparison with each partner found.
function differences() {
  const made = [title('What differs', element('small', {}, view.role === 'primary' ? 'slices that changed since the last good sync of a partner' : 'as the last comparison with each partner found it'))];
  if (view.role === 'primary') {
    const list = view.subscriptions.filter(s => s.active && s.changed);
    if (!list.length) return [...made, empty('Every partner has what was published.')];
    return [...made, table(['Subscription', 'Company', 'Slice changed', 'Last good sync'], list.map(s => [element('strong', {}, s.name), s.partner, moment(s.slice.content_date), ago(s.last_good)]), 'What differs')];
  }
  const latest = {};
  for (const start of view.starts) for (const r of start.reports) if (start.ended_at && !latest[r.partner.id]) latest[r.partner.id] = [start, r];
  const rows = Object.values(latest).filter(([start]) => start.test).flatMap(([start, r]) => r.results.filter(one => one.outcome !== 'unchanged').map(one => [
    element('strong', {}, one.name), r.partner.name, [one.outcome === 'synced' ? `${plural(one.added, 'grain')} to come, ${number(one.removed)} to go, ${bytes(one.bytes)}` : badge(one.outcome), why(one.error)], moment(start.ended_at),
  ]));
  if (!rows.length) return [...made, empty(Object.keys(latest).length ? 'Nothing, as of the last sync or comparison with each partner.' : 'Nobody has compared yet: choose Compare at a partner.')];
  return [...made, table(['Subscription', 'Company', 'Difference', 'Compared'], rows, 'What differs')];
}

function starts() {
  const made = [title('Last syncs', element('small', {}, 'that a schedule, a scope or a person started'))];
  if (view.role === 'primary') return [...made, empty('Partners start their syncs on their own servers; the activity below shows them.')];
  if (!view.starts.length) return [...made, empty('No sync was started yet.')];
  return [...made, table(['Sync', 'With', 'State', 'Result', 'Started'], view.starts.map(s => {
    const results = s.reports.flatMap(r => r.results);
    return [
      `${s.test ? 'comparison' : 'sync'} ${s.id}`, s.company === zero ? 'all partners' : partnerOf(s.company),
      [badge({ waiting: 'pending', running: 'running', synced: 'synced', failed: 'failed' }[s.state]), why(s.reason)],
      s.reports.length ? `${plural(results.length, 'subscription')}, ${number(results.reduce((n, r) => n + r.added, 0))} added, ${number(results.reduce((n, r) => n + r.removed, 0))} removed` : '–',
      running(s.created_at),
    ];
  }), 'Last syncs', view.starts.map(s => s.id))];
}

function activities() {
  const made = [title('Activity', element('small', {}, view.activities_total > view.activities.length ? `the newest ${view.activities.length} of ${number(view.activities_total)}` : ''))];
  if (!view.activities.length) return [...made, empty('Nothing was exchanged yet.')];
  return [...made, table(['When', 'Company', 'What', 'Outcome', 'Grains', 'Size', 'Took'], view.activities.map(a => [
    moment(a.created_at), partnerOf(a.company_id), a.message, [badge(a.success ? 'done' : 'failed'), a.test ? [' ', badge('test')] : '', why(a.error)],
    `${number(a.grains_added ?? 0)} added, ${number(a.grains_removed ?? 0)} removed`, bytes(a.bytes ?? 0), a.duration < 1e9 ? `${Math.round(a.duration / 1e6)} ms` : span(a.duration / 1e6),
  ]), 'Activity')];
}

setInterval(tick, 1000);
follow(draw, 4000, 4000);
