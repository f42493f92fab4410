// What a Node team would write instead of Return-sync: keyset pages, mysql2 and
// algoliasearch 5, several pages at once. It keeps no account of anything.
//
// The bench starts it with its work as JSON in RETURN_SYNC_BENCH_WORK. It prints how
// many records it saved, and ends when its standard input does.
'use strict';

const fs = require('node:fs');
const mysql = require('mysql2/promise');
const {algoliasearch} = require('algoliasearch');

const work = JSON.parse(process.env.RETURN_SYNC_BENCH_WORK);
const rowsQuery = fs.readFileSync(work.RowsFile, 'utf8').replaceAll(':ids', '?');

// millis turns a DATETIME into milliseconds; undefined stays out of the JSON, as every
// undefined field does.
const millis = (date) => {
  const t = date === null ? NaN : date.getTime();
  return Number.isNaN(t) ? undefined : t;
};

// some leaves an object out that has no field.
const some = (object) => (Object.values(object).some((value) => value !== undefined) ? object : undefined);

// document makes a record of a row of rows.sql.
const document = (r) => ({
  objectID: r.objectID,
  account: r.account,
  accountKey: 'a' + Buffer.from(r.account).toString('hex'),
  channel: r.channel ?? undefined,
  returnId: r.returnId,
  returnNumber: r.returnNumber,
  orderNumber: r.orderNumber,
  vendorOrderNumber: r.vendorOrderNumber ?? undefined,
  returnType: r.returnType,
  status: r.status,
  statusRank: r.statusRank,
  carrierStatus: r.carrierStatus ?? undefined,
  statusAt: millis(r.statusAt),
  trackingId: r.trackingId ?? undefined,
  courier: r.courier ?? undefined,
  isCod: r.isCod !== 0,
  resolution: r.resolution,
  refund: {
    amountMinor: r['refund.amountMinor'],
    currency: r['refund.currency'],
    mode: r['refund.mode'] ?? undefined,
    status: r['refund.status'] ?? undefined,
  },
  customer: some({
    name: r['customer.name'] ?? undefined,
    phoneLast4: r['customer.phoneLast4'] ?? undefined,
  }),
  pickup: some({
    city: r['pickup.city'] ?? undefined,
    state: r['pickup.state'] ?? undefined,
    postalCode: r['pickup.postalCode'] ?? undefined,
    country: r['pickup.country'] ?? undefined,
  }),
  dropLocation: r.dropLocation ?? undefined,
  item: {
    sku: r['item.sku'],
    esin: r['item.esin'] ?? undefined,
    ean: r['item.ean'] ?? undefined,
    name: r['item.name'],
    imageUrl: r['item.imageUrl'] ?? undefined,
    quantity: r['item.quantity'],
    unitPriceMinor: r['item.unitPriceMinor'],
    reason: r['item.reason'] ?? undefined,
    subReason: r['item.subReason'] ?? undefined,
    status: r['item.status'],
    condition: r['item.condition'] ?? undefined,
    qcReasons: r['item.qcReasons'] ?? undefined,
  },
  returnLineCount: r.returnLineCount,
  requestedAt: millis(r.requestedAt),
  pickedUpAt: millis(r.pickedUpAt),
  deliveredAt: millis(r.deliveredAt),
  receivedAt: millis(r.receivedAt),
  completedAt: millis(r.completedAt),
  cancelledAt: millis(r.cancelledAt),
  createdAt: millis(r.createdAt),
  updatedAt: millis(r.updatedAt),
  rowVersion: r.rowVersion,
});

async function main() {
  const at = work.Address.lastIndexOf(':');
  const pool = mysql.createPool({
    ...(work.Net === 'unix' ? {socketPath: work.Address} : {host: work.Address.slice(0, at), port: Number(work.Address.slice(at + 1))}),
    user: work.User, password: work.Password, database: work.Database,
    timezone: 'Z', connectionLimit: work.Workers + 1, connectTimeout: 600_000,
  });
  const index = new URL(work.URL);
  const client = algoliasearch('LOCAL', 'admin', {
    hosts: [{url: index.hostname, port: Number(index.port), protocol: 'http', accept: 'readWrite'}],
    timeouts: {connect: 600_000, read: 600_000, write: 600_000}, // a loaded machine must not fail the measurement
  });

  // One page is listed ahead of the workers.
  let last = 0;
  const next = async () => {
    const [rows] = await pool.query('SELECT id FROM order_return WHERE id > ? ORDER BY id LIMIT ?', [last, work.Page]);
    if (rows.length > 0) last = rows[rows.length - 1].id;
    return rows.map((row) => row.id);
  };
  let listed = next();
  const take = async () => {
    const mine = listed;
    listed = mine.then((ids) => (ids.length > 0 ? next() : ids));
    return mine;
  };

  let records = 0;
  const worker = async () => {
    for (let ids = await take(); ids.length > 0; ids = await take()) {
      const [rows] = await pool.query(rowsQuery, [ids]);
      const objects = rows.map(document);
      // A page is one request, as it is in the limit.
      await client.saveObjects({indexName: 'node', objects, batchSize: 20 * work.Page});
      records += objects.length;
    }
  };
  await Promise.all(Array.from({length: work.Workers}, worker));
  await pool.end();
  return records;
}

main().then((records) => {
  console.log(records);
  process.stdin.resume();
}, (error) => {
  console.error(error);
  process.exit(1);
});
