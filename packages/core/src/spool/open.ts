import { openDir } from './open-dir.ts'
import { type SpoolOptions, settingsOf } from './options.ts'
import { openShared } from './shared-spool.ts'
import type { Spool } from './spool.ts'

/**
 * Opens a spool and finds what earlier lives have left in it. A full disk does not prevent it.
 *
 * @throws TallystickError `invalid_config`, `journal_locked` (another process has it: use `parent`), `journal_newer_format`,
 * `data_dir_unusable`
 * @example
 * const spool = await openSpool({ dir: 'spool' })
 * spool.life // { sourceId: '0199aa00-...', epoch: 1795262400000 }
 * spool.pendingCount // 0, or what a killed process has left
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const settings = settingsOf(options)
  const { dir, parent = '', store } = options
  const spool = dir === undefined ? await openShared(parent, settings) : await openDir(dir, settings, true)
  if (store !== undefined) {
    try {
      spool.attach(store)
    } catch (error) {
      await spool.close()
      throw error
    }
  }
  return spool
}
