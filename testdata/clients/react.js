// React's widgets, rendered as a server does.
import React from 'react';
import { renderToString } from 'react-dom/server';
import * as ui from 'react-instantsearch';
import { check } from './kit.js';

const h = React.createElement;

export async function reactChecks({ client, config, rows, count, counts, amount, least, most, first }) {
  const render = async (...children) => {
    const page = (serverState) => h(ui.InstantSearchSSRProvider, serverState ?? {},
      h(ui.InstantSearch, { indexName: config.index, searchClient: client, future: { preserveSharedStateOnUnmount: true } }, ...children));
    const state = await ui.getServerState(page(), { renderToString });
    const root = document.createElement('div');
    root.innerHTML = renderToString(page(state));
    return root;
  };
  const widget = (name, children, look, want) => check(`${config.name} react ${name}`, async () => {
    const got = look(await render(...children()));
    if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  });
  const number = (text) => Number(text?.replace(/[^0-9]/g, ''));
  const listed = (item, value, n) => (root) => Object.fromEntries([...root.querySelectorAll(item)].map((e) => [e.querySelector(value).textContent, number(e.querySelector(n).textContent)]).sort(([a], [b]) => (a < b ? -1 : 1)));
  const hand = (field) => Object.fromEntries(Object.entries(counts(field)).sort(([a], [b]) => (a < b ? -1 : 1)));
  const some = rows.filter((row) => row.number === rows[0].number).length;

  await widget('Stats', () => [h(ui.Stats, { translations: { rootElementText: ({ nbHits }) => String(nbHits) } })], (root) => number(root.querySelector('.ais-Stats-text').textContent), count());
  await widget('SearchBox', () => [h(ui.SearchBox), h(ui.Configure, { query: rows[0].number }), h(ui.Hits)], (root) => root.querySelectorAll('.ais-Hits-item').length, Math.min(some, 20));
  await widget('Hits and Configure', () => [h(ui.Configure, { hitsPerPage: 6, analyticsTags: ['a'], ruleContexts: ['b'] }), h(ui.Hits, { hitComponent: ({ hit }) => h(ui.Highlight, { hit, attribute: 'returnNumber' }) })], (root) => root.querySelectorAll('.ais-Hits-item .ais-Highlight').length, 6);
  await widget('Snippet', () => [h(ui.Configure, { hitsPerPage: 2, attributesToSnippet: ['item.name:3'] }), h(ui.Hits, { hitComponent: ({ hit }) => h(ui.Snippet, { hit, attribute: 'item.name' }) })], (root) => root.querySelectorAll('.ais-Snippet').length, 2);
  await widget('InfiniteHits', () => [h(ui.Configure, { hitsPerPage: 4 }), h(ui.InfiniteHits)], (root) => root.querySelectorAll('.ais-InfiniteHits-item').length, 4);
  await widget('RefinementList', () => [h(ui.RefinementList, { attribute: 'courier', limit: 50, searchable: true })], listed('.ais-RefinementList-item', '.ais-RefinementList-labelText', '.ais-RefinementList-count'), hand('courier'));
  await widget('Menu', () => [h(ui.Menu, { attribute: 'channel', limit: 50 })], listed('.ais-Menu-item', '.ais-Menu-label', '.ais-Menu-count'), hand('channel'));
  await widget('HierarchicalMenu and Breadcrumb', () => [h(ui.HierarchicalMenu, { attributes: ['pickup.state', 'pickup.city'], limit: 50 }), h(ui.Breadcrumb, { attributes: ['pickup.state', 'pickup.city'] })], listed('.ais-HierarchicalMenu-item', '.ais-HierarchicalMenu-label', '.ais-HierarchicalMenu-count'), hand('state'));
  await widget('RangeInput', () => [h(ui.RangeInput, { attribute: amount })], (root) => [...root.querySelectorAll('input')].map((input) => Number(input.placeholder)), [least, most]);
  await widget('ToggleRefinement', () => [h(ui.ToggleRefinement, { attribute: 'isCod', on: true })], (root) => root.querySelectorAll('.ais-ToggleRefinement-checkbox').length, 1);
  await widget('Pagination', () => [h(ui.Configure, { hitsPerPage: 10 }), h(ui.Pagination, { padding: 500 })], (root) => root.querySelectorAll('.ais-Pagination-item--page').length, Math.ceil(count() / 10));
  await widget('SortBy', () => [h(ui.SortBy, { items: [config.index, ...config.sorts].map((value) => ({ value, label: value })) })], (root) => root.querySelectorAll('option').length, 1 + config.sorts.length);
  await widget('HitsPerPage', () => [h(ui.HitsPerPage, { items: [{ label: '3', value: 3, default: true }] }), h(ui.Hits)], (root) => root.querySelectorAll('.ais-Hits-item').length, 3);
  await widget('CurrentRefinements and ClearRefinements', () => [h(ui.ClearRefinements), h(ui.CurrentRefinements), h(ui.RefinementList, { attribute: 'courier' }), h(ui.Configure, { disjunctiveFacetsRefinements: {} })], (root) => root.querySelectorAll('.ais-ClearRefinements-button').length, 1);
  await widget('DynamicWidgets', () => [h(ui.DynamicWidgets, { transformItems: () => ['courier', amount], fallbackComponent: ui.RefinementList }, h(ui.RangeInput, { attribute: amount }))], (root) => [Number(root.querySelectorAll('.ais-RangeInput-input')[1]?.placeholder), root.textContent.includes(first)], [most, true]);
  await widget('Index', () => [h(ui.Index, { indexName: config.sorts[0] }, h(ui.Configure, { hitsPerPage: 2 }), h(ui.Hits))], (root) => root.querySelectorAll('.ais-Hits-item').length, 2);
}
