// The operators' console. Every event of one stream carries the whole view; sections
// whose part is unchanged are not drawn again, and the others are renewed in place. The
// address says which page is shown.

import { $, live, setClock, switchZone, tick, clock, now, span, zone } from './dom.js';
import { clear, forget, section } from './renew.js';
import { here, onRoute, places } from './route.js';
import * as ask from './dialogs.js';
import * as overview from './overview.js';
import * as lists from './lists.js';
import { entity, week } from './entity.js';
import { run } from './run.js';

let me, view, stream, again, seen = 0;
const heard = { at: 0, of: 0, lost: 0 }; // when the stream last spoke, the state's time, when it broke

// begin asks who is signed in, and for the view.
async function begin() {
  clearTimeout(again);
  let first;
  try {
    first = await ask.call('first');
  } catch (problem) {
    live(problem.message, 'bad');
    again = setTimeout(begin, 5000);
    return;
  }
  me = first.session;
  if (first.state) take(first.state);
  $('signin').hidden = me.signedIn;
  $('board').hidden = !me.signedIn || !view;
  $('skeleton').hidden = !me.signedIn || !!view;
  $('signout').hidden = !me.signedIn;
  $('who').textContent = me.signedIn ? `${me.subject || 'signed in'} (${me.operator ? 'operator' : 'may look'})` : '';
  forget();
  if (me.signedIn) {
    follow();
    draw();
  } else {
    stream?.close();
    answers.clear();
    live('Signed out', '');
    $('places').hidden = true;
    $('token').focus();
  }
}

// take takes a view, and the database's clock with it. An equal view leaves what was asked
// for beside it valid.
let text;
function take(state) {
  setClock(state.now);
  Object.assign(heard, { at: Date.now(), of: now() });
  const fresh = JSON.stringify(state.view);
  if (fresh === text) return;
  ({ view } = state);
  text = fresh;
  seen++;
}

const speaks = () => { Object.assign(heard, { at: Date.now(), lost: 0 }); live('Live', 'good'); };

// follow opens the stream. The browser reconnects by itself after a break, but not after
// a refusal.
function follow() {
  stream?.close();
  stream = new EventSource('events');
  stream.addEventListener('state', event => {
    take(JSON.parse(event.data));
    speaks();
    $('board').hidden = false;
    $('skeleton').hidden = true;
    draw();
  });
  stream.addEventListener('beat', () => { heard.of = now(); speaks(); });
  stream.addEventListener('trouble', event => { heard.lost ||= Date.now(); live(JSON.parse(event.data).message, 'bad'); });
  stream.addEventListener('ended', () => { stream.close(); begin(); });
  stream.addEventListener('error', () => {
    heard.lost ||= Date.now();
    live('Reconnecting…', 'wait');
    if (stream.readyState === EventSource.CLOSED) again = setTimeout(begin, 5000);
  });
}

// The stream speaks at least every 10 s; a page that hears nothing shows an old state.
const lostAfter = 5000, silentAfter = 25_000;

// agesBoard greys the board and says of when it is, while nothing new can arrive.
function agesBoard() {
  const since = heard.lost || (Date.now() - heard.at > silentAfter ? heard.at : 0), old = view && since && Date.now() - since >= lostAfter;
  $('board').classList.toggle('old', !!old);
  $('old').hidden = !old;
  if (old) $('old').textContent = `Not connected for ${span(Date.now() - since)}. This is the state of ${clock(heard.of)}.`;
}

// The answers to what pages ask for beside the view, each asked for again when the view
// has changed since.
const answers = new Map();
function answer(path, version = seen) {
  let known = answers.get(path);
  if (!known) {
    if (answers.size > 200) answers.clear();
    answers.set(path, known = {});
  }
  if (known.version !== version && !known.busy) {
    Object.assign(known, { version, busy: true });
    ask.call(path).then(data => Object.assign(known, { data, problem: undefined }), problem => { known.problem = problem.message; })
      .finally(() => { known.busy = false; draw(); });
  }
  return known;
}

// The sections of each place; those of a thing's own page stand under its name.
const shown = {
  overview: ['verdict', 'summary', 'lines', 'alerts'], runs: ['runs'], records: ['parked'], jobs: ['jobs'], schedules: ['schedules', 'scopes'],
  alerts: ['alerts'], log: ['log'], audit: ['audit'], thing: ['thing'],
};

