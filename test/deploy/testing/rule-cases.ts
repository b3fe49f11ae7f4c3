/** Series of a rule's unit test: selector -> values in the notation of promtool, one a minute. */
type Series = Readonly<Record<string, string>>

/** An alert of the rule files: series on which it fires at an instant with these words, and series on which it does not. */
export interface RuleCase {
  readonly alert: string
  readonly severity: string
  /** Labels beside the severity. */
  readonly labels?: Readonly<Record<string, string>>
  readonly at: string
  readonly fires: Series
  readonly summary: string
  /** By the reason why it keeps quiet. */
  readonly quiet: Readonly<Record<string, Series>>
  /** Minutes between samples and evaluations, where a day in minutes is too much. */
  readonly every?: string
}

const TARGET = 'job="tallystick",instance="a:9090"'
const UP = { [`up{${TARGET}}`]: '1x1500' }
const MODEL = `provider="openai",model="gpt-4o",${TARGET}`
const ok = `llm_requests_total{operation="chat",status="success",${MODEL}}`
const failed = `llm_requests_total{operation="chat",status="error",${MODEL}}`
const cost = `llm_cost_usd_total{${MODEL}}`
const unpriced = `llm_unpriced_requests_total{${MODEL}}`
const tokens = (type: string): string => `llm_tokens_total{type="${type}",${MODEL}}`
const bucket = (le: string): string => `llm_request_duration_seconds_bucket{le="${le}",${MODEL}}`
const one = (name: string): string => `${name}{${TARGET}}`
const ofSource = (name: string): string => `${name}{source="agent-7",${TARGET}}`
const state = (provider: string): string => `llm_provider_state{provider="${provider}",state="down",${TARGET}}`

