// The page's language: its texts, and the form of numbers, times and money.
// texts/en.json and its neighbours hold every text that people read. What records say is
// data, and stands as it is in elements that find their own direction of writing.

const offered = ['en', 'hi', 'ar'], fromTheRight = ['ar'], store = 'return-sync-language';

// kept is the language that a person chose before. A browser may keep nothing.
function kept() {
  try { return localStorage.getItem(store); } catch { return null; }
}

const languageOf = tag => offered.find(language => String(tag).toLowerCase().split('-')[0] === language);

// The address decides first, as in ?lang=hi, then the person's choice, then the browser.
const asked = languageOf(new URLSearchParams(location.search).get('lang'));
export const language = asked ?? [kept(), ...navigator.languages].map(languageOf).find(Boolean) ?? offered[0];

// locale is the browser's own form of the language, such as en-IN.
const locale = navigator.languages.find(tag => languageOf(tag) === language) ?? language;

const texts = await (await fetch(new URL(`texts/${language}.json`, import.meta.url))).json();
const whole = new Intl.NumberFormat(locale), rules = new Intl.PluralRules(locale), decimals = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 });
const ages = new Intl.RelativeTimeFormat(locale);
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const dates = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });

export const number = n => whole.format(n);
export const date = at => dates.format(at);
export const compare = new Intl.Collator(locale).compare;

// when is a time of today as a clock shows it, and any other as a date.
export const when = at => (at.toDateString() === new Date().toDateString() ? clock : dates).format(at);

// sized words a duration in its largest unit.
function sized(ms) {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 120) return [minutes, 'minute'];
  return minutes < 2880 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day'];
}

// age is how long ago a time was.
export function age(at) {
  const [n, unit] = sized(Date.now() - at);
  return ages.format(-n, unit);
}

const lasting = (n, unit) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(n);
export const duration = ms => lasting(...sized(ms));
export const seconds = n => lasting(n, 'second');

// money is an amount of hundredths in a currency; records may name an unknown one.
export function money(minor, currency) {
  try {
    return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(minor / 100);
  } catch {
    return decimals.format(minor / 100);
  }
}

// nodes is a text with its {values} filled in, which may be elements. The form of a text
// that counts follows n.
export function nodes(key, values = {}) {
  const text = texts[key], form = typeof text === 'string' ? text : text[rules.select(values.n)];
  return form.split(/\{(\w+)\}/).flatMap((part, i) => i % 2 === 0 ? part : typeof values[part] === 'number' ? number(values[part]) : values[part]).filter(part => part !== '');
}

// say is a text whose values are texts.
export const say = (key, values) => nodes(key, values).join('');

// words words a value of records such as RETURN_IN_PROCESSING; one without a text becomes
// Return in processing.
export function words(value) {
  const lower = String(value).replaceAll('_', ' ').toLowerCase();
  return texts['value.' + value] ?? lower.charAt(0).toUpperCase() + lower.slice(1);
}

// here keeps the language of the address in an address of these pages.
export const here = path => asked ? `${path}?lang=${language}` : path;

// translate writes the texts of the page's own HTML.
export function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = fromTheRight.includes(language) ? 'rtl' : 'ltr';
  for (const one of document.querySelectorAll('[data-text]')) one.textContent = say(one.dataset.text);
  for (const attribute of ['aria-label', 'title', 'placeholder']) {
    for (const one of document.querySelectorAll(`[data-${attribute}]`)) one.setAttribute(attribute, say(one.getAttribute('data-' + attribute)));
  }
  for (const one of document.querySelectorAll('a[data-here]')) one.setAttribute('href', here(one.getAttribute('href')));
}

// offerLanguages fills the choice of languages, each by its own name. The choice stays.
export function offerLanguages(select) {
  select.replaceChildren(...offered.map(tag => {
    const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag), option = new Option(name, tag, false, tag === language);
    option.lang = tag;
    return option;
  }));
  select.addEventListener('change', () => {
    const address = new URL(location);
    address.searchParams.delete('lang');
    try { localStorage.setItem(store, select.value); } catch { address.searchParams.set('lang', select.value); }
    history.replaceState(null, '', address); // an address that differs behind its # alone loads nothing
    location.reload();
  });
}
