import { type Issue, inlineIssues, isTallystickError, nearest, quoted, TallystickError } from '@tallystick/core'
import type { Principal } from '../identity/principal.ts'
import type { AlertKind, AlertRule, AlertTarget } from '../state/alert.ts'
import type { Sender } from './delivery/send.ts'
import type { AlertKindSpec } from './kind.ts'
import { ALERT_KIND_OF, ALERT_KINDS } from './kinds.ts'
import { questionOf } from './question.ts'
import { unmasked } from './targets.ts'

const MAX_NAME_CHARS = 200
const MAX_TARGETS = 10
const MAX_VALUES = 100
const MAX_VALUE_CHARS = 256
const MIN_SECRET_CHARS = 16
const MAX_SECRET_CHARS = 256
const MINUTE_MS = 60_000
const MEMBERS: readonly string[] = [
  'name',
  'kind',
  'enabled',
  'tenant_id',
  'threshold',
  'window_ms',
  'for_ms',
  'min_requests',
  'filters',
  'targets',
]
/** What an answer holds beside those; sent back with them they change nothing. */
const ANSWERED: readonly string[] = ['id', 'created_ms', 'updated_ms', 'evaluated_ms', 'error', 'firing']

/** What a rule is read with. */
export interface RuleContext {
  readonly principal: Principal
  readonly sender: Pick<Sender, 'hosts' | 'mails'>
  readonly nowMs: number
  readonly id: string
  /** The rule that it replaces. */
  readonly before?: AlertRule
}

/**
 * A rule as it came in. Numbers left out, or null, are those of the kind.
 *
 * @throws TallystickError `invalid_rule` with every problem found
 */
export function readRule(input: unknown, context: RuleContext): AlertRule {
  const reader = new RuleReader(input, context)
  const rule = reader.rule()
  if (reader.issues.length > 0 || rule === undefined)
    throw new TallystickError('invalid_rule', `${inlineIssues(reader.issues)}.`, { issues: reader.issues })
  return rule
}

class RuleReader {
  readonly issues: Issue[] = []
  readonly #members: ReadonlyMap<string, unknown>
  readonly #context: RuleContext

