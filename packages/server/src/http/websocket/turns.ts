import type { MessageChannel } from './message-channel.ts'
import type { Reader } from './reader.ts'

/** Messages sent before others get their turn: requests are answered between two turns, however many clients there are. */
const TURN_MESSAGES = 1_000
/** Messages that one client gets before the next client does. */
const READER_MESSAGES = 64

/** Sends what waits in channels, some of it at a time. */
export interface Turns {
  /** There is something new in the channel, or somebody can take more of it. */
  wake(channel: MessageChannel): void
  stop(): void
}

/** @param soon runs a job once what is under way has had its turn */
export function createTurns(soon: (job: () => void) => void): Turns {
  let awake = new Set<MessageChannel>()
  let waiting: Reader[] = []
  let scheduled = false
  let stopped = false

  const schedule = (): void => {
    if (scheduled || stopped) return
    scheduled = true
    soon(turn)
  }
  const turn = (): void => {
    scheduled = false
    if (waiting.length === 0) {
      for (const { readers } of awake) waiting.push(...readers)
      awake = new Set()
    }
    for (let left = TURN_MESSAGES; left > 0; left--) {
      const reader = waiting.pop()
      if (reader === undefined) break
      left -= reader.pump(READER_MESSAGES)
      if (reader.hungry()) awake.add(reader.channel)
    }
    if (waiting.length > 0 || awake.size > 0) schedule()
  }
  return {
    wake(channel) {
      if (channel.readers.size === 0) return
      awake.add(channel)
      schedule()
    },
    stop() {
      stopped = true
      waiting = []
      awake.clear()
    },
  }
}
