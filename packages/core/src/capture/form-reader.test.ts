import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pieces } from '../provider/stream/testing/pieces.ts'
import { FormReader } from './form-reader.ts'
import { RequestReader } from './request-facts.ts'

const BOUNDARY = '----formdata-undici-0123'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`
const encoder = new TextEncoder()

interface Part {
  readonly disposition: string
  readonly value: string
}

const field = (name: string, value: string): Part => ({ disposition: `form-data; name="${name}"`, value })
const file = (name: string, value: string): Part => ({
  disposition: `form-data; name="${name}"; filename="a; name=model.mp3"\r\nContent-Type: audio/mpeg`,
  value,
})
const form = (parts: readonly Part[], before = '', after = ''): Uint8Array =>
  encoder.encode(
    `${before}${parts
      .map(({ disposition, value }) => `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n\r\n${value}\r\n`)
      .join('')}--${BOUNDARY}--\r\n${after}`,
  )

function read(bytes: Uint8Array, places: readonly number[] = [], type = TYPE): object | undefined {
  const reader = FormReader.of(type)
  for (const piece of pieces(bytes, places)) reader?.write(piece)
  return reader?.facts
}

/** What looks like the end of a part, or like a field, and is content. */
const TRAPS = [
  '\r\n',
  '\r',
  '\n',
  '-',
  `\r\n-`,
  `--${BOUNDARY}`,
  `\r\n--${BOUNDARY}x`,
  `\r\n--${BOUNDARY}-x`,
  `\r\n--${BOUNDARY.slice(0, -1)}`,
  `\r\r\n--${BOUNDARY.slice(0, -2)}\r\n`,
  'Content-Disposition: form-data; name="model"\r\n\r\nwrong',
  'é日本',
]

describe('reading a form', () => {
  it('finds the model and whether a stream is asked for, wherever they stand', () => {
    const [model, stream] = [field('model', 'whisper-1'), field('stream', 'true')]
    const others = [field('prompt', 'a secret'), file('file', 'RIFF\r\n')]
    for (const parts of [
      [model, stream, ...others],
      [...others, model, stream],
      [stream, ...others, model],
    ])
      expect(read(form(parts))).toEqual({ model: 'whisper-1', stream: true })
  })

  it('says nothing where the form says nothing, and takes no file for a field', () => {
    expect(read(form([field('prompt', 'x')]))).toBeUndefined()
    expect(read(form([file('model', 'wrong')]))).toBeUndefined()
    expect(read(form([field('model', '')]))).toEqual({})
    expect(read(form([field('stream', 'perhaps')]))).toBeUndefined()
    expect(read(form([field('model', 'm'.repeat(257))]))).toBeUndefined()
    expect(read(form([field('model', 'a'), field('model', 'b')]))).toEqual({ model: 'a' })
    expect(read(form([field('models', 'a'), field('model[]', 'b')]))).toBeUndefined()
  })

  it('reads what clients write otherwise: names bare or in capitals, spaces behind a boundary, text around it all', () => {
    const odd = `\r\nto whom it may concern\r\n--${BOUNDARY} \t\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION:form-data;NAME=model\r\n\r\ngpt-image-1\r\n--${BOUNDARY}--`
    expect(read(encoder.encode(odd))).toEqual({ model: 'gpt-image-1' })
    expect(
      read(form([field('model', 'a')], 'before\r\n', new TextDecoder().decode(form([field('stream', 'true')])))),
    ).toEqual({
      model: 'a',
    })
    for (const type of [
      `multipart/form-data; charset=utf-8; boundary="${BOUNDARY}"`,
      `Multipart/Form-Data;BOUNDARY=${BOUNDARY}; x=y`,
    ])
      expect(read(form([field('model', 'a')]), [], type)).toEqual({ model: 'a' })
  })

  it('is asked for by the content type alone', () => {
    for (const type of [undefined, null, '', 'application/json', 'multipart/form-data', 'multipart/mixed; boundary=x'])
      expect(FormReader.of(type)).toBeUndefined()
    const reader = new RequestReader('application/json; charset=utf-8')
    reader.write(encoder.encode('{"model":"gpt-4o"}'))
    expect(reader.end()).toEqual({ model: 'gpt-4o' })
    const upload = new RequestReader(TYPE)
    upload.write(form([field('model', 'whisper-1')]))
    expect([upload.facts, upload.end()]).toEqual([{ model: 'whisper-1' }, { model: 'whisper-1' }])
    expect(new RequestReader(TYPE).end()).toEqual({})
  })

  it('reads what FormData writes', async () => {
    const data = new FormData()
    data.append('prompt', 'a "quoted"\nsecret')
    data.append('file', new Blob([new Uint8Array(1_000).fill(13)]), 'a "b".wav')
    data.append('model', 'gpt-4o-transcribe')
    data.append('stream', 'true')
    const request = new Request('http://localhost', { method: 'POST', body: data })
    const type = request.headers.get('content-type') ?? ''
    const bytes = new Uint8Array(await request.arrayBuffer())
    expect(read(bytes, [], type)).toEqual({ model: 'gpt-4o-transcribe', stream: true })
    expect(read(bytes, Array.from(bytes.keys()), type)).toEqual({ model: 'gpt-4o-transcribe', stream: true })
  })

  it('is the same wherever the bytes are cut, whatever the parts hold', () => {
    const value = fc.array(fc.oneof(fc.constantFrom(...TRAPS), fc.string({ maxLength: 5 })), { maxLength: 6 })
    const other = fc
      .tuple(fc.constantFrom('file', 'prompt', 'model', 'stream'), value)
      .map(([name, texts]) => (name === 'prompt' ? field(name, texts.join('')) : file(name, texts.join(''))))
    const wanted = fc.oneof(
      fc.stringMatching(/^[a-z0-9.:/-]{1,20}$/).map((model) => field('model', model)),
      fc.constantFrom('true', 'false').map((stream) => field('stream', stream)),
      // Ends of lines belong to a value; no model is called so, but nothing of it must get lost.
      fc.constantFrom('\r', '\n', 'a\r\nb', '\r\n', '-\r\n-', '\r\r\n').map((model) => field('model', model)),
    )
    fc.assert(
      fc.property(
        fc.array(fc.oneof(other, other, wanted), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (parts, places) => {
          const first = (name: string): string | undefined =>
            parts.find((part) => part.disposition === `form-data; name="${name}"`)?.value
          const [model, stream] = [first('model'), first('stream')]
          const expected =
            model === undefined && stream === undefined
              ? undefined
              : {
                  ...(model === undefined ? {} : { model }),
                  ...(stream === undefined ? {} : { stream: stream === 'true' }),
                }
          const bytes = form(parts)
          expect(read(bytes)).toEqual(expected)
          expect(read(bytes, places)).toEqual(expected)
          expect(read(bytes, Array.from(bytes.keys()))).toEqual(expected)
        },
      ),
      { seed: 1, numRuns: 500 },
    )
  })

  it('of any bytes never throws', () => {
    const bytes = form([
      field('prompt', 'x'),
      file('file', TRAPS.join('')),
      field('model', 'a'),
      field('stream', 'false'),
    ])
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 8 }), (flips) => {
        const broken = bytes.slice()
        for (const [at, byte] of flips) broken[at % broken.length] = byte
        read(broken, [7, 70, 700])
      }),
      { seed: 1, numRuns: 1_000 },
    )
  })

  it('keeps next to nothing of a file of 40 MB, of a prompt, or of headers without end', () => {
    const reader = FormReader.of(TYPE)
    const write = (text: string): void => reader?.write(encoder.encode(text))
    write(`--${BOUNDARY}\r\nContent-Disposition: ${field('prompt', '').disposition}\r\n\r\n`)
    const before = process.memoryUsage()
    const piece = encoder.encode('x'.repeat(65_535).concat('\r'))
    for (let count = 0; count < 320; count++) reader?.write(piece)
    write(`\r\n--${BOUNDARY}\r\nX-Long: `)
    for (let count = 0; count < 320; count++) write('y'.repeat(1_024))
    write(`\r\nContent-Disposition: ${file('file', '').disposition}\r\n\r\n`)
    for (let count = 0; count < 320; count++) reader?.write(piece)
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(4 * 1_048_576)
    write(
      `\r\n--${BOUNDARY}\r\nContent-Disposition: ${field('model', '').disposition}\r\n\r\nwhisper-1\r\n--${BOUNDARY}--`,
    )
    expect(reader?.facts).toEqual({ model: 'whisper-1' })
  })
})
