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

/** Tags, and the attributes they come from. */
const TAGS: readonly (readonly [tag: string, names: Names])[] = [
  ['service', ['service.name']],
  ['environment', ['deployment.environment.name', 'deployment.environment', 'langfuse.environment']],
  ['team', ['tallystick.team', 'team.id', 'team.name', 'team', 'metadata.user_api_key_team_alias']],
  ['department', ['department']],
  ['cost_center', ['cost_center']],
  ['project', ['project.id', 'project.name', 'project']],
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

/** Puts into a draft who asks. */
export function addWho(draft: Draft, { resource }: Origin, attributes: Attributes, sender: Sender): void {
  const agent = either(attributes, resource, AGENT, MAX_AGENT) ?? sender.agent
  if (agent !== undefined) draft.agent_id = agent
  const user = either(attributes, resource, USER) ?? sender.user
  if (user !== undefined) draft.user_id = user
  const session = either(attributes, resource, SESSION) ?? sender.session
  if (session !== undefined) draft.session_id = session
  const label = textOf(attributes, KEY_LABEL)
  if (label !== undefined) draft.api_key_label = label
  const tags: Record<string, string> = { ...sender.tags }
  for (const [tag, names] of TAGS) {
    const value = either(attributes, resource, names)
    if (value !== undefined) tags[tag] = value
  }
  addOwnTags(tags, resource)
  for (const _ in tags) {
    draft.tags = tags
    return
  }
}

function addOwnTags(tags: Record<string, string>, resource: Attributes): void {
  let left = MAX_OWN_TAGS
  for (const [name, value] of resource) {
    if (!name.startsWith(OWN_TAG) || typeof value !== 'string' || left === 0) continue
    const tag = name.slice(OWN_TAG.length)
    // Nothing is assigned under a name that objects have of their own.
    if (tag === '' || tag === '__proto__' || tag.length > MAX_TAG_NAME) continue
    const text = textOf(resource, [name])
    if (text === undefined) continue
    tags[tag] = text
    left--
  }
}

function either(attributes: Attributes, resource: Attributes, names: Names, most?: number): string | undefined {
  return textOf(attributes, names, most) ?? textOf(resource, names, most)
}
