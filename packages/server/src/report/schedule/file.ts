import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Outcome } from '../../alert/delivery/outcome.ts'
import { REPORT_FORMATS } from '../../state/report-format.ts'
import type { ReportRun, ReportTarget } from '../../state/report-schedule.ts'
import { EXTENSIONS } from '../content.ts'

type FileTarget = Extract<ReportTarget, { kind: 'file' }>

/** A part of a file name, and nothing that leads anywhere. */
export const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const ENDINGS = REPORT_FORMATS.map((format) => EXTENSIONS[format]).join('|')

/**
 * Writes a report below `dir` so that whoever reads it sees all of it or nothing, and drops the oldest of its name beyond those
 * that are kept. The name is that of the target and of when it was due: a repeat writes the same file.
 */
export async function writeReport(
  dir: string,
  { name, keep }: FileTarget,
  { id, dueMs }: Pick<ReportRun, 'id' | 'dueMs'>,
  content: { readonly bytes: Uint8Array; readonly extension: string },
): Promise<Outcome> {
  const file = `${name}-${new Date(dueMs).toISOString().replace(/\.\d+|:/g, '')}.${content.extension}`
  const temporary = join(dir, `.${name}-${id}.tmp`)
  try {
    await mkdir(dir, { recursive: true })
    const handle = await open(temporary, 'w', 0o640)
    try {
      await handle.writeFile(content.bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, join(dir, file))
    await dropOldest(dir, name, keep)
    return { ok: true, detail: file }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    return { ok: false, detail: `the file: ${(error as NodeJS.ErrnoException).code ?? 'failed'}` }
  }
}

async function dropOldest(dir: string, name: string, keep: number): Promise<void> {
  const own = new RegExp(`^${name}-\\d{4}-\\d\\d-\\d\\dT\\d{6}Z\\.(?:${ENDINGS})$`)
  // What a process that was killed left behind is under another name.
  const left = new RegExp(`^\\.${name}-[0-9a-f-]{36}\\.tmp$`)
  const names = await readdir(dir)
  const old = names.filter((file) => own.test(file)).sort()
  for (const file of [...old.slice(0, Math.max(0, old.length - keep)), ...names.filter((file) => left.test(file))])
    await rm(join(dir, file), { force: true })
}
