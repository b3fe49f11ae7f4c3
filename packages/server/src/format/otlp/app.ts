import { textOf } from './attributes.ts'
import type { Origin } from './model.ts'

/** Programs that have their own way of telling what they used. Everything else follows a convention. */
export type App = 'claude-code' | 'codex' | 'gemini-cli'

const SERVICES: readonly (readonly [beginning: string, app: App])[] = [
  ['claude-code', 'claude-code'],
  ['codex', 'codex'],
  ['gemini-cli', 'gemini-cli'],
]
/** The service can be renamed by whoever runs the program, these can not. */
const SCOPES: readonly (readonly [beginning: string, app: App])[] = [
  ['com.anthropic.claude_code', 'claude-code'],
  ['gemini-cli', 'gemini-cli'],
]
/** Beginnings of names of events, metrics and spans. */
const NAMES: readonly (readonly [beginning: string, app: App])[] = [
  ['claude_code.', 'claude-code'],
  ['codex.', 'codex'],
  ['gemini_cli.', 'gemini-cli'],
]

/** One body has the same origin for hundreds of items. */
const known = new WeakMap<Origin, { readonly app: App | undefined }>()

/** The program that emitted something of this name. */
export function appOf(origin: Origin, name = ''): App | undefined {
  let found = known.get(origin)
  if (found === undefined) {
    const service = textOf(origin.resource, ['service.name']) ?? ''
    found = { app: beginningOf(SCOPES, origin.scope) ?? beginningOf(SERVICES, service) }
    known.set(origin, found)
  }
  return found.app ?? beginningOf(NAMES, name)
}

function beginningOf(table: readonly (readonly [string, App])[], text: string): App | undefined {
  for (const [beginning, app] of table) if (text.startsWith(beginning)) return app
  return undefined
}
