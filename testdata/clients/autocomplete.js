// Autocomplete over hits and over the values of a facet.
import { autocomplete, getAlgoliaFacets, getAlgoliaResults } from '@algolia/autocomplete-js';
import { check, until } from './kit.js';

export async function autocompleteChecks({ client, config, rows, count, first }) {
  const box = (name, getItems, text, look, want) => check(`${config.name} autocomplete ${name}`, async () => {
    const container = document.body.appendChild(document.createElement('div'));
    const panel = document.body.appendChild(document.createElement('div'));
    const page = autocomplete({
      container, panelContainer: panel, panelPlacement: 'full-width', openOnFocus: true, detachedMediaQuery: 'none',
      getSources: ({ query }) => [{ sourceId: 's', getItems: () => getItems(query), templates: { item: ({ item, html }) => html`<span class="item">${item.returnNumber ?? item.label}</span>` } }],
    });
    try {
      page.setQuery(text);
      page.setIsOpen(true);
      await page.refresh();
      await until(() => look([...panel.querySelectorAll('.item')].map((item) => item.textContent)), want);
    } finally { page.destroy(); container.remove(); panel.remove(); }
  });
  const query = (extra) => ({ indexName: config.index, ...extra });
  await box('hits', (text) => getAlgoliaResults({ searchClient: client, queries: [query({ query: text, params: { hitsPerPage: 50, analyticsTags: ['x'] } })] }), rows[0].number, (list) => list.length, Math.min(50, count((row) => row.number === rows[0].number)));
  await box('two queries', (text) => getAlgoliaResults({ searchClient: client, queries: [query({ query: text, params: { hitsPerPage: 3 } }), query({ indexName: config.sorts[0], query: '', params: { hitsPerPage: 2 } })] }), '', (list) => list.length, 5);
  await box('facets', (text) => getAlgoliaFacets({ searchClient: client, queries: [query({ facet: 'courier', params: { facetQuery: text, maxFacetHits: 5 } })] }), first.slice(0, 4), (list) => list[0], first);
}
