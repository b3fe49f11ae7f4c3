import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeMember, decodeMemberHeader, encodeMember, findMember, type MemberHeader } from './gzip-member.ts'

test('members in a row are a gzip file, and each is read by itself', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 4 }),
    async (parts) => {
      let offset = 0
      const members: Buffer[] = []
      for (const part of parts) {
        members.push(await encodeMember(part, offset))
        offset += part.length
      }
      const file = Buffer.concat(members)
      expect(gunzipSync(file)).toEqual(Buffer.concat(parts))
      let at = 0
      let plainOffset = 0
      for (const part of parts) {
        const header = decodeMemberHeader(file, at) as MemberHeader
        expect(header).toMatchObject({ plainOffset, plainSize: part.length })
        expect(findMember(file, at)).toBe(at)
        expect(await decodeMember(file.subarray(at, at + header.size), header)).toEqual(Buffer.from(part))
        at += header.size
        plainOffset += part.length
      }
      expect(at).toBe(file.length)
    },
  )
  await fc.assert(property, { seed: 1, numRuns: 60 })
})

test('a member with any bit flipped gives its content or nothing, never another content', async () => {
  const plain = Buffer.from('{"t":"event","n":1,"e":{"model":"gpt-4o"},"c":"00000000"}\n'.repeat(4))
  const member = await encodeMember(plain, 77)
  let refused = 0
  for (let bit = 0; bit < member.length * 8; bit++) {
    const flipped = Buffer.from(member)
    flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (1 << (bit & 7))
    const header = decodeMemberHeader(flipped)
    const content = header === undefined ? undefined : await decodeMember(flipped, header)
    // The last bits of a deflate stream fill up its byte and mean nothing.
    if (content === undefined) refused++
    else expect(content).toEqual(plain)
  }
  expect(refused).toBeGreaterThan(member.length * 8 - 8)
})

test('a member that claims less content than it holds is refused without inflating it', async () => {
  const bomb = await encodeMember(Buffer.alloc(8 * 1024 * 1024), 0)
  expect(await decodeMember(bomb, { ...(decodeMemberHeader(bomb) as MemberHeader), plainSize: 100 })).toBeUndefined()
})
