import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A file as it was found. */
export interface FoundFile {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly ino: number
  readonly bornMs: number
}

/**
 * Files at or below `paths`, the oldest first: a session that was copied comes before its copies, so the messages of both are
 * counted for the first. A file that was named outright is taken whatever it is called.
 *
 * @param wanted says of a path below a folder whether it is one of the source's files
 * @param onProblem told of folders and named files that cannot be read
 */
export function findFiles(
  paths: readonly string[],
  wanted: (path: string) => boolean,
  onProblem: (path: string, error: Error) => void,
): FoundFile[] {
  const found = new Map<string, FoundFile>()
  const visit = (path: string, named: boolean): void => {
    try {
      const stat = statSync(path)
      if (stat.isDirectory()) {
        for (const entry of readdirSync(path, { withFileTypes: true })) {
          // Links to folders are not followed: they can lead round in circles.
          if (entry.isDirectory()) visit(join(path, entry.name), false)
          else if (wanted(join(path, entry.name))) visit(join(path, entry.name), true)
        }
      } else if (stat.isFile() && named) {
        const { size, mtimeMs, ino, birthtimeMs } = stat
        found.set(path, { path, size, mtimeMs, ino, bornMs: birthtimeMs })
      }
    } catch (error) {
      onProblem(path, error as Error)
    }
  }
  for (const path of paths) visit(path, true)
  return [...found.values()].sort((a, b) => a.bornMs - b.bornMs || (a.path < b.path ? -1 : 1))
}
