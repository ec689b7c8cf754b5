// What node's worker_threads take for what ours.lua does, as far as they have it: name, value, unit, tab between them.
const {Worker, isMainThread, parentPort} = require('worker_threads');
const TASKS = 10000, MANY = 1000000, TRIPS = 5000, ENTRIES = 10000, MB = 2 ** 20;

if (!isMainThread) {
  parentPort.on('message', m => parentPort.postMessage(Array.isArray(m) ? m.map(x => x * x) : m));
} else {
  const start = () => new Worker(__filename);
  const answer = (worker, m) => new Promise(done => { worker.once('message', done); worker.postMessage(m); });
  const seconds = async f => {
    await f();
    const began = process.hrtime.bigint();
    await f();
    return Number(process.hrtime.bigint() - began) / 1e9;
  };
  const trips = async worker => {
    const each = async (name, n, valueOf) => {
      const all = async () => { for (let i = 0; i < n; i++) await answer(worker, valueOf(i)); };
      console.log(`${name}\t${await seconds(all) / n * 1e6}\tus`);
    };
    await each('round trip of a number', TRIPS, i => i);
    await each("round trip of {name='x', i=i}", TRIPS, i => ({name: 'x', i}));
    const rest = 'x'.repeat(MB - 8), large = {};
    for (let i = 1; i <= ENTRIES; i++) large['key' + i] = i % 3 === 0 ? 'value' + i : i % 3 === 1 ? i : i + 0.5;
    await each('round trip of distinct strings of 1 MB', 50, i => String(i).padStart(8, '0') + rest);
    await each('round trip of a table of 10,000 entries', 20, () => large);
  };
  const main = async () => {
    const began = process.hrtime.bigint(), first = start();
    await answer(first, 7);
    console.log(`start to the first answer\t${Number(process.hrtime.bigint() - began) / 1e6}\tms`);
    await trips(first);
    const workers = [first, start()];
    const map = n => { // no pool: half of the list to each
      const items = [...Array(n).keys()], half = n / 2;
      return seconds(async () => {
        const parts = await Promise.all([answer(workers[0], items.slice(0, half)), answer(workers[1], items.slice(half))]);
        return parts[0].concat(parts[1]);
      });
    };
    console.log(`map of x*x over 10,000\t${TASKS / await map(TASKS) / 1e6}\tM/s`);
    console.log(`map of x*x over 1,000,000\t${MANY / await map(MANY) / 1e6}\tM/s`);
    for (const worker of workers) await worker.terminate();
  };
  main();
}
