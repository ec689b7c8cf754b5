// What node's worker_threads take for what ours.lua does, as far as they have it: name, value, unit, tab between them.
const {Worker, isMainThread, parentPort} = require('worker_threads');
const TASKS = 10000, MANY = 1000000, TRIPS = 5000;

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
  const main = async () => {
    const workers = [start(), start()];
    const trips = await seconds(async () => { for (let i = 0; i < TRIPS; i++) await answer(workers[0], i); });
    console.log(`round trip of a number\t${trips / TRIPS * 1e6}\tus`);
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
