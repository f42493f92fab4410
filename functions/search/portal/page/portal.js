// The returns portal: a page over the search function, and a model for other front ends.
// Every search is one request in InstantSearch's protocol: the hits with the counts of all
// facets, and for each refined facet its counts without its own refinement. Each query is
// billed, so typing is waited out, an older search is cancelled, and an answer of the last
// minute is used again.

import { $, data, element, offerOthers, offerTenants } from './parts.js';
import { age, compare, date, duration, here, money, nodes, number, say, seconds, when, words } from './language.js';

const day = 86_400_000;
const pageSize = 20;
const lastReachable = 1000 / pageSize - 1; // the service pages through the first 1,000
const open = '__m__', close = '__/m__'; // around matches
const shownValues = 6;

const facets = [
  { field: 'status', label: words },
  { field: 'item.reason', label: text => text },
  { field: 'courier', label: text => text },
];
const spans = [1, 7, 30, 90]; // days
const sorts = { '': 'sortStatus', updatedAt_desc: 'sortChanged', createdAt_asc: 'sortOldest', 'refund.amountMinor_desc': 'sortRefund' };
const moods = { RESTOCKED: 'good', LOST: 'bad', DAMAGED: 'bad', QUARANTINED: 'bad', PICKUP_CANCELLED: 'bad', AWAITING_PICKUP: 'wait' };
const details = [
  'orderNumber', 'vendorOrderNumber', 'trackingId', 'courier', 'channel', 'item.sku', 'item.ean', 'item.quantity', 'item.reason', 'item.subReason',
  'item.condition', 'item.qcReasons', 'resolution', 'refund.amountMinor', 'refund.mode', 'refund.status', 'customer.name', 'pickup.city', 'dropLocation',
  'requestedAt', 'pickedUpAt', 'deliveredAt', 'receivedAt', 'completedAt', 'cancelledAt',
];
const titleOf = field => say('field.' + field);

const coded = ['item.condition', 'resolution', 'refund.mode', 'refund.status']; // their values are words in capitals

let config, tenant, state, timer, retry, under, asof, opened = {};

// at returns what is at a path such as item.sku.
const at = (record, path) => path.split('.').reduce((value, name) => value?.[name], record);

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

// A return has a page of its own, by its number: /RT1000399.
const one = decodeURIComponent(location.pathname.split('/').pop());

// The state lives behind the # of the address, so that back, reload and links work. What
// makes no sense in it is ignored.
function readState() {
  const p = new URLSearchParams(location.hash.slice(1)), page = Math.trunc(Number(p.get('page') ?? 1)) - 1;
  return {
    query: one || (p.get('q') ?? '').slice(0, 200), account: p.get('account'), sort: p.get('sort') ?? '', span: spans.find(days => String(days) === p.get('span')), grouped: p.get('group') === 'return',
    page: Math.min(lastReachable, Math.max(0, page)) || 0,
    chosen: Object.fromEntries(facets.map(f => [f.field, new Set(p.getAll(f.field))])),
  };
}

function writeState(push) {
  const p = new URLSearchParams();
  if (state.query) p.set('q', state.query);
  for (const f of facets) for (const value of state.chosen[f.field]) p.append(f.field, value);
  for (const name of ['span', 'sort']) if (state[name]) p.set(name, state[name]);
  if (state.page) p.set('page', state.page + 1);
  if (state.grouped) p.set('group', 'return');
  if (config.tenants.length > 1) p.set('account', tenant.account);
  history[push ? 'pushState' : 'replaceState'](null, '', '#' + p);
}

