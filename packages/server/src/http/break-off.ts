import type { ServerResponse } from 'node:http'

type Body = ReadableStream<Uint8Array>

const answers = new WeakMap<Body, ServerResponse>()
/** How often it is looked whether the headers have gone, ms. */
const LOOK_MS = 5

/** Says over which connection a body goes. */
export function goesOver(answer: ServerResponse, body: Body | null): void {
  if (body !== null) answers.set(body, answer)
}

/**
 * Ends a body so that nobody takes what came of it for the whole. On a connection only cutting it says so: an error of the stream
 * would be made into a proper end, with the text of the error behind the data.
 */
export function breakOff(body: Body, controller: ReadableStreamDefaultController<Uint8Array>, error: unknown): void {
  const answer = answers.get(body)
  // Neither ended nor failed where there is a connection: the stream is given up when that is gone.
  if (answer === undefined) controller.error(error)
  else cut(answer)
}

/** What was sent before still arrives. */
function cut(answer: ServerResponse): void {
  const { socket } = answer
  if (answer.destroyed) return
  if (!answer.headersSent) setTimeout(cut, LOOK_MS, answer)
  else if (socket === null) answer.destroy()
  else socket.destroySoon()
}
