// Elements are renewed in place: what stays the same stays the same element, so that the
// scroll position, a selection and the focus stay where they are, and a button that is
// pressed while its section changes is still pressed. Where that cannot be, the focus finds
// its way back by the key of what had it.

import { $, zone } from './dom.js';

const nameOf = node => node.nodeType === 1 ? node.id || node.dataset.row || node.dataset.key : undefined;
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && nameOf(a) === nameOf(b);
const handlers = ['onclick', 'onkeydown', 'onsubmit', 'oninput', 'onchange', 'ontoggle', 'onpointermove'];

// renew makes the children of a place those that are given, and keeps those that fit.
export function renew(place, fresh) {
  const named = new Map(), wanted = new Set(fresh.map(nameOf));
  for (const child of [...place.childNodes]) {
    if (!nameOf(child)) continue;
    if (wanted.has(nameOf(child))) named.set(nameOf(child), child);
    else child.remove(); // what stands behind need not be moved, which would lose its focus and selection
  }
  let at = place.firstChild;
  for (const node of fresh) {
    let kept = at && alike(at, node) ? at : named.get(nameOf(node));
    if (kept && !alike(kept, node)) kept = undefined;
    if (!kept) {
      place.insertBefore(node, at);
      continue;
    }
    if (kept === at) at = at.nextSibling;
    else place.insertBefore(kept, at);
    named.delete(nameOf(kept));
    update(kept, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// update makes a kept node equal to a fresh one.
function update(kept, fresh) {
  if (kept.nodeType !== 1) {
    if (kept.data !== fresh.data) kept.data = fresh.data;
    return;
  }
  for (const { name } of [...kept.attributes]) if (!fresh.hasAttribute(name) && !(name === 'open' && kept.matches('details'))) kept.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (kept.getAttribute(name) !== value && !(name === 'tabindex' && kept.parentElement.contains(document.activeElement))) kept.setAttribute(name, value);
  for (const name of handlers) if (kept[name] || fresh[name]) kept[name] = fresh[name];
  if (kept.matches('input, select') && kept !== document.activeElement) {
    kept.value = fresh.value;
    kept.checked = fresh.checked;
  }
  renew(kept, [...fresh.childNodes]);
}

let drawn = {};

// section draws a section again if its part of the view has changed.
export function section(id, part, make) {
  const text = JSON.stringify([zone, part ?? null]);
  if (drawn[id] === text) return;
  drawn[id] = text;
  const fresh = document.createElement('div');
  fresh.append(...make().flat().filter(child => child !== undefined && child !== null && child !== false && child !== ''));
  const place = $(id), had = document.activeElement, inside = place.contains(had);
  renew(place, [...fresh.childNodes]);
  if (inside && document.activeElement !== had) refocus(had, place);
}

// refocus gives the focus back to an element that had it, else to the one that has its key
// now or to what folds that away, else to the section where it was, else to the content.
export function refocus(had, section) {
  const same = had.isConnected ? had : had.dataset.key && $('main').querySelector(`[data-key="${CSS.escape(had.dataset.key)}"]`) || undefined;
  if (section) section.tabIndex = -1;
  for (const to of [same, same?.closest('details')?.querySelector('summary'), section, $('main')]) {
    to?.focus({ preventScroll: true });
    if (to && document.activeElement === to) return;
  }
}

// forget has all sections drawn again; clear removes what a hidden section shows.
export const forget = () => { drawn = {}; };
export function clear(place) {
  if (!drawn[place.id]) return;
  place.replaceChildren();
  delete drawn[place.id];
}
