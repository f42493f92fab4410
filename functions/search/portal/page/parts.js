// What the pages have in common.

export const $ = id => document.getElementById(id);
export const whole = new Intl.NumberFormat('en-GB');

// words turns RETURN_IN_PROCESSING into Return in processing.
export function words(text) {
  const lower = String(text).replaceAll('_', ' ').toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

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

// offerOthers links the pages of the other entities; home is the first page's entity.
export function offerOthers(config, root, home) {
  $('others').replaceChildren(...config.others.map(name => element('a', { href: name === home ? root : root + 'entities/' + encodeURIComponent(name) }, words(name))));
  $('others').hidden = !config.others.length;
}

// offerTenants lists the accounts to search as.
export function offerTenants(config) {
  $('tenant').replaceChildren(...config.tenants.map(t => element('option', { value: t.account }, t.account)));
}
