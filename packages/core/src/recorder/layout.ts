import { EVENT_KINDS, FIELD_NAMES, type FieldName } from '../event/fields.ts'
import type { EventKind, Mutable, UsageEvent } from '../event/index.ts'
import { KIND, MEMBERS, type Member } from './members.ts'
import type { EventDefaults } from './recordable.ts'

/** An application has a few dozen. */
const MAX_LAYOUTS = 2_000

/** Where the members stand that the recorder itself looks at; -1 for one that is not there. */
const NOWHERE = {
  eventId: -1,
  provider: -1,
  requestModel: -1,
  model: -1,
  inputTokens: -1,
  outputTokens: -1,
  costNanoUsd: -1,
  costReportedNanoUsd: -1,
  costMicros: -1,
  success: -1,
  statusCode: -1,
  agentId: -1,
  toolName: -1,
  detail: -1,
}
export type Places = typeof NOWHERE

/**
 * What kind an event is and which members it has, in the order in which its maker wrote them: one path through a tree that all events of a
 * recorder share.
 *
 * An engine reads objects fast only while it has seen few shapes of them at one place, and applications make many shapes,
 * since they add members where they know them. A loop over the members that are there costs the same whatever the shape;
 * here each step of it finds what is known about a member where the last event found it, so that even the look-up by name is
 * one comparison. And as the names are in the tree, a stored event is its values and nothing else.
 */
export class Layout {
  readonly role: number
  readonly max: number
  /** How many values there are. */
  readonly length: number
  readonly places: Places
  /** The member that came next the last time, and where that leads. */
  nextName = ''
  next: Layout | undefined
  readonly kind: EventKind
  /** A request to a model, rather than a tool call or a notice: these are counted. */
  readonly isRequest: boolean
  readonly #tree: Tree
  readonly #before: Layout | undefined
  readonly member: Member | undefined
  readonly #after = new Map<string, Layout>()
  #members: readonly Member[] | undefined
  #blank: UsageEvent | undefined
  #pricedBlank: UsageEvent | undefined

  constructor(tree: Tree, kind: EventKind, before?: Layout, member?: Member) {
    this.#tree = tree
    this.kind = kind
    this.isRequest = kind === 'llm_request_completed' || kind === 'llm_request_failed'
    this.#before = before
    this.member = member
    this.role = member?.role ?? 0
    this.max = member?.max ?? 0
    this.length = (before?.length ?? 0) + (before !== undefined && this.role < KIND ? 1 : 0)
    const places: Places = { ...(before?.places ?? NOWHERE) }
    if (member !== undefined && Object.hasOwn(places, member.name)) {
      places[member.name as keyof Places] = this.length - 1
    }
    this.places = places
    this.next = undefined
    tree.layouts++
  }

  /** This layout and one member more; undefined for a name that no member has. */
  after(name: string): Layout | undefined {
    let layout = this.#after.get(name)
    if (layout === undefined) {
      const member = MEMBERS.get(name)
      if (member === undefined) return undefined
      layout = new Layout(this.#tree, this.kind, this, member)
      this.#after.set(name, layout)
    }
    this.nextName = name
    this.next = layout
    return layout
  }

  /** One for each value. */
  get members(): readonly Member[] {
    if (this.#members === undefined) {
      this.#members =
        this.#before === undefined || this.member === undefined
          ? []
          : this.role >= KIND
            ? this.#before.members
            : [...this.#before.members, this.member]
    }
    return this.#members
  }

  /**
   * An event with null for each member that it is going to have, in the order of the field table.
   *
   * A copy of one made once: an event built member by member under computed names would be a hash table inside the engine,
   * which takes several times as long to make, to read, and to turn into JSON. A member that is added to a copy costs still
   * more, for the engine then makes a hidden class for each event; so all must be named here.
   *
   * @param priced whether a cost comes from a member of the older view
   * @param defaults what the store fills in; the same at each call
   */
  blank(priced: boolean, defaults: EventDefaults | undefined): Mutable<UsageEvent> {
    let blank = priced ? this.#pricedBlank : this.#blank
    if (blank === undefined) {
      const has = new Set<FieldName | undefined>(this.members.map((member) => member.field))
      for (const name of IDENTITY) has.add(name)
      for (const name of Object.keys(defaults ?? {})) has.add(name as FieldName)
      if (this.places.model >= 0) has.add('requestModel')
      if (this.isRequest) has.add('success').add('usageBasis')
      if (priced) has.add('costReportedNanoUsd').add('costBasis')
      const names = FIELD_NAMES.filter((name) => has.has(name))
      blank = JSON.parse(`{${names.map((name) => `"${name}":null`)}}`) as UsageEvent
      if (priced) this.#pricedBlank = blank
      else this.#blank = blank
    }
    return { ...blank }
  }
}

const IDENTITY = ['eventId', 'timestampMs', 'kind', 'sourceId', 'epoch', 'seq'] as const

/** How many layouts have grown from the same roots. */
interface Tree {
  layouts: number
}

const COMPLETED: EventKind = 'llm_request_completed'

/** The layouts of one recorder, a tree for each kind. */
export class Layouts {
  readonly #tree: Tree = { layouts: 0 }
  readonly #completed = new Layout(this.#tree, COMPLETED)
  readonly #roots: ReadonlyMap<unknown, Layout> = new Map(
    EVENT_KINDS.map((kind) => [kind, kind === COMPLETED ? this.#completed : new Layout(this.#tree, kind)]),
  )

  /** Where an event of that kind begins; undefined for what is no kind. */
  rootOf(kind: unknown): Layout | undefined {
    // Nearly all are of this kind, and comparing is quicker than looking it up.
    return kind === COMPLETED ? this.#completed : this.#roots.get(kind)
  }

  /** So many that they had better be given up: what callers hand over may be somebody else's choice. */
  get full(): boolean {
    return this.#tree.layouts > MAX_LAYOUTS
  }
}
