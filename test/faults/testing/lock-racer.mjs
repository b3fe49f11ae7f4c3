// Opens a data directory and closes it again as it is told, line by line; tells what became of it.
import { createInterface } from 'node:readline'
import { openTallystick } from '../../../packages/server/dist/index.js'

const [dataDir] = process.argv.slice(2)
let held
const tell = (line) => process.stdout.write(`${line}\n`)

tell('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') {
    await held?.close()
    held = undefined
    tell('closed')
  } else
    try {
      held = await openTallystick({ dataDir })
      await held.ingest.submit({ items: [{ event_id: line, model: 'gpt-4o', input_tokens: 1 }], door: 'native' })
      tell('open')
    } catch (error) {
      tell(`${error.code}: ${error.message}`)
    }
}
