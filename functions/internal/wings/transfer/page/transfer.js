// The page of transfers: what needs people, the queue, failed jobs with their causes, open
// and ended ones; one job with what it saw on both sides. It reads the whole view again
// every few seconds, and draws again what has changed.

import { element, badge, button, moment, number, plural, running, span, table, tick } from '../../dom.js';
import { call, cancel, heading, show } from '../../dialogs.js';
import { act, empty, follow, section, title, view, why } from '../../wing.js';

const names = { new: 'waiting', inprogress: 'running', error: 'failed', error_retry: 'tried again', done: 'done', skipped: 'skipped' };

function draw() {
  const { jobs, operator, standing } = view;
  section('verdict', [view.problems], verdict);
  section('queue', [standing.waiting, standing.since, standing.retries, standing.retry_at, standing.failed, view.worker, operator], queue);
  section('failed', [jobs.error, jobs.error_retry, operator, standing.failed], failed);
  section('open', [jobs.inprogress, jobs.new], open);
  section('ended', [jobs.done, jobs.skipped], ended);
  document.title = (standing.failed ? `(${standing.failed}) ` : '') + 'Transfer – Return-sync console';
  tick();
}

function verdict() {
  const things = view.problems;
  const made = [element('p', { class: 'verdict ' + (things.length ? 'bad' : 'good') },
    element('span', { class: 'mark', 'aria-hidden': 'true' }, things.length ? '!' : '✓'),
    element('strong', {}, things.length ? `${plural(things.length, 'thing')} ${things.length === 1 ? 'needs' : 'need'} you.` : 'All is well.'),
    element('span', {}, 'Single records are brought from one system to the other, both ways.'))];
  if (things.length) made.push(element('ol', { class: 'things' }, things.map(t => element('li', {}, element('strong', {}, t.problem), element('p', {}, t.do)))));
  return made;
}

function queue() {
  const { standing: s, worker: w, operator } = view;
  const counted = (label, n, more) => element('div', {}, element('dt', {}, label), element('dd', {}, number(n), more ? element('small', {}, more) : ''));
  const last = w.jobs.error ? [badge('failed'), ' ', w.jobs.error] : w.owner ? [badge('running'), ` ${w.owner}`] : 'nothing to do';
  return [
    title('Queue', operator && button('start', 'Work now…', () => act({
      title: 'Wake the worker now?', says: ['It works off what waits, and copies finished jobs. It looks every minute in any case.'], label: 'Work now', action: 'start', body: {},
    }))),
    element('dl', { class: 'numbers' }, counted('Waiting', s.waiting, s.since ? ['the oldest ', running(s.since)] : ''), counted('To be tried again', s.retries, s.retry_at ? ['the first ', running(s.retry_at, 'in')] : ''), counted('Failed', s.failed)),
    table(['Part', 'State', 'Last sign'], [
      ['Worker', last, w.lastSign ? running(w.lastSign) : 'never'],
      ['Protocol', w.protocol.error ? [badge('failed'), ' ', w.protocol.error] : plural(w.protocol.jobs, 'copy', 'copies') + ' in its last run', ''],
      ['Clocks', w.checked ? `at most ${number(w.offMs)} ms apart` : 'not compared yet', w.checked ? running(w.checked) : ''],
    ], 'Worker'),
  ];
}

// jobLink opens a job.
const jobLink = j => button('job-' + j.id, `Job ${j.id}`, () => open1(j.id), { class: 'linklike' });
const cells = j => [[jobLink(j), why(j.record)], [badge(names[j.state]), j.kind ? why(j.kind) : ''], String(j.runs), moment(j.date)];

