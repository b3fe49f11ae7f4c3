import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../event/index.ts'
import { type JournalFs, nodeFs } from '../../journal/index.ts'
import type { UsageAnalyticsOptions } from '../options.ts'
import { UsageAnalytics } from '../usage-analytics.ts'

export const NOW_MS = Date.UTC(2026, 10, 21, 12)
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** A clock that stands until it is set. */
export class TestClock implements Clock {
  ms = NOW_MS

  now(): number {
    return this.ms
  }

  monotonic(): number {
    return this.ms
  }
}

export function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), 'usage-analytics-'))
}

const opened: UsageAnalytics[] = []

/** An instance that {@link cleanUpAll} ends. */
export function openAnalytics(dir: string = temporaryDir(), options: UsageAnalyticsOptions = {}): UsageAnalytics {
  const analytics = new UsageAnalytics(dir, { clock: new TestClock(), ...options })
  opened.push(analytics)
  return analytics
}

/** For `afterEach`: directories can be removed with their journals closed. */
export async function cleanUpAll(): Promise<void> {
  for (const analytics of opened.splice(0)) await analytics.cleanup()
}

/** Records the same some times. */
export async function recordTimes(
  analytics: UsageAnalytics,
  times: number,
  input: Readonly<Record<string, unknown>>,
): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => analytics.recordInvocation(input)))
}

/** Every number anywhere in a value. */
export function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(numbersIn)
}

/** The file system, whose disk is full when a test says so. */
export function fragileFs(): { readonly fs: JournalFs; breakAfterWrites(count: number): void; mend(): void } {
  let left = Number.POSITIVE_INFINITY
  const fs: JournalFs = {
    ...nodeFs,
    async open(path, flags) {
      const file = await nodeFs.open(path, flags)
      const write: typeof file.write = (...args) => {
        if (left-- > 0) return file.write(...args)
        return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
      }
      return { ...file, write }
    },
  }
  return {
    fs,
    breakAfterWrites(count) {
      left = count
    },
    mend() {
      left = Number.POSITIVE_INFINITY
    },
  }
}
