import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Words of a session; what is not counted makes up most of a log. */
const TEXT = 'The quick brown fox jumps over the lazy dog, "quoted", and back again.\\n'

/**
 * Session logs in the shape of Claude Code: for each message a line of the user, one of the assistant with its usage, and the
 * result of a tool.
 *
 * @returns bytes written
 */
export function writeClaudeLogs(folder: string, files: number, messagesEach: number, endMs: number): number {
  let bytes = 0
  for (let file = 0; file < files; file++) {
    const project = join(folder, `project-${file % 20}`)
    mkdirSync(project, { recursive: true })
    const session = `5e55${String(file).padStart(4, '0')}-0000-4000-8000-000000000000`
    const lines: string[] = []
    for (let message = 0; message < messagesEach; message++) {
      const number = file * messagesEach + message
      const at = new Date(endMs - (files * messagesEach - number) * 20_000).toISOString()
      const common = `"isSidechain":false,"userType":"external","cwd":"/home/dev/app/project-${file % 20}","sessionId":"${session}","version":"2.1.329","gitBranch":"main"`
      const text = JSON.stringify(TEXT.repeat(2 + (number % 4)))
      lines.push(
        `{"parentUuid":null,${common},"type":"user","message":{"role":"user","content":${text}},"uuid":"u${number}","timestamp":"${at}"}`,
        `{"parentUuid":"u${number}",${common},"message":{"id":"msg_${number}","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":${text}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":${number % 900},"cache_creation_input_tokens":${number % 3000},"cache_read_input_tokens":${number % 90_000},"output_tokens":${number % 2000},"server_tool_use":{"web_search_requests":0},"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":${number % 3000}}}},"requestId":"req_${number}","type":"assistant","uuid":"a${number}","timestamp":"${at}"}`,
        `{"parentUuid":"a${number}",${common},"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":${text}}]},"toolUseResult":{"stdout":${text}},"uuid":"t${number}","timestamp":"${at}"}`,
      )
    }
    const content = `${lines.join('\n')}\n`
    bytes += Buffer.byteLength(content)
    writeFileSync(join(project, `${session}.jsonl`), content)
  }
  return bytes
}
