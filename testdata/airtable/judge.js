// Drives an emulator of Airtable with the official client, and prints what it saw as
// one JSON object. Arguments: the emulator's address, a token, a base.
const Airtable = require('airtable');

const [endpointUrl, apiKey, baseId] = process.argv.slice(2);
const table = new Airtable({apiKey, endpointUrl, noRetryIfRateLimited: true}).base(baseId)('Reports');
const seen = {};

// refused returns what the client made of an error.
const refused = (call) => call.then(() => 'no error', (e) => `${e.statusCode} ${e.error}`);
const keys = (records) => records.map((r) => r.get('Key')).join(' ');

(async () => {
  const one = await table.create({Key: 'k0', Rows: 1, Fail: true, Type: 'sales'});
  seen.created = one.fields;
  const more = [];
  for (let n = 1; n <= 24; n += 8) {
    const part = [...Array(8)].map((_, i) => ({fields: {Key: `k${n + i}`, Rows: n + i, Type: n % 2 ? 'sales' : 'stock'}}));
    more.push(...await table.create(part));
  }
  seen.pages = [];
  await table.select({pageSize: 10}).eachPage((records, next) => { seen.pages.push(records.length); next(); });
  seen.all = (await table.select({pageSize: 7, fields: ['Key']}).all()).length;
  seen.sorted = keys(await table.select({filterByFormula: 'AND({Rows} > 21, {Type} = "sales")', sort: [{field: 'Rows', direction: 'desc'}]}).firstPage());
  // Too long for an address, so the client posts it to listRecords.
  const long = `OR(${[...Array(800)].map((_, n) => `{Key} = "no such key ${n}"`).join(', ')}, {Key} = "k7")`;
  seen.long = keys(await table.select({filterByFormula: long}).all());
  seen.updated = (await table.update(one.id, {Rows: 100, Fail: false})).fields;
  seen.replaced = (await table.replace(one.id, {Key: 'k0'})).fields;
  seen.found = (await table.find(more[3].id)).get('Key');
  const upserted = await table.update([{fields: {Key: 'k5', Rows: 500}}, {fields: {Key: 'fresh', Rows: 1}}], {performUpsert: {fieldsToMergeOn: ['Key']}});
  seen.upserted = [upserted[0].id === more[4].id, keys(upserted)];
  seen.typecast = (await table.create({Key: 'typed', Rows: '12'}, {typecast: true})).get('Rows');
  seen.destroyed = (await table.destroy(more.slice(0, 10).map((r) => r.id))).length;
  seen.single = (await table.destroy(one.id)).id === one.id;
  seen.left = (await table.select().all()).length;
  seen.refused = {
    field: await refused(table.create({Nope: 1})),
    value: await refused(table.create({Rows: 'many'})),
    eleven: await refused(table.create([...Array(11)].map(() => ({fields: {Key: 'x'}})))),
    formula: await refused(table.select({filterByFormula: 'REGEX_MATCH({Key}, "k")'}).all()),
    missing: await refused(table.find('recNone0000000000')),
    token: await refused(new Airtable({apiKey: 'patWrong', endpointUrl}).base(baseId)('Reports').select().all()),
    table: await refused(new Airtable({apiKey, endpointUrl}).base(baseId)('Nope').select().all()),
  };
  process.stdout.write(JSON.stringify(seen));
})().catch((e) => { console.error(e); process.exit(1); });
