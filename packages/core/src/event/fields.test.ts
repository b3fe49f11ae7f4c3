import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DIMENSION_OF, DIMENSIONS } from './dimensions.ts'
import {
  EVENT_KINDS,
  FIELD_NAMES,
  FIELD_OF_WIRE_NAME,
  FIELDS,
  REQUIRED_DETAIL,
  REQUIRED_FIELDS,
  wireName,
} from './fields.ts'

describe('the field table', () => {
  it('has the members of UsageEvent, in its order', () => {
    const source = readFileSync(fileURLToPath(new URL('./event.ts', import.meta.url)), 'utf8')
    const declaration = source.slice(source.indexOf('interface UsageEvent'), source.indexOf('export type EventKind'))
    const members = [...declaration.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1])
    expect(FIELD_NAMES).toEqual(members)
  })

  it('gives each member a wire name of its own', () => {
    expect(FIELD_OF_WIRE_NAME.size).toBe(FIELD_NAMES.length)
    for (const name of FIELD_NAMES) expect(FIELD_OF_WIRE_NAME.get(wireName(name))).toBe(name)
    expect(wireName('cacheWrite1hTokens')).toBe('cache_write_1h_tokens')
    expect(wireName('costReportedNanoUsd')).toBe('cost_reported_nano_usd')
  })

  it('has requirements for each kind', () => {
    expect(Object.keys(REQUIRED_FIELDS).sort()).toEqual([...EVENT_KINDS].sort())
    expect(Object.keys(REQUIRED_DETAIL).sort()).toEqual([...EVENT_KINDS].sort())
  })
})

describe('the dimensions table', () => {
  it('has one meaning for each name and alias', () => {
    const names = DIMENSIONS.flatMap((dimension) => [dimension.name, ...(dimension.aliases ?? [])])
    expect(new Set(names).size).toBe(names.length)
    for (const dimension of DIMENSIONS) expect(DIMENSION_OF.get(dimension.name)).toBe(dimension)
  })

  it('splits by members of a type that can be split by', () => {
    for (const { name, field, type } of DIMENSIONS) {
      const spec = FIELDS[field].type
      const expected = spec === 'enum' || spec === 'text' ? 'string' : spec
      expect([name, type]).toEqual([name, expected])
    }
  })
})
