import { DuckdbEngine } from '/work/main/packages/server/dist/store/duckdb/engine.js'
import { mkdtempSync, rmSync } from 'node:fs'
import { generator, wireEvent } from '/work/main/bench/dist/fill.js'
const ROWS = Number(process.argv[2] ?? 200000), SEAL = Number(process.argv[3] ?? 50000), DAYS=Number(process.argv[4]??30), THREADS=Number(process.argv[5]??2), MEM=Number(process.argv[6]??192)
const dir = mkdtempSync('/tmp/sealbench-')
const engine = await DuckdbEngine.open({ path: dir + '/s.duckdb', memoryLimitMb: MEM, checkpointMb: 32, threads: THREADS, clock: { now: () => Date.now() }, sealRows: SEAL })
const random = generator(1)
const to = Date.now(), from = to - DAYS*86400000
const rows = []
for (let i = 0; i < ROWS; i++) {
  const w = wireEvent(random, from, to, 0)
  const ts = from + Math.floor((to-from)*i/ROWS)
  const ok = w.status_code === 200
  rows.push({ ordinal: i+1, receivedMs: to, event: { eventId: 'e'+i, timestampMs: ts, kind: ok?'llm_request_completed':'llm_request_failed', tenantId: 'default', agentId: 'agent_'+Math.floor(random()**2*1000), userId: w.user_id, sessionId: w.session_id, apiKeyId: w.api_key_id, provider: w.provider, providerId: 'ip_'+w.provider+'_00'+(1+Math.floor(random()*2)), requestModel: w.model, operation:'chat', endpoint: w.endpoint, stream: w.stream, statusCode: w.status_code, success: ok, inputTokens: w.input_tokens, outputTokens: w.output_tokens, cacheReadTokens: w.cache_read_tokens, durationMs: w.duration_ms, ttfbMs: w.ttfb_ms, costNanoUsd: 1000*w.input_tokens } })
}
await engine.seal(to - 1)  // watermark
let t = performance.now(); let c = process.cpuUsage()
for (let i = 0; i < ROWS; i += 16384) await engine.append(rows.slice(i, i+16384), undefined, {more: true})
await engine.append([], undefined)
console.log('append', ROWS / ((performance.now()-t)/1000) | 0, 'rows/s')
// time statements by patching the connection prototype
const api = await import('@duckdb/node-api')
const proto = api.DuckDBConnection.prototype; const run = proto.run
const times = new Map()
proto.run = async function (sql, ...a) { const s = performance.now(); try { return await run.call(this, sql, ...a) } finally { const k = sql.replace(/CAST.*AS "?q_[a-z_]*"? FROM/,'..').replace(/\d+/g,'#').slice(0, 150); const e = times.get(k) ?? [0,0]; e[0] += performance.now()-s; e[1]++; times.set(k, e) } }
t = performance.now(); c = process.cpuUsage()
await engine.seal(engine.meta.watermark_ms)
const el = performance.now()-t, cc = process.cpuUsage(c)
console.log('seal', (ROWS/(el/1000))|0, 'rows/s; cpu us/row', ((cc.user+cc.system)/ROWS).toFixed(1), 'elapsed', el|0)
for (const [k,[ms,n]] of [...times].sort((a,b)=>b[1][0]-a[1][0]).slice(0,25)) console.log(ms.toFixed(0).padStart(7), String(n).padStart(5), k)
times.clear(); t = performance.now()
await engine.compact(5000, 8)
console.log('compact', performance.now()-t)
for (const [k,[ms,n]] of [...times].sort((a,b)=>b[1][0]-a[1][0]).slice(0,6)) console.log(ms.toFixed(0).padStart(7), String(n).padStart(5), k)
await engine.close(); rmSync(dir, {recursive:true})
