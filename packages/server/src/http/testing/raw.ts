import { connect, type Socket } from 'node:net'

/** Sends bytes as they are and gives back everything that comes until the other side ends. */
export function exchange(
  port: number,
  text: string | readonly string[],
  options: { readonly half?: boolean } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.write(typeof text === 'string' ? text : text.join('\r\n'))
    if (options.half !== true) socket.end()
  })
}

/** A connection that stays open; `received` grows. */
export function dial(port: number): Promise<{ readonly socket: Socket; received: () => string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    // Being cut off is what some of these connections are for; before that an error is one.
    socket.on('error', reject)
    socket.on('connect', () => resolve({ socket, received: () => text }))
  })
}

/** Waits until something holds, by polling: sockets give no other way to know. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