/** THE table of cases: a test sees to it that every alert of `deploy/prometheus/rules` has one. */
export const RULE_CASES: readonly RuleCase[] = [
  {
    alert: 'LlmBudget',
    severity: 'warning',
    labels: { budget: 'search' },
    at: '5m',
    fires: { [`llm_budget_used_ratio{budget="search",${TARGET}}`]: '0.85x20' },
    summary: 'Budget search has reached 80 %: 85% of its amount',
    quiet: { 'a budget with room': { [`llm_budget_used_ratio{budget="search",${TARGET}}`]: '0.79x20' } },
  },
  {
    alert: 'LlmBudget',
    severity: 'critical',
    labels: { budget: 'search' },
    at: '5m',
    fires: { [`llm_budget_used_ratio{budget="search",${TARGET}}`]: '1.2x20' },
    summary: 'Budget search has reached 95 %: 120% of its amount',
    quiet: {},
  },
  {
    alert: 'LlmSpendRate',
    severity: 'warning',
    at: '25h',
    every: '5m',
    // Five dollars an hour, and a model that came within the day with one request of ten dollars.
    fires: {
      ...UP,
      [cost]: '0+0.41666666666666667x400',
      [`llm_cost_usd_total{provider="openai",model="o1-pro",${TARGET}}`]: '_x200 10x200',
    },
    summary: 'Spend of $130.00 within 24 h, over $100.00',
    quiet: {
      'four dollars an hour': { ...UP, [cost]: '0+0.33333333333333333x400' },
      'a server that Prometheus has asked for an hour only, and has spent much before': {
        [`up{${TARGET}}`]: '_x288 1x100',
        [cost]: '_x288 5000x100',
      },
    },
  },
  {
    alert: 'LlmCostSpike',
    severity: 'warning',
    at: '49h15m',
    every: '15m',
    // A dollar an hour for two days, then two; days of which nothing is known do not count.
    fires: { [cost]: '0+0.25x191 47.75+0.5x20', [ok]: '0+10x220' },
    summary: 'Spend of the last 1 h is 200% of that at the same time of earlier days, over 150 %',
    quiet: {
      'the same as ever': { [cost]: '0+0.25x220', [ok]: '0+10x220' },
      'fewer requests than tell anything': { [cost]: '0+0.25x191 47.75+0.5x20', [ok]: '0+2x220' },
      'no day before it': { [cost]: '_x188 0+0.5x40', [ok]: '_x188 0+10x40' },
    },
  },
  {
    alert: 'LlmErrorRate',
    severity: 'critical',
    at: '12m',
    fires: { [ok]: '0+60x20', [failed]: '0+1x20' },
    summary: '1.639% of requests failed within 5 min, over 1 %',
    quiet: {
      'one of two hundred': { [ok]: '0+199x20', [failed]: '0+1x20' },
      'fewer than a hundred requests': { [ok]: '0+10x20', [failed]: '0+5x20' },
      'for less than five minutes': { [ok]: '0+60x20', [failed]: '0x9 1+1x10' },
    },
  },
  {
    alert: 'LlmLatencyP95',
    severity: 'warning',
    at: '20m',
    // Half take between 30 and 60 seconds.
    fires: {
      [bucket('30')]: '0+5x30',
      [bucket('60')]: '0+10x30',
      [bucket('+Inf')]: '0+10x30',
      [ok]: '0+10x30',
    },
    summary: 'The p95 of request durations is 57s over 10 min, more than 30,000 ms',
    quiet: {
      'one of a hundred is slow': {
        [bucket('30')]: '0+99x30',
        [bucket('60')]: '0+100x30',
        [bucket('+Inf')]: '0+100x30',
        [ok]: '0+100x30',
      },
      'too few': { [bucket('30')]: '0x30', [bucket('60')]: '0+1x30', [bucket('+Inf')]: '0+1x30', [ok]: '0+1x30' },
    },
  },
  {
    alert: 'LlmCacheHitRate',
    severity: 'warning',
    at: '30m',
    fires: { [tokens('input')]: '0+70x40', [tokens('cache_read')]: '0+30x40', [ok]: '0+10x40' },
    summary: '30% of input tokens were read from the cache within 10 min, under 60 %',
    quiet: {
      'most are read from the cache': {
        [tokens('input')]: '0+20x40',
        [tokens('cache_write')]: '0+10x40',
        [tokens('cache_read')]: '0+70x40',
        [ok]: '0+10x40',
      },
    },
  },
  {
    alert: 'LlmProviderDown',
    severity: 'critical',
    labels: { provider: 'openai' },
    at: '10m',
    fires: {
      [failed]: '0+0.7x20',
      [`llm_requests_total{operation="embeddings",status="error",${MODEL}}`]: '0+0.6x20',
      [ok]: '3x20',
      [`llm_requests_total{operation="chat",status="success",provider="anthropic",model="m",${TARGET}}`]: '0+5x20',
    },
    summary: 'Provider openai: 100% of requests failed within 5 min',
    quiet: { 'one request in a thousand succeeds': { [failed]: '0+999x20', [ok]: '0+1x20' } },
  },
  {
    alert: 'LlmNoData',
    severity: 'warning',
    at: '40m',
    fires: { ...UP, [ok]: '0+1x10 10x60' },
    summary: '0 requests within 15 min, fewer than 1 request',
    quiet: {
      'a request a quarter of an hour': { ...UP, [ok]: '0 0 0 0 0 0 0 0 0 0 1x14 2x14 3x14' },
      'the first request of all': { ...UP, [ok]: '_x30 1x30' },
      'nobody has looked for long': { [`up{${TARGET}}`]: '_x30 1x30', [ok]: '_x30 7x30' },
    },
  },
  {
    alert: 'LlmNoData',
    severity: 'warning',
    at: '40m',
    fires: { ...UP, [one('tallystick_ready')]: '1x60' },
    summary: '0 requests within 15 min, fewer than 1 request',
    quiet: {},
  },
  {
    alert: 'LlmSourceGap',
    severity: 'critical',
    labels: { source: 'agent-7' },
    at: '70m',
    fires: { [ofSource('tallystick_source_gap_events')]: '0x60 3x60' },
    summary: 'Source agent-7: 3 events are missing and have not been told of',
    quiet: {
      'a gap that has been told of': { [ofSource('tallystick_source_gap_events')]: '3x120' },
      'what was missing has arrived': { [ofSource('tallystick_source_gap_events')]: '3x60 0x60' },
    },
  },
  {
    alert: 'LlmUnpriced',
    severity: 'warning',
    at: '90m',
    fires: { ...UP, [unpriced]: '_x70 1x60' },
    summary: '1 requests within 1 h had no price',
    quiet: { 'what had none before the hour': { ...UP, [unpriced]: '0 1x120' } },
  },
  {
    alert: 'LlmDropped',
    severity: 'warning',
    labels: { source: 'agent-7' },
    at: '70m',
    fires: { [ofSource('tallystick_source_dropped_events')]: '2x60 6x60' },
    summary: 'Source agent-7 has dropped 4 events',
    quiet: { 'what has been told of': { [ofSource('tallystick_source_dropped_events')]: '6x120' } },
  },
  {
    alert: 'TallystickDown',
    severity: 'critical',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '6m',
    fires: { [`up{${TARGET}}`]: '1 1 1 0x20' },
    summary: 'Tallystick at a:9090 does not answer',
    quiet: { 'another job is down': { ...UP, 'up{job="redis",instance="r:6379"}': '0x20' } },
  },
  {
    alert: 'TallystickNotReady',
    severity: 'critical',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '6m',
    fires: { [one('tallystick_ready')]: '1 1 0x20' },
    summary: 'Tallystick at a:9090 is not ready',
    quiet: { 'for a minute only': { [one('tallystick_ready')]: '1 1 1 1 1 0 1x20' } },
  },
  {
    alert: 'TallystickJournalNotWritable',
    severity: 'critical',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '6m',
    fires: { [one('tallystick_journal_writable')]: '1 1 0x20' },
    summary: 'The journal at a:9090 cannot be written',
    quiet: { 'a disk with room': { [one('tallystick_journal_writable')]: '1x20' } },
  },
  {
    alert: 'TallystickIngestFailing',
    severity: 'critical',
    labels: { instance: 'a:9090' },
    at: '15m',
    fires: { [`tallystick_ingest_events_total{outcome="failed",${TARGET}}`]: '0+30x20' },
    summary: 'Tallystick at a:9090 fails 0.5 events a second',
    quiet: { 'what failed long ago': { [`tallystick_ingest_events_total{outcome="failed",${TARGET}}`]: '30x20' } },
  },
  {
    alert: 'TallystickRejecting',
    severity: 'warning',
    labels: { instance: 'a:9090' },
    at: '40m',
    fires: {
      [`tallystick_ingest_events_total{outcome="accepted",${TARGET}}`]: '0+9x60',
      [`tallystick_ingest_events_total{outcome="rejected",${TARGET}}`]: '0+1x60',
    },
    summary: 'Tallystick at a:9090 refuses 10% of events',
    quiet: {
      'one of a hundred': {
        [`tallystick_ingest_events_total{outcome="accepted",${TARGET}}`]: '0+99x60',
        [`tallystick_ingest_events_total{outcome="rejected",${TARGET}}`]: '0+1x60',
      },
    },
  },
  {
    alert: 'TallystickApplyLag',
    severity: 'warning',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '15m',
    fires: { [one('tallystick_apply_lag_events')]: '250000x20' },
    summary: 'Figures at a:9090 lag 250000 events behind',
    quiet: { 'a burst': { [one('tallystick_apply_lag_events')]: '0x10 250000 250000 90000x20' } },
  },
  {
    alert: 'TallystickQuarantined',
    severity: 'critical',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '70m',
    fires: { [one('tallystick_quarantined_events')]: '0x65 2x20' },
    summary: 'Damage in the journal at a:9090 has cost 2 events',
    quiet: { 'damage that is known': { [one('tallystick_quarantined_events')]: '2x90' } },
  },
  {
    alert: 'TallystickUnbalanced',
    severity: 'critical',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '10m',
    fires: { [one('tallystick_invariants_balanced')]: '1 1 0x20' },
    summary: 'Events at a:9090 do not add up',
    quiet: { 'they do': { [one('tallystick_invariants_balanced')]: '1x20' } },
  },
  {
    alert: 'TallystickSeriesFolded',
    severity: 'info',
    labels: { instance: 'a:9090', family: 'llm_requests_total' },
    at: '70m',
    fires: { [`tallystick_metrics_folded_total{family="llm_requests_total",${TARGET}}`]: '0+1x90' },
    summary: 'Names in llm_requests_total at a:9090 are folded into other',
    quiet: {
      'nothing more since': { [`tallystick_metrics_folded_total{family="llm_requests_total",${TARGET}}`]: '5x90' },
    },
  },
  {
    alert: 'TallystickMemory',
    severity: 'warning',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '15m',
    fires: { [one('process_resident_memory_bytes')]: '1610612736x20' },
    summary: 'Tallystick at a:9090 takes 1.5GiB of memory',
    quiet: {
      'as under load': { [one('process_resident_memory_bytes')]: '536870912x20' },
      'another job': { 'process_resident_memory_bytes{job="prometheus",instance="p:9090"}': '9999999999x20' },
    },
  },
  {
    alert: 'TallystickBusy',
    severity: 'warning',
    labels: { job: 'tallystick', instance: 'a:9090' },
    at: '15m',
    fires: { [one('nodejs_eventloop_utilization_ratio')]: '0.9x20' },
    summary: 'The main thread at a:9090 is busy 90% of the time',
    quiet: { 'half of it': { [one('nodejs_eventloop_utilization_ratio')]: '0.5x20' } },
  },
  {
    alert: 'TallystickStreams',
    severity: 'warning',
    labels: { instance: 'a:9090' },
    at: '10m',
    fires: {
      [`tallystick_live_streams{kind="sse",${TARGET}}`]: '150x20',
      [`tallystick_live_streams{kind="websocket",${TARGET}}`]: '40x20',
    },
    summary: 'Tallystick at a:9090 has 190 live streams open',
    quiet: { 'some people look': { [`tallystick_live_streams{kind="sse",${TARGET}}`]: '50x20' } },
  },
  {
    alert: 'LlmAllProvidersDown',
    severity: 'critical',
    at: '6m',
    fires: { [state('openai')]: '0 1x20', [state('anthropic')]: '1x20' },
    summary: 'Every provider is down',
    quiet: { 'one of them answers': { [state('openai')]: '1x20', [state('anthropic')]: '0x20' } },
  },
  {
    alert: 'LlmGatewayCacheHitRate',
    severity: 'warning',
    at: '30m',
    fires: {
      [`llm_cache_hits_total{tier="l1",${TARGET}}`]: '0+1x40',
      [`llm_cache_misses_total{tier="l1",${TARGET}}`]: '0+3x40',
    },
    summary: "The gateway's cache answers 25% of requests",
    quiet: {
      'three of four': {
        [`llm_cache_hits_total{tier="l1",${TARGET}}`]: '0+9x40',
        [`llm_cache_misses_total{tier="l1",${TARGET}}`]: '0+3x40',
      },
      'no cache': { [ok]: '0+9x40' },
    },
  },
  {
    alert: 'LlmGatewayCacheHitRate',
    severity: 'warning',
    at: '30m',
    fires: { [`llm_cache_misses_total{tier="l1",${TARGET}}`]: '0+3x40' },
    summary: "The gateway's cache answers 0% of requests",
    quiet: {},
  },
]