  constructor(input: unknown, context: RuleContext) {
    this.#context = context
    const object = isObject(input)
    if (!object) this.#add('', 'expected a JSON object such as {"kind":"error_rate","targets":[]}')
    this.#members = new Map(object ? Object.entries(input).filter(([, value]) => value !== null) : [])
    for (const name of this.#members.keys())
      if (!MEMBERS.includes(name) && !ANSWERED.includes(name))
        this.#add(name.slice(0, 64), `no such member; ${nearest(name.slice(0, 64), MEMBERS)}`)
  }

  rule(): AlertRule | undefined {
    const { id, nowMs, before } = this.#context
    const kind = this.#kind()
    if (kind === undefined) return undefined
    const threshold = this.#integer('threshold', kind.threshold)
    const windowMs = this.#integer('window_ms', kind.windowMs)
    const forMs = this.#integer('for_ms', kind.forMs)
    const minRequests = this.#integer('min_requests', { min: 0, max: 1_000_000_000 })
    if (windowMs !== undefined && windowMs % MINUTE_MS !== 0) this.#add('window_ms', 'must be whole minutes')
    const tenantId = this.#tenant()
    const filters = this.#filters(kind)
    const rule: AlertRule = {
      id,
      name: this.#name(kind.label),
      kind: kind.kind,
      enabled: this.#enabled(),
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(threshold === undefined ? {} : { threshold }),
      ...(windowMs === undefined ? {} : { windowMs }),
      ...(forMs === undefined ? {} : { forMs }),
      ...(minRequests === undefined ? {} : { minRequests }),
      ...(filters === undefined ? {} : { filters }),
      targets: this.#targets(),
      createdMs: before?.createdMs ?? nowMs,
      updatedMs: nowMs,
    }
    if (this.issues.length === 0) this.#checkQuestion(rule)
    return rule
  }

  #kind(): AlertKindSpec | undefined {
    const name = this.#members.get('kind')
    const kind = typeof name === 'string' ? ALERT_KIND_OF.get(name as AlertKind) : undefined
    if (kind === undefined) {
      const names = ALERT_KINDS.map((spec) => spec.kind)
      this.#add(
        'kind',
        typeof name === 'string'
          ? `no kind ${quoted(name)}; ${nearest(name, names)}`
          : `expected one of ${names.join(', ')}`,
      )
    }
    return kind
  }

  #name(label: string): string {
    const name = this.#members.get('name') ?? label
    if (typeof name === 'string' && name.trim() !== '' && name.length <= MAX_NAME_CHARS && !/\p{Cc}/u.test(name))
      return name
    this.#add('name', `expected a line of 1 to ${MAX_NAME_CHARS} characters`)
    return ''
  }

  #enabled(): boolean {
    const enabled = this.#members.get('enabled') ?? true
    if (typeof enabled !== 'boolean') this.#add('enabled', 'expected true or false')
    return enabled === true
  }

  #integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const value = this.#members.get(name)
    if (value === undefined) return undefined
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
    this.#add(
      name,
      min === max ? 'this kind of rule has none; leave it out' : `expected an integer from ${min} to ${max}`,
    )
    return undefined
  }

  /** A principal of a tenant makes rules of it and of no other. */
  #tenant(): string | undefined {
    const own = this.#context.principal.tenantId
    const named = this.#members.get('tenant_id')
    if (named === undefined) return own
    if (typeof named !== 'string' || named === '' || named.length > MAX_VALUE_CHARS)
      this.#add('tenant_id', 'expected a text')
    else if (own !== undefined && named !== own) this.#add('tenant_id', 'is not the tenant that you belong to')
    else return named
    return undefined
  }

  #filters({ measured }: AlertKindSpec): AlertRule['filters'] {
    const input = this.#members.get('filters')
    const filters = new Map<string, readonly string[]>()
    if (input !== undefined && !isObject(input))
      this.#add('filters', 'expected an object such as {"provider":["openai"]}')
    for (const [name, value] of isObject(input) ? Object.entries(input) : []) {
      const values: readonly unknown[] = Array.isArray(value) ? value : [value]
      const path = `filters.${name.slice(0, 64)}`
      if (measured.of === 'sources' && name !== 'source_id')
        this.#add(path, 'this kind of rule is narrowed by source_id only')
      else if (measured.of === 'crossings' && name !== 'budget_id')
        this.#add(path, 'this kind of rule is narrowed by budget_id only')
      else if (name === 'tenant_id') this.#add(path, 'name the tenant as tenant_id of the rule')
      else if (values.length === 0 || values.length > MAX_VALUES || !values.every(isValue))
        this.#add(path, `expected 1 to ${MAX_VALUES} texts of at most ${MAX_VALUE_CHARS} characters`)
      else filters.set(name, values as readonly string[])
    }
    const agents = this.#context.principal.agentIds
    if (agents !== undefined) {
      const wanted = filters.get('agent_id')
      if (measured.of === 'sources' || measured.of === 'crossings')
        this.#add('kind', 'is about more than the agents you may see')
      else if (wanted === undefined) filters.set('agent_id', [...agents])
      else if (!wanted.every((agent) => agents.has(agent)))
        this.#add('filters.agent_id', 'names agents that you may not see')
    }
    return filters.size === 0 ? undefined : Object.fromEntries(filters)
  }

  #targets(): readonly AlertTarget[] {
    const input = this.#members.get('targets') ?? []
    if (!Array.isArray(input) || input.length > MAX_TARGETS) {
      this.#add('targets', `expected a list of at most ${MAX_TARGETS} targets`)
      return []
    }
    return input.flatMap((item: unknown, place) => this.#target(item, place) ?? [])
  }

  #target(input: unknown, place: number): AlertTarget | undefined {
    const path = `targets[${place}]`
    const members = new Map(isObject(input) ? Object.entries(input).filter(([, value]) => value !== null) : [])
    const kind = members.get('kind')
    const known = TARGET_MEMBERS.get(kind as AlertTarget['kind'])
    if (known === undefined)
      return this.#add(
        path,
        'expected {"kind":"webhook","url":...}, {"kind":"slack","url":...} or {"kind":"mail","to":...}',
      )
    for (const name of members.keys())
      if (!known.includes(name)) return this.#add(path, `${kind} takes ${known.join(', ')}, not ${quoted(name)}`)
    if (kind === 'mail') return this.#mail(members.get('to'), path)
    const url = members.get('url')
    if (typeof url !== 'string') return this.#add(`${path}.url`, 'expected an address')
    const secret = members.get('secret')
    if (secret !== undefined && typeof secret !== 'string') return this.#add(`${path}.secret`, 'expected a text')
    const sent = { kind, url, ...(secret === undefined ? {} : { secret }) } as AlertTarget
    const found = unmasked(sent, place, this.#context.before?.targets ?? [])
    if ('problem' in found) return this.#add(path, found.problem)
    const { target } = found
    if (target.kind === 'mail') return target
    const problem = this.#context.sender.hosts.urlProblem(target.url)
    if (problem !== undefined) return this.#add(`${path}.url`, problem)
    const length = target.kind === 'webhook' ? target.secret?.length : undefined
    if (length !== undefined && (length < MIN_SECRET_CHARS || length > MAX_SECRET_CHARS))
      return this.#add(`${path}.secret`, `must have ${MIN_SECRET_CHARS} to ${MAX_SECRET_CHARS} characters`)
    return target
  }

  #mail(to: unknown, path: string): AlertTarget | undefined {
    if (!this.#context.sender.mails) return this.#add(path, 'mail is sent where alerts.smtp_url is configured')
    // One address and nothing that could be read as more than that.
    if (typeof to === 'string' && to.length <= 254 && /^[^\s@,;:<>"()\\[\]]{1,64}@[^\s@,;:<>"()\\[\]]+$/.test(to))
      return { kind: 'mail', to }
    return this.#add(`${path}.to`, 'expected one address such as ops@example.com')
  }

  /** Filters are for the query's own parser to judge: what it takes can be evaluated. */
  #checkQuestion(rule: AlertRule): void {
    try {
      questionOf(rule, this.#context.nowMs)
    } catch (error) {
      if (!isTallystickError(error)) throw error
      this.issues.push(...error.issues)
    }
  }

  #add(path: string, message: string): undefined {
    this.issues.push({ path, message })
    return undefined
  }
}

const TARGET_MEMBERS: ReadonlyMap<AlertTarget['kind'], readonly string[]> = new Map([
  ['webhook', ['kind', 'url', 'secret']],
  ['slack', ['kind', 'url']],
  ['mail', ['kind', 'to']],
])

const isValue = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_VALUE_CHARS

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
