import type { ReadProgress } from '../../import/record.ts'
import { byteSize, grouped, type Terminal } from '../terminal.ts'

const BAR_CELLS = 24

/**
 * How far an import has read, in one line; with a bar where a person watches, it is known how much there is, and it fits: a line
 * that wraps could not be rewritten in place.
 */
export function progressLine(
  progress: ReadProgress,
  events: string,
  { interactive, color, columns }: Pick<Terminal, 'interactive' | 'color' | 'columns'>,
): string {
  const { files, filesDone, bytes, bytesDone } = progress
  const parts = [
    ...(files > 0 ? [`${grouped(filesDone)} of ${grouped(files)} files`] : []),
    ...(bytes > 0 ? [`${byteSize(bytesDone)} of ${byteSize(bytes)}`] : []),
    events,
  ]
  const text = parts.join(', ')
  if (!interactive || bytes === 0 || BAR_CELLS + 1 + text.length >= columns) return text
  const full = Math.min(BAR_CELLS, Math.floor((bytesDone / bytes) * BAR_CELLS))
  return `${color.cyan('█'.repeat(full))}${color.dim('░'.repeat(BAR_CELLS - full))} ${text}`
}
