import { TallystickError } from '@tallystick/core'

/**
 * Answers of many pages that are being read. Each holds a few megabytes for as long as its reader takes, and a reader may
 * take for ever, so only so many are begun at one time.
 */
export interface Downloads {
  /** @throws TallystickError `overloaded` when as many as allowed are being read; asked while an answer can still be refused */
  assertRoom(): void
  /** One is begun; returns how to say that it has ended. */
  begin(): () => void
}

export function createDownloads(limit: number): Downloads {
  let open = 0
  return {
    assertRoom() {
      if (open >= limit) throw new TallystickError('overloaded', `${limit} long answers are being read at this moment.`)
    },
    begin() {
      open++
      let ended = false
      return () => {
        if (!ended) open--
        ended = true
      }
    },
  }
}
