import type { Prng } from './prng.ts'

const SECTOR = 512

/**
 * A file's content twice: as the process sees it, and as the disk holds it. Only sectors that were written since the last
 * sync are carried over by a sync; a sync that fails forgets them without writing them, as Linux does.
 */
export class FaultInode {
  volatile: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
  #dirty = new Set<number>()
  #resized = false

  write(bytes: Uint8Array, position: number): void {
    if (position + bytes.length > this.volatile.length) this.#resize(position + bytes.length)
    this.volatile.set(bytes, position)
    for (let at = position - (position % SECTOR); at < position + bytes.length; at += SECTOR) this.#dirty.add(at)
  }

  truncate(size: number): void {
    this.#resize(size)
    this.#dirty.add(size - (size % SECTOR))
  }

  sync(): void {
    const synced = Buffer.alloc(this.volatile.length)
    this.durable.copy(synced)
    for (const at of this.#dirty)
      if (at < synced.length) this.volatile.copy(synced, at, at, Math.min(at + SECTOR, synced.length))
    this.durable = synced
    this.forgetWrites()
  }

  /** What a failed sync does. */
  forgetWrites(): void {
    this.#dirty = new Set()
    this.#resized = false
  }

  /** The content that a power cut may leave. */
  survivor(random: Prng): FaultInode {
    const survivor = new FaultInode()
    const content = this.#survivingContent(random)
    survivor.volatile = content
    survivor.durable = Buffer.from(content)
    return survivor
  }

  /** The content that the end of the process leaves. */
  copy(): FaultInode {
    const copy = new FaultInode()
    copy.volatile = Buffer.from(this.volatile)
    copy.durable = Buffer.from(this.durable)
    copy.#dirty = new Set(this.#dirty)
    copy.#resized = this.#resized
    return copy
  }

  #resize(size: number): void {
    const resized = Buffer.alloc(size)
    this.volatile.copy(resized)
    this.volatile = resized
    this.#resized = true
  }

  #survivingContent(random: Prng): Buffer {
    const content = Buffer.alloc(this.#survivingSize(random))
    this.durable.copy(content)
    for (const at of this.#dirty) {
      const end = Math.min(at + SECTOR, content.length)
      if (at >= end) continue
      // A sector is written whole or not at all; what it held before the sync stays or is replaced.
      if (random.chance(0.5)) this.volatile.copy(content, at, at, end)
      const unsynced = Math.max(at, this.durable.length)
      if (unsynced < end && random.chance(0.3)) {
        const garbage = random.chance(0.5)
        for (let byte = unsynced; byte < end; byte++) content[byte] = garbage ? random.below(256) : 0
      }
    }
    return content
  }

  #survivingSize(random: Prng): number {
    if (!this.#resized) return this.durable.length
    const [low, high] = [this.durable.length, this.volatile.length].sort((a, b) => a - b) as [number, number]
    const choice = random.next()
    if (choice < 0.25) return this.durable.length
    if (choice < 0.7) return this.volatile.length
    return low + random.below(high - low + 1)
  }
}
