// The addresses of the page. What is shown stands behind the ?, so that every run, record,
// job and alert has an address, and signing in keeps it.

export const places = [
  ['overview', 'Overview'], ['runs', 'Runs'], ['records', 'Records'], ['jobs', 'Jobs'],
  ['schedules', 'Schedules'], ['alerts', 'Alerts'], ['log', 'Log'], ['audit', 'Audit'],
];

// things are what has a page of its own, by the name in the address, with the place that
// lists them.
const things = { run: 'runs', entity: 'overview', record: 'records', job: 'jobs', alert: 'alerts' };

// to returns the address of a page or of a thing.
export const to = wanted => {
  const text = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== undefined && value !== '')).toString();
  return text ? '?' + text : './';
};

// here reads the address; what makes no sense in it is ignored.
export function here() {
  const p = new URLSearchParams(location.search), get = name => p.get(name) ?? '';
  const at = { page: 'overview', entity: get('entity'), state: get('state'), cause: p.get('cause'), reason: get('reason'), before: /^\d+$/.test(get('before')) ? get('before') : '', after: get('after'), range: get('range'), account: get('account'), since: get('since'), severity: get('severity') };
  if (places.some(([name]) => name === get('page'))) at.page = get('page');
  for (const thing of Object.keys(things)) {
    if (!get(thing) || ['run', 'job', 'alert'].includes(thing) && !/^[1-9]\d*$/.test(get(thing))) continue;
    if (thing === 'entity' && p.has('page')) continue; // a filter of a list
    if (thing === 'entity' && p.has('record')) continue; // the record's
    return { ...at, page: things[thing], thing, id: get(thing) };
  }
  return at;
}

let changed;
export const onRoute = fn => { changed = fn; };

// go shows another address.
export function go(address) {
  history.pushState(null, '', address);
  changed();
  scrollTo(0, 0);
}

addEventListener('popstate', () => changed());
addEventListener('click', event => {
  const a = event.target.closest?.('a[data-here]');
  if (!a || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(a.getAttribute('href'));
});
