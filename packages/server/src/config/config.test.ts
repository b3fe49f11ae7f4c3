import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isTallystickError } from '@tallystick/core'
import { describe, expect, it } from 'vitest'
import { loadConfig, shownValue } from './config.ts'
import { CONFIG_KEYS } from './keys.ts'

const folder = (document?: unknown): string => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-config-'))
  if (document !== undefined)
    writeFileSync(
      join(dir, 'tallystick.config.json'),
      typeof document === 'string' ? document : JSON.stringify(document),
    )
  return dir
}

const problemsOf = (load: () => unknown): readonly { path: string; message: string }[] => {
  try {
    load()
  } catch (error) {
    if (isTallystickError(error) && error.code === 'invalid_config') return error.issues
    throw error
  }
  throw new Error('accepted')
}

describe('configuration', () => {
  it('takes a flag over the environment, the environment over the file, the file over the default', () => {
    const cwd = folder({ http: { port: 1001, host: 'a.example' }, data_dir: '/file' })
    const config = loadConfig({
      cwd,
      env: { TALLYSTICK_PORT: '1002', TALLYSTICK_HOST: 'b.example' },
      flags: { port: '1003' },
    })
    expect(config.settings.get('http.port')).toMatchObject({ value: 1003, source: 'flag' })
    expect(config.settings.get('http.host')).toMatchObject({ value: 'b.example', source: 'environment' })
    expect(config.settings.get('data_dir')).toMatchObject({ value: '/file', source: 'file' })
    expect(config.settings.get('ingest.ack')).toMatchObject({ value: 'durable', source: 'default' })
    expect(config.file).toBe(join(cwd, 'tallystick.config.json'))
  })

  it('reports every problem at once and names where each stands', () => {
    const cwd = folder({ http: { port: 70_000, colour: 'red' }, ingest: { ack: 'perhaps' } })
    const issues = problemsOf(() => loadConfig({ cwd, env: { TALLYSTICK_TTL_SECONDS: '1.5' }, flags: { host: ' ' } }))
    expect(issues.map((issue) => issue.path).sort()).toEqual(
      ['--host', 'TALLYSTICK_TTL_SECONDS', 'http.colour', 'http.port', 'ingest.ack'].sort(),
    )
  })

  it('reads groups within groups, and names what is unknown in them', () => {
    const cwd = folder({ auth: { oidc: { issuer: 'https://id.example' }, session_max_seconds: 600 } })
    const config = loadConfig({ cwd, env: {} })
    expect(config.text('auth.oidc.issuer')).toBe('https://id.example')
    expect(config.integer('auth.session_max_seconds')).toBe(600)
    const wrong = folder({ auth: { oidc: { isuer: 'x', client_id: { a: 1 } }, oidcc: { issuer: 'x' } } })
    expect(
      problemsOf(() => loadConfig({ cwd: wrong, env: {} }))
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['auth.oidc.client_id', 'auth.oidc.isuer', 'auth.oidcc'])
    const flat = folder({ auth: { oidc: 'https://id.example' } })
    expect(problemsOf(() => loadConfig({ cwd: flat, env: {} }))).toEqual([
      { path: 'auth.oidc', message: 'must be an object of keys' },
    ])
  })

  it('names the keys most like an unknown one, and refuses a group that does not exist, empty or not', () => {
    const cwd = folder({ nope: {}, htpp: { port: 1 }, http: 3, store: { a: 1 }, log: { levle: 'info' } })
    const issues = problemsOf(() => loadConfig({ cwd, env: {} }))
    expect(Object.fromEntries(issues.map(({ path, message }) => [path, message]))).toEqual({
      nope: expect.stringContaining('is not a configuration key'),
      'htpp.port': expect.stringContaining('nearest: "http.port"'),
      http: 'must be an object of keys',
      store: 'must be a text that is not empty',
      'log.levle': expect.stringContaining('nearest: "log.level"'),
    })
  })

  it('adds what the checks of others find, where the value was given', () => {
    const checks = new Map([['store', (value: unknown) => (value === 'duckdb:' ? undefined : 'is no store')]])
    expect(loadConfig({ cwd: folder(), env: {}, checks }).text('store')).toBe('duckdb:')
    const cwd = folder({ store: 'x:' })
    const placesOf = (sources: object): readonly string[] =>
      problemsOf(() => loadConfig({ cwd, env: {}, checks, ...sources })).map(({ path }) => path)
    expect(placesOf({})).toEqual(['store'])
    expect(placesOf({ env: { TALLYSTICK_STORE: 'y:', TALLYSTICK_PORT: 'x' } })).toEqual([
      'TALLYSTICK_PORT',
      'TALLYSTICK_STORE',
    ])
    expect(placesOf({ flags: { store: 'z:' } })).toEqual(['--store'])
  })

  it('treats a blank variable as not given', () => {
    expect(loadConfig({ cwd: folder(), env: { TALLYSTICK_PORT: '  ' } }).integer('http.port')).toBe(8088)
  })

  it('refuses a named file that is missing and one that is not JSON', () => {
    const cwd = folder('{')
    expect(problemsOf(() => loadConfig({ cwd, env: {} }))).toHaveLength(1)
    expect(() => loadConfig({ cwd, env: { TALLYSTICK_CONFIG: 'none.json' } })).toThrow(/none\.json/)
  })

  it('reads lists from commas and from arrays', () => {
    expect(loadConfig({ cwd: folder(), env: { TALLYSTICK_PRICES: 'a.json, b.json' } }).list('prices.files')).toEqual([
      'a.json',
      'b.json',
    ])
    expect(loadConfig({ cwd: folder({ prices: { files: ['c.json'] } }), env: {} }).list('prices.files')).toEqual([
      'c.json',
    ])
  })

  it('masks a password inside a URL', () => {
    const config = loadConfig({ cwd: folder(), env: { TALLYSTICK_STORE: 'redis://user:secret@db.example:6379/0' } })
    const setting = config.settings.get('store')
    expect(setting && shownValue(setting)).toBe('redis://user:***@db.example:6379/0')
  })

  it('masks a secret, and never repeats it', () => {
    const config = loadConfig({ cwd: folder(), env: { ROUTIIUM_ADMIN_TOKEN: ' s3cret ' } })
    const setting = config.settings.get('routiium.admin_token')
    expect(config.secret('routiium.admin_token')).toBe('s3cret')
    expect(setting && shownValue(setting)).toBe('***')
    expect(loadConfig({ cwd: folder(), env: {} }).secret('routiium.admin_token')).toBeUndefined()
    const issues = problemsOf(() => loadConfig({ cwd: folder({ routiium: { admin_token: 5318008 } }), env: {} }))
    expect(JSON.stringify(issues)).not.toContain('5318008')
  })

  it('reads a flag in the spellings of the environment', () => {
    const flag = (text: string): boolean =>
      loadConfig({ cwd: folder(), env: { ROUTIIUM_INSECURE_ADMIN: text } }).flag('routiium.insecure_admin')
    for (const text of ['1', 'true', 'YES', 'on']) expect(flag(text)).toBe(true)
    for (const text of ['0', 'false', 'No', 'off', ' ']) expect(flag(text)).toBe(false)
    expect(() => flag('perhaps')).toThrow(/perhaps/)
    expect(
      loadConfig({ cwd: folder({ routiium: { insecure_admin: true } }), env: {} }).flag('routiium.insecure_admin'),
    ).toBe(true)
  })

  it('has no key, variable or flag twice', () => {
    for (const names of [
      CONFIG_KEYS.map((spec) => spec.key),
      CONFIG_KEYS.map((spec) => spec.env),
      CONFIG_KEYS.flatMap((spec) => spec.flag ?? []),
    ])
      expect(new Set(names).size).toBe(names.length)
  })
})
