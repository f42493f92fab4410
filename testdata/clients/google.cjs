// Google's clients for node over the emulators of Cloud Tasks and Cloud Scheduler: every
// documented call, with what the documents say that it answers. node runs it as it is: the
// clients look for files of their own.
process.env.METADATA_SERVER_DETECTION = 'none'; // nothing outside this machine is asked
const http = require('node:http');
const grpc = require('@grpc/grpc-js');
const { CloudTasksClient } = require('@google-cloud/tasks');
const { CloudSchedulerClient } = require('@google-cloud/scheduler');
const { check, config, want } = require('./check.cjs');

// at returns the options of a client for an emulator at host:port.
const at = (address) => {
  const [apiEndpoint, port] = address.split(':');
  return { apiEndpoint, port: Number(port), sslCreds: grpc.credentials.createInsecure(), projectId: 'p' };
};
const refused = async (promise, code) => {
  let got;
  try { await promise; } catch (error) { got = error.code; }
  want(got, code);
};
const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS } = grpc.status;
const last = (name) => name.split('/').pop();
const collect = async (iterable) => { const all = []; for await (const one of iterable) all.push(one); return all; };
const stream = (readable) => new Promise((done, fail) => { const all = []; readable.on('data', (one) => all.push(one)).on('end', () => done(all)).on('error', fail); });

// The target of tasks and jobs. next waits for the request to a path.
const asked = [], waiting = [];
const target = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; }).on('end', () => {
    asked.push({ path: request.url, method: request.method, headers: request.headers, body });
    for (const look of waiting.splice(0)) look();
    response.end();
  });
});
const next = async (path) => {
  for (;;) {
    const found = asked.findIndex((request) => request.path === path);
    if (found >= 0) return asked.splice(found, 1)[0];
    await new Promise((done, fail) => { waiting.push(done); setTimeout(() => fail(new Error(`${path} was not asked`)), 60_000); });
  }
};

async function tasks(url) {
  const client = new CloudTasksClient(at(config.tasks));
  const call = (name, run) => check(`tasks ${name}`, run);
  const parent = client.locationPath('p', 'asia-south1'), queue = client.queuePath('p', 'asia-south1', 'q');
  const task = (id) => client.taskPath('p', 'asia-south1', 'q', id);
  const post = (path, body) => ({ httpRequest: { url: url + path, httpMethod: 'POST', headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(body).toString('base64') } });
  const names = (list) => list.map((one) => last(one.name));
  await call('createQueue', async () => { const [made] = await client.createQueue({ parent, queue: { name: queue, rateLimits: { maxDispatchesPerSecond: 500 }, retryConfig: { maxAttempts: 3 } } }); want([made.name, made.state, made.rateLimits.maxBurstSize], [queue, 'RUNNING', 100]); });
  await call('createQueue twice', () => refused(client.createQueue({ parent, queue: { name: queue } }), ALREADY_EXISTS));
  await call('getQueue', async () => want((await client.getQueue({ name: queue }))[0].retryConfig.maxAttempts, 3));
  await call('getQueue of none', () => refused(client.getQueue({ name: `${queue}x` }), NOT_FOUND));
  await call('updateQueue with a mask', async () => { const [now] = await client.updateQueue({ queue: { name: queue, rateLimits: { maxConcurrentDispatches: 7 }, retryConfig: { maxAttempts: 9 } }, updateMask: { paths: ['rate_limits.max_concurrent_dispatches'] } }); want([now.rateLimits.maxConcurrentDispatches, now.retryConfig.maxAttempts], [7, 3]); });
  await call('listQueues', async () => want(names((await client.listQueues({ parent }))[0]), ['q']));
  await call('listQueuesAsync and listQueuesStream', async () => { await client.createQueue({ parent, queue: { name: `${queue}2` } }); want(names(await collect(client.listQueuesAsync({ parent, pageSize: 1 }))), ['q', 'q2']); want(names(await stream(client.listQueuesStream({ parent, pageSize: 1 }))), ['q', 'q2']); });
  await call('createTask', async () => { const [made] = await client.createTask({ parent: queue, task: post('/task', 'hello') }); const got = await next('/task'); want([got.method, got.body, got.headers['x-cloudtasks-queuename'], got.headers['x-cloudtasks-taskname']], ['POST', 'hello', 'q', last(made.name)]); });
  await call('pauseQueue', async () => want((await client.pauseQueue({ name: queue }))[0].state, 'PAUSED'));
  await call('createTask with a name', async () => { await client.createTask({ parent: queue, task: { name: task('a'), ...post('/a', '') } }); await refused(client.createTask({ parent: queue, task: { name: task('a'), ...post('/a', '') } }), ALREADY_EXISTS); });
  await call('createTask with a time', async () => { const seconds = Math.round(Date.now() / 1000) + 3600; const [made] = await client.createTask({ parent: queue, task: { name: task('later'), scheduleTime: { seconds }, ...post('/later', '') } }); want(Number(made.scheduleTime.seconds), seconds); });
  await call('createTask without a target', () => refused(client.createTask({ parent: queue, task: {} }), INVALID_ARGUMENT));
  await call('getTask in both views', async () => { want((await client.getTask({ name: task('a') }))[0].httpRequest.url, `${url}/a`); const [full] = await client.getTask({ name: task('later'), responseView: 'FULL' }); want([full.view, full.httpRequest.httpMethod], ['FULL', 'POST']); });
  await call('getTask of none', () => refused(client.getTask({ name: task('x') }), NOT_FOUND));
  await call('listTasks', async () => want(names((await client.listTasks({ parent: queue }))[0]).sort(), ['a', 'later']));
  await call('listTasksAsync and listTasksStream', async () => { want(names(await collect(client.listTasksAsync({ parent: queue, pageSize: 1 }))).sort(), ['a', 'later']); want(names(await stream(client.listTasksStream({ parent: queue, pageSize: 1 }))).sort(), ['a', 'later']); });
  await call('runTask', async () => { want(last((await client.runTask({ name: task('later') }))[0].name), 'later'); want((await next('/later')).headers['x-cloudtasks-taskname'], 'later'); });
  await call('deleteTask', async () => { await client.deleteTask({ name: task('a') }); await refused(client.getTask({ name: task('a') }), NOT_FOUND); });
  await call('purgeQueue', async () => { await client.createTask({ parent: queue, task: { name: task('c'), ...post('/c', '') } }); await client.purgeQueue({ name: queue }); want((await client.listTasks({ parent: queue }))[0].length, 0); });
  await call('resumeQueue', async () => want((await client.resumeQueue({ name: queue }))[0].state, 'RUNNING'));
  await call('deleteQueue', async () => { await client.deleteQueue({ name: queue }); await refused(client.getQueue({ name: queue }), NOT_FOUND); });
  await client.close();
}

