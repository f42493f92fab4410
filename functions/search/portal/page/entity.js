// The plain page of an entity: its records as they are, by the search function's GET.
// Facets and fields are those of the entity's definition.

import { $, data, element, offerOthers, offerTenants } from './parts.js';
import { compare, date, nodes, number, say, words } from './language.js';

const name = decodeURIComponent(location.pathname.split('/').pop());
const state = { page: 0, chosen: new Set() }; // chosen holds FIELD:VALUE
let config, under;

const token = () => config.tenants.find(t => t.account === $('tenant').value).token;

// ask searches; an older search that is still under way is cancelled.
async function ask() {
  under?.abort();
  const mine = under = new AbortController();
  const parameters = new URLSearchParams({ query: $('query').value, facets: '*', page: state.page });
  for (const filter of state.chosen) parameters.append('filter', filter);
  const query = $('query').value;
  $('hits').classList.add('waiting');
  try {
    const response = await fetch(`${config.search}?${parameters}`, { headers: { Authorization: 'Bearer ' + token() }, signal: mine.signal });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error.message);
    $('notice').hidden = true;
    $('hits').classList.remove('waiting');
    $('hits').dataset.query = query; // what the shown list answers
    show(answer);
  } catch (problem) {
    if (mine !== under) return; // a newer search is under way
    $('count').textContent = say('noAnswer');
    fail(problem);
  }
}

function fail(problem) {
  $('notice').replaceChildren(...nodes('searchFailed', { problem: data(problem.message) }));
  $('notice').hidden = false;
}

// change applies a change to the state and searches from the first page on.
function change(update) {
  state.page = 0;
  update?.();
  ask();
}

function show(answer) {
  $('count').textContent = answer.countsWithheld ? say('countsWithheld') : say('records', { n: answer.nbHits });
  $('asof').textContent = answer.asOf ? say('asOf', { time: date(new Date(answer.asOf)) }) : say('notLoaded');
  $('asof').classList.toggle('stale', answer.stale);
  $('hits').replaceChildren(...(answer.hits.length ? answer.hits.map(hitOf) : [element('li', { class: 'empty' }, element('strong', {}, say('noRecord')))]));
  $('pages').hidden = !(answer.nbPages > 1);
  $('page').textContent = say('pageOf', { page: answer.page + 1, pages: answer.nbPages });
  $('previous').disabled = answer.page === 0;
  $('next').disabled = answer.page + 1 >= answer.nbPages;
  const focused = document.activeElement?.dataset?.key;
  $('facets').replaceChildren(...Object.entries(answer.facets ?? {}).sort(([a], [b]) => compare(a, b)).map(facetOf));
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

// fieldsOf lists the fields of a record as paths with dots, and their values as texts.
function fieldsOf(value, path = '') {
  if (value === null || value === '') return [];
  if (Array.isArray(value)) return [[path, value.map(one => typeof one === 'object' ? JSON.stringify(one) : one).join(', ')]];
  if (typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).filter(([key]) => !key.startsWith('_')).flatMap(([key, inner]) => fieldsOf(inner, path ? `${path}.${key}` : key));
}

function hitOf(hit) {
  const { objectID, ...rest } = hit, fields = fieldsOf(rest);
  return element('li', {}, element('details', {},
    element('summary', {}, element('span', { class: 'name' }, data(objectID)), element('span', { class: 'facts' }, ...fields.slice(0, 4).flatMap(([, text], i) => [i ? ' · ' : '', element('span', {}, data(text.slice(0, 80)))]))),
    element('dl', {}, ...fields.map(([path, text]) => element('div', {}, element('dt', {}, data(path)), element('dd', {}, data(text)))))));
}

function facetOf([field, counts]) {
  const values = Object.keys(counts).sort((a, b) => counts[b] - counts[a] || compare(a, b)).slice(0, 12);
  return element('fieldset', {}, element('legend', {}, data(field)), ...values.map(value => {
    const filter = `${field}:${value}`;
    return element('label', { class: 'value' },
      element('input', { type: 'checkbox', checked: state.chosen.has(filter), 'data-key': filter, onchange: () => change(() => state.chosen.has(filter) ? state.chosen.delete(filter) : state.chosen.add(filter)) }),
      element('span', {}, data(value)), element('small', {}, number(counts[value])));
  }));
}

async function start() {
  document.title = $('title').textContent = words(name);
  const response = await fetch(`${encodeURIComponent(name)}/portal.json`);
  if (!response.ok) throw new Error(await response.text());
  config = await response.json();
  offerOthers(config, '../', 'returns');
  if (!config.tenants?.length) throw new Error(say('noAccount'));
  offerTenants(config);
  let timer;
  $('search').addEventListener('submit', event => { event.preventDefault(); change(); });
  $('query').addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(change, 200); });
  $('tenant').addEventListener('change', () => change(() => state.chosen.clear()));
  for (const [id, by] of [['previous', -1], ['next', 1]]) $(id).addEventListener('click', () => { state.page += by; ask(); scrollTo({ top: 0 }); });
  ask();
}

start().catch(problem => {
  $('count').textContent = '';
  fail(problem);
});
