import { type ErrorCode, isTallystickError, TallystickError } from '../errors.ts'

const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The operating system's code of an error (`ENOSPC`), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** No space, no quota, or the file size limit reached. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has(errnoOf(error) ?? '') || (isTallystickError(error) && error.code === 'disk_full')
}

export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT'
}

/** The error a caller sees for a failed operation on the journal: `disk_full`, or `otherwise`. */
export function journalError(
  error: unknown,
  doing: string,
  otherwise: ErrorCode = 'journal_unavailable',
): TallystickError {
  if (isTallystickError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (isDiskFull(error))
    return new TallystickError('disk_full', `The disk is full: ${doing} failed (${reason})`, { cause: error })
  return new TallystickError(otherwise, `${doing} failed: ${reason}`, { cause: error })
}
