import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressIn, addressOf, isAt, withAddress } from './event-address.ts'
import { DEFAULT_VIEW, decodeView, encodeView } from './url-state.ts'

const event = { event_id: 'a', timestamp_ms: 5, agent_id: 'one' }

test('an address names one event among others of its id', () => {
  const address = addressOf(event)
  expect(address).toEqual({ id: 'a', whose: 'tenant_id=&agent_id=one&source_id=&timestamp_ms=5' })
  expect(isAt(address, event)).toBe(true)
  expect(isAt(address, { ...event, agent_id: 'two' })).toBe(false)
  expect(isAt(address, { ...event, timestamp_ms: 6 })).toBe(false)
  expect(isAt({ id: 'a', whose: '' }, { ...event, agent_id: 'two' })).toBe(true)
})

test('it comes back from the address of the page, whatever the names; what the route does not know is left out', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 })
  const property = fc.property(text, text, text, (event_id, agent_id, tenant_id) => {
    const address = addressOf({ ...event, event_id, agent_id, tenant_id })
    const search = encodeView({ ...DEFAULT_VIEW, page: withAddress(new Map([['columns', 'cost']]), address) })
    const { page } = decodeView(`?${search}`)
    expect(page.get('columns')).toBe('cost')
    expect(addressIn(page)).toEqual(address)
    expect(addressIn(withAddress(page, null))).toBeNull()
  })
  fc.assert(property, { seed: 5, numRuns: 300 })
  expect(
    addressIn(
      new Map([
        ['event', 'a'],
        ['of', 'agent_id=x&model=y&__proto__=z'],
      ]),
    ),
  ).toEqual({ id: 'a', whose: 'agent_id=x' })
})
