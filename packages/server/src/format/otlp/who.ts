import { type Names, textOf } from './attributes.ts'
import type { Draft } from './draft.ts'
import type { Attributes, Origin } from './model.ts'

/** Who asks, of a signal's own attributes first and its resource's then. */
const AGENT: Names = ['tallystick.agent', 'gen_ai.agent.id', 'gen_ai.agent.name']
const USER: Names = [
  'tallystick.user',
  'user.id',
  'enduser.id',
  'langfuse.user.id',
  'traceloop.association.properties.user_id',
  'metadata.user_api_key_user_id',
]
const SESSION: Names = [
  'tallystick.session',
  'session.id',
  'gen_ai.conversation.id',
  'conversation.id',
  'langfuse.session.id',
  'traceloop.association.properties.session_id',
]
const KEY_LABEL: Names = ['metadata.user_api_key_alias']

/** Tags, and the attributes of a resource that they come from. */
const RESOURCE_TAGS: readonly (readonly [tag: string, names: Names])[] = [
  ['service', ['service.name']],
  ['environment', ['deployment.environment.name', 'deployment.environment', 'langfuse.environment']],
  ['team', ['tallystick.team', 'team.id', 'team.name', 'team']],
  ['department', ['department']],
  ['cost_center', ['cost_center']],
  ['project', ['project.id', 'project.name', 'project']],
]
/** Those of a single request. */
const REQUEST_TAGS: readonly (readonly [tag: string, names: Names])[] = [
  ['environment', ['langfuse.environment']],
  ['team', ['tallystick.team', 'metadata.user_api_key_team_alias']],
  ['query_source', ['query_source']],
]
/** `tallystick.tag.NAME` of a resource is a tag of that name. */
const OWN_TAG = 'tallystick.tag.'
const MAX_OWN_TAGS = 32
const MAX_TAG_NAME = 64
/** With room for the `agent_` that digits get. */
const MAX_AGENT = 120

/** What headers of the request say of everything in it; attributes say it better. */
export interface Sender {
  readonly agent?: string
  readonly user?: string
  readonly session?: string
  readonly tags?: Readonly<Record<string, string>>
}

/** What a resource says of everything that it emits. */
interface Usual {
  readonly agent: string | undefined
  readonly user: string | undefined
  readonly session: string | undefined
  readonly tags: Readonly<Record<string, string>> | undefined
}

/** One body has the same resource for hundreds of spans. */
const usual = new WeakMap<Origin, Usual>()

/** Puts into a draft who asks. */
export function addWho(draft: Draft, origin: Origin, attributes: Attributes, sender: Sender): void {
  const from = usualOf(origin, sender)
  const agent = textOf(attributes, AGENT, MAX_AGENT) ?? from.agent
  if (agent !== undefined) draft.agent_id = agent
  const user = textOf(attributes, USER) ?? from.user
  if (user !== undefined) draft.user_id = user
  const session = textOf(attributes, SESSION) ?? from.session
  if (session !== undefined) draft.session_id = session
  const label = textOf(attributes, KEY_LABEL)
  if (label !== undefined) draft.api_key_label = label
  // What a convention says of the request itself counts over what is said of everything.
  let tags = draft.tags === undefined ? from.tags : { ...from.tags, ...draft.tags }
  for (const [tag, names] of REQUEST_TAGS) {
    const value = textOf(attributes, names)
    if (value !== undefined) tags = { ...tags, [tag]: value }
  }
  if (tags !== undefined) draft.tags = tags
}

/** An origin is made anew for each body, and a body has one sender. */
function usualOf(origin: Origin, sender: Sender): Usual {
  let found = usual.get(origin)
  if (found === undefined) {
    const { resource } = origin
    found = {
      agent: textOf(resource, AGENT, MAX_AGENT) ?? sender.agent,
      user: textOf(resource, USER) ?? sender.user,
      session: textOf(resource, SESSION) ?? sender.session,
      tags: tagsOf(resource, sender),
    }
    usual.set(origin, found)
  }
  return found
}

function tagsOf(resource: Attributes, sender: Sender): Readonly<Record<string, string>> | undefined {
  const tags = new Map(Object.entries(sender.tags ?? {}))
  for (const [tag, names] of RESOURCE_TAGS) {
    const value = textOf(resource, names)
    if (value !== undefined) tags.set(tag, value)
  }
  let left = MAX_OWN_TAGS
  for (const name of resource.keys()) {
    if (!name.startsWith(OWN_TAG) || left === 0) continue
    const tag = name.slice(OWN_TAG.length)
    const value = textOf(resource, [name])
    if (tag === '' || tag.length > MAX_TAG_NAME || value === undefined) continue
    tags.set(tag, value)
    left--
  }
  // Unlike assignment this makes an own member of any name.
  return tags.size === 0 ? undefined : Object.fromEntries(tags)
}
