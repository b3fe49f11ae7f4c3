import { createAudience, type Subject, type View, viewKey } from './audience.ts'

/** What everybody with one view is sent: numbered in its own order, so that no number tells of what others do. */
export interface Channel {
  /** Nobody follows it at present. */
  readonly idle: boolean
  /** How many bytes it may keep for those who come back. */
  keep(bytes: number): void
  /** It is dropped; what it kept is gone. */
  close(): void
}

/** One channel a view, while somebody follows it or may come back. */
export interface Channels<C extends Channel> {
  /** The channel of a view, made where there is none. */
  of(view: View): C
  /** Says that its last follower has left. */
  left(channel: C): void
  /** Drops the channels that nobody has come back to. */
  sweep(): void
  /** Once for each channel that may hear of the subject. */
  each(subject: Subject, visit: (channel: C) => void): void
  all(): Iterable<C>
  /** The only one there is, if it is open to everything: whatever is accepted is for it. */
  onlyWhole(): C | undefined
  readonly size: number
}

export interface ChannelsOptions<C extends Channel> {
  readonly monotonic: () => number
  /** `life` names this channel among all of its view, in this and in earlier lives of the server. */
  readonly create: (life: string) => C
  readonly nowMs: () => number
  /** How long a channel outlives its last follower. */
  readonly lingerMs: number
  /** Channels at once; of those that nobody follows the one left longest ago goes first. */
  readonly max: number
  /** What all of them together may keep. */
  readonly keepBytes: number
}

/** Looking for channels to drop costs as much as there are, and is asked for with every group of events. */
const SWEEP_MS = 1_000

interface Entry<C> {
  readonly channel: C
  readonly view: View
  readonly key: string
  leftMs: number
}

export function createChannels<C extends Channel>(options: ChannelsOptions<C>): Channels<C> {
  const { monotonic, create, nowMs, lingerMs, max, keepBytes } = options
  // In the order in which they were last left or made.
  const entries = new Map<string, Entry<C>>()
  const ofChannel = new Map<C, Entry<C>>()
  const audience = createAudience<C>()
  let lastLife = 0
  let nextSweepMs = 0

  const share = (): void => {
    const bytes = Math.floor(keepBytes / Math.max(1, entries.size))
    for (const { channel } of entries.values()) channel.keep(bytes)
  }
  const drop = ({ channel, view, key }: Entry<C>): void => {
    entries.delete(key)
    ofChannel.delete(channel)
    audience.remove(view, channel)
    channel.close()
  }
  const sweep = (): void => {
    const now = monotonic()
    if (now < nextSweepMs) return
    nextSweepMs = now + SWEEP_MS
    const size = entries.size
    for (const entry of entries.values()) if (entry.channel.idle && now - entry.leftMs > lingerMs) drop(entry)
    if (entries.size < size) share()
  }
  /** Room for one more. Channels that are followed are as many as there are followers, which are counted elsewhere. */
  const makeRoom = (): void => {
    for (const entry of entries.values()) {
      if (entries.size < max) return
      if (entry.channel.idle) drop(entry)
    }
  }

  return {
    of(view) {
      sweep()
      const key = viewKey(view)
      const known = entries.get(key)
      if (known !== undefined) return known.channel
      makeRoom()
      // Rising, also within one millisecond: a number of an earlier channel must not be taken for one of this.
      lastLife = Math.max(nowMs(), lastLife + 1)
      const channel = create(lastLife.toString(36))
      const entry = { channel, view, key, leftMs: monotonic() }
      entries.set(key, entry)
      ofChannel.set(channel, entry)
      audience.add(view, channel)
      share()
      return channel
    },
    left(channel) {
      const entry = ofChannel.get(channel)
      if (entry === undefined) return
      entry.leftMs = monotonic()
      entries.delete(entry.key)
      entries.set(entry.key, entry)
    },
    sweep,
    each: audience.each,
    all: () => ofChannel.keys(),
    onlyWhole() {
      if (entries.size !== 1) return undefined
      const [entry] = entries.values()
      return entry?.view.tenantId === undefined && entry?.view.agentIds === undefined ? entry?.channel : undefined
    },
    get size() {
      return entries.size
    },
  }
}
