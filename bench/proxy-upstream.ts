import { createServer } from 'node:http'

/** A provider that answers at once: JSON, or a stream of 40 pieces and its usage. */
const completion = JSON.stringify({
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  object: 'chat.completion',
  created: 1_741_569_952,
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'How may I help you today? '.repeat(20), refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 19, completion_tokens: 110, total_tokens: 129, prompt_tokens_details: { cached_tokens: 0 } },
})
const chunk = (more: object): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT', object: 'chat.completion.chunk', model: 'gpt-4o-2024-08-06', ...more })}\n\n`
const pieces = [
  ...Array.from({ length: 40 }, (_, index) =>
    chunk({ choices: [{ index: 0, delta: { content: ` word${index}` }, finish_reason: null }] }),
  ),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 19, completion_tokens: 40, total_tokens: 59 } }),
  'data: [DONE]\n\n',
]

let answered = 0
/** An id of its own for each answer, as long as the one it stands for. */
const named = (text: string): string =>
  text.replace('B9MBs8CjcvOU2jLn4n570S5qMJKcT', String(answered).padStart(29, '0'))

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  let streams = false
  request.on('data', (bytes: Buffer) => {
    streams ||= bytes.includes('"stream":true')
  })
  request.on('end', () => {
    answered++
    if (!streams) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': completion.length })
      response.end(named(completion))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let next = 0
    const more = (): void => {
      response.write(named(pieces[next++] as string))
      if (next < pieces.length) setImmediate(more)
      else response.end()
    }
    more()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`)
})
process.on('SIGTERM', () => process.exit(0))
