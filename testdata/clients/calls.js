// The JavaScript clients, versions 4 and 5: every documented call of the search API, with
// what the documents say that it answers.
import { algoliasearch as five } from 'algoliasearch';
import four from 'algoliasearch4';
import { check, config, timeouts, want } from './check.cjs';
import { documentedValues } from './values.js';

const host = { url: config.host, protocol: 'http', accept: 'readWrite' };
const old = { url: config.host, protocol: 'http' };
const records = [
  { objectID: 'a', name: 'red shirt', color: 'red', price: 10, tags: ['x'] }, { objectID: 'b', name: 'red shoe', color: 'red', price: 20 },
  { objectID: 'c', name: 'blue shirt', color: 'blue', price: 30 }, { objectID: 'd', name: 'green hat', color: 'green', price: 40 },
];
const ids = (answer) => answer.hits.map((hit) => hit.objectID).join('');
const refused = async (promise, status) => {
  let got;
  try { await promise; } catch (error) { got = error.status; }
  want(got, status);
};
const settings = { searchableAttributes: ['name'], attributesForFaceting: ['searchable(color)', 'price'], customRanking: ['asc(price)'] };

async function version4() {
  const client = four('APP4', 'admin', { hosts: [old], timeouts });
  const index = client.initIndex('four');
  const call = (name, run) => check(`v4 ${name}`, run);
  await call('saveObjects', async () => want((await index.saveObjects(records).wait()).objectIDs, ['a', 'b', 'c', 'd']));
  await call('setSettings', async () => { await index.setSettings({ ...settings, replicas: ['four_r'] }).wait(); want((await index.getSettings()).customRanking, ['asc(price)']); });
  await call('setSettings forwardToReplicas', async () => { await index.setSettings({ hitsPerPage: 7 }, { forwardToReplicas: true }).wait(); want((await client.initIndex('four_r').getSettings()).hitsPerPage, 7); });
  await call('search', async () => want(ids(await index.search('red')), 'ab'));
  await call('search with every kind of parameter', async () => want(ids(await index.search('', { filters: 'price >= 20', facetFilters: [['color:blue', 'color:red']], numericFilters: ['price<40'], facets: ['*'], analytics: false, getRankingInfo: true, distinct: false, removeStopWords: ['en'], optionalWords: ['x'], ruleContexts: ['y'], attributesToRetrieve: ['name'] })), 'bc'));
  await call('searchForFacetValues', async () => want((await index.searchForFacetValues('color', 're')).facetHits.map((hit) => [hit.value, hit.count]), [['red', 2]]));
  await call('multipleQueries', async () => want((await client.multipleQueries([{ indexName: 'four', query: 'red' }, { indexName: 'four', query: 'hat' }])).results.map(ids), ['ab', 'd']));
  await call('multipleSearchForFacetValues', async () => want((await client.multipleSearchForFacetValues([{ indexName: 'four', params: { facetName: 'color', facetQuery: 'b' } }]))[0].facetHits[0].value, 'blue'));
  await call('getObject', async () => want((await index.getObject('a')).color, 'red'));
  await call('getObject attributesToRetrieve', async () => want(await index.getObject('a', { attributesToRetrieve: ['price'] }), { objectID: 'a', price: 10 }));
  await call('getObjects', async () => want((await index.getObjects(['a', 'zz'])).results.map((r) => r?.objectID ?? null), ['a', null]));
  await call('multipleGetObjects', async () => want((await client.multipleGetObjects([{ indexName: 'four', objectID: 'b' }])).results[0].price, 20));
  await call('findObject', async () => want((await index.findObject((hit) => hit.price === 30)).object.objectID, 'c'));
  await call('browseObjects', async () => { const all = []; await index.browseObjects({ batch: (batch) => all.push(...batch) }); want(all.length, 4); });
  await call('saveObject', async () => { await index.saveObject({ objectID: 'e', name: 'new', price: 50 }).wait(); want((await index.getObject('e')).price, 50); });
  await call('saveObject without objectID', async () => want((await index.saveObject({ name: 'made up' }, { autoGenerateObjectIDIfNotExist: true }).wait()).objectID.length > 0, true));
  await call('partialUpdateObject', async () => { await index.partialUpdateObject({ objectID: 'e', price: { _operation: 'Increment', value: 5 } }).wait(); want((await index.getObject('e')).price, 55); });
  await call('partialUpdateObject createIfNotExists', async () => { await index.partialUpdateObject({ objectID: 'f', price: 1 }, { createIfNotExists: false }).wait(); await refused(index.getObject('f'), 404); await index.partialUpdateObject({ objectID: 'f', price: 1 }, { createIfNotExists: true }).wait(); want((await index.getObject('f')).price, 1); });
  await call('deleteObject', async () => { await index.deleteObject('f').wait(); await refused(index.getObject('f'), 404); });
  await call('deleteObjects', async () => { await index.deleteObjects(['e']).wait(); want(await index.exists(), true); });
  await call('deleteBy', async () => { await index.saveObject({ objectID: 'g', name: 'gone', color: 'black', price: 1 }).wait(); await index.deleteBy({ filters: 'color:black' }).wait(); await refused(index.getObject('g'), 404); });
  await call('batch', async () => { await index.batch([{ action: 'addObject', body: { objectID: 'h', price: 1 } }, { action: 'deleteObject', body: { objectID: 'h' } }]).wait(); await refused(index.getObject('h'), 404); });
  await call('multipleBatch', async () => { await client.multipleBatch([{ action: 'addObject', indexName: 'four_m', body: { objectID: '1' } }]).wait(); want((await client.initIndex('four_m').getObject('1')).objectID, '1'); });
  const rule = { objectID: 'r', conditions: [{ pattern: 'hat', anchoring: 'is' }], consequence: { promote: [{ objectID: 'a', position: 0 }] } };
  await call('saveRule', async () => { await index.saveRule(rule).wait(); want(ids(await index.search('hat')), 'ad'); });
  await call('saveRules clearExistingRules', async () => { await index.saveRules([{ ...rule, objectID: 's' }], { clearExistingRules: true }).wait(); await refused(index.getRule('r'), 404); });
  await call('getRule and searchRules', async () => { want((await index.getRule('s')).objectID, 's'); want((await index.searchRules('hat')).nbHits, 1); });
  await call('browseRules', async () => { const all = []; await index.browseRules({ batch: (batch) => all.push(...batch) }); want(all.length, 1); });
  await call('replaceAllRules', async () => { await index.replaceAllRules([{ ...rule, objectID: 't' }]).wait(); await refused(index.getRule('s'), 404); });
  await call('deleteRule and clearRules', async () => { await index.deleteRule('t').wait(); await index.clearRules().wait(); want((await index.searchRules('')).nbHits, 0); });
  const synonym = { objectID: 's', type: 'synonym', synonyms: ['hat', 'cap'] };
  await call('saveSynonym', async () => { await index.saveSynonym(synonym).wait(); want(ids(await index.search('cap')), 'd'); });
  await call('saveSynonyms replaceExistingSynonyms', async () => { await index.saveSynonyms([{ ...synonym, objectID: 'u' }], { replaceExistingSynonyms: true }).wait(); await refused(index.getSynonym('s'), 404); });
  await call('getSynonym, searchSynonyms and browseSynonyms', async () => { want((await index.getSynonym('u')).type, 'synonym'); want((await index.searchSynonyms('cap')).nbHits, 1); const all = []; await index.browseSynonyms({ batch: (batch) => all.push(...batch) }); want(all.length, 1); });
  await call('replaceAllSynonyms, deleteSynonym and clearSynonyms', async () => { await index.replaceAllSynonyms([{ ...synonym, objectID: 'v' }]).wait(); await refused(index.getSynonym('u'), 404); await index.deleteSynonym('v').wait(); await index.clearSynonyms().wait(); want((await index.searchSynonyms('')).nbHits, 0); });
  await call('copyIndex', async () => { await client.copyIndex('four', 'four_c').wait(); want((await client.initIndex('four_c').search('')).nbHits, 5); });
  await call('copySettings, copyRules and copySynonyms', async () => { await client.copySettings('four', 'four_s').wait(); await client.copyRules('four', 'four_s').wait(); await client.copySynonyms('four', 'four_s').wait(); want((await client.initIndex('four_s').getSettings()).hitsPerPage, 7); });
  await call('moveIndex', async () => { await client.moveIndex('four_c', 'four_n').wait(); want([await client.initIndex('four_c').exists(), await client.initIndex('four_n').exists()], [false, true]); });
  await call('replaceAllObjects', async () => { await index.replaceAllObjects(records, { safe: true }); want((await index.search('')).nbHits, 4); });
  await call('clearObjects', async () => { const other = client.initIndex('four_n'); await other.clearObjects().wait(); want((await other.search('')).nbHits, 0); });
  await call('delete', async () => { const other = client.initIndex('four_n'); await other.delete().wait(); want(await other.exists(), false); });
  await call('listIndices', async () => want((await client.listIndices()).items.some((item) => item.name === 'four'), true));
  await call('addApiKey, getApiKey, updateApiKey, deleteApiKey and restoreApiKey', async () => {
    const { key } = await client.addApiKey(['search'], { indexes: ['four*'], description: 'd' }).wait();
    want((await client.getApiKey(key)).indexes, ['four*']);
    await client.updateApiKey(key, { acl: ['search', 'browse'] }).wait();
    want((await client.getApiKey(key)).acl, ['search', 'browse']);
    await client.deleteApiKey(key).wait();
    await client.restoreApiKey(key).wait();
    want((await client.listApiKeys()).keys.some((k) => k.value === key), true);
  });
  await call('generateSecuredApiKey', async () => { const key = client.generateSecuredApiKey('search', { filters: 'color:red', validUntil: Math.round(Date.now() / 1000) + 60 }); want(client.getSecuredApiKeyRemainingValidity(key) > 0, true); want(ids(await four('APP4', key, { hosts: [old], timeouts }).initIndex('four').search('')), 'ab'); });
  await call('getLogs', async () => want(Array.isArray((await client.getLogs()).logs), true));
  await call('errors', async () => { await refused(client.initIndex('none').search(''), 404); await refused(index.search('', { noSuchThing: 1 }), 400); await refused(four('APP4', 'wrong', { hosts: [old], timeouts }).initIndex('four').search(''), 403); });
}

