/**
 * What a source says, if it says it in time, else what it said last. A store in the middle of long work answers late, and a
 * scrape that waited for it would be lost as a whole.
 *
 * @returns asks the source; resolves with undefined where it has never answered. Never rejects
 */
export function freshest<T>(ask: () => Promise<T>, withinMs: number): () => Promise<T | undefined> {
  let latest: T | undefined
  let asking: Promise<void> | undefined
  return async () => {
    asking ??= ask()
      .then(
        (answer) => {
          latest = answer
        },
        // It is told of elsewhere, by readiness.
        () => undefined,
      )
      .finally(() => {
        asking = undefined
      })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs)
      timer.unref()
    })
    await Promise.race([asking, late])
    clearTimeout(timer)
    return latest
  }
}
