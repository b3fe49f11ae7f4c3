/** Bytes of a block: one cache line, so a lookup misses the cache once. */
const BLOCK_BYTES = 64
/**
 * A bucket of 30 million ids has some twenty files, and an id is looked for in all of them: at ten bits one lookup in four
 * read a block for nothing, which was a seventh of the whole intake. Files written with ten can be read as ever.
 */
const BITS_PER_KEY = 14

/**
 * A blocked Bloom filter over keys that are uniform hashes already: a "no" is certain, a "yes" is wrong for about one
 * key in four hundred. It only ever saves reading a file; what it says yes to is looked up exactly.
 */
export class Bloom {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  static forKeys(count: number): Bloom {
    return new Bloom(new Uint8Array(Math.max(1, Math.ceil((count * BITS_PER_KEY) / (8 * BLOCK_BYTES))) * BLOCK_BYTES))
  }

  add(words: Uint32Array, at: number): void {
    const block = this.#block(words[at + 1] as number)
    for (let probe = 0; probe < 6; probe++) {
      const bit = bitOf(words, at, probe)
      this.bytes[block + (bit >>> 3)]! |= 1 << (bit & 7)
    }
  }

  mayHave(words: Uint32Array, at: number): boolean {
    const block = this.#block(words[at + 1] as number)
    for (let probe = 0; probe < 6; probe++) {
      const bit = bitOf(words, at, probe)
      if (((this.bytes[block + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }

  #block(word: number): number {
    return Math.floor((word / 0x1_0000_0000) * (this.bytes.length / BLOCK_BYTES)) * BLOCK_BYTES
  }
}

/** Nine bits of the third or fourth word for each of six probes. The first word orders the file, the second picks the block. */
function bitOf(words: Uint32Array, at: number, probe: number): number {
  return probe < 3
    ? ((words[at + 2] as number) >>> (probe * 9)) & 511
    : ((words[at + 3] as number) >>> ((probe - 3) * 9)) & 511
}
