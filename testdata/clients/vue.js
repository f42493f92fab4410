// Vue's widgets in a page.
import { createSSRApp, h } from 'vue';
import * as ui from 'vue-instantsearch/vue3/es';
import { check, numberOf, until } from './kit.js';

export async function vueChecks({ client, config, rows, count, counts, byName, list, amount, least, most, first }) {
  const widget = (name, children, look, want) => check(`${config.name} vue ${name}`, async () => {
    const root = document.body.appendChild(document.createElement('div'));
    const app = createSSRApp({ render: () => h(ui.AisInstantSearch, { indexName: config.index, searchClient: client, future: { preserveSharedStateOnUnmount: true } }, { default: () => children() }) });
    app.config.warnHandler = () => {};
    app.mount(root);
    try { await until(() => look(root), want); } finally { app.unmount(); root.remove(); }
  });
  const items = (selector) => (root) => root.querySelectorAll(selector).length;
  await widget('AisStats', () => [h(ui.AisStats)], (root) => Number(root.querySelector('.ais-Stats-text').textContent.replace(/,/g, '').match(/[0-9]+/)[0]), count());
  await widget('AisSearchBox', () => [h(ui.AisSearchBox), h(ui.AisHits)], (root) => {
    const input = root.querySelector('input[type=search]');
    if (input.value === '') { input.value = rows[0].number; input.dispatchEvent(new window.Event('input', { bubbles: true })); }
    return root.querySelectorAll('.ais-Hits-item').length;
  }, Math.min(20, count((row) => row.number === rows[0].number)));
  await widget('AisRefinementList', () => [h(ui.AisRefinementList, { attribute: 'courier', limit: 50 })], (root) => byName(list(root, '.ais-RefinementList-item', '.ais-RefinementList-labelText', '.ais-RefinementList-count')), byName(counts('courier')));
  await widget('AisMenu', () => [h(ui.AisMenu, { attribute: 'channel', limit: 50 })], (root) => byName(list(root, '.ais-Menu-item', '.ais-Menu-label', '.ais-Menu-count')), byName(counts('channel')));
  await widget('AisMenuSelect', () => [h(ui.AisMenuSelect, { attribute: 'channel', limit: 50 })], items('option'), 1 + Object.keys(counts('channel')).length);
  await widget('AisHierarchicalMenu', () => [h(ui.AisHierarchicalMenu, { attributes: ['pickup.state', 'pickup.city'], limit: 50 })], (root) => byName(list(root, '.ais-HierarchicalMenu-item', '.ais-HierarchicalMenu-label', '.ais-HierarchicalMenu-count')), byName(counts('state')));
  await widget('AisRangeInput', () => [h(ui.AisRangeInput, { attribute: amount })], (root) => [...root.querySelectorAll('input')].map((input) => Number(input.placeholder)), [least, most]);
  await widget('AisRatingMenu', () => [h(ui.AisConfigure, { filters: `returnId <= ${config.few}` }), h(ui.AisRatingMenu, { attribute: 'returnId', max: config.few })], (root) => Math.max(...[...root.querySelectorAll('.ais-RatingMenu-count')].map(numberOf)), count((row) => row.returnId >= 1 && row.returnId <= config.few));
  await widget('AisNumericMenu', () => [h(ui.AisNumericMenu, { attribute: amount, items: [{ label: 'all' }, { label: 'low', end: least }] })], items('.ais-NumericMenu-item'), 2);
  await widget('AisToggleRefinement', () => [h(ui.AisToggleRefinement, { attribute: 'isCod', on: true, label: 'x' })], (root) => numberOf(root.querySelector('.ais-ToggleRefinement-count')), count((row) => row.cod));
  await widget('AisHits', () => [h(ui.AisConfigure, { hitsPerPage: 5 }), h(ui.AisHits)], items('.ais-Hits-item'), 5);
  await widget('AisInfiniteHits', () => [h(ui.AisConfigure, { hitsPerPage: 5 }), h(ui.AisInfiniteHits)], items('.ais-InfiniteHits-item'), 5);
  await widget('AisHitsPerPage', () => [h(ui.AisHitsPerPage, { items: [{ label: '4', value: 4, default: true }] }), h(ui.AisHits)], items('.ais-Hits-item'), 4);
  await widget('AisPagination', () => [h(ui.AisConfigure, { hitsPerPage: 10 }), h(ui.AisPagination, { padding: 500 })], items('.ais-Pagination-item--page'), Math.ceil(count() / 10));
  await widget('AisSortBy', () => [h(ui.AisSortBy, { items: [config.index, ...config.sorts].map((value) => ({ value, label: value })) })], items('option'), 1 + config.sorts.length);
  await widget('AisCurrentRefinements, AisClearRefinements and AisBreadcrumb', () => [h(ui.AisCurrentRefinements), h(ui.AisClearRefinements), h(ui.AisBreadcrumb, { attributes: ['pickup.state'] }), h(ui.AisStats)], items('.ais-Stats-text'), 1);
  await widget('AisQueryRuleContext and AisQueryRuleCustomData', () => [h(ui.AisQueryRuleContext, { trackedFilters: { courier: () => [first] } }), h(ui.AisQueryRuleCustomData), h(ui.AisStats)], items('.ais-Stats-text'), 1);
  await widget('AisAutocomplete', () => [h(ui.AisAutocomplete), h(ui.AisStats)], items('.ais-Stats-text'), 1);
  await widget('AisDynamicWidgets', () => [h(ui.AisDynamicWidgets, { transformItems: () => ['courier', amount] }, { default: () => [h(ui.AisRefinementList, { attribute: 'courier' }), h(ui.AisRangeInput, { attribute: amount })] })], (root) => Number(root.querySelectorAll('.ais-RangeInput-input')[1]?.placeholder), most);
  await widget('AisIndex', () => [h(ui.AisIndex, { indexName: config.sorts[0] }, { default: () => [h(ui.AisConfigure, { hitsPerPage: 2 }), h(ui.AisHits)] })], items('.ais-Hits-item'), 2);
  await widget('AisStateResults, AisPoweredBy, AisRelevantSort and AisVoiceSearch', () => [h(ui.AisStateResults), h(ui.AisPoweredBy), h(ui.AisRelevantSort), h(ui.AisVoiceSearch), h(ui.AisStats)], items('.ais-Stats-text'), 1);
}
