// What the pages of wings share: the whole view is read every few seconds, and the sections
// whose part of the view has changed are renewed.

import { $, element, live, setClock } from './dom.js';
export { empty, title } from './dom.js';
export { section } from './renew.js';
import { call, confirm } from './dialogs.js';

// view is the newest answer of the page's state.
export let view;

let again, follows;

export const why = text => text ? element('span', { class: 'why' }, text) : '';

// follow draws the view, and again every so many milliseconds, seldom while the page is
// hidden.
export function follow(draw, often = 3000, hidden = 30_000) {
  follows = { draw, often, hidden };
  addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  refresh();
}

// refresh reads the view now.
async function refresh() {
  clearTimeout(again);
  try {
    view = await call('state');
    live('Live', 'good');
    setClock(view.now);
    $('who').textContent = view.operator ? 'operator' : 'may look';
    $('board').hidden = false;
    follows.draw();
  } catch (problem) {
    live(problem.message, 'bad');
  }
  again = setTimeout(refresh, document.hidden ? follows.hidden : follows.often);
}

// act asks, acts, and reads the view again.
export const act = what => confirm({ ...what, done: refresh });
