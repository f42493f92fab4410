// What the scripts of pages share: the records to count by hand, and clients.
import { liteClient } from 'algoliasearch/lite';
import { check, config, same, timeouts } from './check.cjs';

export { check, config, same };
export const rows = config.rows ?? [];

// count counts records by hand; counts does so by the values of a field.
export const count = (keep = () => true) => rows.filter(keep).length;
export const counts = (field, keep = () => true) => {
  const out = {};
  for (const row of rows.filter(keep)) if (row[field] != null) out[row[field]] = (out[row[field]] ?? 0) + 1;
  return out;
};

// throughFunction is the client that the README shows; straight asks the index itself.
export const throughFunction = ({ through, token }) => {
  const post = async (requests) => {
    const response = await fetch(through, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({ requests }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer.error));
    return answer;
  };
  return { search: post, searchForFacetValues: async (requests) => (await post(requests)).results };
};
export const straight = ({ host, appId, key }) => liteClient(appId, key, { hosts: [{ url: host, protocol: 'http', accept: 'readWrite' }], timeouts });

// until waits until look returns what is wanted, or the time is over.
export async function until(look, want, patience = Number(process.env.CLIENTS_PATIENCE ?? 8000)) {
  let got;
  for (const end = Date.now() + patience; ;) {
    try { got = await look(); } catch (error) { got = String(error); }
    if (same(got, want)) return;
    if (Date.now() > end) throw new Error(`got ${JSON.stringify(got)?.slice(0, 400)}, want ${JSON.stringify(want)?.slice(0, 400)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

// numberOf reads the number that a widget shows.
export const numberOf = (element) => Number(element?.textContent?.replace(/[^0-9-]/g, '') || NaN);
