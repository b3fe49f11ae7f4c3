/**
 * A process to be killed: appends records for ever to the journal of a directory and tells each acknowledgement on standard
 * output before it does anything else.
 *
 * node journal-writer.mjs <module of the built journal> <directory> <first id> [unsynced]
 *
 * With `unsynced` it does not sync what it writes: a planted fault that the tests must find.
 */
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

const [module, dir, first, mode] = process.argv.slice(2)
const { openJournal, nodeFs } = await import(module)

const STANDARD_OUTPUT = 1
const say = (text) => writeSync(STANDARD_OUTPUT, `${text}\n`)

const unsynced = {
  ...nodeFs,
  open: async (path, flags) => ({ ...(await nodeFs.open(path, flags)), datasync: async () => {} }),
}
const fs = mode === 'unsynced' ? unsynced : nodeFs
const journal = await openJournal({
  dir,
  fs,
  segmentBytes: 128 * 1024,
  onError: (error) => say(`error ${error.message}`),
})
say('open')
let id = Number(first)

async function appendSome(count) {
  const from = id
  id += count
  const records = Array.from({ length: count }, (_, index) => {
    const number = from + index
    return {
      type: 'event',
      body: `"e":{"id":${number},"square":${number * number},"pad":"${'x'.repeat((number * 31) % 300)}"}`,
    }
  })
  const { position, ordinal } = await journal.append(records).durable
  say(`acked ${from} ${from + count - 1}`)
  if (from % 7 === 0) {
    await journal.saveCursor('report', position, ordinal)
    say(`cursor ${ordinal}`)
  }
}

for (;;) {
  await Promise.all([appendSome(1 + (id % 13)), appendSome(3), setTimeout(id % 3)])
}