async function scheduler(url) {
  const client = new CloudSchedulerClient(at(config.scheduler));
  const call = (name, run) => check(`scheduler ${name}`, run);
  const parent = client.locationPath('p', 'asia-south1'), name = client.jobPath('p', 'asia-south1', 'j');
  const names = (list) => list.map((one) => last(one.name));
  await call('createJob', async () => { const [made] = await client.createJob({ parent, job: { name, schedule: '*/15 * * * *', timeZone: 'Asia/Kolkata', httpTarget: { uri: `${url}/job`, httpMethod: 'POST', body: Buffer.from('tick').toString('base64') } } }); want([made.state, made.timeZone, made.scheduleTime !== null], ['ENABLED', 'Asia/Kolkata', true]); });
  await call('createJob twice', () => refused(client.createJob({ parent, job: { name, schedule: '* * * * *', httpTarget: { uri: url } } }), ALREADY_EXISTS));
  await call('createJob with a bad schedule', () => refused(client.createJob({ parent, job: { name: `${name}x`, schedule: '61 * * * *', httpTarget: { uri: url } } }), INVALID_ARGUMENT));
  await call('getJob', async () => want((await client.getJob({ name }))[0].schedule, '*/15 * * * *'));
  await call('getJob of none', () => refused(client.getJob({ name: `${name}x` }), NOT_FOUND));
  await call('updateJob with a mask', async () => { const [now] = await client.updateJob({ job: { name, schedule: 'every 5 minutes', description: 'd', timeZone: 'UTC' }, updateMask: { paths: ['schedule', 'description'] } }); want([now.schedule, now.description, now.timeZone], ['every 5 minutes', 'd', 'Asia/Kolkata']); });
  await call('listJobs', async () => want(names((await client.listJobs({ parent }))[0]), ['j']));
  await call('listJobsAsync and listJobsStream', async () => { await client.createJob({ parent, job: { name: `${name}2`, schedule: '0 0 * * 7', httpTarget: { uri: url } } }); want(names(await collect(client.listJobsAsync({ parent, pageSize: 1 }))), ['j', 'j2']); want(names(await stream(client.listJobsStream({ parent, pageSize: 1 }))), ['j', 'j2']); });
  await call('runJob', async () => { await client.runJob({ name }); const got = await next('/job'); want([got.method, got.body, got.headers['x-cloudscheduler']], ['POST', 'tick', 'true']); });
  await call('pauseJob', async () => want((await client.pauseJob({ name }))[0].state, 'PAUSED'));
  await call('resumeJob', async () => want((await client.resumeJob({ name }))[0].state, 'ENABLED'));
  await call('deleteJob', async () => { await client.deleteJob({ name }); await refused(client.getJob({ name }), NOT_FOUND); });
  await client.close();
}

target.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${target.address().port}`;
  await tasks(url);
  await scheduler(url);
  process.exit(0);
});
