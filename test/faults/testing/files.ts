import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs'

/** 0 where there is no such file. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Turns some bits of one byte of a file round. */
export function flip(path: string, at: number, bits = 0x04): void {
  const byte = readFileSync(path)[at]
  if (byte === undefined) throw new Error(`${path} has no byte ${at}`)
  const file = openSync(path, 'r+')
  writeSync(file, Uint8Array.of(byte ^ bits), 0, 1, at)
  closeSync(file)
}

/** Takes bytes off the end of a file. */
export function cut(path: string, bytes: number): void {
  truncateSync(path, Math.max(0, sizeOf(path) - bytes))
}