// draw draws the changed sections of the page that the address names.
function draw() {
  if (!view || !me?.signedIn) return;
  const at = here(), width = $('main').clientWidth, inner = width > 860 ? Math.floor((Math.min(width, 1200) - 100) / 2) : width - 62;
  const current = shown[at.thing ? 'thing' : at.page];
  for (const place of document.querySelectorAll('#board > section')) {
    place.hidden = !current.includes(place.id);
    if (place.hidden) clear(place);
  }
  section('places', [view.places, at.page, at.thing], () => overview.places(view, places, at.thing ? { page: at.thing === 'entity' ? '' : at.page } : at));
  $('places').hidden = false;
  const { report } = view, part = at.thing ? things[at.thing](at, inner) : undefined;
  const make = {
    thing: () => section('thing', [at, part.of], part.make),
    verdict: () => section('verdict', [report.ok, report.attention, view.parked, report.entities.map(e => [e.name, e.asOf, e.last?.runId, e.running?.runId, e.pageError, e.jobs])], () => overview.verdict(view, me)),
    summary: () => section('summary', [report.budget, report.entities, view.heartbeat, view.alerts], () => overview.summary(view)),
    lines: () => section('lines', [report.attention, report.entities, view.recent, view.staleSeconds], () => overview.lines(view, me)),
    runs: () => drawRuns(at), parked: () => drawParked(at),
    jobs: () => { const list = answer('jobs'); section('jobs', [report.entities.map(e => e.jobs), list.data, list.problem], () => lists.jobs(view, me, list)); },
    scopes: () => section('scopes', [view.scopes, report.entities.map(e => e.name)], () => lists.scopes(view, me)),
    schedules: () => section('schedules', [view.schedules, view.schedulesLookedAt, report.entities.map(e => e.name), view.scopes?.map(s => s.id)], () => lists.schedules(view, me)),
    alerts: () => { const list = at.page === 'alerts' ? answer('alerts') : undefined; section('alerts', [view.alerts, list?.data, list?.problem, at.page], () => lists.alerts(view, list)); },
    log: () => drawLog(at),
    audit: () => section('audit', view.audit, () => lists.audit(view)),
  };
  for (const name of current) make[name]();
  document.title = `${report.ok ? '' : `(${report.attention.length}) `}${at.thing ? `${at.thing} ${at.id}` : places.find(([name]) => name === at.page)[1]} – Return-sync console`;
  tick();
}

// runsOf asks for the runs of a filter.
const runsOf = at => 'runs?' + new URLSearchParams(Object.entries({ entity: at.entity, state: at.state, before: at.before }).filter(([, value]) => value));

// drawRuns draws the list of runs; a page of older ones does not change.
function drawRuns(at) {
  const list = answer(runsOf(at), at.before ? 'old' : seen);
  section('runs', [at, list.data, list.problem, view.report.entities.map(e => e.name)], () => lists.runs(view, at, list));
}

// logOf asks for the entries of a filter.
const logOf = at => 'log?' + new URLSearchParams(Object.entries({ entity: at.entity, severity: at.severity, since: at.since, before: at.before }).filter(([, value]) => value));

// drawLog draws the run log; a page of older entries does not change.
function drawLog(at) {
  const list = answer(logOf(at), at.before ? 'old' : seen);
  section('log', [at, list.data, list.problem, view.report.entities.map(e => e.name)], () => lists.log(view, at, list));
}

// drawParked draws the parked records: their causes, or the records of one.
function drawParked(at) {
  if (at.entity && (at.cause !== null || at.account || at.since)) {
    const page = answer(lists.askParked(at.entity, at, at.after ? { after: at.after } : {}));
    section('parked', [at, page.data, page.problem], () => lists.ofCause(view, me, at, page));
    return;
  }
  const small = {};
  for (const [name, causes] of Object.entries(view.parked ?? {})) {
    for (const c of causes ?? []) if (c.records <= lists.few) small[name + c.reason + c.cause] = answer(lists.askParked(name, c));
  }
  section('parked', [at, view.parked, Object.values(small).map(a => [a.data, a.problem])], () => lists.parked(view, me, at, small));
}

// things are the pages of single things: what they show, and how.
const asked = (path, version, make) => { const got = answer(path, version); return { of: [got.data, got.problem], make: () => make(got) }; };
const things = {
  run: at => asked(`runs/${at.id}`, answers.get(`runs/${at.id}`)?.data?.run.closedAt ? 'closed' : seen, got => run(at.id, got)),
  job: at => asked(`jobs/${at.id}`, seen, got => lists.job(got, me)),
  alert: at => asked(`alerts/${at.id}`, seen, got => lists.alert(got, me)),
  record: at => asked(`parked?${new URLSearchParams({ entity: at.entity, record: at.id })}`, seen, got => lists.record(view, me, at, got)),
  entity: (at, inner) => {
    const e = view.report.entities.find(e => e.name === at.id), more = at.range && e ? answer(week(e.name), e.last?.runId) : undefined;
    return { of: [e, view.recent[at.id], view.staleSeconds, inner, more?.data?.length, more?.problem],
      make: () => e ? entity(e, view, me, inner, at, more) : [Object.assign(document.createElement('p'), { className: 'empty', textContent: `There is no entity ${at.id}.` })] };
  },
};

$('signin').addEventListener('submit', async event => {
  event.preventDefault();
  $('refused').textContent = '';
  try {
    await ask.call('session', { token: $('token').value });
    $('token').value = '';
    begin();
  } catch (problem) {
    $('refused').textContent = problem.message;
  }
});

$('signout').addEventListener('click', async () => {
  if (me.signOut) {
    location.assign(me.signOut);
    return;
  }
  try {
    await ask.call('session/end', {});
  } catch (problem) {
    ask.toast(problem.message); // still signed in
    return;
  }
  stream?.close();
  view = text = undefined;
  answers.clear();
  begin();
});

const showZone = () => { $('zone').textContent = zone; };
$('zone').addEventListener('click', () => { switchZone(); showZone(); draw(); });
showZone();

onRoute(() => { draw(); $('main').focus({ preventScroll: true }); });
// A page that the browser keeps for the way back must not keep its connection.
addEventListener('pagehide', () => stream?.close());
addEventListener('pageshow', event => { if (event.persisted) begin(); });

let resized;
addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
setInterval(() => { tick(); agesBoard(); }, 1000);
begin();

