import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openTallystick, type Tallystick } from 'tallystick'
import { line, machine, median, option, quantile } from './report.ts'
import { workFolder } from './servers.ts'

/**
 * Leases: reserve and settle, in process, beside a bare counter that remembers its requests and nothing else.
 *
 *   npm run bench -- budgets [--pairs 80000] [--at-once 64] [--rounds 3] [--only memory]
 *
 * `memory` keeps the control state in memory, `durable` syncs every change to disk in groups. `amounts` settles by amounts,
 * `events` records an event with each settlement. `bare fdatasync` is the floor of `durable`: a pair waits for two groups in turn,
 * and half a group on average before each.
 */
const pairs = Number(option('pairs', '80000'))
const atOnce = Number(option('at-once', '64'))
const rounds = Number(option('rounds', '3'))
const only = option('only', '')
console.log(machine())

interface Measured {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly p50: number
  readonly p99: number
}

/** Runs `pair` so many times, some of them at once, and times each. */
async function measure(pair: (number: number) => Promise<void> | void): Promise<Measured> {
  const latencies = new Float64Array(pairs)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let number = next++; number < pairs; number = next++) {
      const began = performance.now()
      await pair(number)
      latencies[number] = performance.now() - began
    }
  }
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, worker))
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const sorted = [...latencies]
  return {
    perSecond: pairs / seconds,
    cpuMicros: (user + system) / pairs,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  }
}

function bareCounter(): (number: number) => void {
  const open = new Map<string, bigint>()
  let reserved = 0n
  let spent = 0n
  const amount = 10n ** 18n
  return (number) => {
    const id = `request-${number}`
    if (open.has(id) || spent + reserved + 1_000n > amount) throw new Error('refused')
    open.set(id, 1_000n)
    reserved += 1_000n
    reserved -= open.get(id) as bigint
    spent += 900n
    open.delete(id)
  }
}

let named = 0
function leases({ budgets }: Tallystick, how: 'amounts' | 'events'): (number: number) => Promise<void> {
  const run = named++
  return async (number) => {
    const lease = await budgets.leases.reserve({
      requestId: `${run}-${number}`,
      agentId: `agent_${number % 50}`,
      provider: 'openai',
      model: 'gpt-4o',
      nanoUsd: 1_000n,
      ttlMs: 60_000,
    })
    if (how === 'amounts') await budgets.leases.settleAmounts(lease, { nanoUsd: 900n })
    else await budgets.leases.settle(lease, { event: { cost_nano_usd: 900, input_tokens: 10, output_tokens: 2 } })
  }
}

/** A budget for everything, and one for each of 50 agents. */
async function prepared(options: Parameters<typeof openTallystick>[0]): Promise<Tallystick> {
  const tallystick = await openTallystick(options)
  const make = (subject: object): Promise<unknown> =>
    tallystick.budgets.create({
      ...{ name: 'bench', unit: 'nano_usd', amount: String(10n ** 18n), mode: 'hard', thresholds: [50, 80, 100] },
      ...{ window: { kind: 'day', timeZone: 'UTC' }, ...subject },
    })
  await make({})
  for (let agent = 0; agent < 50; agent++) await make({ subject: { dimension: 'agent_id', value: `agent_${agent}` } })
  await tallystick.budgets.settled()
  return tallystick
}

const dir = workFolder()
/** As many bytes as a group of leases, each time behind the last. */
function bareSync(times: number): readonly number[] {
  const file = openSync(join(dir, 'bare'), 'a')
  const bytes = Buffer.alloc(atOnce * 400, 'x')
  const took = Array.from({ length: times }, () => {
    const began = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    return performance.now() - began
  })
  closeSync(file)
  return took
}

const inMemory = await prepared({ dataDir: join(dir, 'memory'), store: 'memory:' })
const onDisk = await prepared({ dataDir: join(dir, 'disk') })
const cases: readonly (readonly [string, () => Promise<Measured>])[] = [
  ['bare counter', () => measure(bareCounter())],
  ['memory, amounts', () => measure(leases(inMemory, 'amounts'))],
  ['memory, events', () => measure(leases(inMemory, 'events'))],
  ['durable, amounts', () => measure(leases(onDisk, 'amounts'))],
  ['durable, events', () => measure(leases(onDisk, 'events'))],
]
const chosen = cases.filter(([name]) => name.startsWith(only))
const found = new Map<string, Measured[]>(chosen.map(([name]) => [name, []]))
for (let round = 0; round <= rounds; round++)
  for (const [name, run] of chosen) {
    const measured = await run()
    // The first round warms up.
    if (round > 0) found.get(name)?.push(measured)
  }
const syncs = [...bareSync(500)]
line('bare fdatasync', { 'p50 ms': quantile(syncs, 0.5), 'p99 ms': quantile(syncs, 0.99) })
for (const [name, measured] of found) {
  const of = (key: keyof Measured): number => median(measured.map((one) => one[key]))
  line(name, {
    'reserve+settle/s': of('perSecond'),
    'CPU us/pair': of('cpuMicros'),
    'p50 ms': of('p50'),
    'p99 ms': of('p99'),
  })
}
await inMemory.close()
await onDisk.close()
rmSync(dir, { recursive: true, force: true })
