// InstantSearch.js, React (on a server), Vue and Autocomplete over the search function or
// the index itself. Every number that a widget shows is held to one counted by hand.
import instantsearch from 'instantsearch.js/es';
import * as js from 'instantsearch.js/es/widgets';
import { connectAutocomplete } from 'instantsearch.js/es/connectors';
import { check, config, count, counts, numberOf, rows, straight, throughFunction, until } from './kit.js';
import { reactChecks } from './react.js';
import { vueChecks } from './vue.js';
import { autocompleteChecks } from './autocomplete.js';

const client = config.through ? throughFunction(config) : straight(config);
const amount = 'refund.amountMinor';
const amounts = rows.map((row) => row.amount).filter((n) => n != null);
const [least, most] = [Math.min(...amounts), Math.max(...amounts)];

// mount starts one search with widgets, each in its own box; box finds these.
async function mount(make, options = {}) {
  const root = document.body.appendChild(document.createElement('div'));
  const container = (id) => root.appendChild(Object.assign(document.createElement('div'), { id }));
  const search = instantsearch({ indexName: config.index, searchClient: client, future: { preserveSharedStateOnUnmount: true }, ...options });
  const errors = [];
  search.on('error', ({ error }) => errors.push(error.message));
  search.addWidgets([js.stats({ container: container('stats'), templates: { text: ({ nbHits }) => String(nbHits) } }), ...make(container)]);
  search.start();
  const box = (selector) => root.querySelector(selector);
  const hits = () => { if (errors.length) throw new Error(errors[0]); return numberOf(box('#stats .ais-Stats-text')); };
  return { search, root, box, hits, errors, end: () => { search.dispose(); root.remove(); } };
}

// list reads the values and counts of a list widget.
const list = (box, row, value, number) => Object.fromEntries([...box.querySelectorAll(row)]
  .map((item) => [item.querySelector(value).textContent.trim(), numberOf(item.querySelector(number))]));
const sorted = (object, n = 1000) => Object.fromEntries(Object.entries(object).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, n));
const byName = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

// widget checks one widget: mounted, shown, used.
const widget = (name, make, use, options) => check(`${config.name} instantsearch.js ${name}`, async () => {
  const page = await mount(make, options);
  try {
    await use(page);
    if (page.errors.length) throw new Error(page.errors[0]);
  } finally { page.end(); }
});
const all = (page, keep) => until(page.hits, count(keep));
const type = (input, text) => { input.value = text; input.dispatchEvent(new window.Event('input', { bubbles: true })); };
const submit = (form) => form.dispatchEvent(new window.Event('submit', { bubbles: true, cancelable: true }));
const choose = (select, value) => { select.value = value; select.dispatchEvent(new window.Event('change', { bubbles: true })); };
const [first, second] = Object.keys(sorted(counts('courier')));
const half = (least + most) / 2 | 0;

