// Does what it is told to a data directory, and says so: `node privacy-process.mjs DIR STORE fill|erase|clear|finish [STEP] [LIFE]`; `fill` has how many events in the place of STEP.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openTallystick } from '../../../packages/server/dist/open.js'

const [dataDir, store, task, stop, life] = process.argv.slice(2)
const USER = 'jürgen "j" o’neil@example.com'
const NOON = Date.UTC(2026, 10, 20, 12)
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

const items = (prefix, from, count) =>
  Array.from({ length: count }, (_, index) => ({
    event_id: `${prefix}${from + index}`,
    timestamp_ms: NOON - (from + index) * 300_000,
    model: 'gpt-4o',
    input_tokens: 10 + index,
    user_id: index % 3 === 0 ? USER : 'somebody.else@example.com',
  }))

const tallystick = await openTallystick({
  dataDir,
  store,
  journal: { segmentBytes: 60_000 },
  onErasureStep(step) {
    say({ step })
    if (step === stop) process.kill(process.pid, 'SIGKILL')
  },
})
const { ingest, journal } = tallystick
const die = () => process.kill(process.pid, 'SIGKILL')
const append = journal.append
journal.append = (records) => {
  const ticket = append(records)
  const clears = Array.isArray(records) && records[0]?.type === 'clear'
  if (clears && stop === 'asked') die()
  if (clears && stop === 'durable') ticket.durable.then(die)
  return ticket
}
ingest.onCleared(() => {
  if (stop === 'applied') die()
})
const post = async (path, body) => {
  const request = new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await tallystick.fetch(request, { trusted: true })).json()
}

if (task === 'fill') {
  for (let at = 0; at < Number(stop); at += 300) await ingest.submit({ items: items('e', at, 300), door: 'native' })
  await ingest.drain()
} else if (task === 'erase') {
  say({ begun: true })
  say(await post('/api/v1/erasures', { user_id: USER }))
} else if (task === 'clear') {
  await ingest.drain()
  say(await everything())
  let clearing
  for (let at = 0; at < 400; at++) {
    const batch = items(`c${life}-`, at * 10, 10)
    await ingest.submit({ items: batch, door: 'native' })
    say({ acked: batch.map(({ event_id }) => event_id) })
    if (at === 20) say({ begun: true })
    if (at === 20) clearing = post('/analytics/clear', {}).then(({ success }) => say({ cleared: success }))
  }
  await clearing
} else {
  const intent = join(dataDir, 'erasing.json')
  for (let wait = 0; existsSync(intent) && wait < 1200; wait++) await new Promise((go) => setTimeout(go, 25))
  await ingest.drain()
}
say(await everything())
await tallystick.close()

/** What there is to be seen, and whether it adds up. */
async function everything() {
  const { rows } = await post('/api/v1/query', {
    from: 0,
    to: NOON + 1,
    measures: ['events', 'input_tokens'],
    group_by: ['user_id'],
    interval: '1d',
    limit: 100,
  })
  const { balanced } = await ingest.invariants()
  const actions = [...tallystick.state.rows('audit').values()].map(({ action, actor }) => `${action} by ${actor}`)
  const { events } = await tallystick.store.scan({ fromMs: 0, toMs: NOON + 1, filters: [], limit: 10_000 })
  return { rows, balanced, actions, ids: events.map(({ event }) => event.eventId) }
}
