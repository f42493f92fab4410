// The returns portal: a page over the search function. Every search is one
// request in InstantSearch's protocol: the hits, and for each facet its counts
// without its own refinement.

const $ = id => document.getElementById(id);
const day = 86_400_000;
const pageSize = 20;
const lastReachable = 1000 / pageSize - 1; // the service pages through the first 1,000
const open = '__m__', close = '__/m__'; // around matches
const shownValues = 6;

const facets = [
  { field: 'status', title: 'Status', label: words },
  { field: 'item.reason', title: 'Reason', label: text => text },
  { field: 'courier', title: 'Courier', label: text => text },
];
const spans = [['1', 'Last 24 hours'], ['7', 'Last 7 days'], ['30', 'Last 30 days'], ['90', 'Last 90 days']];
const sorts = { '': 'Latest status first', updatedAt_desc: 'Recently changed', createdAt_asc: 'Oldest return first', 'refund.amountMinor_desc': 'Highest refund' };
const moods = { RESTOCKED: 'good', LOST: 'bad', DAMAGED: 'bad', QUARANTINED: 'bad', PICKUP_CANCELLED: 'bad', AWAITING_PICKUP: 'wait' };
const details = [
  ['Order', 'orderNumber'], ['Marketplace order', 'vendorOrderNumber'], ['Tracking', 'trackingId'], ['Courier', 'courier'], ['Channel', 'channel'],
  ['SKU', 'item.sku'], ['EAN', 'item.ean'], ['Quantity', 'item.quantity'], ['Reason', 'item.reason'], ['More on the reason', 'item.subReason'],
  ['Condition', 'item.condition'], ['Quality check', 'item.qcReasons'], ['Resolution', 'resolution'], ['Refund', 'refund.amountMinor'], ['Refund by', 'refund.mode'], ['Refund status', 'refund.status'],
  ['Customer', 'customer.name'], ['Pickup', 'pickup.city'], ['Returned to', 'dropLocation'],
  ['Requested', 'requestedAt'], ['Picked up', 'pickedUpAt'], ['Delivered', 'deliveredAt'], ['Received', 'receivedAt'], ['Completed', 'completedAt'], ['Cancelled', 'cancelledAt'],
];

const coded = ['item.condition', 'resolution', 'refund.mode', 'refund.status']; // their values are words in capitals

let config, tenant, state, sequence = 0, timer, retry, opened = {};

// words turns RETURN_IN_PROCESSING into Return in processing.
function words(text) {
  const lower = String(text).replaceAll('_', ' ').toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

// at returns what is at a path such as item.sku.
const at = (record, path) => path.split('.').reduce((value, name) => value?.[name], record);

// element makes an element with attributes and children; texts stay texts.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== undefined && child !== null && child !== ''));
  return made;
}

// marked splits a highlighted text into texts and <mark>s.
function marked(hit, path) {
  const highlighted = at(hit._highlightResult, path)?.value;
  if (!highlighted) return [at(hit, path) ?? ''];
  return highlighted.split(open).flatMap((part, i) => {
    if (i === 0) return [part];
    const [inside, ...rest] = part.split(close);
    return [element('mark', {}, inside), rest.join(close)];
  }).filter(part => part !== '');
}

// The state lives behind the # of the address, so that back, reload and links work.
function readState() {
  const p = new URLSearchParams(location.hash.slice(1));
  return {
    query: p.get('q') ?? '', account: p.get('account'), sort: p.get('sort') ?? '', span: p.get('span') ?? '', page: Math.min(lastReachable, Math.max(0, Number(p.get('page') ?? 1) - 1)) || 0,
    chosen: Object.fromEntries(facets.map(f => [f.field, new Set(p.getAll(f.field))])),
  };
}

function writeState(push) {
  const p = new URLSearchParams();
  if (state.query) p.set('q', state.query);
  for (const f of facets) for (const value of state.chosen[f.field]) p.append(f.field, value);
  for (const name of ['span', 'sort']) if (state[name]) p.set(name, state[name]);
  if (state.page) p.set('page', state.page + 1);
  if (config.tenants.length > 1) p.set('account', tenant.account);
  history[push ? 'pushState' : 'replaceState'](null, '', '#' + p);
}

// change applies a change to the state and searches.
function change(update, push = true) {
  state.page = 0;
  update();
  writeState(push);
  search();
}

// filtersBut returns the chosen filters without one facet's own.
function filtersBut(field) {
  const facetFilters = facets.filter(f => f.field !== field && state.chosen[f.field].size)
    .map(f => [...state.chosen[f.field]].map(value => `${f.field}:${value.replace(/^-/, '\\-')}`));
  const numericFilters = field !== 'span' && state.span ? [`statusAt>=${since(state.span)}`] : [];
  return { facetFilters, numericFilters };
}

