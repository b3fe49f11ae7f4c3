import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Issue, issueLines, nearest, TallystickError } from '@tallystick/core'
import { ALIASES } from './aliases.ts'
import { CONFIG_KEYS, type ConfigValue, type KeySpec } from './keys.ts'

/** Where a value came from. */
export type Source = 'flag' | 'environment' | 'file' | 'default'

export interface Setting {
  readonly spec: KeySpec
  readonly value: ConfigValue
  readonly source: Source
  /** The variable it came from, where that is not the key's own. */
  readonly variable?: string
}

/** The effective configuration: every key, its value and where it came from. */
export interface Config {
  readonly settings: ReadonlyMap<string, Setting>
  /** The file that was read, if any. */
  readonly file: string | undefined
  text(key: string): string
  integer(key: string): number
  /** Null when an optional integer is not set. */
  optional(key: string): number | null
  list(key: string): readonly string[]
  flag(key: string): boolean
  /** Undefined when it is not set. */
  secret(key: string): string | undefined
}

export interface ConfigSources {
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** By key, what else is wrong with a value that has the right type; undefined when nothing is. */
  readonly checks?: ReadonlyMap<string, (value: ConfigValue) => string | undefined>
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'yes', 'on'].map((text) => [text, true] as const),
  ...['0', 'false', 'no', 'off'].map((text) => [text, false] as const),
])

const DEFAULT_FILE = 'tallystick.config.json'
const MAX_MEMBERS = 1_000
const KEY_NAMES: readonly string[] = CONFIG_KEYS.map(({ key }) => key)

/**
 * Reads the configuration: flags over environment over file over defaults. This module is the only reader of all three.
 *
 * @throws TallystickError `invalid_config` with every problem found, or `file_unreadable` for a file named explicitly.
 * @example
 * loadConfig({ flags: { port: '9000' }, env: {} }).settings.get('http.port') // { value: 9000, source: 'flag', ... }
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const flags = sources.flags ?? {}
  const env = sources.env ?? process.env
  const cwd = sources.cwd ?? process.cwd()
  const issues: Issue[] = []

  const named = textOf(flags['config']) ?? env['TALLYSTICK_CONFIG']
  const path = resolve(cwd, named ?? DEFAULT_FILE)
  const document = readFile(path, named !== undefined, issues)
  const members = document === undefined ? new Map<string, unknown>() : flatten(document, issues)

  const settings = new Map<string, Setting>()
  for (const spec of CONFIG_KEYS) {
    const flag = spec.flag === undefined ? undefined : flags[spec.flag]
    const variable = env[spec.env]
    const alias = ALIASES.get(spec.key)?.(env)
    let setting: Setting = { spec, value: spec.default, source: 'default' }
    if (flag !== undefined) setting = { spec, value: read(spec, flag, `--${spec.flag}`, issues), source: 'flag' }
    else if (variable !== undefined && variable.trim() !== '')
      setting = { spec, value: read(spec, variable, spec.env, issues), source: 'environment' }
    else if (alias !== undefined)
      setting = {
        spec,
        value: read(spec, alias.value, alias.variable, issues),
        source: 'environment',
        variable: alias.variable,
      }
    else if (members.has(spec.key))
      setting = { spec, value: read(spec, members.get(spec.key), spec.key, issues), source: 'file' }
    settings.set(spec.key, setting)
    const wrong =
      (setting.variable === undefined ? undefined : alias?.problem) ?? sources.checks?.get(spec.key)?.(setting.value)
    if (wrong !== undefined) issues.push({ path: placeOf(setting), message: wrong })
    members.delete(spec.key)
  }
  for (const key of members.keys())
    issues.push({ path: key, message: `is not a configuration key (${path}); ${nearest(key, KEY_NAMES)}` })

  if (issues.length > 0)
    throw new TallystickError('invalid_config', `The configuration is not valid:\n${issueLines(issues)}`, { issues })

  const value = (key: string): ConfigValue => {
    const setting = settings.get(key)
    if (setting === undefined) throw new Error(`no configuration key ${key}`)
    return setting.value
  }
  return {
    settings,
    file: document === undefined ? undefined : path,
    text: (key) => value(key) as string,
    integer: (key) => value(key) as number,
    optional: (key) => value(key) as number | null,
    list: (key) => value(key) as readonly string[],
    flag: (key) => value(key) as boolean,
    secret: (key) => (value(key) as string | null) ?? undefined,
  }
}

/** Where a person mends the value. */
function placeOf({ spec, source, variable = spec.env }: Setting): string {
  if (source === 'flag') return `--${spec.flag}`
  return source === 'environment' ? variable : spec.key
}

