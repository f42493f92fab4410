// What the pages have in common.

import { here, offerLanguages, translate, words } from './language.js';

export const $ = id => document.getElementById(id);

// element makes an element with attributes and children; texts stay texts.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter(child => child !== undefined && child !== null && child !== ''));
  return made;
}

// data is what a record says, whose direction of writing is its own.
export const data = (...children) => element('bdi', {}, ...children);

// offerOthers links the pages of the other entities; home is the first page's entity.
export function offerOthers(config, root, home) {
  $('others').replaceChildren(...config.others.map(name => element('a', { href: here(name === home ? root : root + 'entities/' + encodeURIComponent(name)), dir: 'auto' }, words(name))));
  $('others').hidden = !config.others.length;
}

// offerTenants lists the accounts to search as.
export function offerTenants(config) {
  $('tenant').replaceChildren(...config.tenants.map(t => element('option', { value: t.account, dir: 'auto' }, t.account)));
}

translate();
offerLanguages($('language'));