async function instantsearchChecks() {
  await widget('stats', () => [], (page) => all(page));
  await widget('searchBox', (box) => [js.searchBox({ container: box('search') })], async (page) => {
    await all(page);
    type(page.box('#search input'), rows[0].number);
    await all(page, (row) => row.number === rows[0].number);
  });
  await widget('refinementList', (box) => [js.refinementList({ container: box('list'), attribute: 'courier', limit: 50, searchable: true })], async (page) => {
    const look = () => byName(list(page.box('#list'), '.ais-RefinementList-item', '.ais-RefinementList-labelText', '.ais-RefinementList-count'));
    await until(look, byName(counts('courier')));
    page.box(`#list input[value="${first}"]`).click();
    await all(page, (row) => row.courier === first);
    page.box(`#list input[value="${second}"]`).click();
    await all(page, (row) => row.courier === first || row.courier === second);
    await until(look, byName(counts('courier')));
    type(page.box('#list input[type=search]'), first.slice(0, 4));
    await until(() => look()[first], counts('courier')[first]);
  });
  await widget('refinementList joined by and', (box) => [js.refinementList({ container: box('list'), attribute: 'item.reason', operator: 'and', limit: 50 })], (page) =>
    until(() => byName(list(page.box('#list'), '.ais-RefinementList-item', '.ais-RefinementList-labelText', '.ais-RefinementList-count')), byName(counts('reason'))));
  await widget('menu', (box) => [js.menu({ container: box('menu'), attribute: 'channel', limit: 50 })], async (page) => {
    const want = counts('channel');
    await until(() => byName(list(page.box('#menu'), '.ais-Menu-item', '.ais-Menu-label', '.ais-Menu-count')), byName(want));
    const value = page.box('#menu .ais-Menu-label').textContent;
    page.box('#menu .ais-Menu-link').click();
    await all(page, (row) => row.channel === value);
  });
  await widget('menuSelect', (box) => [js.menuSelect({ container: box('menu'), attribute: 'returnType', limit: 50 })], async (page) => {
    const [value, n] = Object.entries(sorted(counts('returnType')))[0];
    await until(() => page.box(`#menu option[value="${value}"]`)?.textContent.includes(`(${n})`) ?? false, true);
    choose(page.box('#menu select'), value);
    await all(page, (row) => row.returnType === value);
  });
  await widget('toggleRefinement', (box) => [js.toggleRefinement({ container: box('toggle'), attribute: 'isCod', on: true, templates: { labelText: ({ onFacetValue }) => String(onFacetValue?.count) } })], async (page) => {
    await until(() => page.box('#toggle .ais-ToggleRefinement-labelText')?.textContent, String(count((row) => row.cod)));
    page.box('#toggle input').click();
    await all(page, (row) => row.cod);
  });
  await widget('numericMenu', (box) => [js.numericMenu({ container: box('menu'), attribute: amount, items: [{ label: 'all' }, { label: 'low', end: half }, { label: 'high', start: half }] })], async (page) => {
    await all(page);
    page.root.querySelectorAll('#menu input')[1].click();
    await all(page, (row) => row.amount != null && row.amount <= half);
    page.root.querySelectorAll('#menu input')[2].click();
    await all(page, (row) => row.amount != null && row.amount >= half);
  });
  await widget('rangeInput', (box) => [js.rangeInput({ container: box('range'), attribute: amount })], async (page) => {
    await until(() => ['min', 'max'].map((n) => Number(page.box(`#range .ais-RangeInput-input--${n}`)?.placeholder)), [least, most]);
    type(page.box('#range .ais-RangeInput-input--min'), String(half));
    await new Promise((done) => setTimeout(done, 50));
    submit(page.box('#range form'));
    await all(page, (row) => row.amount != null && row.amount >= half);
    await until(() => Number(page.box('#range .ais-RangeInput-input--max').placeholder), most);
  });
  await widget('rangeSlider', (box) => [js.rangeSlider({ container: box('range'), attribute: amount, pips: false })], (page) =>
    until(() => ['lower', 'upper'].map((n, i) => Number(page.root.querySelectorAll('#range [role=slider]')[i]?.getAttribute(i ? 'aria-valuemax' : 'aria-valuemin'))), [least, most]));
  await widget('ratingMenu', (box) => [js.configure({ filters: `returnId <= ${config.few}` }), js.ratingMenu({ container: box('rating'), attribute: 'returnId', max: config.few })], async (page) => {
    await all(page, (row) => row.returnId <= config.few);
    const want = {};
    for (let star = config.few - 1; star >= 1; star--) want[star] = count((row) => row.returnId >= star && row.returnId <= config.few);
    await until(() => Object.fromEntries([...page.root.querySelectorAll('#rating .ais-RatingMenu-item')].map((item, i) => [config.few - 1 - i, numberOf(item.querySelector('.ais-RatingMenu-count'))]).filter(([, n]) => n > 0)),
      Object.fromEntries(Object.entries(want).filter(([, n]) => n > 0)));
    page.root.querySelectorAll('#rating .ais-RatingMenu-item:not(.ais-RatingMenu-item--disabled) a')[0].click();
    await until(() => page.hits() > 0 && page.hits() <= count((row) => row.returnId <= config.few), true);
  });
  await widget('hierarchicalMenu and breadcrumb', (box) => [js.hierarchicalMenu({ container: box('menu'), attributes: ['pickup.state', 'pickup.city'], limit: 50 }), js.breadcrumb({ container: box('crumbs'), attributes: ['pickup.state', 'pickup.city'] })], async (page) => {
    await until(() => byName(list(page.box('#menu'), '.ais-HierarchicalMenu-item', '.ais-HierarchicalMenu-label', '.ais-HierarchicalMenu-count')), byName(counts('state')));
    const [state] = Object.keys(sorted(counts('state')));
    [...page.root.querySelectorAll('#menu a')].find((a) => a.textContent.includes(state)).click();
    await all(page, (row) => row.state === state);
    await until(() => page.box('#crumbs')?.textContent.includes(state), true);
  });
  await widget('currentRefinements and clearRefinements', (box) => [js.menu({ container: box('menu'), attribute: 'channel' }), js.currentRefinements({ container: box('now') }), js.clearRefinements({ container: box('clear') })], async (page) => {
    await until(() => page.box('#menu .ais-Menu-link') != null, true);
    page.box('#menu .ais-Menu-link').click();
    await until(() => page.root.querySelectorAll('#now .ais-CurrentRefinements-category').length, 1);
    page.box('#clear button').click();
    await all(page);
  });
  await widget('hits and hitsPerPage', (box) => [js.hits({ container: box('hits') }), js.hitsPerPage({ container: box('size'), items: [{ label: '5', value: 5, default: true }, { label: '9', value: 9 }] })], async (page) => {
    const look = () => page.root.querySelectorAll('#hits .ais-Hits-item').length;
    await until(look, 5);
    choose(page.box('#size select'), '9');
    await until(look, 9);
  });
  await widget('infiniteHits', (box) => [js.configure({ hitsPerPage: 7 }), js.infiniteHits({ container: box('hits') })], async (page) => {
    const look = () => page.root.querySelectorAll('#hits .ais-InfiniteHits-item').length;
    await until(look, 7);
    page.box('#hits .ais-InfiniteHits-loadMore').click();
    await until(look, 14);
  });
  await widget('pagination', (box) => [js.configure({ hitsPerPage: 10 }), js.hits({ container: box('hits') }), js.pagination({ container: box('pages'), padding: 2 })], async (page) => {
    const last = Math.ceil(count() / 10);
    await until(() => page.box('#pages .ais-Pagination-item--lastPage') != null, true);
    page.box('#pages .ais-Pagination-item--lastPage a').click();
    await until(() => page.root.querySelectorAll('#hits .ais-Hits-item').length, count() - (last - 1) * 10);
  });
  await widget('sortBy', (box) => [js.configure({ hitsPerPage: 3 }), js.hits({ container: box('hits'), templates: { item: (hit) => String(hit.updatedAt) } }), js.sortBy({ container: box('sort'), items: [config.index, ...config.sorts].map((value) => ({ value, label: value })) })], async (page) => {
    await all(page);
    choose(page.box('#sort select'), config.sorts[0]);
    await until(() => Number(page.box('#hits .ais-Hits-item')?.textContent), Math.max(...rows.map((row) => row.updatedAt)));
  });
  await widget('dynamicWidgets', (box) => [js.dynamicWidgets({ container: box('dynamic'), transformItems: () => ['courier', amount], fallbackWidget: ({ container, attribute }) => js.refinementList({ container, attribute }), widgets: [(container) => js.rangeInput({ container, attribute: amount })] })], async (page) => {
    await until(() => Number(page.box('#dynamic .ais-RangeInput-input--max')?.placeholder), most);
    await until(() => list(page.box('#dynamic'), '.ais-RefinementList-item', '.ais-RefinementList-labelText', '.ais-RefinementList-count')[first], counts('courier')[first]);
  });
  await widget('queryRuleContext and queryRuleCustomData', (box) => [js.queryRuleContext({ trackedFilters: { courier: () => [first] } }), js.queryRuleCustomData({ container: box('custom') }), js.refinementList({ container: box('list'), attribute: 'courier' })], async (page) => {
    await until(() => page.box(`#list input[value="${first}"]`) != null, true);
    page.box(`#list input[value="${first}"]`).click();
    await all(page, (row) => row.courier === first);
  });
  for (const [name, params] of Object.entries({
    analyticsTags: { analyticsTags: ['a'] }, relevancyStrictness: { relevancyStrictness: 90 }, ruleContexts: { ruleContexts: ['a'] }, optionalWords: { optionalWords: ['a'] },
    ignorePlurals: { ignorePlurals: true }, removeStopWords: { removeStopWords: ['en'] }, responseFields: { responseFields: ['*'] }, getRankingInfo: { getRankingInfo: true },
    aroundLatLngViaIP: { aroundLatLngViaIP: false }, maxFacetHits: { maxFacetHits: 10 }, maxValuesPerFacet: { maxValuesPerFacet: 5 }, distinct: { distinct: false }, filters: { filters: 'returnId >= 0' },
    clickAnalytics: { clickAnalytics: true, userToken: 'someone' }, facetingAfterDistinct: { facetingAfterDistinct: false }, queryLanguages: { queryLanguages: ['en'] },
  })) await widget(`configure ${name}`, () => [js.configure(params)], (page) => all(page));
  await widget('configure offset and length', (box) => [js.configure({ offset: 3, length: 4 }), js.hits({ container: box('hits') })], (page) => until(() => page.root.querySelectorAll('#hits .ais-Hits-item').length, 4));
  await widget('index', (box) => [js.index({ indexName: config.sorts[0] }).addWidgets([js.configure({ hitsPerPage: 2 }), js.hits({ container: box('hits') })])], (page) => until(() => page.root.querySelectorAll('#hits .ais-Hits-item').length, 2));
  await widget('relevantSort, poweredBy, voiceSearch and panel', (box) => [js.relevantSort({ container: box('relevant') }), js.poweredBy({ container: box('by') }), js.voiceSearch({ container: box('voice') }), js.panel({ templates: { header: 'h' } })(js.menu)({ container: box('panel'), attribute: 'channel' })], (page) => all(page));
  await widget('autocomplete', () => [connectAutocomplete(() => {})({ escapeHTML: true })], (page) => all(page));
  await widget('insights', () => [], (page) => all(page), { insights: { insightsClient: () => {} } });
}

const known = { client, config, rows, count, counts, byName, sorted, list, amount, least, most, first };
(async () => {
  await instantsearchChecks();
  await reactChecks(known);
  await vueChecks(known);
  await autocompleteChecks(known);
  process.exit(0);
})();