/** A value as it may be shown: a secret is masked, and so is a password inside a URL. */
export function shownValue(setting: Setting): ConfigValue {
  if (setting.spec.type.of === 'secret') return setting.value === null ? null : '***'
  const { value } = setting
  if (Array.isArray(value)) return value.map(withoutPassword)
  return typeof value === 'string' ? withoutPassword(value) : value
}

/**
 * Addresses within a text without what they would let one in by.
 *
 * @example withoutPassword('redis://user:secret@host:6379/0') // 'redis://user:***@host:6379/0'
 * @example withoutPassword('https://host/?token=secret&x=1') // 'https://host/?token=***&x=1'
 */
export function withoutPassword(text: string): string {
  return (
    text
      // Up to the last `@`: a password may hold one.
      .replace(/(:\/\/[^:/?#@\s]*):\S*@/, '$1:***@')
      .replace(/([?&][^=&\s]*(?:password|secret|token|key)[^=&\s]*=)[^&\s]*/gi, '$1***')
  )
}

function readFile(path: string, required: boolean, issues: Issue[]): Record<string, unknown> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (!required && (cause as { code?: string }).code === 'ENOENT') return undefined
    throw new TallystickError('file_unreadable', `The configuration file ${path} cannot be read.`, { cause })
  }
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
    issues.push({ path, message: 'must hold one JSON object' })
  } catch (cause) {
    issues.push({ path, message: `is not valid JSON: ${(cause as Error).message}` })
  }
  return {}
}

/** `{ http: { port: 1 } }` becomes `http.port -> 1`; a Map, since names come from outside. */
function flatten(document: Record<string, unknown>, issues: Issue[]): Map<string, unknown> {
  const members = new Map<string, unknown>()
  const visit = (path: string, value: unknown, within: boolean): void => {
    const isGroup = KEY_NAMES.some((key) => key.startsWith(`${path}.`))
    // Below an unknown name inside a group nothing is looked for; an unknown group at the top names its members.
    const inside =
      isObject(value) && !KEY_NAMES.includes(path) && (isGroup || !within) ? Object.entries(value) : undefined
    if (isGroup && inside === undefined) issues.push({ path, message: 'must be an object of keys' })
    // An unknown group with nothing in it is as wrong as one with something.
    else if (inside === undefined || (!isGroup && inside.length === 0)) members.set(path, value)
    else for (const [name, inner] of inside) visit(`${path}.${name}`, inner, true)
  }
  for (const [group, value] of Object.entries(document)) visit(group, value, false)
  if (members.size <= MAX_MEMBERS) return members
  issues.push({ path: '', message: `has more than ${MAX_MEMBERS} members` })
  return new Map()
}

function read(spec: KeySpec, raw: unknown, path: string, issues: Issue[]): ConfigValue {
  const refuse = (message: string): ConfigValue => {
    issues.push({ path, message })
    return spec.default
  }
  const { type } = spec
  switch (type.of) {
    case 'flag': {
      const flag = typeof raw === 'boolean' ? raw : FLAGS.get(textOf(raw)?.trim().toLowerCase() ?? '')
      return flag ?? refuse(`must be one of ${[...FLAGS.keys()].join(', ')}, not ${JSON.stringify(raw)}`)
    }
    case 'text':
    case 'url':
    case 'secret': {
      const text = textOf(raw)?.trim()
      return text ? text : refuse('must be a text that is not empty')
    }
    case 'integer': {
      if (raw === null && type.optional) return null
      const text = typeof raw === 'number' ? String(raw) : textOf(raw)?.trim()
      const number = text !== undefined && /^-?\d+$/.test(text) ? Number(text) : Number.NaN
      if (Number.isSafeInteger(number) && number >= type.min && number <= type.max) return number
      return refuse(`must be a whole number from ${type.min} to ${type.max}, not ${JSON.stringify(raw)}`)
    }
    case 'choice': {
      const text = textOf(raw)
      if (text !== undefined && type.values.includes(text)) return text
      return refuse(`must be one of ${type.values.join(', ')}, not ${JSON.stringify(raw)}`)
    }
    case 'list': {
      const items = typeof raw === 'string' ? raw.split(',') : raw
      if (Array.isArray(items) && items.every((item) => typeof item === 'string'))
        return items.map((item) => item.trim()).filter((item) => item !== '')
      return refuse('must be a list of texts, or one text with commas')
    }
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
