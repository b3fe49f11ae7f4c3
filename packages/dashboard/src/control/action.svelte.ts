import { announce } from '../lib/announce.svelte.ts'
import { Problem } from '../lib/api.ts'

/** One change at a time, and what became of it. */
export class Action {
  busy = $state(false)
  problem = $state.raw<Problem | null>(null)

  /** @returns whether it went well */
  async run(change: () => Promise<unknown>, done: string): Promise<boolean> {
    if (this.busy) return false
    this.busy = true
    try {
      await change()
      this.problem = null
      announce(done)
      return true
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem('internal_error', String(error), 0)
      return false
    } finally {
      this.busy = false
    }
  }
}
