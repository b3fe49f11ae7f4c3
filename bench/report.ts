import { readFileSync } from 'node:fs'
import { arch, cpus, totalmem } from 'node:os'

/** What every benchmark prints: the machine, and figures in lines that can be compared. */
export function machine(): string {
  const cpu = cpus()[0]?.model ?? 'unknown'
  return `${cpu.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${arch()}, Node ${process.versions.node}`
}

export function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`)
  return (at >= 0 ? process.argv[at + 1] : undefined) ?? fallback
}

export function line(name: string, figures: Readonly<Record<string, string | number>>): void {
  const parts = Object.entries(figures).map(
    ([key, value]) => `${key} ${typeof value === 'number' ? rounded(value) : value}`,
  )
  process.stdout.write(`${name.padEnd(28)} ${parts.join('   ')}\n`)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

/** Resident memory and CPU seconds of a process, from /proc; NaN where there is none. */
export function usageOf(pid: number): { readonly rssMb: number; readonly peakMb: number; readonly cpuSeconds: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kilobytes = (key: string): number => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN)
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return {
      rssMb: kilobytes('VmRSS') / 1024,
      peakMb: kilobytes('VmHWM') / 1024,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    }
  } catch {
    return { rssMb: Number.NaN, peakMb: Number.NaN, cpuSeconds: Number.NaN }
  }
}

const rounded = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Math.round(value * 100) / 100)
