import fc from 'fast-check'
import { expect, it } from 'vitest'
import { headersFor } from '../../../core/src/capture/proxied.ts'
import { clientNames } from './names.ts'

it('names are read as clients write them', () => {
  expect(
    clientNames([
      ...['X-Tallystick-Agent', '7', 'x-tallystick-user', 'voil\xc3\xa0', 'X-TALLYSTICK-SESSION', ' s-1 '],
      ...['X-Tallystick-Tags', 'team=search, env=prod,=no,alone,a%2Cb=c%3Dd', 'Accept', '*/*'],
    ]),
  ).toEqual({
    agentId: 'agent_7',
    userId: 'voilà',
    sessionId: 's-1',
    tags: { team: 'search', env: 'prod', 'a,b': 'c=d' },
  })
})

it('what is too long for its member is left out', () => {
  expect(clientNames(['X-Tallystick-User', 'x'.repeat(10_000), 'X-Tallystick-Session', 's'])).toEqual({
    sessionId: 's',
  })
})

it('what a wrapped fetch tells comes out as it went in', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((text) => text.isWellFormed() && !/[\0\ufffd]/.test(text))
  fc.assert(
    fc.property(name, fc.dictionary(name, name, { maxKeys: 4 }), (userId, tags) => {
      const headers = headersFor({ names: { userId, tags } })
      // By way of the runtime's own, which is strict.
      const raw = [...new Headers(headers as [string, string][])].flat()
      const read = clientNames(raw)
      const told = new Map(headers)
      if (told.has('x-tallystick-user')) expect(read.userId).toBe(userId)
      if (told.has('x-tallystick-tags')) expect(read.tags).toEqual({ ...tags })
    }),
  )
})
