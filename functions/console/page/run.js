// The page of a run: its account, its pages and its entries of the log.

import { element, badge, clock, moment, number, plural, span, table, title, link } from './dom.js';
import { to } from './route.js';

const pageStates = ['waiting', 'under way', 'done', 'failed', 'abandoned'];

// run is a run's page.
export function run(id, answer) {
  if (!answer.data) return [title(`Run ${id}`), element('p', { class: answer.problem ? 'refused' : 'empty' }, answer.problem ?? 'Reading…')];
  const { run: r, pages, log } = answer.data, c = r.counts;
  return [title(`Run ${id} of ${r.entity}`),
    element('p', {}, badge(r.state), ` ${r.kind === 'window' ? '' : r.kind + ', '}`, r.closedAt ? ['ended ', moment(r.closedAt), ` after ${span(Date.parse(r.closedAt) - Date.parse(r.createdAt))}`] : ['began ', moment(r.createdAt)],
      ' · ', link(to({ entity: r.entity.split('~')[0] }), r.entity)),
    r.lastError ? element('p', { class: 'refused' }, r.lastError) : '',
    element('p', {}, `Changes from ${clock(r.from)} to ${clock(r.to)}.`),
    element('p', {}, `${number(c.found)} found = ${number(c.saved)} saved + ${number(c.deleted)} deleted + ${number(c.unchanged)} unchanged + ${number(c.parked)} parked; ${plural(c.operations, 'operation')} of the index.`),
    pages.length ? table(['Page', 'State', 'Roots', 'Tries', 'Saved', 'Deleted', 'Unchanged', 'Parked', 'Error'], pages.map(p => [
      number(p.page), badge(pageStates[p.state] ?? String(p.state)), number(p.roots), number(p.attempts), number(p.counts.saved), number(p.counts.deleted), number(p.counts.unchanged), number(p.counts.parked), !p.lastError ? '–' : p.lastError === r.lastError ? 'as above' : p.lastError,
    ]), 'Pages', pages.map(p => 'page-' + p.page)) : element('p', { class: 'empty' }, r.pagesTotal ? 'The pages of this run are no longer kept.' : 'This run has no pages: nothing had changed.'),
    r.pagesTotal > pages.length && pages.length ? element('p', {}, `The first ${number(pages.length)} of ${number(r.pagesTotal)} pages; those with errors come first.`) : '',
    log.length ? element('ul', { class: 'entries whole' }, log.map(e => element('li', { 'data-row': 'log-' + e.id }, element('small', {}, moment(e.at)), element('p', {}, e.message)))) : ''];
}
