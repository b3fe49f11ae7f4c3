import { readdir } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'

/** Where the files of one store lie. */
export interface StoreNames {
  readonly directory: string
  /** The file that is appended to. */
  readonly active: string
  readonly sidecar: string
  /** `analytics.000007.jsonl`: behind six digits the oldest comes first by name, and the active file last. */
  readonly rotated: (number: number) => string
  /** Numbers of the rotated files that are there, rising. */
  readonly rotatedNumbers: () => Promise<readonly number[]>
}

export function storeNames(path: string): StoreNames {
  const active = resolve(path)
  const directory = dirname(active)
  const extension = extname(active)
  const stem = basename(active, extension)
  const rotated = (number: number): string => join(directory, `${stem}.${String(number).padStart(6, '0')}${extension}`)
  const rotatedNumbers = async (): Promise<readonly number[]> => {
    const numbers: number[] = []
    for (const name of await readdir(directory)) {
      if (!name.startsWith(`${stem}.`) || !name.endsWith(extension)) continue
      const digits = name.slice(stem.length + 1, name.length - extension.length)
      if (/^\d{6,9}$/.test(digits)) numbers.push(Number(digits))
    }
    return numbers.sort((a, b) => a - b)
  }
  return { directory, active, sidecar: `${active}.idx`, rotated, rotatedNumbers }
}
