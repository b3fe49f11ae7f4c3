import { type ErrorCode, isTallystickError, TallystickError } from '@tallystick/core'

const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What a caller sees of a failed operation on the files: `disk_full`, or `otherwise`. */
export function storeError(cause: unknown, doing: string, otherwise: ErrorCode = 'store_unavailable'): TallystickError {
  if (isTallystickError(cause)) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  return new TallystickError(DISK_FULL.has(code ?? '') ? 'disk_full' : otherwise, `${doing}: ${message}`, { cause })
}
