import { workerData } from 'node:worker_threads'
import { attachWriter } from '../../../packages/core/dist/index.js'

/** A thread that records: `workerData` says through which handle, and what. See `threads.ts`. */
const { handle, task } = workerData
const recorder = attachWriter(handle)

const completed = (model, more) => ({
  kind: 'llm_request_completed',
  provider: 'openai',
  model,
  inputTokens: 10,
  outputTokens: 5,
  costMicros: 100,
  ...more,
})

if (task.kind === 'record') {
  for (let index = 0; index < task.events; index++) {
    recorder.recordEvent(completed(task.model, { promptChars: index, agentId: task.agentId }))
  }
  recorder.close()
}

if (task.kind === 'until_killed') {
  const progress = new Int32Array(task.progress)
  for (let index = 0; ; index++) {
    Atomics.store(progress, 0, index + 1)
    const kept = recorder.recordEvent(
      completed(`model-${index % 7}`, {
        promptChars: index,
        // New names now and then, text of every length, and members that go as JSON.
        userId: `user-${index - (index % 5)}`,
        errorMessage: '\u00e9'.repeat(index % 200),
        ...(index % 3 === 0 && { tags: { index: String(index), text: '\u6a21'.repeat(index % 60) } }),
      }),
    )
    if (kept) Atomics.add(progress, 1, 1)
    Atomics.store(progress, 2, index + 1)
  }
}
