/**
 * A process to be killed: writes to the control state of a directory for ever and tells each write that is durable on standard
 * output before it does anything else.
 *
 * node state-writer.mjs <built module that opens a control state> <directory> <first number>
 */
import { writeSync } from 'node:fs'

const [module, dir, first] = process.argv.slice(2)
const { openState } = await import(module)

const STANDARD_OUTPUT = 1
const say = (text) => writeSync(STANDARD_OUTPUT, `${text}\n`)

const state = await openState({
  dir,
  segmentBytes: 32 * 1024,
  snapshotBytes: 64 * 1024,
  onError: (error) => say(`error ${error.message}`),
  onNotice: ({ kind }) => say(`notice ${kind}`),
})
say('open')

/** Of each write two rows stay, one is replaced by the next, and one goes with a later write. */
async function write(n) {
  await state.write([
    { table: 'tenants', id: `w${n}`, row: { id: `w${n}`, name: 'x'.repeat((n * 37) % 200), createdMs: n } },
    { table: 'budgets', id: `w${n}`, row: { id: `w${n}`, amount: String(n * n) } },
    { table: 'agents', id: 'shared', row: { id: 'shared', createdMs: n } },
    { table: 'leases', id: `l${n}`, row: { id: `l${n}`, createdMs: n } },
    { table: 'leases', id: `l${n - 100}`, row: undefined },
  ])
  say(`acked ${n} ${n}`)
}

let next = Number(first)
for (;;) {
  const count = 1 + (next % 40)
  await Promise.all(Array.from({ length: count }, () => write(next++)))
}
