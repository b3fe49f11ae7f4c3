/**
 * A process to be killed while it tells of an alert: keeps its control state in a file, has one rule, and is told of one budget that
 * is crossed.
 *
 * node alert-process.mjs <folder of the built server> <file of the state> <address of a hook> <when to die>
 *
 * It dies `before-post`, when the message is written down and about to go out, `after-post`, when the receiver has taken it and that is
 * about to be written down, or `never`.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

const [dist, file, hook, dies] = process.argv.slice(2)
const { createAlerts } = await import(`${dist}/alert/alerts.js`)
const { openMemoryState } = await import(`${dist}/state/memory.js`)
const { LOCAL } = await import(`${dist}/identity/principal.js`)

const die = () => process.kill(process.pid, 'SIGKILL')
const memory = openMemoryState()
if (existsSync(file))
  for (const line of readFileSync(file, 'utf8').split('\n')) if (line) await memory.write(JSON.parse(line))

const state = {
  ...memory,
  async write(changes) {
    if (dies === 'after-post' && changes.some(({ row }) => row?.deliveredMs !== undefined)) die()
    const opened = openSync(file, 'a')
    writeSync(opened, `${JSON.stringify(changes)}\n`)
    fsyncSync(opened)
    closeSync(opened)
    await memory.write(changes)
  },
}

const alerts = createAlerts({
  state,
  store: { query: () => Promise.reject(new Error('nobody asks')) },
  ingest: {
    gaps: () => {
      throw new Error('nobody asks')
    },
    submit: async () => undefined,
  },
  send: {
    allowedHosts: ['receiver.test'],
    lookup: (_name, _options, callback) => {
      // What is written down is durable, and the connection is not made yet.
      if (dies === 'before-post') die()
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  },
})
if (alerts.rules(LOCAL).length === 0)
  await alerts.create(
    { kind: 'budget', targets: [{ kind: 'webhook', url: hook, secret: 'a secret of some length' }] },
    LOCAL,
  )
alerts.start()
const budget = {
  id: 'b-1',
  name: 'Team A',
  unit: 'nano_usd',
  amount: '25000000000',
  window: { kind: 'total' },
  mode: 'soft',
  thresholds: [80],
  createdMs: 0,
  updatedMs: 0,
}
await alerts.crossed({ budget, threshold: 80, windowStartMs: 0, spent: 20_000_000_000n, amount: budget.amount })
await alerts.idle()
await alerts.close()