function failed() {
  const list = [...view.jobs.error, ...view.jobs.error_retry];
  if (!list.length) return [title('Failed jobs'), empty('No job has failed.')];
  return [
    title('Failed jobs', element('span', { class: 'badge bad' }, String(view.standing.failed)), view.operator && button('retry-all', 'Try all again…', () => act({
      title: 'Try failed jobs again?', says: ['All jobs that wait for another run, and failed ones of the last 100 days with a run left, run again now.'], label: 'Try again', action: 'retry-all', body: {},
    }))),
    table(['Job', 'State', 'Runs', 'Date', 'Cause', ...view.operator ? ['Actions'] : []], list.map(j => [
      ...cells(j), [j.code ? element('code', {}, j.code) : '', why(j.error), j.retryAt ? why(['again ', running(j.retryAt, 'in')]) : ''],
      ...view.operator ? [button('retry-' + j.id, 'Try again…', () => retry(j.id, j.record), { 'aria-label': `Try again… job ${j.id}` })] : [],
    ]), 'Failed jobs', list.map(j => j.id)),
  ];
}

const retry = (id, record) => act({ title: `Try job ${id} again?`, says: [`${record} is read on both sides again. What was written already is not written twice.`], label: 'Try again', action: 'retry', body: { job: id } });

function open() {
  const list = [...view.jobs.inprogress, ...view.jobs.new];
  if (!list.length) return [title('Open jobs'), empty('Nothing waits.')];
  return [title('Open jobs', element('small', {}, 'the newest')), table(['Job', 'State', 'Runs', 'Date'], list.map(cells), 'Open jobs', list.map(j => j.id))];
}

function ended() {
  const list = [...view.jobs.done, ...view.jobs.skipped].sort((a, b) => b.id - a.id).slice(0, 50);
  if (!list.length) return [title('Ended jobs'), empty('No job has ended yet.')];
  return [title('Ended jobs', element('small', {}, 'the newest')), table(['Job', 'State', 'Runs', 'Date', 'Ended'], list.map(j => [...cells(j), moment(j.changed)]), 'Ended jobs', list.map(j => j.id))];
}

// pretty indents JSON; another text stays as it is.
function pretty(text) {
  if (!text) return '–';
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// open1 shows one job: source, target before, request and answer beside each other.
async function open1(id) {
  const end = (...more) => element('div', { class: 'acts' }, cancel('Close'), more);
  show(heading(`Job ${id}`), element('p', {}, 'Reading…'), end());
  try {
    const j = await call(`job?id=${id}`);
    const side = (label, text) => element('section', { 'aria-label': label }, element('h3', {}, label), element('pre', { tabindex: 0 }, pretty(text)));
    const failed = j.job_state === 'error' || j.job_state === 'error_retry';
    show(heading(`Job ${id} of ${j.job_source_system} ${j.job_source_model} ${j.job_source_record_id}`),
      element('p', {}, badge(names[j.job_state]), ` ${plural(j.job_run_count, 'run')}, dated `, moment(j.job_date), j.job_duration ? `, the last run took ${j.job_duration < 1000 ? j.job_duration + ' ms' : span(j.job_duration)}` : ''),
      j.job_error_text ? element('p', { class: 'refused' }, `${j.job_error_code}: ${j.job_error_text}`) : '',
      element('div', { class: 'sides' },
        side(`Source ${j.sync_source_system ?? ''} ${j.sync_source_model ?? ''} ${j.sync_source_record_id ?? ''}`, j.sync_source_data), side(`Before ${j.sync_target_system ?? ''} ${j.sync_target_model ?? ''} ${j.sync_target_record_id ?? ''}`, j.sync_target_data_before),
        side('Request', j.sync_target_request), side('Answer', j.sync_target_answer)),
      element('h3', {}, 'Log'), element('pre', { class: 'log', tabindex: 0 }, j.job_log || '–'),
      end(view.operator && failed && button('retry', 'Try again…', () => retry(id, `${j.job_source_model} ${j.job_source_record_id}`))));
  } catch (problem) {
    show(heading(`Job ${id}`), element('p', { class: 'refused', role: 'alert' }, problem.message), end());
  }
}

setInterval(tick, 1000);
follow(draw);
