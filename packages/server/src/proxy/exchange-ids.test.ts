import { uuidv7Generator } from '@tallystick/core/event'
import { expect, it } from 'vitest'
import { ExchangeIds } from './exchange-ids.ts'

const AT = 1_795_227_300_000
let now = AT
const clock = { now: () => now, monotonic: () => now }
const idAt = (ms: number): string => uuidv7Generator({ now: () => ms, monotonic: () => ms })()

it('an id is taken once, soon after it was made, and never again', () => {
  now = AT
  const ids = new ExchangeIds(clock)
  const id = idAt(AT)
  expect(ids.take(id)).toBe(id)
  for (const later of [0, 1, 59_999, 60_001, 119_999, 120_001, 3_600_000]) {
    now = AT + later
    expect(ids.take(id), `${later} ms later`).toBeUndefined()
  }
})

it.each([
  ['none', undefined],
  ['no UUIDv7', 'again-and-again'],
  ['one of the past', idAt(AT - 60_001)],
  ['one of the future', idAt(AT + 60_001)],
])('%s is not taken', (_, id) => {
  now = AT
  expect(new ExchangeIds(clock).take(id)).toBeUndefined()
})

it('one that was made ahead of the clock is not taken twice while it is new', () => {
  now = AT
  const ids = new ExchangeIds(clock)
  const id = idAt(AT + 59_000)
  expect(ids.take(id)).toBe(id)
  now = AT + 118_000
  expect(ids.take(idAt(now))).toBeDefined()
  expect(ids.take(id)).toBeUndefined()
})

it('holds 200,000 at most: what comes beyond is known by other means', () => {
  now = AT
  const ids = new ExchangeIds(clock)
  const mint = uuidv7Generator(clock)
  let taken = 0
  for (let index = 0; index < 200_100; index++) if (ids.take(mint()) !== undefined) taken++
  expect(taken).toBe(200_000)
})
