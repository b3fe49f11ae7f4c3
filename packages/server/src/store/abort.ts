import { TallystickError } from '@tallystick/core'

/** @throws TallystickError `query_cancelled` once `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw queryCancelled()
}

export function queryCancelled(): TallystickError {
  return new TallystickError('query_cancelled', 'The query was cancelled by whoever asked it.')
}
