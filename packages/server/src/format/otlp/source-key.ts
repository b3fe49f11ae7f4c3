import type { App } from './app.ts'
import { type Names, textOf } from './attributes.ts'
import { contentId } from './ids.ts'
import type { Attributes, Origin } from './model.ts'

/** What tells one instance of a service from another; all the signals of a process have the same. */
const INSTANCE: Names = [
  'service.namespace',
  'service.name',
  'service.instance.id',
  'host.id',
  'host.name',
  'process.pid',
  'container.id',
  'k8s.pod.uid',
  'k8s.pod.name',
]

/** What the signals of one session of a program have in common; those of Codex have nothing beside its resource. */
const SESSION: { readonly [A in App]: Names } = {
  'claude-code': ['session.id', 'user.id'],
  'gemini-cli': ['session.id'],
  codex: [],
}

/**
 * Names the source whose signals tell of the same usage: a session of a program, else an instance of a service. A hash.
 *
 * @param owner whose the events are: sources of others are other sources
 */
export function sourceKey(app: App | undefined, { resource }: Origin, attributes: Attributes, owner: string): string {
  const session = app && textOf(attributes, SESSION[app])
  if (session !== undefined) return contentId([owner, app, session])
  return contentId([owner, app ?? '', INSTANCE.map((name) => textOf(resource, [name]) ?? null)])
}
