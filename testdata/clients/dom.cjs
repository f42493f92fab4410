// Gives node the globals of a browser, then runs the bundle that is named.
const { JSDOM } = require('jsdom');
const dom = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true });
for (const name of Object.getOwnPropertyNames(dom.window)) {
  if (!(name in globalThis)) globalThis[name] = dom.window[name];
}
for (const name of ['window', 'document', 'navigator', 'Event', 'CustomEvent', 'MouseEvent', 'KeyboardEvent', 'HTMLElement', 'Node']) {
  Object.defineProperty(globalThis, name, { value: dom.window[name] ?? dom.window, configurable: true, writable: true });
}
globalThis.window = dom.window;
// A page has these, and jsdom does not.
window.matchMedia = globalThis.matchMedia = () => ({ matches: false, addListener() {}, removeListener() {}, addEventListener() {}, removeEventListener() {} });
window.Element.prototype.scrollIntoView = () => {};
globalThis.IS_REACT_ACT_ENVIRONMENT = false;
process.on('unhandledRejection', (error) => console.log('rejected: ' + error));
process.on('uncaughtException', (error) => console.log('thrown: ' + error));
require(require('node:path').resolve(process.argv[2]));
