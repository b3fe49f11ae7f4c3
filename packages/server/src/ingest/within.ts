import { TallystickError } from '@tallystick/core'

/**
 * As `reached`, but for no longer than so many ms; for ever where no number is given.
 *
 * @throws TallystickError `store_unavailable` when they have passed
 */
export function within(reached: Promise<void>, ms: number | undefined): Promise<void> {
  if (ms === undefined) return reached
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new TallystickError('store_unavailable', `The store has not caught up within ${ms} ms.`)),
      ms,
    )
    reached.then(resolve, reject).finally(() => clearTimeout(late))
  })
}
