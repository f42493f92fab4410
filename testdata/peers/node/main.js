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

// document makes a record of a row: names nest at their dots, what is NULL is left
// out, and times are milliseconds.
function document(row, paths) {
  const record = {};
  for (const [column, path] of paths) {
    let value = row[column];
    if (value === null) continue;
    if (value instanceof Date) {
      value = value.getTime();
      if (Number.isNaN(value)) continue;
    }
    let at = record;
    for (let i = 0; i < path.length - 1; i++) at = at[path[i]] ??= {};
    at[path[path.length - 1]] = value;
  }
  record.isCod = record.isCod !== 0;
  return record;
}

// fieldPaths lists the columns that are fields.
function fieldPaths(fields) {
  return fields.map((f) => f.name).filter((name) => !name.startsWith('_')).map((name) => [name, name.split('.')]);
}

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
  let paths;
  const worker = async () => {
    for (let ids = await take(); ids.length > 0; ids = await take()) {
      const [rows, fields] = await pool.query(rowsQuery, [ids]);
      paths ??= fieldPaths(fields);
      const objects = rows.map((row) => document(row, paths));
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
