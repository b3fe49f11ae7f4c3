/** What a form says that is no file and no prompt. */
export interface FormFacts {
  readonly model?: string
  readonly stream?: boolean
}

/** Its parameter may be quoted; RFC 2046 allows it 70 characters, of which none needs an escape. */
const FORM = /^\s*multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";]{1,70}))/i
const PARAMETER = /;\s*([a-z*]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;\s]*)/gi

const MAX_HEADER_CHARS = 1_024
/** Names of models and `true` are shorter. */
const MAX_VALUE_BYTES = 256

const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
/** Bytes of the end of a line, with which the delimiter begins. */
const LINE_END = 2

/** Where in the form the next byte stands. */
type Place =
  /** In what a part holds, or before the first. */
  | 'content'
  /** Behind a boundary: the rest of its line, or the dashes of the last. */
  | 'boundary'
  /** Behind the first of those dashes. */
  | 'dash'
  /** Behind the line's CR. */
  | 'line'
  /** In a line of a part's headers. */
  | 'header'
  /** Everything that is looked for has been found, or nothing more comes. */
  | 'over'

/**
 * Reads the fields `model` and `stream` of a form (`multipart/form-data`) in pieces of any size, as it goes by. Nothing else is
 * held: files and other fields, what is said to the model among them, pass by, and of the two no more than their values may be long.
 *
 * @example
 * const reader = FormReader.of('multipart/form-data; boundary=x')
 * reader.write(new TextEncoder().encode('--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--x--\r\n'))
 * reader.facts // { model: 'whisper-1' }
 */
export class FormReader {
  readonly #delimiter: Uint8Array
  #place: Place = 'content'
  /** How much of the delimiter has come. */
  #matched = LINE_END
  /** How much of that is no content: a boundary at the very beginning has no end of a line before it. */
  #given = LINE_END
  #header = ''
  #disposition = ''
  /** The field that the content is of, where it is looked for. */
  #field: 'model' | 'stream' | undefined
  /** What has come of its value; undefined once that is longer than any. */
  #value: number[] | undefined
  #model: string | undefined
  #stream: boolean | undefined

  private constructor(boundary: string) {
    this.#delimiter = new TextEncoder().encode(`\r\n--${boundary}`)
  }

  /** For a body of this `content-type`; undefined where that is no form. */
  static of(contentType: string | null | undefined): FormReader | undefined {
    if (contentType === null || contentType === undefined) return undefined
    const found = FORM.exec(contentType)
    const boundary = found?.[1] ?? found?.[2]
    return boundary === undefined ? undefined : new FormReader(boundary)
  }

  /** What has been read; undefined as long as that is nothing. */
  get facts(): FormFacts | undefined {
    if (this.#model === undefined && this.#stream === undefined) return undefined
    return formFactsOf(this.#model, this.#stream)
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#place !== 'over'; at++) {
      // Most of a form is a file: on to the next byte that a delimiter can begin with.
      if (this.#place === 'content' && this.#matched === 0 && this.#field === undefined) {
        at = bytes.indexOf(CR, at)
        if (at < 0) return
      }
      this.#take(bytes[at] as number)
    }
  }

  #take(byte: number): void {
    switch (this.#place) {
      case 'content':
        this.#content(byte)
        break
      case 'boundary':
        if (byte === DASH) this.#place = 'dash'
        else if (byte === CR) this.#place = 'line'
        else if (byte !== 0x20 && byte !== 0x09) this.#goOn(byte)
        break
      case 'dash':
        if (byte === DASH) this.#end()
        else this.#goOn(byte)
        break
      case 'line':
        if (byte === LF) this.#endLine()
        else this.#goOn(byte)
        break
      default:
        this.#headers(byte)
    }
  }

  /** Only its first byte is a CR, so what did not match need not be looked at again. */
  #content(byte: number): void {
    if (byte === this.#delimiter[this.#matched]) {
      this.#matched++
      if (this.#matched === this.#delimiter.length) this.#place = 'boundary'
      return
    }
    for (let at = this.#given; at < this.#matched; at++) this.#hold(this.#delimiter[at] as number)
    this.#given = 0
    this.#matched = byte === CR ? 1 : 0
    if (byte !== CR) this.#hold(byte)
  }

  /** It was no boundary, only began like one: a part's content goes on, which is then none of the values looked for. */
  #goOn(byte: number): void {
    this.#value = undefined
    this.#place = 'content'
    this.#given = 0
    this.#matched = byte === CR ? 1 : 0
  }

  #hold(byte: number): void {
    if (this.#value === undefined) return
    if (this.#value.length < MAX_VALUE_BYTES) this.#value.push(byte)
    else this.#value = undefined
  }

  /** A boundary's line ends: so does the part before it, and the headers of another begin. */
  #endLine(): void {
    this.#endPart()
    if (this.#place === 'over') return
    this.#place = 'header'
    this.#header = this.#disposition = ''
  }

  #end(): void {
    this.#endPart()
    this.#place = 'over'
  }

  #endPart(): void {
    const field = this.#field
    const value = this.#value
    this.#field = this.#value = undefined
    if (field === undefined || value === undefined) return
    const text = new TextDecoder().decode(Uint8Array.from(value))
    // Of a field that comes twice the first counts, as with `FormData.get`.
    if (field === 'model') this.#model ??= text
    else this.#stream ??= flagOf(text)
    if (this.#model !== undefined && this.#stream !== undefined) this.#place = 'over'
  }

  #headers(byte: number): void {
    if (byte !== LF) {
      if (this.#header.length <= MAX_HEADER_CHARS) this.#header += String.fromCharCode(byte)
      return
    }
    const line = this.#header.endsWith('\r') ? this.#header.slice(0, -1) : this.#header
    this.#header = ''
    if (line !== '') {
      if (line.length < MAX_HEADER_CHARS && /^content-disposition\s*:/i.test(line)) this.#disposition = line
      return
    }
    this.#field = fieldOf(this.#disposition)
    this.#value = this.#field === undefined ? undefined : []
    this.#disposition = ''
    this.#place = 'content'
    // The empty line's end is that of the line before a boundary, where a part holds nothing.
    this.#matched = this.#given = LINE_END
  }
}

/** The same of what a form says, however it was read. */
export function formFactsOf(model: unknown, stream: unknown): FormFacts {
  const streamed = typeof stream === 'string' ? flagOf(stream) : stream
  return {
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
    ...(typeof streamed === 'boolean' ? { stream: streamed } : {}),
  }
}

function flagOf(text: string): boolean | undefined {
  const word = text.toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : undefined
}

/** Which of the fields looked for a part is; a file is none, whatever its name. */
function fieldOf(disposition: string): 'model' | 'stream' | undefined {
  let name: string | undefined
  for (const [, key = '', value = ''] of disposition.matchAll(PARAMETER)) {
    const parameter = key.toLowerCase()
    if (parameter.startsWith('filename')) return undefined
    if (parameter === 'name') name ??= value.replaceAll('"', '')
  }
  return name === 'model' || name === 'stream' ? name : undefined
}
