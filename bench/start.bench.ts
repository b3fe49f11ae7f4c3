import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fill } from './fill.ts'
import { line, machine, median, option, usageOf } from './report.ts'
import { startTallystick, untilSealed, workFolder } from './servers.ts'

/**
 * From spawning the process to its first answer and first figures, with events stored; and its memory when it has just started, and when nobody has
 * asked it anything for a minute.
 *
 *   npm run bench -- start [--events 1000000] [--rounds 7] [--rest 60] [--dir DIR (filled before, kept)]
 */
const events = Number(option('events', '1000000'))
const rounds = Number(option('rounds', '7'))
const restSeconds = Number(option('rest', '60'))
const kept = option('dir', '')
const dir = kept || workFolder()
console.log(machine())
if (!kept) await fill(dir, events, 30)
const first = await startTallystick(dir)
await untilSealed(first)
await first.stop({ keep: true })

const answers: number[] = []
const figures: number[] = []
const started: number[] = []
let atRestMb = 0
for (let round = 0; round < rounds; round++) {
  const began = performance.now()
  const server = await startTallystick(dir)
  await (await fetch(`${server.url}/readyz`)).arrayBuffer()
  answers.push(performance.now() - began)
  const body = JSON.stringify({ measures: ['requests'] })
  const response = await fetch(`${server.url}/api/v1/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  await response.arrayBuffer()
  figures.push(performance.now() - began)
  await sleep(2_000)
  started.push(usageOf(server.pid).rssMb)
  if (round === rounds - 1) {
    await sleep(restSeconds * 1_000)
    atRestMb = usageOf(server.pid).rssMb
  }
  await server.stop({ keep: true })
}
line('start', {
  'ms to first answer': median(answers),
  'ms to first figures': median(figures),
  'ms worst': Math.max(...figures),
  'RSS MB just started': median(started),
  'RSS MB at rest': atRestMb,
})
if (!kept) rmSync(dir, { recursive: true, force: true })