// since is rounded to the minute, so that equal searches are equal texts.
const since = days => Math.floor((Date.now() - days * day) / 60_000) * 60_000;

function requests() {
  const base = { query: state.query, maxValuesPerFacet: 50 };
  const indexName = config.index + (state.sort ? '_' + state.sort : '');
  const ask = params => ({ indexName: config.index, params: { ...base, hitsPerPage: 0, ...params } });
  return [
    { indexName, params: { ...base, ...filtersBut(), page: state.page, hitsPerPage: pageSize, highlightPreTag: open, highlightPostTag: close } },
    ...facets.map(f => ask({ ...filtersBut(f.field), facets: [f.field] })),
    ...spans.map(([days]) => ask({ ...filtersBut('span'), numericFilters: [`statusAt>=${since(days)}`] })),
  ];
}

async function search() {
  const mine = ++sequence, { query } = state;
  clearTimeout(retry);
  $('hits').classList.add('waiting');
  let response, answer;
  try {
    response = await fetch(config.search, {
      method: 'POST', headers: { Authorization: 'Bearer ' + tenant.token, 'Content-Type': 'application/json' },
      body: JSON.stringify({ requests: requests() }), signal: AbortSignal.timeout(15_000),
    });
    answer = await response.json();
  } catch {
    answer = { error: { message: response ? 'The search cannot be reached at the moment.' : 'The search does not answer. Are you online?' } };
  }
  if (mine !== sequence) return; // a newer search is under way
  if (!response?.ok || !answer.results) return fail(response, answer?.error); // what is shown answers an older question, so it stays dimmed
  $('hits').classList.remove('waiting');
  $('hits').dataset.query = query; // what the shown list answers
  show(answer);
}

function fail(response, error) {
  const status = response?.status;
  const signIn = status === 401 || status === 403;
  let text = signIn ? 'Your sign-in has ended. Load the page again to sign in.' : sentence(error?.message ?? 'searching failed for an unknown reason');
  const wait = Number(response?.headers.get('Retry-After')) || (status === 503 || !status || response.ok ? 5 : 0); // an answer that broke off had a good status
  if (wait) {
    text += ` Trying again in ${wait} s.`;
    retry = setTimeout(search, wait * 1000);
  }
  notice(text, true, element('button', { type: 'button', onclick: signIn ? () => location.reload() : search }, signIn ? 'Load again' : 'Try now'));
  $('count').textContent = 'No answer';
}

// sentence gives a text a capital and a full stop.
const sentence = text => text.charAt(0).toUpperCase() + text.slice(1).replace(/[.!?]?$/, end => end || '.');