async function version5() {
  const client = five('APP5', 'admin', { hosts: [host], timeouts });
  const indexName = 'five';
  const done = async (promise, name = indexName) => { const answer = await promise; await client.waitForTask({ indexName: name, taskID: answer.taskID }); return answer; };
  const call = (name, run) => check(`v5 ${name}`, run);
  const search = (params) => client.searchSingleIndex({ indexName, searchParams: params });
  await call('saveObjects', async () => want((await client.saveObjects({ indexName, objects: records, waitForTasks: true }))[0].objectIDs, ['a', 'b', 'c', 'd']));
  await call('setSettings', async () => { await done(client.setSettings({ indexName, indexSettings: { ...settings, replicas: ['five_r'] } })); want((await client.getSettings({ indexName })).customRanking, ['asc(price)']); });
  await call('setSettings forwardToReplicas', async () => { await done(client.setSettings({ indexName, indexSettings: { hitsPerPage: 7 }, forwardToReplicas: true })); want((await client.getSettings({ indexName: 'five_r' })).hitsPerPage, 7); });
  await call('searchSingleIndex', async () => want(ids(await search({ query: 'red' })), 'ab'));
  await call('searchSingleIndex with every kind of parameter', async () => want(ids(await search({ filters: 'price >= 20', facetFilters: [['color:blue', 'color:red']], numericFilters: ['price<40'], facets: ['*'], analytics: false, getRankingInfo: true, distinct: 0, ignorePlurals: ['en'], optionalWords: ['x'], ruleContexts: ['y'], attributesToRetrieve: ['name'], renderingContent: {} })), 'bc'));
  await call('search, flat', async () => want((await client.search({ requests: [{ indexName, query: 'red', hitsPerPage: 1 }, { indexName, type: 'facet', facet: 'color', facetQuery: 'b' }] })).results.map((r) => r.hits?.length ?? r.facetHits[0].value), [1, 'blue']));
  await call('search, stopIfEnoughMatches', async () => want((await client.search({ requests: [{ indexName, query: '', hitsPerPage: 1 }, { indexName, query: '' }], strategy: 'stopIfEnoughMatches' })).results[1].processed, false));
  await call('searchForHits and searchForFacets', async () => { want((await client.searchForHits({ requests: [{ indexName, query: 'hat' }] })).results[0].nbHits, 1); want((await client.searchForFacets({ requests: [{ indexName, facet: 'color', type: 'facet', facetQuery: 'g' }] })).results[0].facetHits[0].value, 'green'); });
  await call('searchForFacetValues', async () => want((await client.searchForFacetValues({ indexName, facetName: 'color', searchForFacetValuesRequest: { facetQuery: 're' } })).facetHits[0].count, 2));
  await call('getObject', async () => want(await client.getObject({ indexName, objectID: 'a', attributesToRetrieve: ['price'] }), { objectID: 'a', price: 10 }));
  await call('getObjects', async () => want((await client.getObjects({ requests: [{ indexName, objectID: 'a' }, { indexName, objectID: 'zz' }] })).results.map((r) => r?.objectID ?? null), ['a', null]));
  await call('browse', async () => want((await client.browse({ indexName, browseParams: { hitsPerPage: 3 } })).cursor !== undefined, true));
  await call('browseObjects', async () => { const all = []; await client.browseObjects({ indexName, browseParams: { hitsPerPage: 3 }, aggregator: (page) => all.push(...page.hits) }); want(all.length, 4); });
  await call('saveObject', async () => want((await done(client.saveObject({ indexName, body: { name: 'made up', price: 70 } }))).objectID.length > 0, true));
  await call('addOrUpdateObject', async () => { await done(client.addOrUpdateObject({ indexName, objectID: 'e', body: { name: 'new', price: 50 } })); want((await client.getObject({ indexName, objectID: 'e' })).price, 50); });
  await call('partialUpdateObject', async () => { await done(client.partialUpdateObject({ indexName, objectID: 'e', attributesToUpdate: { price: { _operation: 'Increment', value: 5 } } })); want((await client.getObject({ indexName, objectID: 'e' })).price, 55); });
  await call('partialUpdateObject createIfNotExists', async () => { await done(client.partialUpdateObject({ indexName, objectID: 'f', attributesToUpdate: { price: 1 }, createIfNotExists: false })); await refused(client.getObject({ indexName, objectID: 'f' }), 404); });
  await call('partialUpdateObjects', async () => { await client.partialUpdateObjects({ indexName, objects: [{ objectID: 'f', price: 2 }], createIfNotExists: true, waitForTasks: true }); want((await client.getObject({ indexName, objectID: 'f' })).price, 2); });
  await call('deleteObject', async () => { await done(client.deleteObject({ indexName, objectID: 'f' })); await refused(client.getObject({ indexName, objectID: 'f' }), 404); });
  await call('deleteObjects', async () => { await client.deleteObjects({ indexName, objectIDs: ['e'], waitForTasks: true }); await refused(client.getObject({ indexName, objectID: 'e' }), 404); });
  await call('deleteBy', async () => { await done(client.deleteBy({ indexName, deleteByParams: { filters: 'price = 70' } })); want((await search({})).nbHits, 4); });
  await call('batch and chunkedBatch', async () => { await done(client.batch({ indexName, batchWriteParams: { requests: [{ action: 'addObject', body: { objectID: 'h' } }] } })); await client.chunkedBatch({ indexName, action: 'deleteObject', objects: [{ objectID: 'h' }], waitForTasks: true }); await refused(client.getObject({ indexName, objectID: 'h' }), 404); });
  await call('multipleBatch', async () => { const answer = await client.multipleBatch({ requests: [{ action: 'addObject', indexName: 'five_m', body: { objectID: '1' } }] }); await client.waitForTask({ indexName: 'five_m', taskID: answer.taskID.five_m }); want((await client.getObject({ indexName: 'five_m', objectID: '1' })).objectID, '1'); });
  const rule = { objectID: 'r', conditions: [{ pattern: 'hat', anchoring: 'is' }], consequence: { promote: [{ objectID: 'a', position: 0 }] } };
  await call('saveRule', async () => { await done(client.saveRule({ indexName, objectID: 'r', rule })); want(ids(await search({ query: 'hat' })), 'ad'); });
  await call('saveRules clearExistingRules', async () => { await done(client.saveRules({ indexName, rules: [{ ...rule, objectID: 's' }], clearExistingRules: true })); await refused(client.getRule({ indexName, objectID: 'r' }), 404); });
  await call('searchRules and browseRules', async () => { want((await client.searchRules({ indexName, searchRulesParams: { query: 'hat' } })).nbHits, 1); const all = []; await client.browseRules({ indexName, aggregator: (page) => all.push(...page.hits) }); want(all.length, 1); });
  await call('deleteRule and clearRules', async () => { await done(client.deleteRule({ indexName, objectID: 's' })); await done(client.clearRules({ indexName })); want((await client.searchRules({ indexName })).nbHits, 0); });
  const synonym = { objectID: 's', type: 'synonym', synonyms: ['hat', 'cap'] };
  await call('saveSynonym', async () => { await done(client.saveSynonym({ indexName, objectID: 's', synonymHit: synonym })); want(ids(await search({ query: 'cap' })), 'd'); });
  await call('saveSynonyms replaceExistingSynonyms', async () => { await done(client.saveSynonyms({ indexName, synonymHit: [{ ...synonym, objectID: 'u' }], replaceExistingSynonyms: true })); await refused(client.getSynonym({ indexName, objectID: 's' }), 404); });
  await call('searchSynonyms and browseSynonyms', async () => { want((await client.searchSynonyms({ indexName, searchSynonymsParams: { query: 'cap' } })).nbHits, 1); const all = []; await client.browseSynonyms({ indexName, aggregator: (page) => all.push(...page.hits) }); want(all.length, 1); });
  await call('deleteSynonym and clearSynonyms', async () => { await done(client.deleteSynonym({ indexName, objectID: 'u' })); await done(client.clearSynonyms({ indexName })); want((await client.searchSynonyms({ indexName })).nbHits, 0); });
  await call('operationIndex', async () => { await done(client.operationIndex({ indexName, operationIndexParams: { operation: 'copy', destination: 'five_c' } }), 'five_c'); want(await client.indexExists({ indexName: 'five_c' }), true); });
  await call('operationIndex with a scope, and move', async () => { await done(client.operationIndex({ indexName, operationIndexParams: { operation: 'copy', destination: 'five_s', scope: ['settings', 'rules', 'synonyms'] } }), 'five_s'); want((await client.getSettings({ indexName: 'five_s' })).hitsPerPage, 7); await done(client.operationIndex({ indexName: 'five_c', operationIndexParams: { operation: 'move', destination: 'five_n' } }), 'five_n'); want(await client.indexExists({ indexName: 'five_c' }), false); });
  await call('replaceAllObjects', async () => { await client.replaceAllObjects({ indexName, objects: records, batchSize: 2 }); want((await search({})).nbHits, 4); });
  await call('clearObjects and deleteIndex', async () => { await done(client.clearObjects({ indexName: 'five_n' }), 'five_n'); want((await client.searchSingleIndex({ indexName: 'five_n' })).nbHits, 0); await done(client.deleteIndex({ indexName: 'five_n' }), 'five_n'); want(await client.indexExists({ indexName: 'five_n' }), false); });
  await call('listIndices', async () => want((await client.listIndices({ page: 0, hitsPerPage: 50 })).items.some((item) => item.name === indexName), true));
  await call('addApiKey, getApiKey, updateApiKey, deleteApiKey, restoreApiKey and waitForApiKey', async () => {
    const { key } = await client.addApiKey({ acl: ['search'], indexes: ['five*'] });
    await client.waitForApiKey({ operation: 'add', key });
    want((await client.getApiKey({ key })).referers, undefined);
    await client.updateApiKey({ key, apiKey: { acl: ['search', 'browse'] } });
    await client.waitForApiKey({ operation: 'update', key, apiKey: { acl: ['search', 'browse'] } });
    await client.deleteApiKey({ key });
    await client.waitForApiKey({ operation: 'delete', key });
    await client.restoreApiKey({ key });
    want((await client.listApiKeys()).keys.some((k) => k.value === key), true);
  });
  await call('generateSecuredApiKey', async () => { const key = client.generateSecuredApiKey({ parentApiKey: 'search', restrictions: { filters: 'color:red', validUntil: Math.round(Date.now() / 1000) + 60 } }); want(client.getSecuredApiKeyRemainingValidity({ securedApiKey: key }) > 0, true); want(ids(await five('APP5', key, { hosts: [host], timeouts }).searchSingleIndex({ indexName })), 'ab'); });
  await call('getTask, getAppTask and getLogs', async () => { const { taskID } = await client.clearRules({ indexName }); await client.waitForTask({ indexName, taskID }); want((await client.getTask({ indexName, taskID })).status, 'published'); want((await client.getAppTask({ taskID })).status, 'published'); want(Array.isArray((await client.getLogs({ offset: 0, length: 5 })).logs), true); });
  await call('custom requests', async () => { want((await client.customGet({ path: '1/indexes' })).items.length > 0, true); want((await client.customPost({ path: '1/indexes/five/query', body: { query: 'red' } })).nbHits, 2); });
  await call('errors', async () => { await refused(client.searchSingleIndex({ indexName: 'none' }), 404); await refused(search({ noSuchThing: 1 }), 400); await refused(search({ hitsPerPage: 'x' }), 400); await refused(five('APP5', 'wrong', { hosts: [host], timeouts }).searchSingleIndex({ indexName }), 403); });
}

(async () => {
  await version4();
  await version5();
  await documentedValues();
  process.exit(0);
})();
