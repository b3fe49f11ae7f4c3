import { load } from './load.ts'
import { line, machine, median, option, usageOf } from './report.ts'
import { type Server, startTallystick } from './servers.ts'

/**
 * What it costs to know who sends: durable ingest with an API key beside the same without one, in turns, as processor time of the
 * server an event. And what the optional rate limit of Protocol 012 takes of that.
 *
 *   npm run bench -- auth [--seconds 6] [--rounds 4] [--batches 1,100] [--connections 12]
 */
const seconds = Number(option('seconds', '6'))
const rounds = Number(option('rounds', '4'))
const connections = Number(option('connections', '12'))
console.log(machine())

async function measured(server: Server, batch: number, key?: string): Promise<number> {
  const before = usageOf(server.pid).cpuSeconds
  const { port } = server
  const path = '/api/v1/events'
  const options = { port, path, connections, batch, seconds, ...(key === undefined ? {} : { key }) }
  const { events, refused } = await load(options)
  if (refused > 0) throw new Error(`${refused} requests were refused`)
  // What is still to be applied is part of what an event costs.
  await applied(server, key)
  return ((usageOf(server.pid).cpuSeconds - before) / events) * 1e6
}

async function applied({ url }: Server, key?: string): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }
  const body = JSON.stringify({ measures: ['requests'] })
  await (await fetch(`${url}/api/v1/query?consistency=applied`, { method: 'POST', headers, body })).arrayBuffer()
}

async function firstKey({ url }: Server): Promise<string> {
  const response = await fetch(`${url}/api/v1/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['admin', 'ingest', 'read'] }),
  })
  return ((await response.json()) as { key: string }).key
}

for (const batch of option('batches', '1,100').split(',').map(Number)) {
  const open = await startTallystick()
  const keyed = await startTallystick()
  const key = await firstKey(keyed)
  const micros = { open: [] as number[], keyed: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    const pair = [() => measured(open, batch), () => measured(keyed, batch, key)] as const
    // Who goes first changes, and the first round warms up.
    const [first, second] = round % 2 === 0 ? pair : ([pair[1], pair[0]] as const)
    const [a, b] = [await first(), await second()]
    if (round === 0) continue
    micros.open.push(round % 2 === 0 ? a : b)
    micros.keyed.push(round % 2 === 0 ? b : a)
  }
  const [without, withKey] = [median(micros.open), median(micros.keyed)]
  const each = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(' ')
  line(`batch ${batch}`, {
    'each, open': each(micros.open),
    'each, with a key': each(micros.keyed),
    'open, CPU us/event': without,
    'with a key': withKey,
    'added %': (withKey / without - 1) * 100,
  })
  await open.stop()
  await keyed.stop()
}

/** Parts of the server by themselves, which no package exports. */
const part = async <T>(path: string): Promise<T> =>
  (await import(new URL(`../../packages/server/dist/${path}`, import.meta.url).href)) as T

function micros(times: number, task: (index: number) => unknown): number {
  for (let index = 0; index < times / 10; index++) task(index)
  const before = process.cpuUsage()
  for (let index = 0; index < times; index++) task(index)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

const { createRateLimit } = await part<{
  createRateLimit(
    limit: number,
    windowMs: number,
    clock: { monotonic(): number },
  ): { take(counts: ReadonlyMap<string, number>): number }
}>('http/protocol012/rate-limit.js')
const limit = createRateLimit(1_000_000_000, 60_000, { monotonic: () => performance.now() })
const senders = Array.from({ length: 1_000 }, (_, index) => new Map([[`token-${index}`, 1]]))
const take = (index: number): number => limit.take(senders[index % senders.length] as ReadonlyMap<string, number>)
line('rate limit', { 'CPU us/event': micros(2_000_000, take) })

const { mintKey } = await part<{ mintKey(): { id: string; text: string; secretHash: string } }>('identity/api-key.js')
const { openMemoryState } = await part<{ openMemoryState(): { write(changes: readonly object[]): Promise<void> } }>(
  'state/memory.js',
)
const { createKeyMethod } = await part<{ createKeyMethod(state: object): { authenticate(evidence: object): unknown } }>(
  'identity/key-method.js',
)
const state = openMemoryState()
const { id, text, secretHash } = mintKey()
await state.write([{ table: 'keys', id, row: { id, name: 'k', secretHash, scopes: ['ingest'], createdMs: 1 } }])
const method = createKeyMethod(state)
const get = (name: string): string | null => (name === 'authorization' ? `Bearer ${text}` : null)
const evidence = { headers: { get }, url: new URL('http://localhost/'), peer: undefined, nowMs: 2 }
if (method.authenticate(evidence) === undefined) throw new Error('the key is not known')
line('key', { 'CPU us/request': micros(300_000, () => method.authenticate(evidence)) })
