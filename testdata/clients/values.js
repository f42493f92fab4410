// Documented values that the calls of calls.js do not have: what each parameter, built-in
// operation, part of a rule and restriction of a key changes in the answer.
import { algoliasearch } from 'algoliasearch';
import { check, config, timeouts, want } from './check.cjs';

const host = { url: config.host, protocol: 'http', accept: 'readWrite' };
const indexName = 'values';
const records = [
  { objectID: '1', name: 'red cotton shirt', brand: 'Acme', color: 'red', price: 10, on: true, sizes: ['s', 'm'], group: 'x', _tags: ['new', 'sale'] },
  { objectID: '2', name: 'cotton shirt red', brand: 'Acme', color: 'red', price: 20, on: false, sizes: ['m'], group: 'x', _tags: ['sale'] },
  { objectID: '3', name: 'blue shirts', brand: 'Bold', color: 'blue', price: 30, on: true, sizes: ['l'], group: 'y', _tags: ['old'] },
  { objectID: '4', name: 'green hat', brand: 'Bold', color: 'green', price: 40, on: false, sizes: [], group: 'y', detail: { text: 'a red ribbon' } },
];
const settings = {
  searchableAttributes: ['name', 'unordered(brand)', 'detail.text'], attributesForFaceting: ['searchable(color)', 'brand', 'afterDistinct(group)', 'on', 'price'],
  customRanking: ['asc(price)'], attributeForDistinct: 'group', replicas: ['values_by_name', 'virtual(values_by_price)'],
};

