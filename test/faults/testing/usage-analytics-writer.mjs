/**
 * A process to be killed: records invocations for ever, some at a time, and tells each acknowledgement on standard output before
 * it does anything else.
 *
 * node usage-analytics-writer.mjs <module of the built compat> <directory> <first number>
 */
import { writeSync } from 'node:fs'

const [module, dir, first] = process.argv.slice(2)
const { UsageAnalytics } = await import(module)

const STANDARD_OUTPUT = 1
const say = (text) => writeSync(STANDARD_OUTPUT, `${text}\n`)

const analytics = new UsageAnalytics(dir, { sessionId: 'killed', onError: (error) => say(`error ${error.message}`) })
say('open')
let next = Number(first)

async function recordOne() {
  const number = next++
  const failed = number % 5 === 0
  await analytics.recordInvocation({
    tool_name: `tool ${number}`,
    backend_used: number % 2 === 0 ? 'local' : 'gemini',
    processing_time_ms: number % 100,
    tokens_used: 10,
    success: !failed,
    error: failed ? { type: 'E', message: `failed ${number}` } : null,
  })
  say(`acked ${number}`)
}

for (;;) await Promise.all(Array.from({ length: 1 + (next % 7) }, recordOne))
