import { TallystickError } from '@tallystick/core'
import { isDiskFull } from './database.ts'

/**
 * Knows when the engine found no room on the disk for what does not fit in memory. The statement that needed the room fails
 * then; but what it wanted to move away may have been another statement's, which goes on over memory that is not its own any
 * more, and answers or writes garbage (seen with DuckDB 1.5 on a full disk: sums of cells below zero). So nothing that was
 * under way at such a moment is believed or committed.
 */
export class SpillWatch {
  #failures = 0

  /** To be told of every error of the engine. */
  note(text: string): void {
    if (isDiskFull(text)) this.#failures++
  }

  /** @returns throws `disk_full` if there was such a moment since */
  begin(): () => void {
    const before = this.#failures
    return () => {
      if (this.#failures === before) return
      throw new TallystickError('disk_full', 'The store ran out of disk space meanwhile; nothing of this was kept.')
    }
  }
}
