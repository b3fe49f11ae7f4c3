import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTar, TAR_END, TarError, tarHeader, tarPadding, tarSize } from './tar.ts'

type Files = readonly (readonly [path: string, content: Uint8Array])[]

function archive(files: Files): Buffer {
  return Buffer.concat([
    ...files.flatMap(([path, content]) => [
      tarHeader({ path, size: content.length, modifiedMs: 1_795_262_400_000 }),
      content,
      tarPadding(content.length),
    ]),
    TAR_END,
  ])
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function unpacked(chunks: AsyncIterable<Uint8Array>): Promise<[string, Buffer][]> {
  const files: [string, Buffer][] = []
  for await (const { path, content } of readTar(chunks)) {
    const parts: Buffer[] = []
    for await (const part of content) parts.push(part)
    files.push([path, Buffer.concat(parts)])
  }
  return files
}

const FILES: Files = [
  ['a.txt', Buffer.from('hello')],
  ['journal/0000000001.jsonl', Buffer.alloc(1300, 'x')],
  ['empty', Buffer.alloc(0)],
  ['block', Buffer.alloc(512, 1)],
]

describe('a tar archive', () => {
  it('is read back whatever the pieces it comes in', async () => {
    const content = fc.uint8Array({ maxLength: 1200 })
    const files = fc.array(content, { maxLength: 5 }).map((list): Files => list.map((bytes, at) => [`f/${at}`, bytes]))
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 2000 }), async (list, length) => {
        const bytes = archive(list)
        expect(bytes.length).toBe(tarSize(list.map(([, { length: size }]) => size)))
        expect(await unpacked(inPieces(bytes, length))).toEqual(list.map(([path, data]) => [path, Buffer.from(data)]))
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  it('is unpacked by the tar of the system', () => {
    const dir = mkdtempSync(join(tmpdir(), 'tar-'))
    try {
      writeFileSync(join(dir, 'x.tar'), archive(FILES))
      execFileSync('tar', ['xf', 'x.tar'], { cwd: dir })
      for (const [path, content] of FILES) expect(readFileSync(join(dir, path))).toEqual(Buffer.from(content))
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('skips content that nobody reads and tells where it lies', async () => {
    const bytes = archive(FILES)
    const places: (readonly [string, Buffer])[] = []
    for await (const { path, offset, size } of readTar(inPieces(bytes, 700)))
      places.push([path, bytes.subarray(offset, offset + size)])
    expect(places).toEqual(FILES.map(([path, content]) => [path, Buffer.from(content)]))
  })

  it('is refused wherever it is cut before its last block', async () => {
    const bytes = archive(FILES)
    for (let length = 0; length <= bytes.length - TAR_END.length; length += 97)
      await expect(unpacked(inPieces(bytes.subarray(0, length), 4096))).rejects.toThrow(TarError)
  })

  it('is refused when any byte of a header is changed', async () => {
    const bytes = archive(FILES)
    for (let at = 0; at < 512; at += 3) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 0x10
      await expect(unpacked(inPieces(changed, 4096))).rejects.toThrow(TarError)
    }
  })

  it('holds sizes beyond what eleven octal digits can say', async () => {
    const size = 20 * 1024 ** 3
    const header = tarHeader({ path: 'big', size, modifiedMs: 0 })
    const members = readTar(inPieces(header, 512))
    expect((await members.next()).value).toMatchObject({ path: 'big', size, offset: 512 })
  })

  it('refuses a name that does not fit, and reads no links', async () => {
    expect(() => tarHeader({ path: 'x'.repeat(101), size: 0, modifiedMs: 0 })).toThrow(TarError)
    const link = tarHeader({ path: 'link', size: 0, modifiedMs: 0 })
    link.write('2', 156)
    link.write(
      link
        .reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)
        .toString(8)
        .padStart(6, '0'),
      148,
    )
    await expect(unpacked(inPieces(Buffer.concat([link, TAR_END]), 512))).rejects.toThrow('no plain file')
  })
})
