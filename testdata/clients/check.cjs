// What every script has: its configuration, and checks of which it prints a line each.
const { readFileSync } = require('node:fs');

exports.config = JSON.parse(readFileSync(process.env.CLIENTS_CONFIG, 'utf8'));

// timeouts of clients: by their own, a loaded machine would be taken for one that does not
// answer.
exports.timeouts = { connect: 60_000, read: 60_000, write: 60_000 };

exports.same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// want demands that a value is another.
exports.want = (got, wanted) => { if (!exports.same(got, wanted)) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`); };

// check runs one check and prints its outcome; each line that it prints is counted.
exports.check = async (name, run) => {
  try {
    await run();
    console.log(`PASS ${name}`);
  } catch (error) {
    console.log(`FAIL ${name}: ${String(error?.message ?? error).slice(0, 900)}`);
  }
};
