import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { TAR_END, tarHeader, tarPadding, tarSize } from '../format/tar.ts'
import { BACKUP_MANIFEST, type BackupFile, type BackupManifest, manifestText } from './manifest.ts'
import type { Snapshot, SnapshotFile } from './snapshot.ts'

const BLOCK_BYTES = 256 * 1024
const NO_HASH = '0'.repeat(64)

/** A backup on its way out. */
export interface BackupStream {
  readonly createdMs: number
  /** Bytes of the whole archive. */
  readonly size: number
  /** A tar archive, the manifest last: what breaks off has none. To be read to its end or returned. */
  readonly bytes: AsyncGenerator<Uint8Array>
  /** Lets go of the files, however far they have been read. May be called twice. */
  release(): Promise<void>
}

/** What is known of a backup before its files have been read. */
export type BackupFacts = Omit<BackupManifest, 'files' | 'manifest_sha256'>

export function archiveOf(snapshot: Snapshot, facts: BackupFacts): BackupStream {
  const { files } = snapshot
  const unread = manifestText({ ...facts, files: files.map(({ path, size }) => ({ path, size, sha256: NO_HASH })) })
  return {
    createdMs: facts.created_ms,
    size: tarSize([...files.map(({ size }) => size), Buffer.byteLength(unread)]),
    bytes: archive(snapshot, facts),
    release: snapshot.release,
  }
}

async function* archive(snapshot: Snapshot, facts: BackupFacts): AsyncGenerator<Uint8Array> {
  const modifiedMs = facts.created_ms
  try {
    const listed: BackupFile[] = []
    for (const file of snapshot.files) {
      const { path, size } = file
      yield tarHeader({ path, size, modifiedMs })
      const hash = createHash('sha256')
      for await (const block of contentOf(file)) {
        hash.update(block)
        yield block
      }
      yield tarPadding(size)
      listed.push({ path, size, sha256: hash.digest('hex') })
    }
    const manifest = Buffer.from(manifestText({ ...facts, files: listed }))
    yield tarHeader({ path: BACKUP_MANIFEST, size: manifest.length, modifiedMs })
    yield manifest
    yield tarPadding(manifest.length)
    yield TAR_END
  } finally {
    await snapshot.release()
  }
}

async function* contentOf({ path, source, size }: SnapshotFile): AsyncGenerator<Buffer> {
  if (size === 0) return
  let read = 0
  for await (const block of createReadStream(source, { end: size - 1, highWaterMark: BLOCK_BYTES })) {
    read += (block as Buffer).length
    yield block as Buffer
  }
  // Fewer bytes than the header says would shift every file behind it.
  if (read !== size) throw new Error(`${path} has ${read} bytes, not ${size}`)
}
