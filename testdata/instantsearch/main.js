// A front end as another project would build it: InstantSearch's own widgets over
// one of two clients. config.json, which the test serves, says which:
//
//	{"through": "https://…", "token": "…"}               the search function
//	{"host": "127.0.0.1:9200", "appId": "…", "key": "…"} the index itself
//
// and in both cases "index" and "sorts", the names of the index and its replicas.
import instantsearch from 'instantsearch.js';
import {
  clearRefinements, configure, hits, pagination, refinementList, searchBox, sortBy, stats,
} from 'instantsearch.js/es/widgets';
import { liteClient } from 'algoliasearch/lite';

// throughFunction is the client that the README shows.
function throughFunction({ through, token }) {
  const post = async (requests) => {
    const response = await fetch(through, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({ requests }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error.message);
    return answer;
  };
  return { search: post, searchForFacetValues: async (requests) => (await post(requests)).results };
}

// straight asks the index itself, with the official client. By its own two seconds a loaded
// machine would be taken for one that does not answer.
function straight({ host, appId, key }) {
  return liteClient(appId, key, {
    hosts: [{ url: host, protocol: 'http', accept: 'readWrite' }], timeouts: { connect: 60_000, read: 60_000, write: 60_000 },
  });
}

async function start() {
  const config = await (await fetch('config.json')).json();
  const client = config.through ? throughFunction(config) : straight(config);
  window.connect = (key) => straight({ ...config, key }); // for the tests of keys
  const search = instantsearch({ indexName: config.index, searchClient: client, future: { preserveSharedStateOnUnmount: true } });
  search.addWidgets([
    configure({ hitsPerPage: 10 }),
    searchBox({ container: '#search' }),
    stats({ container: '#stats', templates: { text: ({ nbHits }) => String(nbHits) } }),
    sortBy({ container: '#sort', items: [{ label: 'Default', value: config.index }, ...config.sorts.map((value) => ({ label: value, value }))] }),
    clearRefinements({ container: '#clear' }),
    refinementList({ container: '#courier', attribute: 'courier', operator: 'or', searchable: true, limit: 20 }),
    refinementList({ container: '#reason', attribute: 'item.reason', operator: 'or', limit: 20 }),
    hits({
      container: '#hits',
      templates: {
        item: (hit, { html, components }) => html`<span data-id="${hit.objectID}" data-account="${hit.account}" data-updated="${hit.updatedAt}"
          data-courier="${hit.courier}" data-reason="${hit.item.reason}" data-number="${hit.returnNumber}">
          ${components.Highlight({ hit, attribute: 'returnNumber' })} ${components.Highlight({ hit, attribute: 'item.name' })}</span>`,
      },
    }),
    pagination({ container: '#pages' }),
  ]);
  search.on('error', ({ error }) => console.error(error.message));
  search.start();
}

start();