function notice(text, isError, ...more) {
  $('notice').hidden = !text;
  $('notice').className = isError ? 'error' : '';
  $('notice').replaceChildren(text ?? '', ...more);
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
const whole = new Intl.NumberFormat('en-GB');

function when(date) {
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : dates.format(date);
}

function age(date) {
  const minutes = Math.max(0, Math.round((Date.now() - date) / 60_000));
  if (minutes < 2) return 'a minute ago';
  if (minutes < 120) return `${minutes} minutes ago`;
  if (minutes < 2880) return `${Math.round(minutes / 60)} hours ago`;
  return `${Math.round(minutes / 1440)} days ago`;
}

function showAsOf({ asOf, stale }) {
  const date = asOf ? new Date(asOf) : null;
  $('asof').textContent = date ? `Returns as of ${when(date)}` : '';
  $('asof').title = date ? dates.format(date) : '';
  $('asof').classList.toggle('stale', stale);
  if (!date) notice('The returns have not been loaded yet. What you see may be incomplete.');
  else if (stale) notice(`These returns may be out of date: they were last checked ${age(date)}, at ${when(date)}. Newer changes are missing.`);
  else notice();
}

function show(answer) {
  const [main, ...rest] = answer.results;
  showAsOf(answer);
  if (main.countsWithheld) Object.assign(main, {nbHits: main.hits.length, nbPages: 1});
  const lastPage = Math.max(0, main.nbPages - 1);
  if (state.page > lastPage) return change(() => { state.page = lastPage; }, false);
  $('count').textContent = main.countsWithheld ? 'Counts are shown again after the index is rebuilt' : main.nbHits === 1 ? '1 returned item' : `${whole.format(main.nbHits)} returned items`;
  $('hits').replaceChildren(...(main.hits.length ? main.hits.map(hitOf) : [emptyOf()]));
  $('pages').hidden = main.nbPages < 2;
  $('page').textContent = `Page ${state.page + 1} of ${main.nbPages}`;
  $('previous').disabled = state.page === 0;
  $('next').disabled = state.page >= lastPage;
  $('deep').hidden = !(state.page >= lastPage && main.nbHits > main.nbPages * pageSize);
  showFacets(rest);
  showChosen();
}

function hitOf(hit) {
  const place = [at(hit, 'pickup.city'), at(hit, 'pickup.state')].filter(Boolean).join(', ');
  const facts = [marked(hit, 'returnNumber'), ['order ', ...marked(hit, 'orderNumber')], marked(hit, 'item.sku'), marked(hit, 'customer.name'), [place]];
  if (state.query && matches(hit, 'trackingId')) facts.push(['tracking ', ...marked(hit, 'trackingId')]);
  return element('li', {}, element('details', { ontoggle: event => event.target.open && fill(event.target, hit) },
    element('summary', {},
      element('span', { class: 'name' }, ...marked(hit, 'item.name')),
      element('span', { class: 'side' }, element('span', { class: 'badge ' + (moods[hit.status] ?? '') }, words(hit.status))),
      element('span', { class: 'facts' }, ...joined(facts)),
      element('span', { class: 'side when', title: 'since' }, hit.statusAt ? when(new Date(hit.statusAt)) : ''))));
}

const matches = (hit, path) => (at(hit._highlightResult, path)?.matchLevel ?? 'none') !== 'none';

// joined puts dots between what is not empty.
function joined(parts) {
  return parts.filter(part => part.some(p => p && p !== 'order ')).flatMap((part, i) => [i ? ' · ' : '', element('span', {}, ...part)]);
}

function fill(box, hit) {
  if (box.querySelector('dl')) return;
  box.append(element('dl', {}, ...details.flatMap(([title, path]) => {
    const value = valueOf(hit, path);
    return value.length ? [element('div', {}, element('dt', {}, title), element('dd', {}, ...value))] : [];
  })));
}

function valueOf(hit, path) {
  const value = at(hit, path);
  if (value === undefined || value === null || value === '' || value?.length === 0) return [];
  if (path.endsWith('At')) return [dates.format(new Date(value))];
  if (path === 'refund.amountMinor') return [money(value, at(hit, 'refund.currency'))];
  if (path === 'pickup.city') return [[value, at(hit, 'pickup.state'), at(hit, 'pickup.postalCode')].filter(Boolean).join(', ')];
  if (Array.isArray(value)) return [value.map(words).join(', ')];
  return coded.includes(path) && value !== 'UPI' ? [words(value)] : marked(hit, path);
}

function money(minor, currency) {
  try {
    return new Intl.NumberFormat('en-IN', { style: 'currency', currency }).format(minor / 100);
  } catch {
    return (minor / 100).toFixed(2);
  }
}

const refined = () => state.span || facets.some(f => state.chosen[f.field].size);

function emptyOf() {
  const clear = refined() ? element('button', { type: 'button', onclick: clearFilters }, 'Clear filters')
    : element('button', { type: 'button', onclick: () => change(() => { state.query = $('query').value = ''; }) }, 'Show all returns');
  return element('li', { class: 'empty' },
    element('strong', {}, state.query ? `No returns match “${state.query}”` : 'No returns match these filters'),
    refined() ? 'The filters may be too narrow.' : 'Check the spelling, or search by another number.', element('br'), state.query || refined() ? clear : '');
}

function clearFilters() {
  change(() => { state.span = ''; for (const f of facets) state.chosen[f.field].clear(); });
}

function showFacets(results) {
  const focused = document.activeElement?.dataset?.key;
  const boxes = facets.map((f, i) => facetOf(f, results[i].facets?.[f.field] ?? {}));
  const counts = results.slice(facets.length).map(result => result.nbHits);
  boxes.splice(1, 0, spansOf(counts));
  $('facets').replaceChildren(...boxes);
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function facetOf(f, counts) {
  const chosen = state.chosen[f.field];
  const values = [...new Set([...chosen, ...Object.keys(counts)])].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a.localeCompare(b));
  const shown = opened[f.field] ? values : values.filter((value, i) => i < shownValues || chosen.has(value));
  const more = values.length - shown.length;
  return element('fieldset', {}, element('legend', {}, f.title),
    ...shown.map(value => choice('checkbox', f.field, value, f.label(value), counts[value] ?? 0, chosen.has(value),
      () => chosen.has(value) ? chosen.delete(value) : chosen.add(value))),
    values.length ? '' : element('small', { class: 'when' }, 'none here'),
    more > 0 || opened[f.field] ? element('button', { type: 'button', class: 'more', onclick: () => { opened[f.field] = more > 0; search(); } }, more > 0 ? `${more} more` : 'Fewer') : '');
}

function spansOf(counts) {
  const all = choice('radio', 'span', '', 'Any time', undefined, !state.span, () => { state.span = ''; });
  return element('fieldset', {}, element('legend', {}, 'Latest status'), all,
    ...spans.map(([days, title], i) => choice('radio', 'span', days, title, counts[i], state.span === days, () => { state.span = days; })));
}

function choice(type, group, value, label, count, checked, pick) {
  return element('label', { class: 'value' },
    element('input', { type, name: group, checked, 'data-key': `${group}:${value}`, onchange: () => change(pick) }),
    element('span', {}, label), count === undefined ? '' : element('small', {}, whole.format(count)));
}

function showChosen() {
  const chips = facets.flatMap(f => [...state.chosen[f.field]].map(value => chip(f.label(value), () => state.chosen[f.field].delete(value))));
  if (state.span) chips.push(chip(spans.find(([days]) => days === state.span)?.[1] ?? state.span, () => { state.span = ''; }));
  if (chips.length > 1) chips.push(element('button', { type: 'button', onclick: clearFilters }, 'Clear all'));
  $('chosen').replaceChildren(...chips);
  $('toggle').textContent = chips.length ? `Filters (${chips.length > 1 ? chips.length - 1 : 1})` : 'Filters';
}

function chip(label, drop) {
  return element('button', { type: 'button', title: 'Remove this filter', onclick: () => change(drop) }, `${label} ×`);
}

function keys(event) {
  const typing = event.target.matches('input[type=search], select');
  const rows = [...document.querySelectorAll('#hits summary')];
  const here = rows.indexOf(document.activeElement);
  if (event.key === '/' && !typing) $('query').focus();
  else if (event.key === 'Escape' && event.target === $('query') && $('query').value) change(() => { state.query = $('query').value = ''; });
  else if (event.key === 'Escape') $('query').focus();
  else if (event.key === 'ArrowDown' && (here >= 0 || event.target === $('query'))) rows[Math.min(here + 1, rows.length - 1)]?.focus();
  else if (event.key === 'ArrowUp' && here >= 0) (rows[here - 1] ?? $('query')).focus();
  else return;
  event.preventDefault();
}

function restore() {
  state = readState();
  tenant = config.tenants.find(t => t.account === state.account) ?? config.tenants[0];
  $('tenant').value = tenant.account;
  $('query').value = state.query;
  if (![...$('sort').options].some(o => o.value === state.sort)) state.sort = '';
  $('sort').value = state.sort;
  search();
}

// offerSorts reads from the service's own description which orders it has.
async function offerSorts() {
  const description = await (await fetch(config.search + '/openapi.json')).json();
  const names = description.paths['/'].get.parameters.find(p => p.name === 'sort').schema.enum;
  $('sort').replaceChildren(...names.map(name => element('option', { value: name }, sorts[name] ?? name)));
  $('sorting').hidden = names.length < 2;
}

function turn(by) {
  state.page += by;
  writeState(true);
  search();
  scrollTo({ top: 0 });
}

async function start() {
  config = await (await fetch('portal.json')).json();
  if (!config.tenants?.length) throw new Error('there is no account to search');
  $('tenant').replaceChildren(...config.tenants.map(t => element('option', { value: t.account }, t.account)));
  await offerSorts();
  $('search').addEventListener('submit', event => { event.preventDefault(); clearTimeout(timer); change(() => { state.query = $('query').value; }); });
  $('query').addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => change(() => { state.query = $('query').value; }, false), 120); });
  $('tenant').addEventListener('change', () => change(() => {
    tenant = config.tenants.find(t => t.account === $('tenant').value);
    for (const f of facets) state.chosen[f.field].clear();
  }));
  $('sort').addEventListener('change', () => change(() => { state.sort = $('sort').value; }));
  $('previous').addEventListener('click', () => turn(-1));
  $('next').addEventListener('click', () => turn(1));
  $('toggle').addEventListener('click', () => $('toggle').setAttribute('aria-expanded', $('toggle').getAttribute('aria-expanded') === 'false'));
  addEventListener('keydown', keys);
  addEventListener('popstate', restore);
  restore();
}

start().catch(error => {
  $('count').textContent = '';
  notice(`The page cannot start: ${error.message}. Load it again in a moment.`, true);
});
