import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTallystickError } from '@tallystick/core'
import { describe, expect, test } from 'vitest'
import { storeUrlProblem } from '../store/open-store.ts'
import { type Config, loadConfig, type Setting } from './config.ts'

const cwd = mkdtempSync(join(tmpdir(), 'tallystick-aliases-'))
const load = (env: Record<string, string>): Config => loadConfig({ cwd, env })
const store = (env: Record<string, string>): Setting => load(env).settings.get('store') as Setting

const REDIS = 'ROUTIIUM_ANALYTICS_REDIS_URL'
const SLED = 'ROUTIIUM_ANALYTICS_SLED_PATH'
const JSONL = 'ROUTIIUM_ANALYTICS_JSONL_PATH'
const MEMORY = 'ROUTIIUM_ANALYTICS_FORCE_MEMORY'
const MAX = 'ROUTIIUM_ANALYTICS_MAX_EVENTS'

/** Every variable that is read, with the key it stands for. */
const ALIAS_VARIABLES: readonly (readonly [variable: string, key: string])[] = [
  ['ROUTIIUM_ANALYTICS_REDIS_URL', 'store'],
  ['ROUTIIUM_ANALYTICS_SLED_PATH', 'store'],
  ['ROUTIIUM_ANALYTICS_JSONL_PATH', 'store'],
  ['ROUTIIUM_ANALYTICS_FORCE_MEMORY', 'store'],
  ['ROUTIIUM_ANALYTICS_MAX_EVENTS', 'store'],
  ['ROUTIIUM_ANALYTICS_TTL_SECONDS', 'retention.events_seconds'],
  ['ROUTIIUM_PRICING_CONFIG', 'prices.files'],
]

describe('variables of Routiium', () => {
  test('name the store in its order: Redis, Sled, JSONL, memory', () => {
    const env = { [REDIS]: 'redis://cache:6379', [SLED]: '/sled/db', [JSONL]: '/var/log/a.jsonl', [MEMORY]: 'true' }
    expect(store(env)).toMatchObject({ value: 'redis://cache:6379', source: 'environment', variable: REDIS })
    expect(store({ ...env, [REDIS]: '' })).toMatchObject({ value: 'duckdb:/sled/db', variable: SLED })
    expect(store({ ...env, [REDIS]: ' ', [SLED]: '' })).toMatchObject({
      value: 'jsonl:/var/log/a.jsonl',
      variable: JSONL,
    })
    expect(store({ [MEMORY]: 'true' })).toMatchObject({ value: 'memory:', variable: MEMORY })
    expect(store({})).toMatchObject({ value: 'duckdb:', source: 'default' })
  })

  test('name a Redis as Routiium does, and what is wrong with it is told without its password', () => {
    expect(storeUrlProblem(store({ [REDIS]: 'redis://:secret@cache:6379/0' }).value as string)).toBeUndefined()
    expect(storeUrlProblem(store({ [REDIS]: 'redis://:secret@cache/x' }).value as string)).not.toContain('secret')
  })

  test.each(['1', 'true', 'yes', 'YES'])('FORCE_MEMORY is on when it is %s', (value) => {
    expect(store({ [MEMORY]: value }).value).toBe('memory:')
  })

  test.each(['0', 'false', 'no', 'on', 'maybe'])('FORCE_MEMORY is off when it is %s', (value) => {
    expect(store({ [MEMORY]: value }).source).toBe('default')
  })

  test('MAX_EVENTS limits the memory store and nothing else', () => {
    expect(store({ [MEMORY]: 'yes', [MAX]: '500' }).value).toBe('memory:?max_events=500')
    expect(store({ [JSONL]: 'a.jsonl', [MAX]: '500' }).value).toBe('jsonl:a.jsonl')
    expect(store({ [MAX]: '500' }).source).toBe('default')
  })

  test('count under our own variable and over the file', () => {
    expect(store({ [JSONL]: 'a.jsonl', TALLYSTICK_STORE: 'memory:' })).toMatchObject({ value: 'memory:' })
    expect(loadConfig({ cwd, env: { [JSONL]: 'a.jsonl' }, flags: { store: 'memory:' } }).text('store')).toBe('memory:')
  })

  test('set retention and the price file, whatever commas are in its path', () => {
    const config = load({ ROUTIIUM_ANALYTICS_TTL_SECONDS: '2592000', ROUTIIUM_PRICING_CONFIG: '/etc/a,b.json' })
    expect(config.optional('retention.events_seconds')).toBe(2_592_000)
    expect(config.list('prices.files')).toEqual(['/etc/a,b.json'])
  })

  test('are named where their value is wrong', () => {
    const wrong = (env: Record<string, string>): unknown => {
      try {
        return load(env)
      } catch (error) {
        return isTallystickError(error) ? error.issues : error
      }
    }
    expect(wrong({ ROUTIIUM_ANALYTICS_TTL_SECONDS: 'soon' })).toMatchObject([
      { path: 'ROUTIIUM_ANALYTICS_TTL_SECONDS' },
    ])
    expect(wrong({ [SLED]: cwd })).toMatchObject([{ path: SLED, message: expect.stringContaining('export it') }])
  })

  test('are all in the documentation', () => {
    const page = readFileSync(new URL('../../../../docs/config.md', import.meta.url), 'utf8')
    for (const [variable, key] of ALIAS_VARIABLES) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${variable}\` |`))
      expect(row, variable).toContain(key === 'store' && variable === MAX ? 'memory store' : `\`${key}\``)
    }
  })
})
