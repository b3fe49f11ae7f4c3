import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Whatever tests and the processes that they start lay aside lies in one folder, which goes with the run: directories of stores, of
 * browsers and of engines come to gigabytes.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-test-'))
  process.env['TMPDIR'] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 })
}
