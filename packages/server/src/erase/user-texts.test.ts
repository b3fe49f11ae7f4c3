import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskOf, userLines } from './user-lines.ts'
import { renamer } from './user-rows.ts'

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
  fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'ab-"\\/.$(){}[]|*+?^é😀\n\u0001') }),
)
const runs = { seed: 17, numRuns: 400 }
const request = { pseudonym: 'erased-00', throughOrdinal: 10 }

describe('a user of any name', () => {
  test('is found and replaced in a record, whichever way its name is escaped, and nothing else is', () => {
    const escapedAll = (text: string): string =>
      `"${[...text].map((unit) => (unit.length === 1 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit)).join('')}"`
    fc.assert(
      fc.property(name, name, fc.boolean(), (userId, other, escaped) => {
        const { change, concerns } = userLines({ ...request, userId })
        const told = escaped ? escapedAll(userId) : JSON.stringify(userId)
        const tags = JSON.stringify({ user_id: userId, other })
        const members = (user: string): string =>
          `"r":5,"h":"00","e":{"tags":${tags},"kind":"router_started","event_id":"e1","timestamp_ms":1,"user_id":${user}}`
        expect(concerns(Buffer.from(`{"t":"event","n":3,${members(told)},"c":"00000000"}`))).toBe(true)
        const record = { type: 'event', ordinal: 3, members: members(told) }
        expect(change(record)).toBe(members('"erased-00"'))
        expect(change({ ...record, ordinal: 11 })).toBeUndefined()
        expect(change({ ...record, type: 'clear' })).toBeUndefined()
        if (other !== userId) expect(change({ ...record, members: members(JSON.stringify(other)) })).toBeUndefined()
      }),
      runs,
    )
  })

  test('is masked in bytes of any kind, whose length stays', () => {
    fc.assert(
      fc.property(name, (userId) => {
        const mask = maskOf(userId)
        const token = JSON.stringify(userId)
        for (const text of [`x{"user_id":${token},"a":1`, `"user_id":${token.slice(0, -1)}`]) {
          const bytes = Buffer.from(text)
          const masked = mask(bytes)
          expect(masked.length).toBe(bytes.length)
          expect(masked.includes(`"user_id":${token.slice(0, -1)}`)).toBe(/^x+$/.test(userId))
        }
        const clean = Buffer.from('{"nobody":0}')
        if (!clean.includes(userId)) expect(mask(clean)).toBe(clean)
      }),
      runs,
    )
  })

  test('is replaced in texts as a whole word, and a short name only where it is all there is', () => {
    fc.assert(
      fc.property(name, (userId) => {
        const rename = renamer({ userId, pseudonym: 'P' })
        expect(rename(userId)).toBe('P')
        if (userId.length >= 3) expect(rename(`user ${userId}`)).toBe('user P')
      }),
      runs,
    )
    expect(renamer({ userId: 'ann', pseudonym: 'P' })('Budget of ann, annual; Joann')).toBe(
      'Budget of P, annual; Joann',
    )
    expect(renamer({ userId: 'b', pseudonym: 'P' })('plan b')).toBe('plan b')
    expect(renamer({ userId: 'a$b', pseudonym: '$&' })('user a$b')).toBe('user $&')
  })
})
