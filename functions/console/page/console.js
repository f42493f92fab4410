// The operators' console. Every event of one stream carries the whole view; sections
// whose part is unchanged are not drawn again.

import { $, element, setClock, tick } from './dom.js';
import * as ask from './dialogs.js';
import * as sections from './sections.js';

let me, view, stream, again, drawn = {};

const link = (text, mood) => {
  if ($('link').textContent !== text) $('link').textContent = text;
  $('link').className = 'pill ' + mood;
};

// begin asks who is signed in.
async function begin() {
  clearTimeout(again);
  try {
    me = await ask.call('session');
  } catch (problem) {
    link(problem.message, 'bad');
    again = setTimeout(begin, 5000);
    return;
  }
  $('signin').hidden = me.signedIn;
  $('board').hidden = !me.signedIn || !view;
  $('signout').hidden = !me.signedIn || me.proxy;
  $('who').textContent = me.signedIn ? `${me.subject || 'signed in'} (${me.operator ? 'operator' : 'may look'})` : '';
  drawn = {};
  if (me.signedIn) follow();
  else {
    link('Signed out', '');
    $('token').focus();
  }
}

// follow opens the stream. The browser reconnects by itself after a break, but not after
// a refusal.
function follow() {
  stream?.close();
  stream = new EventSource('events');
  stream.addEventListener('state', event => {
    const data = JSON.parse(event.data);
    setClock(data.now);
    view = data.view;
    link('Live', 'good');
    $('board').hidden = false;
    draw();
    ask.refresh();
  });
  stream.addEventListener('beat', () => link('Live', 'good'));
  stream.addEventListener('trouble', event => link(JSON.parse(event.data).message, 'bad'));
  stream.addEventListener('ended', () => { stream.close(); begin(); });
  stream.addEventListener('error', () => {
    link('Reconnecting…', 'wait');
    if (stream.readyState === EventSource.CLOSED) again = setTimeout(begin, 5000);
  });
}

// draw draws the changed sections.
function draw() {
  if (!view) return;
  const width = $('main').clientWidth, inner = width > 860 ? Math.floor((Math.min(width, 1200) - 100) / 2) : width - 62;
  const { report } = view;
  section('places', view.places, () => sections.places(view));
  $('places').hidden = !view.places.length;
  section('verdict', [report.ok, report.attention, report.entities.map(e => [e.name, e.asOf])], () => sections.verdict(view));
  section('summary', [report.budget, report.entities, view.heartbeat, view.alerts], () => sections.summary(view));
  cards(report.entities, inner);
  section('jobs', report.entities.map(e => e.jobs), () => sections.jobs(view, me));
  section('parked', [view.parked, report.entities.map(e => e.parked)], () => sections.parked(view, me));
  section('scopes', [view.scopes, report.entities.map(e => e.name)], () => sections.scopes(view, me));
  section('schedules', [view.schedules, view.schedulesLookedAt, report.entities.map(e => e.name), view.scopes?.map(s => s.id)], () => sections.schedules(view, me));
  section('alerts', view.alerts, () => sections.alerts(view));
  section('log', view.log, () => sections.log(view));
  section('audit', view.audit, () => sections.audit(view));
  document.title = (report.ok ? '' : `(${report.attention.length}) `) + 'Return-sync console';
  tick();
}

// cards draws a card an entity.
function cards(entities, inner) {
  const names = entities.map(e => e.name).join('\n');
  if (drawn.cards !== names) {
    $('entities').replaceChildren(...entities.map((e, i) => element('article', { class: 'card', id: 'entity-' + i, 'aria-label': e.name })));
    drawn.cards = names;
    for (const key of Object.keys(drawn)) if (key.startsWith('entity-')) delete drawn[key];
  }
  entities.forEach((e, i) => section('entity-' + i, [e, view.recent[e.name], view.staleSeconds, inner], () => sections.entity(e, view, me, inner)));
}

// section draws one section again if its part of the view has changed, and restores the
// focus.
function section(id, part, make) {
  const text = JSON.stringify(part ?? null);
  if (drawn[id] === text) return;
  drawn[id] = text;
  const place = $(id), key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  place.replaceChildren(...make().flat().filter(child => child !== undefined && child !== null && child !== false && child !== ''));
  if (key) {
    const found = [...place.querySelectorAll('[data-key]')].find(e => e.dataset.key === key);
    if (found?.tabIndex === -1) {
      for (const cell of found.parentElement.children) cell.tabIndex = -1;
      found.tabIndex = 0;
    }
    found?.focus({ preventScroll: true });
  }
}

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
  stream?.close();
  view = undefined;
  await ask.call('session/end', {}).catch(problem => ask.toast(problem.message));
  begin();
});

let resized;
addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(draw, 150); });
setInterval(tick, 1000);
begin();
