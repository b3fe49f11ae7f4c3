import { untrack } from 'svelte'
import type { Resource } from './resource.svelte.ts'
import { view } from './view.svelte.ts'
import type { Watch } from './watch.svelte.ts'

/** Of the time that passes, a question that reads single events takes no more than one part in so many. */
const IDLE_SHARE = 20
const LEAST_MS = 5_000

/**
 * Asks a dear question whenever what `question` reads changes, and again as figures move, as seldom as it is dear. To be
 * called while a component is set up.
 *
 * @param question null while there is nothing to ask; `key` names what it asks, without the moment it is asked at
 */
export function followRarely<Request, Result>(
  watch: Watch,
  resource: Resource<Request, Result>,
  question: () => { readonly request: Request; readonly key: string } | null,
): void {
  resource.follow(() => {
    const next = question()
    const moving = watch.span?.moving === true
    const nowMs = view.nowMs
    if (next === null) return null
    const { answer, costMs } = untrack(() => ({ answer: resource.answer, costMs: resource.costMs }))
    const fresh =
      answer?.key === next.key &&
      !resource.asksOther(next.key) &&
      nowMs - answer.atMs < Math.max(LEAST_MS, costMs * IDLE_SHARE)
    return moving && fresh ? null : next
  })
}
