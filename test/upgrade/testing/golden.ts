import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

/** A data directory as an older build left it when it was killed, and what that build answered last. */
export interface Golden {
  /** Which build. */
  readonly commit: string
  readonly questions: readonly { readonly query: object; readonly rows: readonly object[] }[]
  /** Single events it held. */
  readonly events: number
  /** Had it a budget with the id `golden`? */
  readonly budget: boolean
  /** Paths in the directory to bytes in base64. */
  readonly files: Readonly<Record<string, string>>
}

/**
 * 90 events of eight days before and after a change of clocks in Europe: two lives of a server, thirty of the events late, one sent
 * twice, one contradicted. `part-6-expired`: of them four days have expired, so that only cells tell of these.
 */
export const GOLDEN = ['part-1', 'part-2', 'part-3', 'part-6', 'part-6-expired'] as const

export async function readGolden(name: (typeof GOLDEN)[number]): Promise<Golden> {
  const packed = await readFile(fileURLToPath(new URL(`../golden/${name}.json.br`, import.meta.url)))
  return JSON.parse(brotliDecompressSync(packed).toString()) as Golden
}

export async function unpack({ files }: Golden, dir: string): Promise<void> {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), Buffer.from(bytes, 'base64'))
  }
}