// change applies a change to the state and searches; again asks even for what is known.
function change(update, push = true, again = false) {
  state.page = 0;
  update();
  writeState(push);
  search(again);
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

// Answers by their requests, with the time of each: one of the last minute is used again.
const answers = new Map(), fresh = 60_000, mostAnswers = 200;
const keyOf = request => JSON.stringify([tenant.account, request]);

// ask makes a request without hits, for counts. Its facets are always all of them, so that
// the counts of one search serve as those of another.
const ask = params => ({ indexName: config.index, params: { query: state.query, maxValuesPerFacet: 50, hitsPerPage: 0, facets: facets.map(f => f.field), ...params } });

// hitsOf is the request for a page of hits.
function hitsOf(page, size, more = {}) {
  const alone = one ? { restrictSearchableAttributes: ['returnNumber'], typoTolerance: false } : {};
  return { indexName: config.index + (state.sort ? '_' + state.sort : ''), params: { query: state.query, maxValuesPerFacet: 50, facets: facets.map(f => f.field), ...filtersBut(), page, hitsPerPage: size,
    ...(state.grouped ? { distinct: true } : {}), highlightPreTag: open, highlightPostTag: close, ...alone, ...more } };
}

// requests are those of the state: the hits, and for each refined facet its counts.
function requests() {
  return [hitsOf(state.page, pageSize), ...facets.map(f => state.chosen[f.field].size ? ask(filtersBut(f.field)) : undefined)];
}

// keep keeps an answer; the counts of one with hits serve for a request without them.
function keep(request, result) {
  const at = Date.now();
  if (answers.size >= mostAnswers) answers.delete(answers.keys().next().value);
  answers.set(keyOf(request), { at, result });
  const { facetFilters, numericFilters } = request.params;
  if (request.params.page === 0 && !one && !request.params.distinct) answers.set(keyOf(ask({ query: request.params.query, facetFilters, numericFilters })), { at, result });
}

// known returns the answers to requests; undefined for those that have to be asked.
const known = list => list.map(request => {
  const kept = request && answers.get(keyOf(request));
  return kept && Date.now() - kept.at < fresh ? kept.result : undefined;
});

// send asks the service; the answers are kept.
async function send(list, signal) {
  const asked = list.filter((request, i) => request && !known(list)[i]);
  if (!asked.length) return { results: [] };
  const response = await fetch(config.search, {
    method: 'POST', headers: { Authorization: 'Bearer ' + tenant.token, 'Content-Type': 'application/json' }, body: JSON.stringify({ requests: asked }), signal,
  });
  let answer;
  try {
    answer = await response.json();
  } catch (problem) {
    if (signal.aborted) throw problem;
    answer = { error: { key: 'unreachable' } };
  }
  if (response.ok && answer.results) asked.forEach((request, i) => keep(request, answer.results[i]));
  return { ...answer, response };
}

// search shows the state's answer; an older search that is still under way is cancelled.
// again asks even for what is known.
async function search(again = false) {
  const { query } = state, list = requests();
  clearTimeout(retry);
  under?.abort();
  const mine = under = new AbortController(), late = setTimeout(() => mine.abort('late'), 15_000);
  if (again === true) for (const request of list) if (request) answers.delete(keyOf(request));
  $('hits').classList.add('waiting');
  let answer;
  try {
    answer = await send(list, mine.signal);
  } catch {
    answer = { error: { key: 'offline' } };
  }
  clearTimeout(late);
  if (mine !== under) return; // a newer search is under way
  if (!answer.results) return fail(answer.response, answer.error); // what is shown answers an older question, so it stays dimmed
  $('hits').classList.remove('waiting');
  $('hits').dataset.query = query; // what the shown list answers
  if (answer.response) asof = { asOf: answer.asOf, stale: answer.stale, at: Date.now() };
  const [hits, ...counts] = known(list);
  show(hits, counts.map(result => result ?? hits));
}

function fail(response, error) {
  const status = response?.status;
  const signIn = status === 401 || status === 403;
  const text = signIn ? nodes('signInEnded') : error?.key ? nodes(error.key) : nodes('searchFailed', { problem: data(error?.message ?? String(status)) });
  const wait = Number(response?.headers.get('Retry-After')) || (status === 503 || !status || response.ok ? 5 : 0); // an answer that broke off had a good status
  if (wait) {
    text.push(' ', say('again', { wait: seconds(wait) }));
    retry = setTimeout(() => search(), wait * 1000);
  }
  notice(text, true, element('button', { type: 'button', onclick: signIn ? () => location.reload() : () => search() }, say(signIn ? 'loadAgain' : 'tryNow')));
  $('count').textContent = say('noAnswer');
}

// notice shows a text, which may have elements, and takes an older one away.
function notice(text, isError, ...more) {
  $('notice').hidden = !text;
  $('notice').className = isError ? 'error' : '';
  $('notice').replaceChildren(...[text ?? ''].flat(), ...more);
}

// unconfirmed is the age of the last answer from which on the page says that it is old.
const unconfirmed = 5 * 60_000;

// showAsOf says as of when the returns are; it ages with the page. An error stays until
// there is an answer.
function showAsOf(answered) {
  if (!asof) return;
  const { asOf, stale, at } = asof, time = asOf ? new Date(asOf) : null, silent = Date.now() - at > unconfirmed;
  $('asof').textContent = time ? say('returnsAsOf', { time: when(time), age: age(time) }) : '';
  $('asof').title = time ? date(time) : '';
  $('asof').classList.toggle('stale', stale || silent);
  if ($('notice').className === 'error' && !$('notice').hidden && !answered) return;
  if (!time) notice(say('returnsNotLoaded'));
  else if (stale) notice(say('stale', { age: age(time), time: when(time) }));
  else if (silent) notice(say('silent', { time: duration(Date.now() - at) }));
  else notice();
}

// renew asks again for what a visible page shows, once a minute and when it is looked at.
function renew() {
  if (asof) showAsOf();
  if (document.visibilityState === 'visible' && asof && Date.now() - asof.at >= fresh && !$('hits').classList.contains('waiting')) search(true);
}

function show(main, counts) {
  showAsOf(true);
  if (main.countsWithheld) Object.assign(main, {nbHits: main.hits.length, nbPages: 1});
  const lastPage = Math.max(0, main.nbPages - 1);
  if (state.page > lastPage) return change(() => { state.page = lastPage; }, false);
  $('count').textContent = main.countsWithheld ? say('countsWithheld') : say(state.grouped ? 'countReturns' : 'countItems', { n: main.nbHits });
  const pictured = main.hits.some(hit => at(hit, 'item.imageUrl'));
  $('hits').replaceChildren(...(main.hits.length ? main.hits.map(hit => hitOf(hit, pictured)) : [emptyOf()]));
  if (one) for (const details of document.querySelectorAll('#hits details')) details.open = true;
  $('pages').hidden = main.nbPages < 2;
  $('page').textContent = say('pageOf', { page: state.page + 1, pages: main.nbPages });
  $('previous').disabled = state.page === 0;
  $('next').disabled = state.page >= lastPage;
  $('deep').hidden = !(state.page >= lastPage && main.nbHits > main.nbPages * pageSize);
  $('csv').hidden = !main.hits.length;
  showFacets(counts);
  showChosen();
}

// pictureOf is an item's picture in a place of fixed size, which stays empty if there is
// none. Pictures come from this page's own address alone: the configuration says which
// addresses of records those are, and where their pictures are served.
function pictureOf(hit) {
  const place = element('span', { class: 'picture' }), address = String(at(hit, 'item.imageUrl') ?? '');
  const [from, to] = Object.entries(config.pictures ?? {}).find(([prefix]) => address.startsWith(prefix)) ?? [];
  if (from) {
    place.append(element('img', { src: to + address.slice(from.length), alt: say('pictureOf', { name: at(hit, 'item.name') ?? '' }), width: 48, height: 60, loading: 'lazy', decoding: 'async',
      onerror: event => event.target.remove() }));
  }
  return place;
}

function hitOf(hit, pictured) {
  return element('li', {}, element('details', { ontoggle: event => event.target.open && fill(event.target, hit) },
    element('summary', { class: pictured && 'pictured' }, pictured ? pictureOf(hit) : '',
      element('span', { class: 'name' }, data(...marked(hit, 'item.name'))),
      element('span', { class: 'side' }, element('span', { class: 'badge ' + (moods[hit.status] ?? '') }, data(words(hit.status)))),
      element('span', { class: 'facts' }, ...factsOf(hit)),
      element('span', { class: 'side when', title: say('since') }, hit.statusAt ? when(new Date(hit.statusAt)) : ''))));
}

const matches = (hit, path) => (at(hit._highlightResult, path)?.matchLevel ?? 'none') !== 'none';

// factsOf lists the facts of a row with dots between them; what is empty is left out.
function factsOf(hit) {
  const place = [at(hit, 'pickup.city'), at(hit, 'pickup.state')].filter(Boolean).join(', ');
  const paths = ['returnNumber', 'orderNumber', 'item.sku', 'customer.name', ...(state.query && matches(hit, 'trackingId') ? ['trackingId'] : [])];
  const facts = paths.filter(path => at(hit, path)).map(path => {
    const value = data(...marked(hit, path)), named = { orderNumber: 'order', trackingId: 'tracking' }[path];
    return named ? nodes(named, { number: value }) : [value];
  });
  if (place) facts.splice(4, 0, [data(place)]);
  return facts.flatMap((part, i) => [i ? ' · ' : '', element('span', {}, ...part)]);
}

function fill(box, hit) {
  if (box.querySelector('dl')) return;
  const page = here(encodeURIComponent(hit.returnNumber)) + (config.tenants.length > 1 ? '#account=' + encodeURIComponent(tenant.account) : '');
  box.append(element('dl', {}, ...details.flatMap(path => {
    const value = valueOf(hit, path);
    return value.length ? [element('div', {}, element('dt', {}, titleOf(path)), element('dd', {}, ...value))] : [];
  }), one ? '' : element('div', {}, element('dt', {}, say('page')), element('dd', {}, element('a', { href: page }, ...nodes('oneReturn', { number: data(hit.returnNumber) }))))));
}

// download makes a CSV file of the filtered list, as far as it can be paged through.
async function download() {
  const size = 100, most = 1000 / size, rows = [[...['returnNumber', 'status', 'statusAt', 'item.name'], ...details].map(titleOf)];
  $('csv').disabled = true;
  try {
    for (let page = 0, pages = 1; page < Math.min(pages, most); page++) {
      const request = hitsOf(page, size, { highlightPreTag: '', highlightPostTag: '', attributesToHighlight: [] });
      const answer = await send([request], AbortSignal.timeout(30_000));
      if (answer.error) throw new Error(answer.error.key ? say(answer.error.key) : answer.error.message);
      const [result] = known([request]);
      pages = result.nbPages;
      for (const hit of result.hits) rows.push([hit.returnNumber, hit.status, hit.statusAt ? new Date(hit.statusAt).toISOString() : '', at(hit, 'item.name'), ...details.map(path => path.endsWith('At') && at(hit, path) ? new Date(at(hit, path)).toISOString() : at(hit, path))]);
    }
    // A spreadsheet takes a text that begins so for a formula.
    const cell = value => `"${String(value ?? '').replace(/^([=+\-@\t\r])/, "'$1").replaceAll('"', '""')}"`;
    const file = URL.createObjectURL(new Blob(['\ufeff', rows.map(row => row.map(cell).join(',')).join('\r\n')], { type: 'text/csv' }));
    element('a', { href: file, download: 'returns.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60_000);
  } catch (problem) {
    notice(nodes('noFile', { problem: data(problem.message) }), true);
  }
  $('csv').disabled = false;
}

function valueOf(hit, path) {
  const value = at(hit, path);
  if (value === undefined || value === null || value === '' || value?.length === 0) return [];
  if (path.endsWith('At')) return [date(new Date(value))];
  if (path === 'refund.amountMinor') return [money(value, at(hit, 'refund.currency'))];
  if (path === 'item.quantity') return [number(value)];
  if (path === 'pickup.city') return [data([value, at(hit, 'pickup.state'), at(hit, 'pickup.postalCode')].filter(Boolean).join(', '))];
  if (Array.isArray(value)) return [data(value.map(words).join(', '))];
  return [data(...(coded.includes(path) ? [words(value)] : marked(hit, path)))];
}

const refined = () => state.span || facets.some(f => state.chosen[f.field].size);

function emptyOf() {
  const clear = refined() ? element('button', { type: 'button', onclick: clearFilters }, say('clearFilters'))
    : element('button', { type: 'button', onclick: () => change(() => { state.query = $('query').value = ''; }) }, say('showAll'));
  return element('li', { class: 'empty' },
    element('strong', {}, ...(state.query ? nodes('noneMatchQuery', { query: data(state.query) }) : nodes('noneMatchFilters'))),
    say(refined() ? 'tooNarrow' : 'checkSpelling'), element('br'), state.query || refined() ? clear : '');
}

function clearFilters() {
  change(() => { state.span = undefined; for (const f of facets) state.chosen[f.field].clear(); });
}

function showFacets(results) {
  const focused = document.activeElement?.dataset?.key;
  const boxes = facets.map((f, i) => facetOf(f, results[i].facets?.[f.field] ?? {}));
  boxes.splice(1, 0, spansOf());
  $('facets').replaceChildren(...boxes);
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function facetOf(f, counts) {
  const chosen = state.chosen[f.field];
  const values = [...new Set([...chosen, ...Object.keys(counts)])].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || compare(a, b));
  const shown = opened[f.field] ? values : values.filter((value, i) => i < shownValues || chosen.has(value));
  const more = values.length - shown.length;
  return element('fieldset', {}, element('legend', {}, titleOf(f.field)),
    ...shown.map(value => choice('checkbox', f.field, value, f.label(value), counts[value] ?? 0, chosen.has(value),
      () => chosen.has(value) ? chosen.delete(value) : chosen.add(value))),
    values.length ? '' : element('small', { class: 'when' }, say('noneHere')),
    more > 0 || opened[f.field] ? element('button', { type: 'button', class: 'more', onclick: () => { opened[f.field] = more > 0; search(); } }, more > 0 ? say('more', { n: more }) : say('fewer')) : '');
}

const spanTitle = days => days === 1 ? say('lastDay', { n: 24 }) : say('lastDays', { n: days });

// spanRequests are those for the counts of times, which people ask for by coming near.
const spanRequests = () => spans.map(days => ask({ ...filtersBut('span'), numericFilters: [`statusAt>=${since(days)}`], ...(state.grouped ? { distinct: true } : {}) }));

function spansOf() {
  const counts = known(spanRequests()).map(result => result?.nbHits);
  const all = choice('radio', 'span', '', say('anyTime'), undefined, !state.span, () => { state.span = undefined; });
  return element('fieldset', { id: 'spans', onpointerenter: countSpans, onfocusin: countSpans }, element('legend', {}, say('latestStatus')), all,
    ...spans.map((days, i) => choice('radio', 'span', days, spanTitle(days), counts[i], state.span === days, () => { state.span = days; })));
}

// countSpans puts counts beside the times.
async function countSpans() {
  const list = spanRequests();
  if (known(list).every(Boolean)) return;
  try {
    await send(list, AbortSignal.timeout(15_000));
  } catch {
    return; // the times work without counts
  }
  const focused = document.activeElement?.dataset?.key;
  document.querySelector('#spans')?.replaceWith(spansOf());
  if (focused?.startsWith('span:')) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function choice(type, group, value, label, count, checked, pick) {
  return element('label', { class: 'value' },
    element('input', { type, name: group, checked, 'data-key': `${group}:${value}`, onchange: () => change(pick) }),
    element('span', {}, data(label)), count === undefined ? '' : element('small', {}, number(count)));
}

function showChosen() {
  const chips = facets.flatMap(f => [...state.chosen[f.field]].map(value => chip(f.label(value), () => state.chosen[f.field].delete(value))));
  if (state.span) chips.push(chip(spanTitle(state.span), () => { state.span = undefined; }));
  if (chips.length > 1) chips.push(element('button', { type: 'button', onclick: clearFilters }, say('clearAll')));
  $('chosen').replaceChildren(...chips);
  $('toggle').textContent = chips.length ? say('filtersChosen', { chosen: chips.length > 1 ? chips.length - 1 : 1 }) : say('filters');
}

function chip(label, drop) {
  return element('button', { type: 'button', title: say('removeFilter'), onclick: () => change(drop) }, data(label), ' ×');
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
  $('grouped').checked = state.grouped;
  search();
}

// offerSorts reads from the service's own description which orders it has.
async function offerSorts() {
  const description = await (await fetch(config.search + '/openapi.json')).json();
  const names = description.paths['/'].get.parameters.find(p => p.name === 'sort').schema.enum;
  $('sort').replaceChildren(...names.map(name => element('option', { value: name, dir: 'auto' }, sorts[name] ? say(sorts[name]) : name)));
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
  if (!config.tenants?.length) throw new Error(say('noAccount'));
  offerOthers(config, './', config.index);
  offerTenants(config);
  $('csv').title = say('csvHint', { n: 1000 });
  $('deep').textContent = say('deep', { n: 1000 });
  await offerSorts();
  $('search').addEventListener('submit', event => { event.preventDefault(); clearTimeout(timer); change(() => { state.query = $('query').value; }, true, true); });
  $('query').addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => change(() => { state.query = $('query').value; }, false), 200); });
  $('grouped').addEventListener('change', () => change(() => { state.grouped = $('grouped').checked; }));
  $('csv').addEventListener('click', download);
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
  addEventListener('hashchange', restore);
  document.addEventListener('visibilitychange', renew);
  addEventListener('focus', renew);
  setInterval(renew, 15_000);
  if (one) {
    $('query').disabled = true;
    document.body.classList.add('one');
    document.title = say('oneReturn', { number: one });
  }
  restore();
}

start().catch(error => {
  $('count').textContent = '';
  notice(nodes('cannotStart', { problem: data(error.message) }), true);
});