export async function documentedValues() {
  const client = algoliasearch('VALUES', 'admin', { hosts: [host], timeouts });
  const done = async (promise) => { const { taskID } = await promise; await client.waitForTask({ indexName, taskID }); };
  const ask = (searchParams, name = indexName, by = client) => by.searchSingleIndex({ indexName: name, searchParams });
  const ids = (answer) => answer.hits.map((hit) => hit.objectID).join('');
  const finds = (name, params, wanted) => check(`value ${name}`, async () => want(ids(await ask(params)), wanted));
  const call = (name, run) => check(`value ${name}`, run);
  await done(client.setSettings({ indexName, indexSettings: settings }));
  await client.saveObjects({ indexName, objects: records, waitForTasks: true });

  // Words, spelling and their order.
  await finds('proximity', { query: 'red shirt' }, '12');
  await finds('a word of another attribute', { query: 'red hat' }, '4');
  await finds('typoTolerance min', { query: 'shirt', typoTolerance: 'min' }, '231');
  await finds('typoTolerance min, a mistake', { query: 'shurt', typoTolerance: 'min' }, '231');
  await finds('typoTolerance strict', { query: 'shirts ', typoTolerance: 'strict' }, '321');
  await finds('typoTolerance false', { query: 'shurt', typoTolerance: false }, '');
  await finds('queryType prefixNone', { query: 'shir', queryType: 'prefixNone', typoTolerance: false }, '');
  await finds('queryType prefixAll', { query: 'cot shi', queryType: 'prefixAll' }, '21');
  await finds('restrictSearchableAttributes', { query: 'red', restrictSearchableAttributes: ['detail.text'] }, '4');
  await finds('disableTypoToleranceOnAttributes', { query: 'shurt', disableTypoToleranceOnAttributes: ['name'] }, '');
  await finds('optionalWords', { query: 'hat zebra', optionalWords: ['zebra'] }, '4');
  await call('removeWordsIfNoResults lastWords', async () => { const answer = await ask({ query: 'hat zebra', removeWordsIfNoResults: 'lastWords' }); want([ids(answer), answer.queryAfterRemoval], ['4', 'hat']); });
  await finds('removeWordsIfNoResults firstWords', { query: 'zebra hat', removeWordsIfNoResults: 'firstWords' }, '4');
  await finds('removeWordsIfNoResults allOptional', { query: 'zebra hat', removeWordsIfNoResults: 'allOptional' }, '4');

  // Filters.
  await finds('filters with a tag', { filters: 'sale AND NOT _tags:new' }, '2');
  await finds('filters with a score', { filters: 'brand:Bold<score=3> OR color:red<score=1>' }, '3412');
  await finds('sumOrFiltersScores', { filters: 'color:red<score=1> OR brand:Acme<score=2> OR brand:Bold<score=2>', sumOrFiltersScores: true }, '1234');
  await finds('filters with TO and !=', { filters: 'price:10 TO 30 AND price != 20' }, '13');
  await finds('filters, quoted', { filters: "name:'no such' OR color:\"blue\"" }, '3');
  await finds('tagFilters', { tagFilters: [['new', 'old']] }, '13');
  await finds('tagFilters, without', { tagFilters: ['-sale'] }, '34');
  await finds('facetFilters, tags', { facetFilters: ['_tags:old'] }, '3');
  await finds('facetFilters, text', { facetFilters: 'brand:Bold,(color:blue,color:red)' }, '3');
  await finds('numericFilters, text', { numericFilters: 'price>10,price<40' }, '23');
  await finds('numericFilters, range', { numericFilters: ['price:15 TO 45'] }, '234');
  await finds('a boolean facet', { facetFilters: ['on:true'] }, '13');

  // Groups, pages and what is answered.
  await call('distinct', async () => { const answer = await ask({ distinct: true, facets: ['group'] }); want([ids(answer), answer.nbHits, answer.facets.group], ['13', 2, { x: 1, y: 1 }]); });
  await call('distinct 2', async () => want(ids(await ask({ distinct: 2 })), '1234'));
  await call('facetingAfterDistinct', async () => want((await ask({ distinct: 1, facets: ['brand'], facetingAfterDistinct: true })).facets.brand, { Acme: 1, Bold: 1 }));
  await call('sortFacetValuesBy and maxValuesPerFacet', async () => want((await ask({ facets: ['color'], sortFacetValuesBy: 'alpha', maxValuesPerFacet: 2 })).facets.color, { blue: 1, green: 1 }));
  await call('length without offset', async () => { const answer = await ask({ length: 2 }); want([ids(answer), answer.offset, answer.page], ['12', 0, undefined]); });
  await call('responseFields', async () => want(Object.keys(await ask({ responseFields: ['hits', 'nbHits'] })).sort(), ['hits', 'nbHits']));
  await call('attributesToRetrieve, without one', async () => want(Object.keys((await ask({ query: 'hat', attributesToRetrieve: ['*', '-detail', '-_tags'], attributesToHighlight: [] })).hits[0]).sort(), ['brand', 'color', 'group', 'name', 'objectID', 'on', 'price', 'sizes']));
  await call('highlightPreTag, of a mistake and of a beginning', async () => want((await ask({ query: 'shurt', highlightPreTag: '<b>', highlightPostTag: '</b>' })).hits.map((hit) => hit._highlightResult.name.value), ['cotton <b>shirt</b> red', 'blue <b>shirt</b>s', 'red cotton <b>shirt</b>']));
  await call('attributesToSnippet', async () => want((await ask({ query: 'ribbon', attributesToSnippet: ['detail.text:2'], snippetEllipsisText: '~' })).hits[0]._snippetResult.detail.text.value, '~red <em>ribbon</em>'));
  await call('restrictHighlightAndSnippetArrays', async () => want((await ask({ query: 'cotton', attributesToHighlight: ['name', 'sizes'], restrictHighlightAndSnippetArrays: true })).hits[0]._highlightResult?.sizes, undefined));
  await call('renderingContent', async () => want((await ask({ renderingContent: { redirect: { url: 'u' } } })).renderingContent, { redirect: { url: 'u' } }));
  await call('clickAnalytics', async () => want((await ask({ clickAnalytics: true })).queryID.length, 32));
  await call('a sorted replica', async () => { await client.setSettings({ indexName: 'values_by_name', indexSettings: { ranking: ['desc(name)', 'typo'] } }).then(({ taskID }) => client.waitForTask({ indexName: 'values_by_name', taskID })); want(ids(await ask({}, 'values_by_name')), '1423'); });
  await call('paginationLimitedTo', async () => { await done(client.setSettings({ indexName, indexSettings: { paginationLimitedTo: 2 } })); const answer = await ask({ page: 1, hitsPerPage: 2 }); await done(client.setSettings({ indexName, indexSettings: { paginationLimitedTo: 1000 } })); want([ids(answer), answer.message?.includes('paginationLimitedTo')], ['', true]); });
  await call('search by GET', async () => want(ids(await client.customGet({ path: `1/indexes/${indexName}`, parameters: { query: 'hat' } })), '4'));
  await call('browse with words and a filter', async () => want((await client.browse({ indexName, browseParams: { query: 'shirt', filters: 'brand:Acme' } })).hits.length, 2));

  // Built-in operations of a partial update.
  for (const [name, value, wanted] of [
    ['Decrement', { price: { _operation: 'Decrement', value: 2.5 } }, 37.5], ['IncrementFrom, another number', { price: { _operation: 'IncrementFrom', value: 9 } }, 37.5], ['IncrementSet', { price: { _operation: 'IncrementSet', value: 50 } }, 50],
    ['IncrementFrom', { price: { _operation: 'IncrementFrom', value: 50 } }, 51], ['IncrementSet, a smaller one', { price: { _operation: 'IncrementSet', value: 40 } }, 51], ['a value', { price: 40 }, 40],
    ['Add', { sizes: { _operation: 'Add', value: 'm' } }, ['m']], ['AddUnique', { sizes: { _operation: 'AddUnique', value: 'm' } }, ['m']], ['AddUnique of a new one', { sizes: { _operation: 'AddUnique', value: 's' } }, ['m', 's']], ['Remove', { sizes: { _operation: 'Remove', value: 'm' } }, ['s']],
  ]) await call(`partialUpdateObject ${name}`, async () => { await done(client.partialUpdateObject({ indexName, objectID: '4', attributesToUpdate: value })); want((await client.getObject({ indexName, objectID: '4' }))[Object.keys(value)[0]], wanted); });
  for (const value of [{ _operation: 'Add', value: {} }, { _operation: 'Increment', value: 'x' }, { _operation: 'Fly', value: 1 }]) {
    await call(`partialUpdateObject refused ${value._operation}`, async () => { let status; try { await client.partialUpdateObject({ indexName, objectID: '4', attributesToUpdate: { price: value } }); } catch (error) { status = error.status; } want(status, 400); });
  }

  // Rules.
  const rule = (name, parts, params, look, wanted) => call(`rule ${name}`, async () => {
    await done(client.saveRule({ indexName, objectID: 'r', rule: { objectID: 'r', ...parts } }));
    const answer = await ask(params);
    await done(client.deleteRule({ indexName, objectID: 'r' }));
    want(look(answer), wanted);
  });
  const on = (pattern, anchoring, more) => [{ pattern, anchoring, ...more }];
  await rule('hide', { conditions: on('shirt', 'contains'), consequence: { hide: [{ objectID: '1' }] } }, { query: 'cotton shirt' }, ids, '2');
  await rule('promote many', { conditions: on('hat', 'startsWith'), consequence: { promote: [{ objectIDs: ['3', '2'], position: 0 }] } }, { query: 'hat' }, ids, '324');
  await rule('filterPromotes', { consequence: { filterPromotes: true, promote: [{ objectID: '1', position: 0 }] } }, { filters: 'brand:Bold' }, ids, '34');
  await rule('another query', { conditions: on('cap', 'is'), consequence: { params: { query: 'hat' } } }, { query: 'cap', getRankingInfo: true }, (a) => [ids(a), a.parsedQuery, a.appliedRules], ['4', 'hat', [{ objectID: 'r' }]]);
  await rule('edits', { conditions: on('cheap cap', 'endsWith'), consequence: { params: { query: { edits: [{ type: 'remove', delete: 'cheap' }, { type: 'replace', delete: 'cap', insert: 'hat' }] } } } }, { query: 'green cheap cap' }, ids, '4');
  await rule('remove', { conditions: on('cheap', 'contains'), consequence: { params: { query: { remove: ['cheap'] } } } }, { query: 'cheap hat' }, ids, '4');
  await rule('filters and userData', { conditions: on('shirt', 'is', { context: 'web' }), consequence: { params: { filters: 'color:blue' }, userData: { banner: 1 } } }, { query: 'shirt', ruleContexts: ['web'] }, (a) => [ids(a), a.userData], ['3', [{ banner: 1 }]]);
  await rule('another context', { conditions: [{ context: 'web' }], consequence: { hide: [{ objectID: '4' }] } }, { query: 'hat', ruleContexts: ['shop'] }, ids, '4');
  await rule('validity', { validity: [{ from: 1, until: 2 }], consequence: { hide: [{ objectID: '4' }] } }, { query: 'hat' }, ids, '4');
  await rule('enableRules', { consequence: { hide: [{ objectID: '4' }] } }, { query: 'hat', enableRules: false }, ids, '4');
  await call('rules and synonyms forwarded to replicas', async () => {
    await done(client.saveRule({ indexName, objectID: 'f', rule: { objectID: 'f', conditions: on('hat', 'is'), consequence: { promote: [{ objectID: '1', position: 0 }] } }, forwardToReplicas: true }));
    want((await client.searchRules({ indexName: 'values_by_name' })).nbHits, 1);
    await done(client.clearRules({ indexName, forwardToReplicas: true }));
    want((await client.searchRules({ indexName: 'values_by_name' })).nbHits, 0);
  });
  for (const [synonym, query, wanted] of [
    [{ type: 'oneWaySynonym', input: 'cap', synonyms: ['hat'] }, 'cap', '4'], [{ type: 'altCorrection1', word: 'lid', corrections: ['hat'] }, 'lid', '4'],
  ]) await call(`synonym ${synonym.type}`, async () => { await done(client.saveSynonym({ indexName, objectID: 's', synonymHit: { objectID: 's', ...synonym } })); want(ids(await ask({ query })), wanted); want((await client.searchSynonyms({ indexName, searchSynonymsParams: { type: synonym.type } })).nbHits, 1); want(ids(await ask({ query, synonyms: false })), ''); });

  // Restrictions of keys.
  const secured = (restrictions, parentApiKey = 'search') => algoliasearch('VALUES', client.generateSecuredApiKey({ parentApiKey, restrictions }), { hosts: [host], timeouts });
  const outcome = async (by, name = indexName) => { try { return ids(await ask({}, name, by)); } catch (error) { return error.status; } };
  const soon = Math.round(Date.now() / 1000) + 60;
  await call('restrictions of a secured key', async () => want(await Promise.all([
    outcome(secured({ filters: 'brand:Bold', hitsPerPage: 1 })), outcome(secured({ restrictIndices: ['values_by_name'] })), outcome(secured({ restrictIndices: ['values_by_name'] }), 'values_by_name'), outcome(secured({ validUntil: 1 })),
    outcome(secured({ restrictSources: '10.0.0.0/8' })), outcome(secured({ restrictSources: '127.0.0.1', validUntil: soon })), outcome(secured({ restrictSources: '127.0.0.0/8' })), outcome(secured({ restrictSources: 'x' })), outcome(secured({}, 'admin')),
  ]), ['3', 403, '1423', 403, 403, '1234', '1234', 403, 403]));
  await call('a key with parameters and a bound', async () => {
    const { key } = await client.addApiKey({ acl: ['search'], maxHitsPerQuery: 1, queryParameters: 'filters=brand:Bold', validity: 60 });
    await client.waitForApiKey({ operation: 'add', key });
    const own = algoliasearch('VALUES', key, { hosts: [host], timeouts });
    want(await outcome(own), '3');
    want((await own.getApiKey({ key })).maxHitsPerQuery, 1);
    let status;
    try { await own.deleteIndex({ indexName }); } catch (error) { status = error.status; }
    want(status, 403);
  });
}
